// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/search_*.c only.
//
// The index of runs, and why a search finds what was acknowledged (cited as I1 ... I9 in the
// code): I1 A change of a run that a search can see inserts a row (ws, project, run, stamp)
// into run_mark in the same
//    transaction. Stamps are fresh ids, so an insert never meets another one and never waits
//    for one.
// I2 A run with any mark is *marked*: what the columns say about it is ignored (its slot is
// masked out), its facts are
//    read instead. Only the presence of a mark counts for reading.
// I3 A run that is not marked has a slot, and every ready column of its project holds its facts
// in that slot. I4 A fold reads the stamps of quiet runs in one snapshot and their facts in the
// same or a later one, writes the facts
//    into the columns, and deletes exactly the stamps it read. A change that committed behind
//    the facts' snapshot has a stamp that was not read and stays marked (I1); so a fold may be
//    repeated, raced or cut off anywhere.
// I5 Stamps of a run that is written to all the time are compacted: those read are deleted and
// a *fresh* one is
//    inserted in the same transaction. (Keeping one of the old would break I4 for a second
//    folder that read it.)
// I6 Slots of a project are handed out in order, 4,096 a chunk, and never again. column_head
// has one row a chunk; its
//    stamp changes with every change of any column of the chunk. Who computed a chunk from a
//    snapshot writes it only if the head still has the stamp of that snapshot; else it begins
//    anew.
// I7 A column is born not ready (column_key.ready 0); each chunk is computed from a snapshot
// and written under I6;
//    it becomes ready in a transaction that sees a row for every head. A fold writes the
//    columns whose chunk row it saw, and all columns when it makes a new chunk; it gives up
//    when the set of columns changed under it.
// I8 column_chunk.stamp is random and never used for other bytes, so a process may cache
// decoded chunks by it: the
//    stamp that is read in the snapshot of a search says whether the cached bytes are the right
//    ones.
// I9 A text longer than SEARCH_INLINE bytes is kept in columns by its first bytes and a flag;
// who must know the rest
//    reads the fact in the same snapshot. Texts sort by these first bytes.
#ifndef STEMMA_CORE_SEARCH_INTERNAL_H
#define STEMMA_CORE_SEARCH_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "core/search.h"

#define SEARCH_CHUNK       4096 // slots of a chunk
#define SEARCH_WORDS       (SEARCH_CHUNK / 64)
#define SEARCH_INLINE      512  // bytes of a text that a column keeps
#define SEARCH_QUIET_MS    1000 // a mark is folded this long after it was made, or later
#define SEARCH_MAX_COLUMNS 400  // of a project; the oldest makes room
#define SEARCH_MAX_LEAVES  500  // comparisons of a query
#define SEARCH_MAX_DEPTH   200  // of a tree
#define SEARCH_MAX_SORT    32

// ---- LIKE and regular expressions (search_like.c, search_regex.c) --------------------------
typedef struct search_pattern search_pattern;
search_pattern *search_pattern_new(arena *a, str pattern, bool fold);
bool search_pattern_match(const search_pattern *p, str text);

// ---- columns and chunks (search_chunk.c) ---------------------------------------------------
typedef enum search_type { // stored numbers
    SEARCH_T_ID = 1,       // 16 bytes
    SEARCH_T_STATE = 2,    // a byte, search_state()
    SEARCH_T_INT = 3,      // int64
    SEARCH_T_NUM = 4,      // num_order() of a double
    SEARCH_T_TEXT = 5,
    SEARCH_T_SET = 6, // several texts of one run: search_set_*
} search_type;

// Fields of column_chunk that every project has; others are random numbers above.
enum { SEARCH_F_ID = 1, SEARCH_F_STATE = 2, SEARCH_F_START = 3, SEARCH_F_FIXED = 3 };

typedef struct search_column {
    search_domain domain;
    int which;
    str key;
    search_type type;
    int64_t field;
    bool ready;
    bool derived; // made of other columns when it is looked at (durations); never stored
} search_column;

typedef struct search_cell {
    bool has, is_long; // is_long: text holds the first bytes only
    int64_t i;
    str text; // texts, sets; ids as 16 bytes
} search_cell;

// 0: no run in this slot (any more).
static inline uint8_t search_state(lifecycle life, run_status status) {
    return (uint8_t)(((unsigned)life + 1) << 4 | (unsigned)status);
}
static inline lifecycle search_state_life(uint8_t s) {
    return (lifecycle)((s >> 4) - 1);
}
static inline run_status search_state_status(uint8_t s) {
    return (run_status)(s & 15);
}
str search_status_name(uint8_t state); // what the status compares as

