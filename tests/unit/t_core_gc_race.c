// SPDX-License-Identifier: Apache-2.0
// Versions are published, read and deleted while gc after gc frees at once what nothing uses,
// with leases so short that it takes what is on its way: a publication may have to begin anew,
// but what was published is whole.
#include "core_help.h"

#include "base/thread.h"
#include "core/content.h"
#include "core/gc.h"
#include "core/repo.h"

#include <stdatomic.h>

enum { PUBLISHERS = 3, CONTENTS = 4, FILES = 5, TRIES = 60 };

typedef struct race {
    core_fix *x;
    atomic_int published, anew, deleted;
    atomic_bool over;
    uint64_t removed; // objects, by gc
} race;

// The bytes of a file of a content: two of them are in every content, one lies in no pack.
static char *bytes_of(int which, int file, size_t *n) {
    static const size_t sizes[FILES] = {10, 3000, 70000, 90, 50000};
    *n = sizes[file];
    return fix_bytes((uint64_t)(file < 2 ? file : which * FILES + file + 1), *n);
}

static bool send_files(ctx *c, int which, tree_change *out, err *e) {
    for (int i = 0; i < FILES; i++) {
        size_t n;
        char *p = bytes_of(which, i, &n);
        out[i] =
            (tree_change){.file = {.path = arena_printf(c->a, "d%d/f%d", i % 2, i), .size = n}};
        bool ok = store_put(core_store(c->core), p, n, &out[i].file.digest, e);
        free(p);
        if (!ok) return false;
    }
    return true;
}

static bool publish(ctx *c, int which, version *out, err *e) {
    tree_change files[FILES];
    sha256 tree;
    tree_sum sum;
    content sealed;
    version_new n = {.content = &sealed};
    return send_files(c, which, files, e) &&
           content_edit(c, NULL, files, FILES, &tree, &sum, e) &&
           content_seal_tree(c, REPO_MODEL, tree, &sum, &sealed, e) &&
           version_create(c, STR("bot"), &n, out, e);
}

static void not_whole(void *arg, str path, const char *what) {
    fail_msg("version %lld, '%.*s': %s", (long long)*(int64_t *)arg, STR_F(path), what);
}

static void is_whole(ctx *c, const version *v) {
    err e = {0};
    int64_t number = v->number;
    content_step s;
    OK(content_check_step(c, &v->content, (str){0}, true, not_whole, &number, &s, &e));
    assert_int_equal(s.files, FILES);
}

static void *publisher(void *arg) {
    race *r = arg;
    ctx c = r->x->c;
    c.a = arena_new();
    for (int i = 0; i < TRIES; i++) {
        err e = {0};
        version v;
        uint8_t any;
        arena_reset(c.a);
        random_bytes(&any, 1);
        if (!publish(&c, any % CONTENTS, &v, &e)) {
            if (e.code != ERR_NOT_FOUND && e.code != ERR_CONFLICT)
                fail_msg("%d %s", e.code, e.msg);
            r->anew++;
            continue;
        }
        r->published++;
        is_whole(&c, &v);
        if (i % 4 == 3) continue;
        OK(version_delete(&c, STR("bot"), v.number, STR("tried"), &e));
        r->deleted++;
    }
    arena_free(c.a);
    return NULL;
}

static void *collector(void *arg) {
    race *r = arg;
    while (!atomic_load(&r->over)) {
        err e = {0};
        gc_report report;
        OK(gc_bin(r->x->core, &(gc_options){0}, &report, &e));
        r->removed += report.objects.removed;
    }
    return NULL;
}

CORE_TEST(what_is_published_stays_whole) {
    err e;
    repo made;
    version *left;
    size_t n;
    race r = {.x = x};
    pthread_t threads[PUBLISHERS + 1];
    x->f.s->lease = 2000;
    x->f.s->quiet = -1; // packs are emptied too, as soon as nobody writes them
    OK(repo_create(&x->c, &(repo_new){.name = STR("bot"), .kind = REPO_MODEL}, &made, &e));
    thread_start(&threads[PUBLISHERS], "gc", 0, true, collector, &r);
    for (int i = 0; i < PUBLISHERS; i++)
        thread_start(&threads[i], "publish", 0, true, publisher, &r);
    for (int i = 0; i < PUBLISHERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&r.over, true);
    pthread_join(threads[PUBLISHERS], NULL);
    OK(version_page(&x->c, STR("bot"), INT64_MAX, 1000, false, &left, &n, &e));
    assert_int_equal(n, r.published - r.deleted);
    for (size_t i = 0; i < n; i++)
        is_whole(&x->c, &left[i]);
    print_message("published %d, begun anew %d, %llu objects removed\n", r.published, r.anew,
                  (unsigned long long)r.removed);
    assert_true(r.published > 0 && r.removed > 0); // how many is a question of how busy the machine is
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_published_stays_whole)};
    return core_fix_main("core gc race", tests, sizeof tests / sizeof *tests);
}
