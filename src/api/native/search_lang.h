// SPDX-License-Identifier: Apache-2.0
// search_lang: Stemma's own search language, translated into core's syntax tree.
//
//   where   = term { "or" term }            term = factor { "and" factor }
//   factor  = "not" factor | "(" where ")" | comparison
//   comparison = field ("=" | "!=" | "<" | "<=" | ">" | ">=") value
//              | field ("~" | "!~" | ["not"] "like" | ["not"] "ilike") text
//              | field ["not"] "in" "(" value { "," value } ")"
//              | field "is" ["not"] "null"
//   sort    = field ["asc" | "desc"]
//
//   field   = "metrics." KEY [".last" | ".first" | ".min" | ".max"] | "config." KEY | "tags."
//   KEY
//           | "dataset." ("name" | "digest" | "context") | "evals." SUITE "." KEY
//           | id | name | status | user | reason | start | end | created | project | duration
//
// A KEY is a word (anything but white space, quotes, parentheses, commas and = ! < > ~), or
// stands in "..." , '...' or `...` when it is none, or ends like ".min" itself. Texts stand in
// quotes of either kind; a quote within is written twice. Words of the language are of any
// case.
//
// evals are of versions: rules know them, searches of runs do not.
//
// Numbers compare what they compare with as numbers: a configuration or tag that is none is
// unknown then. Texts compare as texts. ~ is a regular expression (PCRE2) that may match
// anywhere. Statuses may stand without quotes. start, end, created: "2026", "2026-11",
// "2026-11-01", "2026-11-01T10:00[:00[.5]][Z | +01:00]" (UTC when it says none), "1 week ago",
// 3h ago, now, today, yesterday, or milliseconds since 1970; a time that names a day is that
// whole day: = is within it, > is behind its end. duration: seconds, or "1h30m", 5m, 2d.
// project: its number or its name.
//
// Logic is SQL's: a comparison with what a run does not have is unknown, and so is its "not".
//
// Errors are ERR_INVALID with the place (err.h). Depth, comparisons and lists are limited
// (SEARCH_LANG_*). Everything is allocated in the arena; texts point into the given one where
// they can. Cost is linear in the text. No state; any thread.
#ifndef STEMMA_API_NATIVE_SEARCH_LANG_H
#define STEMMA_API_NATIVE_SEARCH_LANG_H

#include "core/search.h"

#define SEARCH_LANG_DEPTH       40
#define SEARCH_LANG_COMPARISONS 200
#define SEARCH_LANG_LIST        1000

typedef struct search_lang {
    arena *a;
    int64_t now_us;
    // The number of the project of this name; NULL: projects have numbers only.
    bool (*project)(void *arg, str name, int64_t *number, err *e);
    void *arg;
} search_lang;

// *out is NULL for an empty text: everything.
bool search_lang_where(const search_lang *l, str text, search_node **out, err *e);

// The same as a list of what must be true, each with its own words: split where "and" joins the
// whole text, else (or for an "or") in one part. *n is 0 for an empty text.
typedef struct search_lang_part {
    str text;
    search_node *node;
} search_lang_part;
bool search_lang_parts(const search_lang *l, str text, search_lang_part **out, size_t *n,
                       err *e);

// A configuration or tag sorts by numbers first, by value, then by texts: it makes two keys of
// core. e->place is within items[*wrong].
bool search_lang_sort(const search_lang *l, const str *items, size_t n, search_sort **out,
                      size_t *n_out, size_t *wrong, err *e);

// The attributes' names, one by one; NULL behind the last.
const char *search_lang_attribute(size_t i);

// One field; metrics by their last value, configuration and tags as texts.
bool search_lang_field(const search_lang *l, str text, search_field *out, err *e);

#endif