// A chunk of a column, decoded: read-only, shared by threads, counted.
typedef struct search_chunk {
    search_type type;
    uint32_t n;           // slots; those behind are empty
    const int64_t *num;   // INT, NUM; NULL when no slot has a value
    const uint64_t *has;  // bitmap
    const uint16_t *code; // TEXT, SET: 0 missing, else 1 + entry; NULL when no slot has a value
    uint32_t n_dict;
    const uint32_t *off; // n_dict + 1
    const char *bytes;
    const uint64_t *is_long; // bitmap over entries
    const uint8_t *raw;      // ID, STATE
    size_t size;             // bytes of memory
    int refs;                // guarded by the cache's lock
} search_chunk;

str search_chunk_encode(arena *a, search_type type, const search_cell *cells, size_t n);
search_chunk *search_chunk_decode(str blob, search_type type,
                                  err *e); // refs 1; search_chunk_release
search_cell search_chunk_cell(const search_chunk *c, size_t slot); // borrows the chunk's memory
str search_chunk_entry(const search_chunk *c, size_t entry, bool *is_long);
bool search_cell_eq(search_type type, const search_cell *a, const search_cell *b);

// A set of texts as one: sorted, without repeats, each behind its length.
search_cell search_set_of(arena *a, str *texts, size_t n);
bool search_set_next(str *rest, str *text);

// ---- the cache of decoded chunks (search_cache.c) ------------------------------------------
#define SEARCH_CACHE_BYTES (32u << 20)
search_chunk *search_cache_get(int64_t stamp, int64_t field,
                               int64_t chunk); // NULL or a reference
void search_cache_put(int64_t stamp, int64_t field, int64_t chunk,
                      search_chunk *c); // takes a reference of its own
void search_chunk_release(search_chunk *c);

// ---- predicates (search_pred.c, search_eval.c) ---------------------------------------------
typedef struct search_range {
    int64_t lo, hi;
} search_range;

typedef struct search_leaf {
    const search_node *node;
    size_t column; // index into the plan's columns (runs)
    search_type type;
    bool negate;          // NE, NOT IN
    search_range *ranges; // numbers
    size_t n_ranges;
    search_pattern *like;
    search_regex *regex;
    map *list; // IN of many texts
} search_leaf;

typedef struct search_prog search_prog;
struct search_prog {
    search_op op; // AND, OR, NOT, or the leaf's
    search_prog *left, *right;
    search_leaf *leaf;
};

typedef enum search_truth {
    SEARCH_FALSE,
    SEARCH_TRUE,
    SEARCH_UNKNOWN,
    SEARCH_FAILED
} search_truth;

// type_of tells the type of a field (ERR_INVALID when there is none such) and column_of its
// column, if not NULL.
typedef struct search_fields {
    bool (*type_of)(void *arg, const search_field *f, search_type *t, err *e);
    bool (*column_of)(void *arg, const search_field *f, search_type t, size_t *column, err *e);
    void *arg;
} search_fields;
bool search_compile(arena *a, const search_node *where, const search_fields *f,
                    search_prog **out, err *e);
search_truth search_leaf_int(const search_leaf *l, int64_t v);         // INT and NUM
search_truth search_leaf_text(const search_leaf *l, str text, err *e); // TEXT; FAILED and e
search_truth search_leaf_set(const search_leaf *l, str set, err *e);   // SET
// Can the leaf be decided by the first bytes of a long text? Then *t.
bool search_leaf_prefix(const search_leaf *l, search_truth *t);

// Row by row: get gives all values of a field (several: any of them may fit).
typedef struct search_values {
    search_cell *cells;
    size_t n;
} search_values;
typedef bool (*search_get)(void *arg, const search_field *f, search_values *out, err *e);
search_truth search_eval_row(const search_prog *p, search_get get, void *arg, err *e);

typedef struct search_bits {
    uint64_t w[SEARCH_WORDS];
} search_bits;

// Whose index.
typedef struct search_place {
    int64_t ws, project;
} search_place;

// ---- facts of runs (search_facts.c) --------------------------------------------------------
typedef struct search_run {
    id id;
    bool exists; // in this project
    bool has_slot;
    int64_t slot;
    int64_t project;
    uint8_t state;
    bool has_start, has_end;
    int64_t start_ms, end_ms, created_us;
    str name, user, artifact_uri, reason; // until the arena is reset; reason p NULL: none
} search_run;

// Fills exists and what follows of runs[].id; slot stays when the row has none in this project.
bool search_runs_read(db_tx *tx, arena *a, search_place p, search_run *runs, size_t n, err *e);
// The runs of one chunk, each at its slot; n is the number of slots in use.
bool search_runs_of_chunk(db_tx *tx, arena *a, search_place p, int64_t chunk, search_run *runs,
                          size_t n, err *e);
// One cell a (column, run): cells[column][run], texts cut to SEARCH_INLINE; runs that do not
// exist have none.
bool search_facts(db_tx *tx, arena *a, int64_t ws, const search_column *columns,
                  size_t n_columns, const search_run *runs, size_t n, search_cell **cells,
                  err *e);
