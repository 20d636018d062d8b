// SPDX-License-Identifier: Apache-2.0
// pickles: see pickles.h. The lock is held for one scan and nothing else; its reads of the
// store take no other lock for long.
#include "core/pickles.h"

#include "base/clock.h"
#include "store/tree_objects.h"

#include <pthread.h>

#define STEP_FILES 1000000 // of any name that a step passes
#define STEP_US    2000000

static pthread_mutex_t one_scan = PTHREAD_MUTEX_INITIALIZER;

// A file whose bytes are missing or damaged is told as one that cannot be read.
static bool is_damage(err *e, pickle_report *out) {
    if (e->code != ERR_NOT_FOUND && e->code != ERR_CORRUPT) return false;
    *out = (pickle_report){.found = true,
                           .verdict = PICKLE_UNKNOWN,
                           .problem = STR("its bytes are missing or damaged")};
    *e = (err){0};
    return true;
}

static bool scan(ctx *c, const tree_file *f, pickle_naming named, arena *a, pickle_report *out,
                 err *e) {
    store_object *o = store_get(core_store(c->core), f->digest, e);
    if (!o) return is_damage(e, out);
    pthread_mutex_lock(&one_scan);
    bool ok = pickle_scan(store_object_read_all, o, store_object_size(o), named, a, out, e);
    pthread_mutex_unlock(&one_scan);
    store_object_close(o);
    return ok || is_damage(e, out);
}

bool pickles_step(ctx *c, const content *of, str after, size_t max, pickles_found *found,
                  void *arg, str *next, err *e) {
    tree_open t = tree_objects_open(core_store(c->core), of->tree);
    arena *a = arena_new();
    tree_file f;
    size_t passed = 0, scanned = 0;
    int64_t until_us = clock_mono_us() + STEP_US;
    bool ok = tree_seek(t.reader, after.p ? after : STR(""), e), more = true;
    *next = (str){0};
    while (ok && more && tree_next(t.reader, &f, e)) {
        pickle_naming named = pickle_naming_of(f.path);
        pickle_report r = {0};
        bool wanted = named != PICKLE_NOT_NAMED && !(after.p && str_eq(f.path, after));
        ok = !wanted || scan(c, &f, named, a, &r, e);
        more = !ok || !wanted || !r.found || found(arg, &f, &r);
        scanned += wanted && (named > PICKLE_UNNAMED || r.found);
        if (++passed == STEP_FILES || scanned == max || (wanted && clock_mono_us() > until_us))
            more = false;
        if (!more) *next = arena_str(c->a, f.path);
        arena_reset(a);
    }
    arena_free(a);
    tree_objects_close(&t);
    return ok && e->code == ERR_NONE;
}
