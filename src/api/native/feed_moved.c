// SPDX-License-Identifier: Apache-2.0
// feed_moved: hints about runs that changed, for the streams that ask for them. The feed's
// thread looks at the projects that somebody watches (search_look) ten times a second while
// there is somebody; what it finds is given to all who watch the project, rendered once for
// those in a row. A stream that can not take a hint now gets one later that says "all". Only
// the feed's thread.
#include "api/native/feed_internal.h"
#include "base/clock.h"

#include <stdlib.h>

#define EVERY_US 100000

int64_t feed_moved_wait(const native_feed *f, int64_t us) {
    if (!atomic_load(&f->n_moved)) return us;
    int64_t left = f->look_us - clock_mono_us();
    return left < 0 ? 0 : left < us ? left : us;
}

// ---- what is watched ------------------------------------------------------------------------
static int by_place(const void *a, const void *b) {
    const search_watch *x = a, *y = b;
    if (x->ws != y->ws) return x->ws < y->ws ? -1 : 1;
    return (x->project > y->project) - (x->project < y->project);
}

// The projects that followers watch, in order, each once; *n of them. Under the lock.
static search_watch *wanted(const native_feed *f, size_t *n) {
    size_t max = 0, k = 0;
    for (const follower *x = f->all; x; x = x->next)
        max += x->at.moved;
    search_watch *out = mem_alloc((max + 1) * sizeof *out);
    for (const follower *x = f->all; x; x = x->next) {
        if (x->at.moved) out[k++] = (search_watch){.ws = x->at.ws, .project = x->at.project};
    }
    qsort(out, k, sizeof *out, by_place);
    *n = 0;
    for (size_t i = 0; i < k; i++) {
        if (!*n || by_place(&out[*n - 1], &out[i])) out[(*n)++] = out[i];
    }
    return out;
}

static void regroup(native_feed *f) {
    pthread_mutex_lock(&f->lock);
    size_t n = f->n_watches, k = 0;
    search_watch *new = f->regroup ? wanted(f, &n) : NULL;
    f->regroup = false;
    pthread_mutex_unlock(&f->lock);
    if (!new) return;
    for (size_t i = 0; i < f->n_watches; i++) {
        search_watch *old = &f->watches[i];
        while (k < n && by_place(&new[k], old) < 0)
            k++;
        if (k < n && !by_place(&new[k], old))
            new[k] = *old; // what was seen goes on
        else
            search_watch_end(old);
    }
    free(f->watches);
    f->watches = new;
    f->n_watches = n;
}

void feed_moved_end(native_feed *f) {
    for (size_t i = 0; i < f->n_watches; i++)
        search_watch_end(&f->watches[i]);
    free(f->watches);
}

// ---- hints ----------------------------------------------------------------------------------
static int by_id(const void *a, const void *b) {
    return id_cmp(*(const id *)a, *(const id *)b);
}

void feed_moved_only(native_follow *at) {
    size_t bytes = at->n_runs * sizeof *at->runs;
    at->runs = bytes ? memcpy(mem_alloc(bytes), at->runs, bytes) : NULL;
    if (bytes) qsort(at->runs, at->n_runs, sizeof *at->runs, by_id);
}

static bool wants(const native_follow *at, id one) {
    return !at->n_runs || bsearch(&one, at->runs, at->n_runs, sizeof one, by_id);
}

// False: nothing that the follower asked for. f->text is the hint.
static bool render(native_feed *f, const search_watch *w, const native_follow *at, bool all) {
    size_t n = 0;
    json_writer j = json_writer_new(&f->text);
    buf_clear(&f->text);
    buf_str(&f->text, STR("event: moved\ndata: "));
    json_object(&j);
    json_m_i64(&j, "project", w->project);
    if (all) json_m_bool(&j, "all", true);
    if (!all) json_m_array(&j, "runs");
    for (size_t i = 0; !all && i < w->n; i++) {
        char hex[ID_HEX];
        if (!wants(at, w->moved[i])) continue;
        id_hex(w->moved[i], hex);
        json_string(&j, str_of(hex));
        n++;
    }
    if (!all) json_array_end(&j);
    json_object_end(&j);
    buf_str(&f->text, STR("\n\n"));
    return all || n;
}

typedef struct giving { // what f->text is
    const search_watch *w;
    bool all;
} giving;

// Under the lock.
static void give(native_feed *f, follower *x, const search_watch *w, giving *g) {
    if (x->waits) {
        x->missed |= w->all || w->n;
        return;
    }
    bool all = w->all || x->missed, shared = g->w == w && g->all == all && !x->at.n_runs;
    if (!all && !w->n) return;
    x->missed = false;
    if (!shared && !render(f, w, &x->at, all)) {
        g->w = NULL;
        return;
    }
    *g = (giving){x->at.n_runs ? NULL : w, all};
    x->waits = http_stream_send(x->stream, buf_view(&f->text)) != HTTP_STREAM_SENT;
}

static void give_all(native_feed *f) {
    giving g = {0};
    f->missed = false;
    pthread_mutex_lock(&f->lock);
    for (follower *x = f->all; x; x = x->next) {
        if (!x->at.moved) continue;
        search_watch key = {.ws = x->at.ws, .project = x->at.project};
        const search_watch *w =
            f->n_watches ? bsearch(&key, f->watches, f->n_watches, sizeof key, by_place) : NULL;
        if (w) give(f, x, w, &g); // else it came just now
        f->missed |= x->missed;
    }
    pthread_mutex_unlock(&f->lock);
}

bool feed_moved(native_feed *f, err *e) {
    int64_t now = clock_mono_us();
    bool news = f->missed;
    if ((!atomic_load(&f->n_moved) && !f->n_watches) || now < f->look_us) return true;
    f->look_us = now + EVERY_US;
    regroup(f);
    arena_reset(f->a);
    if (!search_look(f->core, f->a, f->watches, f->n_watches, e)) return false;
    for (size_t i = 0; i < f->n_watches && !news; i++)
        news = f->watches[i].all || f->watches[i].n;
    if (news) give_all(f);
    return true;
}