// A text of a run in full, for I9; p NULL when it is gone.
bool search_fact_text(db_tx *tx, arena *a, int64_t ws, const search_column *c, id run,
                      str *text, err *e);
// Type of a run's field, ERR_INVALID when runs have none such.
bool search_run_type(void *unused, const search_field *f, search_type *t, err *e);
bool search_column_eq(const search_column *a, const search_column *b);
void search_column_fixed(search_column out[SEARCH_F_FIXED]);

// ---- columns of a project (search_column.c) ------------------------------------------------
typedef struct search_head {
    int64_t chunk, stamp, slots;
} search_head;
int64_t search_stamp(void); // random, positive
// The project's columns, ready or not, behind the fixed ones.
bool search_column_list(db_tx *tx, arena *a, search_place p, search_column **out, size_t *n,
                        err *e);
// Sets field and ready of each column that is not fixed; *missing counts those that are not
// ready.
bool search_column_find(db_tx *tx, search_place p, search_column *columns, size_t n,
                        size_t *missing, err *e);
// Makes the columns that are not ready and fills them (I7).
bool search_column_build(core *c, search_place p, const search_column *columns, size_t n,
                         err *e);
// Heads of the chunks from first on, at most max; *n of them.
bool search_heads(db_tx *tx, search_place p, int64_t first, search_head *out, size_t max,
                  size_t *n, err *e);
bool search_head_last(db_tx *tx, search_place p, search_head *out, bool *found, err *e);
// out[last - first + 1]: each a reference, or NULL where there is no such row.
bool search_chunk_load(db_tx *tx, search_place p, const search_column *c, int64_t first,
                       int64_t last, search_chunk **out, err *e);
bool search_chunk_put(db_tx *tx, search_place p, int64_t field, int64_t chunk, str blob,
                      err *e);
// I6: the head becomes `next`; *kept is false when it is not `was` any more.
bool search_head_move(db_tx *tx, search_place p, search_head was, search_head next, bool *kept,
                      err *e);

// ---- folding (search_fold.c) ---------------------------------------------------------------
typedef struct search_pass {
    core *c;
    bool all;                 // not only quiet runs
    bool (*go_on)(void *arg); // asked between steps; false ends the pass
    void *arg;
    uint64_t folded, compacted; // runs
} search_pass;
// Over every project with marks, once. What could not be folded, because somebody else did,
// keeps its marks.
bool search_fold_pass(search_pass *p, err *e);

// ---- scanning (search_scan.c)
// ------------------------------------------------------------------------------------ The
// chunk that is looked at now, with its columns on demand: one of a block of stored chunks, or
// one that was made of the facts of marked runs.
typedef struct search_durations {
    search_chunk c;
    int64_t num[SEARCH_CHUNK];
    uint64_t has[SEARCH_WORDS];
} search_durations;

typedef struct search_scan search_scan;
struct search_scan {
    db_tx *tx;
    arena *a; // of the scan
    search_place place;
    const search_column *columns;
    size_t n_columns;
    int64_t now_ms;            // what durations of running runs end with
    const search_chunk **made; // facts as chunks [n_columns], or NULL
    search_chunk **block;      // [n_columns][n_block]
    bool *loaded;              // [n_columns]
    size_t n_block, at;
    int64_t first;               // chunk number of block[...][0]
    uint32_t n;                  // slots of the present chunk
    search_durations *durations; // of the present chunk, when has_durations
    bool has_durations;
};
const search_chunk *search_scan_column(search_scan *s, size_t column, err *e);
// To a chunk of the block, or to one that was made (at is 0 then); n slots.
void search_scan_move(search_scan *s, const search_chunk **made, size_t at, uint32_t n);
void search_scan_set_block(search_scan *s, arena *a, int64_t first,
                           size_t n); // n chunks; drop the one before first
void search_scan_drop_block(search_scan *s);
// Chunks of cells[column][n], released with the arena.
const search_chunk **search_scan_made(arena *a, const search_column *columns, size_t n_columns,
                                      search_cell **cells, size_t n, err *e);
// Which of the rows in `mask` are surely true. Bits outside the mask are 0.
bool search_eval_chunk(const search_prog *p, search_scan *s, const search_bits *mask,
                       search_bits *is_true, err *e);

