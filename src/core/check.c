// SPDX-License-Identifier: Apache-2.0
// check: the checks of all that the core and the store keep, one behind the other, and the
// place of each damage in words. No state; any thread.
#include "core/check_internal.h"
#include "core/console.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/search.h"
#include "core/series.h"

#include <stdio.h>

void check_bad_object(const check_watch *w, sha256 digest, const char *what) {
    char hex[SHA256_HEX], where[SHA256_HEX + 8];
    sha256_hex(digest, hex);
    snprintf(where, sizeof where, "object %s", hex);
    w->bad(w->arg, where, what);
}

static void bad_object(void *watch, sha256 digest, const char *what) {
    check_bad_object(watch, digest, what);
}

static void bad_event(void *watch, int64_t ws, int64_t number, const char *what) {
    const check_watch *w = watch;
    char where[64];
    snprintf(where, sizeof where, "event %lld of workspace %lld", (long long)number,
             (long long)ws);
    w->bad(w->arg, where, what);
}

static void bad_run(void *watch, id run_id, const char *what) {
    const check_watch *w = watch;
    char hex[ID_HEX], where[ID_HEX + 8];
    id_hex(run_id, hex);
    snprintf(where, sizeof where, "run %s", hex);
    w->bad(w->arg, where, what);
}

static void bad_search(void *watch, const char *what) {
    const check_watch *w = watch;
    w->bad(w->arg, "search columns (stemma rebuild mends them)", what);
}

static bool part(const check_watch *w, int done) {
    if (w->part) w->part(w->arg, done);
    return true;
}

bool core_check(core *c, bool deep, const check_watch *w, check_report *out, err *e) {
    check_watch watch = *w;
    *out = (check_report){0};
    return part(w, 0) && event_check(c, bad_event, &watch, &out->events, e) && part(w, 1) &&
           series_check(c, bad_run, &watch, &out->blocks, e) &&
           console_check(c, bad_run, &watch, &out->consoles, e) && part(w, 2) &&
           search_check(c, bad_search, &watch, e) && check_names(c, w, e) && part(w, 3) &&
           store_check(c->store, deep, bad_object, &watch, &out->objects, e) &&
           part(w, CHECK_PARTS);
}
