// SPDX-License-Identifier: Apache-2.0
// Shared by the files of api/mlflow/filter*.c only.
#ifndef STEMMA_API_MLFLOW_FILTER_INTERNAL_H
#define STEMMA_API_MLFLOW_FILTER_INTERNAL_H

#include "api/mlflow/filter.h"
#include "base/vec.h"

// ---- items (filter_lex.c): what the reference's SQL reader takes for one thing -------------
typedef enum filter_kind {
    FILTER_IDENTIFIER, // words, `...` and "..." joined by dots
    FILTER_STRING,     // '...'
    FILTER_INTEGER,
    FILTER_FLOAT,
    FILTER_COMPARE,   // a run of < > = ~ !
    FILTER_KEYWORD,   // AND OR NOT IN IS NULL LIKE ILIKE RLIKE
    FILTER_LIST,      // (...) with all that is in it
    FILTER_OPERATION, // identifier, arithmetic operator, operand; a call: no identifier, though
                      // it begins like one
    FILTER_SEMICOLON,
    FILTER_OTHER,
} filter_kind;

typedef struct filter_item {
    filter_kind kind;
    str text; // as written
} filter_item;

typedef VEC(filter_item) filter_items;
filter_items filter_lex(arena *a, str text);
bool filter_is(const filter_item *i, const char *keyword);

// ---- clauses (filter_clause.c) -------------------------------------------------------------
typedef struct filter_clause {
    filter_item left;
    str op;            // upper case: "=", "LIKE", "NOT IN", "IS NULL" ...
    filter_item value; // not of IS NULL and IS NOT NULL
} filter_clause;

typedef VEC(filter_clause) filter_clauses;
// Sorts items into clauses and what is none (AND is neither).
void filter_split(arena *a, const filter_items *items, filter_clauses *clauses,
                  filter_items *invalid);
// The clauses of a filter; what is none is refused, each item between `quote`s.
bool filter_clauses_of(arena *a, str text, const char *quote, filter_clauses *clauses, err *e);
// An item of order_by: "key", "key ASC" or "key DESC".
bool filter_order_key(arena *a, str text, str *key, bool *descending, err *e);
bool filter_order_repeats(arena *a, const str *items, size_t n, err *e); // false
bool filter_text(const filter_item *i, search_node *n, err *e); // the text of a quoted value
// The elements of a list in parentheses, as Python reads a tuple of strings.
bool filter_list(arena *a, str text, str **out, size_t *n, err *e);
search_node *filter_join(arena *a, search_node **leaves,
                         size_t n);     // by AND, balanced; NULL when n is 0
bool filter_op(str op, search_op *out); // false: not one of core's
// Without the outer quotes or backticks when both are there.
str filter_unquote(str s);
str filter_unbacktick(str s);
str filter_quoted(arena *a, str s); // as Python's repr shows a string

// ---- logged models (filter_models.c) -------------------------------------------------------
bool filter_parse_models(arena *a, str text, search_node **out, err *e);

// ---- registered models and their versions (filter_registry.c) ------------------------------
bool filter_parse_registry(arena *a, filter_entity entity, str text, search_node **out, err *e);
bool filter_order_registry(arena *a, filter_entity entity, const str *items, size_t n,
                           search_sort **out, err *e);

#endif
