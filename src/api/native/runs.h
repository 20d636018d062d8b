// SPDX-License-Identifier: Apache-2.0
// What the files of the native dialect that are about runs share: how a run is shown, and what
// their requests have in common.
#ifndef STEMMA_API_NATIVE_RUNS_H
#define STEMMA_API_NATIVE_RUNS_H

#include "api/native/native_internal.h"
#include "api/native/search_lang.h"
#include "base/map.h"
#include "core/search.h"

// ---- runs_render.c --------------------------------------------------------------------------
extern const shape runs_run_shape;
// What of a run is shown; NULL where it is asked for: all of it.
typedef struct runs_columns {
    map config, tags, metrics; // keys to be shown
    search_keys keys;          // the same
} runs_columns;
void runs_put(json_writer *w, const run_view *v, str project_name, const runs_columns *only);
// The run as it is now, as the reply. ERR_NOT_FOUND.
bool runs_reply(call *k, id run_id, err *e);

// ---- runs.c: {key, value}, with what they may hold ------------------------------------------
#define RUNS_KEY_MAX   250
#define RUNS_VALUE_MAX 8000
struct runs_pair {
    uint64_t has;
    str key, value; // value p NULL: null, or absent
};
extern const msg_type runs_pair_msg;
kv *runs_pairs(arena *a, msg_list pairs);
// Of a change: value p NULL takes the tag away.
kv *runs_changed_tags(arena *a, msg_list tags);

// ---- runs_search.c --------------------------------------------------------------------------
// Which runs: projects by numbers or names (none: all), a filter, a view.
#define RUNS_WHERE_MAX    20000 // code points
#define RUNS_PROJECTS_MAX 1000
struct runs_which {
    msg_list projects;
    str where;
    int64_t view;
};
// Their fields, of a request S that has them as its member `which`.
#define RUNS_WHICH_FIELD(S, member, k, ...)                                                    \
    { .name = #member, .kind = (k), .offset = offsetof(S, which.member), __VA_ARGS__ }
#define RUNS_WHICH_FIELDS(S)                                                                   \
    RUNS_WHICH_FIELD(S, projects, MSG_STRINGS, .flags = MSG_NUMBER_OK,                         \
                     .max = RUNS_PROJECTS_MAX, .doc = "numbers or names; none: all"),          \
        RUNS_WHICH_FIELD(S, where, MSG_STRING, .max = RUNS_WHERE_MAX,                          \
                         .doc = "a filter in the search language"),                            \
        RUNS_WHICH_FIELD(S, view, MSG_ENUM, .names = native_views,                             \
                         .doc = "which runs: active (default), deleted, all")
search_lang runs_lang(call *k);
// out->now_ms: what "now" is in the filter; 0: it is set to now.
bool runs_which_query(call *k, const struct runs_which *q, search_query *out, err *e);
// The message says which member of the request it is about; the place stays. False.
bool runs_in_member(const char *member, err *e);
// A field of a request's member; the message names the member.
bool runs_field(const search_lang *l, const char *member, str text, search_field *out, err *e);

#endif
