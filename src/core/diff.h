// SPDX-License-Identifier: Apache-2.0
// diff: what changed between two versions, or two runs, in parts that can each be asked for
// alone: files, configuration, tokenizer, texts, tensors, and what their runs say: parameters,
// metrics, data, code, environment. "was" is of the first, "is" of the second.
//
// Lists are bounded and tell how many there are in all. A file that can not be read as what its
// name says is a note, and never ends a part: versions hold what anybody put there.
//
// Results live in ctx->a. Any thread.
#ifndef STEMMA_CORE_DIFF_H
#define STEMMA_CORE_DIFF_H

#include "core/address.h"
#include "core/run.h"
#include "store/weights.h"

enum {
    DIFF_FILES_MAX = 20000,     // differing files of which the parts are made
    DIFF_VALUE_MAX = 2000,      // bytes of a value that are shown
    DIFF_JSON_MAX = 4 << 20,    // bytes of a file that is read as configuration
    DIFF_TEXT_MAX = 1 << 20,    // bytes of a file that is read as text
    DIFF_TOKENS_MAX = 64 << 20, // bytes of a tokenizer's file
    DIFF_NOTES_MAX = 1000,
};

// ---- what is compared -----------------------------------------------------------------------
typedef struct diff_side {
    bool is_run;     // else a version
    version version; // of a version
    id run;          // the run itself, or the one that made the version; zero: none
    str name;        // "bot@3", or the run's id
} diff_side;

// An address (core/address.h), or the id of a run. A name of 32 hex digits is a run's.
bool diff_side_find(ctx *c, str text, diff_side *out, err *e);
diff_side diff_side_of(arena *a, const version *v);

// What could not be read, and why.
typedef struct diff_note {
    bool of_is; // of the second
    str path, why;
} diff_note;
typedef struct diff_notes {
    diff_note *p;
    size_t n, cap;
} diff_notes;
void diff_note_add(ctx *c, diff_notes *notes, bool of_is, str path, const char *why);

// ---- files ----------------------------------------------------------------------------------
typedef enum diff_what {
    DIFF_ADDED,
    DIFF_REMOVED,
    DIFF_CHANGED,
    DIFF_RENAMED,  // files: the same bytes under another path
    DIFF_RESHAPED, // tensors
    DIFF_RETYPED,  // the same
} diff_what;

typedef struct diff_file {
    diff_what what;
    str path, before;  // before: the other path of one that was renamed
    tree_file was, is; // where there is one; paths as above
} diff_file;

typedef struct diff_files {
    diff_file *p; // in the order of paths
    size_t n, cap;
    uint64_t added, removed, changed, renamed;
    uint64_t total; // more than n: the others are only counted, and their renames not seen
} diff_files;

// ERR_STATE when the files of one are elsewhere, or it is a run.
bool diff_files_of(ctx *c, const diff_side *was, const diff_side *is, diff_files *out, err *e);

// ---- rows: a key and its two values ---------------------------------------------------------
typedef enum diff_type {
    DIFF_ABSENT,
    DIFF_NULL,
    DIFF_TRUTH, // text: true, false
    DIFF_NUMBER,
    DIFF_TEXT,
    DIFF_LIST, // an empty one; so is an object
    DIFF_OBJECT,
} diff_type;

typedef struct diff_value {
    diff_type type;
    str text; // numbers as they were written; longer ones end in "..."
    double number;
} diff_value;

typedef struct diff_row {
    str in;  // the file; empty: none
    str key; // of JSON: "rope_scaling.factor", "eos_token_id[1]"
    diff_value was, is;
} diff_row;

typedef struct diff_rows {
    diff_row *p;
    size_t n, cap;
    size_t max;     // set by the caller
    uint64_t skip;  // the same: so many are not told, as a page before had them
    uint64_t total; // that differ
} diff_rows;

// Values of JSON files by their paths (config.json and the like). Numbers are compared by their
// value: 1 is 1.0.
bool diff_config(ctx *c, const diff_files *f, diff_rows *out, diff_notes *notes, err *e);

// Of the runs: what differs. A side without a run has none of it.
bool diff_parameters(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e);
bool diff_metrics(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e);
// What was measured of the versions: their evaluations, in "evals.SUITE", of two versions;
// and points logged against their models.
bool diff_evaluations(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out,
                      err *e);
// Of two versions. Where both have files, tags that are a prompt's text and settings are left
// out: they are files.
bool diff_tags(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e);
bool diff_data(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e);
bool diff_code(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out, err *e);
// Machine, Python and its packages, as 'stemma run' recorded them.
bool diff_environment(ctx *c, const diff_side *was, const diff_side *is, diff_rows *out,
                      diff_notes *notes, err *e);

