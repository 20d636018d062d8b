// SPDX-License-Identifier: Apache-2.0
// Shared by the files of api/native/search_lang*.c only.
#ifndef STEMMA_API_NATIVE_SEARCH_LANG_INTERNAL_H
#define STEMMA_API_NATIVE_SEARCH_LANG_INTERNAL_H

#include "api/native/search_lang.h"
#include "base/when.h"

// ---- tokens (search_lang_lex.c) ------------------------------------------------------------
typedef enum lang_kind {
    LANG_END,
    LANG_WORD,  // bare
    LANG_TEXT,  // in "..." or '...'
    LANG_TICKS, // in `...`
    LANG_OP,    // .op
    LANG_MARK,  // ( ) ,
} lang_kind;

typedef struct lang_token {
    lang_kind kind;
    size_t at, end; // bytes of the text
    str text;       // without quotes
    search_op op;   // of LANG_OP
    bool negated;   // "!~"
} lang_token;

typedef struct lang {
    const search_lang *l;
    str text;
    size_t at;        // behind `next`
    lang_token token; // the one that is looked at
    int depth;
    size_t comparisons;
} lang;

bool lang_next(lang *p, err *e);               // to the next token
bool lang_is(const lang *p, const char *word); // a word of the language
bool lang_is_mark(const lang *p, char c);
str lang_shown(const lang *p, const lang_token *t); // for messages
bool lang_fail(const lang *p, const lang_token *t, const char *expected, err *e);

// ---- fields (search_lang_field.c) ----------------------------------------------------------
typedef enum lang_class { // what a field is compared with
    LANG_NUMBERS,
    LANG_TEXTS,
    LANG_EITHER, // configuration, tags: read as the value is written
    LANG_ID,
    LANG_STATUS,
    LANG_TIME,
    LANG_DURATION,
    LANG_PROJECT,
} lang_class;
typedef struct lang_field {
    search_field field;
    lang_class class;
    size_t at, end; // its bytes
} lang_field;
// The field that the present token begins; the token behind it is the present one then.
bool lang_read_field(lang *p, lang_field *out, err *e);

// ---- comparisons (search_lang_compare.c) ---------------------------------------------------
search_node *lang_compare(lang *p, err *e);
search_node *lang_node(const lang *p, search_op op, search_node *left, search_node *right);

#endif
