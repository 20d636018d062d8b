// SPDX-License-Identifier: Apache-2.0
// What rows name and is not there: check says which row.
#include "core_help.h"

#include "core/content.h"
#include "core/ref.h"
#include "core/repo.h"

// The digest of its content.
static sha256 publish(core_fix *x) {
    err e;
    repo r;
    version v;
    content_text text = {STR("a.txt"), STR("a")};
    repo_new n = {.name = STR("bot"), .kind = REPO_MODEL};
    content c;
    version_new of = {.content = &c};
    OK(repo_create(&x->c, &n, &r, &e));
    OK(content_seal_texts(&x->c, REPO_MODEL, &text, 1, &c, &e));
    OK(version_create(&x->c, STR("bot"), &of, &v, &e));
    return v.content.digest;
}

static bool forget_object(db_tx *tx, void *arg, err *e) {
    static const db_query q = {"test.forget", "DELETE FROM object WHERE digest = $1", false};
    return db_do(tx, &q, e, DB_BLOB(str_n(arg, sizeof(sha256)))) > 0;
}

static bool move_ref(db_tx *tx, void *arg, err *e) {
    static const db_query q = {"test.move", "UPDATE ref SET moved_us = moved_us + 1", false};
    (void)arg;
    return db_do(tx, &q, e) > 0;
}

static void spoil(core_fix *x, db_fn how, void *arg) {
    err e;
    SAME(core_fix_checked(x), "");
    OK(db_write(x->f.db, how, arg, &e));
}

CORE_TEST(the_bytes_of_an_artifact) {
    err e;
    sha256 d = fix_put(x->f.s, 7, 100);
    OK(artifact_put(&x->c, STR("0/r/artifacts/a/b.txt"), d, 100, &e));
    spoil(x, forget_object, &d);
    SAME(core_fix_checked(x), "artifact 0/r/artifacts/a/b.txt: its bytes are not in the store");
}

CORE_TEST(the_content_of_a_version) {
    sha256 d = publish(x);
    spoil(x, forget_object, &d);
    SAME(core_fix_checked(x), "version bot@1: its content is not in the store");
}

CORE_TEST(the_place_of_a_ref) {
    err e;
    ref_change to = {.repo = STR("bot"),
                     .kind = REF_ALIAS,
                     .name = STR("prod"),
                     .number = 1,
                     .expected = REF_ANY};
    publish(x);
    OK(ref_set(&x->c, &to, NULL, &e));
    spoil(x, move_ref, NULL);
    SAME(core_fix_checked(x), "ref bot@prod: it is not where its last move led");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_of_an_artifact),
        cmocka_unit_test(the_content_of_a_version),
        cmocka_unit_test(the_place_of_a_ref),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