// ---- texts ----------------------------------------------------------------------------------
typedef struct diff_text {
    str path;
    uint64_t added, removed; // lines
    str unified;             // hunks with three lines around; whole lines of it
    bool cut;                // it goes on
} diff_text;

typedef struct diff_texts {
    diff_text *p;
    size_t n, cap;
    size_t max, max_bytes; // of files, and of all hunks together; set by the caller
    uint64_t skip;         // as of rows
    uint64_t total;        // text files that differ
    size_t bytes;
} diff_texts;

// Text files that are in both and differ, but those that are configuration or tokenizer.
bool diff_text_files(ctx *c, const diff_files *f, diff_texts *out, diff_notes *notes, err *e);

// The difference of two texts, at most max bytes of it.
diff_text diff_lines(arena *a, str was, str is, size_t max);

// ---- tokenizer ------------------------------------------------------------------------------
typedef struct diff_token {
    str in, token;   // the file, the token
    int64_t was, is; // its number; -1: not there
} diff_token;

typedef struct diff_tokens {
    diff_token *p;
    size_t n, cap;
} diff_tokens;

typedef struct diff_tokenizer {
    size_t max;                 // of each list; set by the caller
    uint64_t skip;              // as of rows: of each kind of tokens
    uint64_t size_was, size_is; // of the vocabulary
    uint64_t added, removed, moved;
    uint64_t merges_was, merges_is, merges_added, merges_removed;
    bool merges_reordered; // the same ones in another order
    diff_tokens tokens;    // that differ: at most max added ones, removed ones, moved ones
    diff_rows scores;      // of tokens that are in both (Unigram)
    diff_rows rows;        // the rest of tokenizer.json, tokenizer_config.json and the like
    diff_texts texts;      // chat templates
} diff_tokenizer;

bool diff_tokenizer_of(ctx *c, const diff_files *f, diff_tokenizer *out, diff_notes *notes,
                       err *e);

// ---- tensors --------------------------------------------------------------------------------
// Of two tensors of numbers: a is what was, b what is. Elements that are not finite in either
// count as such, and take no part in the rest.
typedef struct diff_odd {
    uint64_t nan_was, nan_is, inf_was, inf_is;
} diff_odd;
// More of them than before: whatever else changed matters less.
bool diff_odd_grew(const diff_odd *o);

typedef struct diff_measure {
    uint64_t elements, equal; // equal: by value; NaN is NaN
    diff_odd odd;
    double norm_was, norm_is; // ||a||, ||b||
    double change;            // ||b - a|| / ||a||; infinity when a is zero and b is not; NaN
                              // when no element is finite in both
    double cosine;            // NaN when one of them is zero
    double largest;           // of |b - a|
} diff_measure;

typedef struct diff_tensor {
    diff_what what; // not DIFF_RENAMED
    str name, layer;
    const weights_tensor *was, *is; // NULL where there is none
    str file_was, file_is;
    bool measured; // `m` is known: of DIFF_CHANGED and DIFF_RETYPED of plain types
    diff_measure m;
    uint64_t bytes_differ; // of DIFF_CHANGED that is not measured
} diff_tensor;

typedef struct diff_layer {
    str name; // "model.layers.3", "blk.0"; of others the name without its last part
    uint64_t tensors, changed; // both; changed: in any way
    double change;             // as above, of its measured tensors that changed, together;
                               // NaN: of none. How they are stored makes no difference
    double largest;
    diff_odd odd;
} diff_layer;

typedef struct diff_tensors {
    uint64_t same; // of files that differ; the others are not opened
    uint64_t added, removed, changed, reshaped, retyped;
    uint64_t bytes_read, elements, elements_equal;
    diff_odd odd;
    diff_layer *layers; // those with more odd elements first, then the most changed
    size_t n_layers;
    diff_rows rows; // metadata of the files that differ
} diff_tensors;

typedef struct diff_tensors_ask {
    bool names_only; // nothing but headers is read: `changed` then counts those that may be
    // Called for each that differs, with memory that lives until it returns; false ends all
    // with ERR_CANCELLED. NULL: only the sum is wanted.
    bool (*each)(void *arg, const diff_tensor *t);
    // Called now and then with how many bytes of all were read; false: as above. May be NULL.
    bool (*going)(void *arg, uint64_t read, uint64_t of);
    void *arg;
} diff_tensors_ask;

// safetensors and GGUF files of the trees, sharded ones as one. out->rows.max is the caller's.
// ERR_EXHAUSTED: too many do so at this moment.
bool diff_tensors_of(ctx *c, const diff_files *f, const diff_tensors_ask *ask,
                     diff_tensors *out, diff_notes *notes, err *e);

#endif