// ---- finding (search_find.c)
// ----------------------------------------------------------------- Walks the runs of some
// projects that a query's view and filter show, a chunk at a time. What is done with them is
// the caller's: begin is called when a try begins (what was taken before does not count), take
// for the rows of the scan's present chunk.
typedef struct search_find {
    ctx *c;
    const search_query *q; // sort, after and max are the caller's business
    bool (*begin)(void *arg, err *e);
    bool (*take)(void *arg, search_scan *s, const search_bits *rows, err *e);
    bool (*again)(void *arg); // NULL, or: behind a walk, whether to walk once more
    void *arg;
    arena *a, *work, *part;    // of the plan; of a try; of a block or batch
    VEC(search_column) wanted; // the fixed ones first
    search_prog *prog;
    search_column *columns; // wanted, with the present project's fields
    int64_t *projects;      // sorted, each once
    size_t n_projects;
    search_scan scan;
    VEC(int64_t) marked;  // slots of the present project, ascending
    VEC(int64_t) missing; // projects that lack a column
} search_find;
bool search_find_plan(search_find *f, ctx *c, const search_query *q, err *e); // search_find_end
// The column of a field that the caller looks at itself.
bool search_find_column(search_find *f, const search_field *field, size_t *column, err *e);
bool search_find_run(search_find *f, err *e);
void search_find_end(search_find *f);

// ---- the best max rows (search_top.c) and cursors (search_cursor.c) ------------------------
typedef struct search_key {
    uint8_t rank; // 0 value, 1 NaN, 2 missing
    search_type type;
    int64_t i;
    str text;
} search_key;

typedef struct search_row {
    uint64_t first; // of the first key, in order; equal ones are decided by the keys
    search_key *keys;
    id id;
    char *mem; // what the keys' texts point into
    size_t cap;
} search_row;

typedef struct search_top search_top;
// columns: of the keys (NULL when only search_top_offer is used); both arrays must outlive it.
search_top *search_top_new(arena *a, const size_t *columns, const bool *descending,
                           size_t n_keys, size_t max);
void search_top_after(search_top *t, search_row *row); // only rows behind it; sets row->first
bool search_top_add(search_top *t, search_scan *s, const search_bits *rows, err *e);
void search_top_offer(search_top *t, const search_key *keys, id row_id);
const search_row **search_top_sorted(search_top *t, arena *a, size_t *n); // ends the adding
search_key search_key_of(search_type type, const search_cell *cell);
search_key search_key_at(const search_chunk *c, size_t slot); // borrows the chunk's memory
// A number in the order of keys, as far as 64 bits tell it (texts: eight bytes from offset on).
// The two greatest are NaN and missing; the one below them may be several values.
uint64_t search_key_number(const search_key *k, size_t offset, bool descending);
uint64_t search_text_number(str s); // the first eight bytes

// ---- passing over the first rows (search_skip.c) --------------------------------------------
// For a page that begins behind the first `skip` rows. While it is not found, the rows of a
// walk are added, and search_skip_again tells whether another walk is needed (wanted: of the
// walk). Then the rows that are surely before the place are masked out, and *rest more are to
// pass over among those that stay; search_skip_left is false when there are not so many rows.
extern size_t search_skip_few; // rows that are left to the heap; tests make it small
typedef struct search_skip search_skip;
search_skip *search_skip_new(arena *a, const size_t *columns, const bool *descending,
                             size_t n_keys, size_t skip);
bool search_skip_found(const search_skip *k);
bool search_skip_add(search_skip *k, search_scan *s, const search_bits *rows, err *e);
bool search_skip_again(search_skip *k, const search_column *wanted);
bool search_skip_left(const search_skip *k, size_t *rest);
bool search_skip_mask(const search_skip *k, search_scan *s, search_bits *rows, err *e);

typedef struct search_hash { // of all that a cursor must agree with
    uint8_t b[8];
} search_hash;
search_hash search_hash_query(const char *what, const int64_t *projects, size_t n_projects,
                              view v, const search_node *where, const search_sort *sort,
                              size_t n_sort, str more);
// keys: with their types set.
str search_cursor_write(arena *a, search_hash h, const search_key *keys, size_t n_keys,
                        id last);
bool search_cursor_read(arena *a, str cursor, search_hash h, search_key *keys, size_t n_keys,
                        id *last, err *e);

// ---- small sets (search_rows.c)
// ------------------------------------------------------------------------------------ Searches
// over objects that are read one by one: each is offered with a getter of its fields' values.
typedef struct search_rows {
    arena *a;
    search_prog *prog;
    search_get get;
    const search_sort *sort; // of the query, and behind it what decides ties
    search_type *types;
    bool *descending;
    size_t n_sort, max;
    search_top *top;
    search_hash hash;
} search_rows;
bool search_rows_begin(search_rows *r, const search_fields *f, const search_node *where,
                       str after, err *e);
bool search_rows_offer(search_rows *r, void *arg, id row_id, err *e);
// The texts of which an attribute must be one, or the tree is not true; false: it tells none.
bool search_must_be(const search_node *where, int which, const str **texts, size_t *n);
// The page's ids, and the cursor of the next one in *next (in out's arena) when there is more.
id *search_rows_end(search_rows *r, arena *out, size_t *n, str *next);

#endif
