// SPDX-License-Identifier: Apache-2.0
// What the parts of a difference share.
#ifndef STEMMA_CORE_DIFF_INTERNAL_H
#define STEMMA_CORE_DIFF_INTERNAL_H

#include "base/json.h"
#include "base/vec.h"
#include "core/diff.h"

// ---- diff.c ---------------------------------------------------------------------------------
// Which part a file belongs to, by its name.
typedef enum diff_kind {
    DIFF_OF_TEXT, // if it is text
    DIFF_OF_CONFIG,
    DIFF_OF_TOKENIZER,
    DIFF_OF_TENSORS,
    DIFF_OF_NOTHING, // an index of shards
} diff_kind;
diff_kind diff_kind_of(str path);

// A row, unless both values are the same; a text that is cut is copied to the arena.
void diff_row_add(ctx *c, diff_rows *rows, str in, str key, diff_value was, diff_value is);
diff_value diff_of_text(str text); // p NULL: absent

// The bytes of a file, in `a`; false with *e. More than max: ERR_TOO_LARGE.
bool diff_load(ctx *c, arena *a, const tree_file *f, size_t max, str *out, err *e);
// The same of both files of one that changed. What can not be read becomes a note; *ok says
// whether both are there. False: the store or the engine failed.
bool diff_load_both(ctx *c, arena *a, const diff_file *f, size_t max, str out[2], bool *ok,
                    diff_notes *notes, err *e);
// Is it for a note (true), or does it end the part?
bool diff_is_note(const err *e);

// ---- diff_config.c --------------------------------------------------------------------------
// Compares two values of JSON (NULL: absent) and all below. `key` names them.
void diff_json(ctx *c, diff_rows *rows, str in, str key, const json_value *was,
               const json_value *is);

// ---- diff_text.c ----------------------------------------------------------------------------
void diff_texts_add(ctx *c, diff_texts *t, str path, str was, str is);

#endif
