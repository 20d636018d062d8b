// SPDX-License-Identifier: Apache-2.0
// Repos and versions: what they promise; what is sealed stays whatever happens to the
// run that it came from; and gc keeps and frees it.
#include "core_help.h"

#include "core/repo.h"

static repo make_repo(core_fix *x, const char *name) {
    err e;
    repo r;
    repo_new n = {.name = str_of(name), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &n, &r, &e));
    return r;
}

static version publish(core_fix *x, const char *name, const content *c) {
    err e;
    version v;
    version_new n = {.content = c, .source = STR("s3://b/m")};
    OK(version_create(&x->c, str_of(name), &n, &v, &e));
    return v;
}

CORE_TEST(repos_have_unique_names) {
    err e;
    repo r, other;
    kv tag = {STR("k"), STR("v")};
    repo_new n = {.name = STR("bot"),
                  .kind = REPO_MODEL,
                  .description = STR("d"),
                  .tags = &tag,
                  .n_tags = 1};
    OK(repo_create(&x->c, &n, &r, &e));
    FAILS(ERR_EXISTS, repo_create(&x->c, &n, &other, &e));
    OK(repo_get(&x->c, STR("bot"), &other, &e));
    SAME(other.description, "d");
    SAME(other.user, "tester");
    SAME(other.tags[0].value, "v");
    static const char *const bad[] = {"", "a/b", "a:b", "a@b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        n.name = str_of(bad[i]);
        FAILS(ERR_INVALID, repo_create(&x->c, &n, &other, &e));
        FAILS(ERR_INVALID, repo_rename(&x->c, STR("bot"), n.name, &other, &e));
    }
    make_repo(x, "two");
    FAILS(ERR_EXISTS, repo_rename(&x->c, STR("bot"), STR("two"), &other, &e));
    OK(repo_rename(&x->c, STR("bot"), STR("bot"), &other, &e));
    OK(repo_rename(&x->c, STR("bot"), STR("three"), &other, &e));
    FAILS(ERR_NOT_FOUND, repo_get(&x->c, STR("bot"), &other, &e));
    OK(repo_set_tag(&x->c, STR("three"), STR("k"), STR("w"), &e));
    OK(repo_describe(&x->c, STR("three"), STR("new"), &other, &e));
    SAME(other.tags[0].value, "w");
    SAME(other.description, "new");
    OK(repo_delete_tag(&x->c, STR("three"), STR("k"), &e));
    OK(repo_delete_tag(&x->c, STR("three"), STR("k"), &e));
    repo *page;
    size_t count;
    OK(repo_page(&x->c, 0, STR(""), 1, &page, &count, &e));
    assert_int_equal(count, 1);
    SAME(page[0].name, "three");
    OK(repo_page(&x->c, 0, STR("three"), 10, &page, &count, &e));
    assert_int_equal(count, 1);
    SAME(page[0].name, "two");
}

CORE_TEST(numbers_are_never_given_twice) {
    err e;
    version v;
    make_repo(x, "bot");
    assert_int_equal(publish(x, "bot", NULL).number, 1);
    assert_int_equal(publish(x, "bot", NULL).number, 2);
    OK(version_delete(&x->c, STR("bot"), 2, (str){0}, &e));
    FAILS(ERR_NOT_FOUND, version_get(&x->c, STR("bot"), 2, &v, &e));
    FAILS(ERR_NOT_FOUND, version_delete(&x->c, STR("bot"), 2, (str){0}, &e));
    assert_int_equal(publish(x, "bot", NULL).number, 3);
    version *page;
    size_t n;
    OK(version_page(&x->c, STR("bot"), INT64_MAX, 10, false, &page, &n, &e));
    assert_int_equal(n, 2);
    assert_int_equal(page[0].number, 3);
    OK(repo_delete(&x->c, STR("bot"), STR("old"), &e));
    FAILS(ERR_NOT_FOUND, version_get(&x->c, STR("bot"), 1, &v, &e));
    FAILS(ERR_NOT_FOUND, version_by_id(&x->c, page[0].id, &v, &e));
    make_repo(x, "bot"); // another repo: it counts from 1
    assert_int_equal(publish(x, "bot", NULL).number, 1);
}

static void marked(core_fix *x, int64_t number, mark_kind kind, bool set, const char *why) {
    err e;
    version v;
    OK(version_set_mark(&x->c, STR("bot"), number, kind, set, str_of(why), &v, &e));
}

CORE_TEST(marks_come_and_go) {
    err e;
    version v;
    make_repo(x, "bot");
    publish(x, "bot", NULL);
    marked(x, 1, MARK_BAD, true, "loses facts");
    marked(x, 1, MARK_YANKED, true, "leaks names");
    marked(x, 1, MARK_YANKED, true, "leaks names of users"); // the newest reason stays
    OK(version_get(&x->c, STR("bot"), 1, &v, &e));
    assert_int_equal(v.n_marks, 2);
    assert_int_equal(v.marks[0].kind, MARK_YANKED);
    SAME(v.marks[0].reason, "leaks names of users");
    SAME(v.marks[1].user, "tester");
    marked(x, 1, MARK_YANKED, false, "");
    marked(x, 1, MARK_YANKED, false, ""); // one that is not there is fine
    OK(version_get(&x->c, STR("bot"), 1, &v, &e));
    assert_int_equal(v.n_marks, 1);
    assert_int_equal(v.marks[0].kind, MARK_BAD);
    FAILS(ERR_INVALID,
          version_set_mark(&x->c, STR("bot"), 1, MARK_BAD, true, STR(" "), &v, &e));
    FAILS(ERR_NOT_FOUND,
          version_set_mark(&x->c, STR("bot"), 2, MARK_BAD, true, STR("w"), &v, &e));
}

CORE_TEST(a_deleted_version_leaves_a_tombstone) {
    err e;
    version v, *page;
    size_t n;
    make_repo(x, "bot");
    publish(x, "bot", NULL);
    publish(x, "bot", NULL);
    marked(x, 1, MARK_BAD, true, "loses facts");
    OK(version_delete(&x->c, STR("bot"), 1, STR("never served"), &e));
    FAILS(ERR_NOT_FOUND, version_get(&x->c, STR("bot"), 1, &v, &e));
    assert_non_null(strstr(e.msg, "version 1 of 'bot' was deleted at 20"));
    assert_non_null(strstr(e.msg, "by tester: never served"));
    FAILS(ERR_NOT_FOUND, version_get(&x->c, STR("bot"), 3, &v, &e));
    assert_string_equal(e.msg, "'bot' has no version 3");
    OK(version_page(&x->c, STR("bot"), INT64_MAX, 10, true, &page, &n, &e));
    assert_int_equal(n, 2);
    assert_true(page[1].deleted && !page[0].deleted);
    assert_int_equal(page[1].n_marks, 2);
    SAME(page[1].marks[1].reason, "never served");
}

CORE_TEST(a_version_names_its_parents) {
    err e;
    version child;
    version_parent *p;
    size_t n;
    make_repo(x, "base");
    make_repo(x, "bot");
    version base = publish(x, "base", NULL);
    version_parent parents[] = {
        {.relation = RELATION_FINE_TUNE, .version = base.id},
        {.relation = RELATION_MERGED, .address = STR("hf://team/model@main")}};
    version_new new = {.parents = parents, .n_parents = 2};
    OK(version_create(&x->c, STR("bot"), &new, &child, &e));
    OK(version_parents(&x->c, child.id, &p, &n, &e));
    assert_int_equal(n, 2);
    SAME(p[0].repo_name, "base");
    assert_int_equal(p[0].number, 1);
    assert_int_equal(p[1].relation, RELATION_MERGED);
    SAME(p[1].address, "hf://team/model@main");
    OK(version_delete(&x->c, STR("base"), 1, (str){0}, &e)); // it keeps its name here
    OK(version_parents(&x->c, child.id, &p, &n, &e));
    assert_int_equal(p[0].number, 1);
    new.n_parents = VERSION_PARENTS_MAX + 1;
    new.parents = ARENA_ARRAY(x->c.a, version_parent, new.n_parents);
    FAILS(ERR_INVALID, version_create(&x->c, STR("bot"), &new, &child, &e));
}

CORE_TEST(one_version_may_have_a_stage_alone) {
    err e;
    version v;
    make_repo(x, "bot");
    for (int i = 0; i < 3; i++)
        publish(x, "bot", NULL);
    for (int64_t i = 1; i <= 2; i++)
        OK(version_set_stage(&x->c, STR("bot"), i, STR("Production"), false, (str){0}, &v, &e));
    OK(version_set_stage(&x->c, STR("bot"), 3, STR("Production"), true, STR("Archived"), &v,
                         &e));
    SAME(v.stage, "Production");
    for (int64_t i = 1; i <= 2; i++) {
        OK(version_get(&x->c, STR("bot"), i, &v, &e));
        SAME(v.stage, "Archived");
    }
}

CORE_TEST(the_newest_of_each_stage) {
    err e;
    version v, *latest;
    size_t n;
    str stages[] = {STR(""), STR("Production"), STR("Archived")};
    make_repo(x, "bot");
    OK(version_latest(&x->c, STR("bot"), stages, 3, &latest, &n, &e));
    assert_int_equal(n, 0);
    for (int i = 0; i < 4; i++)
        publish(x, "bot", NULL);
    OK(version_set_stage(&x->c, STR("bot"), 2, STR("Production"), false, (str){0}, &v, &e));
    OK(version_delete(&x->c, STR("bot"), 4, (str){0}, &e));
    OK(version_latest(&x->c, STR("bot"), stages, 3, &latest, &n, &e));
    assert_int_equal(n, 2);
    assert_int_equal(latest[0].number, 3);
    assert_int_equal(latest[1].number, 2);
    FAILS(ERR_NOT_FOUND, version_latest(&x->c, STR("no"), stages, 3, &latest, &n, &e));
}

CORE_TEST(versions_follow_their_repo) {
    err e;
    repo r;
    version v;
    make_repo(x, "bot");
    version_new n = {.source = STR("models:/a/1"), .location = STR("s3://b/m")};
    OK(version_create(&x->c, STR("bot"), &n, &v, &e));
    int64_t published = v.updated_us;
    OK(repo_rename(&x->c, STR("bot"), STR("new"), &r, &e));
    OK(version_get(&x->c, STR("new"), 1, &v, &e));
    SAME(v.source, "models:/a/1");
    SAME(v.location, "s3://b/m");
    assert_true(v.updated_us > published);
    OK(repo_by_id(&x->c, v.repo, &r, &e));
    SAME(r.name, "new");
    OK(repo_delete(&x->c, STR("new"), STR("old"), &e));
    FAILS(ERR_NOT_FOUND, repo_by_id(&x->c, v.repo, &r, &e));
}

static str longer(void *arg, arena *a, str value) {
    (void)arg;
    return arena_printf(a, "%.*s+", STR_F(value));
}

CORE_TEST(a_tag_of_a_logged_model_is_edited) {
    err e;
    model m;
    model_new n = {.name = STR("m"), .type = STR("")};
    OK(model_create(&x->c, &n, &m, &e));
    for (int i = 0; i < 2; i++)
        OK(model_edit_tag(&x->c, m.id, STR("k"), longer, NULL, &e));
    OK(model_get(&x->c, m.id, &m, &e));
    SAME(m.tags[0].value, "++");
    OK(model_delete(&x->c, m.id, &e));
    FAILS(ERR_NOT_FOUND, model_edit_tag(&x->c, m.id, STR("k"), longer, NULL, &e));
}

// ---- content --------------------------------------------------------------------------------

static void put_files(core_fix *x, const char *folder) {
    err e;
    for (uint64_t i = 0; i < 3; i++) {
        sha256 d = fix_put(x->f.s, i, i == 2 ? 100000 : 1000);
        OK(artifact_put(&x->c,
                        arena_printf(x->c.a, "%s/%sf%d", folder, i ? "sub/" : "", (int)i), d,
                        i == 2 ? 100000 : 1000, &e));
    }
}

static content seal(core_fix *x, const char *path) {
    err e;
    content c;
    bool found;
    OK(content_seal_artifacts(&x->c, REPO_MODEL, str_of(path), &c, &found, &e));
    assert_true(found);
    return c;
}

CORE_TEST(the_same_files_are_the_same_content) {
    err e;
    put_files(x, "0/run/artifacts/a");
    put_files(x, "0/run/artifacts/b");
    content a = seal(x, "0/run/artifacts/a"), b = seal(x, "0/run/artifacts/b");
    assert_true(sha256_eq(a.digest, b.digest));
    assert_int_equal(a.files, 3);
    assert_int_equal(a.bytes, 102000);
    content other;
    bool found;
    OK(content_seal_artifacts(&x->c, REPO_DATA, STR("0/run/artifacts/a"), &other, &found, &e));
    assert_false(sha256_eq(a.digest, other.digest)); // of another kind
    assert_true(sha256_eq(a.tree, other.tree));
    OK(content_seal_artifacts(&x->c, REPO_MODEL, STR("0/run/none"), &other, &found, &e));
    assert_false(found);
    content_entry f, *list;
    size_t n;
    OK(content_get(&x->c, a.tree, STR("sub/f2"), &f, &e));
    assert_int_equal(f.size, 100000);
    OK(content_get(&x->c, a.tree, STR("sub"), &f, &e));
    assert_true(f.is_dir);
    FAILS(ERR_NOT_FOUND, content_get(&x->c, a.tree, STR("su"), &f, &e));
    FAILS(ERR_NOT_FOUND, content_get(&x->c, a.tree, STR("f0/x"), &f, &e));
    OK(content_list(&x->c, a.tree, STR(""), (str){0}, 10, &list, &n, &e));
    assert_int_equal(n, 2);
    SAME(list[0].name, "f0");
    assert_true(list[1].is_dir);
    OK(content_list(&x->c, a.tree, STR(""), STR("f0"), 10, &list, &n, &e));
    assert_int_equal(n, 1);
    OK(content_list(&x->c, a.tree, STR("sub"), STR("f1"), 10, &list, &n, &e));
    assert_int_equal(n, 1);
    SAME(list[0].name, "f2");
    OK(content_list(&x->c, a.tree, STR(""), STR("sub"), 10, &list, &n, &e));
    assert_int_equal(n, 0);
}

CORE_TEST(nothing_is_put_where_versions_are_read) {
    err e;
    sha256 d = fix_put(x->f.s, 1, 10);
    static const char *const places[] = {"_versions", "_versions/x", "_versions/x/y"};
    for (size_t i = 0; i < 3; i++) {
        FAILS(ERR_FORBIDDEN, artifact_put(&x->c, str_of(places[i]), d, 10, &e));
        FAILS(ERR_FORBIDDEN, artifact_delete(&x->c, str_of(places[i]), &e));
    }
    OK(artifact_put(&x->c, STR("0/_versions"), d, 10, &e));
}

static gc_report collect(core_fix *x) {
    err e;
    gc_report r;
    gc_options o = {0};
    x->f.s->lease = -1000000;
    OK(gc_bin(x->core, &o, &r, &e));
    return r;
}

CORE_TEST(what_is_sealed_outlives_its_run) {
    err e;
    x->f.s->lease = -1000000;
    put_files(x, "0/run/artifacts/m");
    content c = seal(x, "0/run/artifacts/m");
    make_repo(x, "bot");
    version v = publish(x, "bot", &c);
    OK(artifact_delete(&x->c, STR("0/run"), &e));
    collect(x);
    content_entry f;
    OK(content_get(&x->c, v.content.tree, STR("sub/f2"), &f, &e));
    fix_expect(x->f.s, f.digest, 2, 100000);
    OK(version_delete(&x->c, STR("bot"), 1, (str){0}, &e));
    for (int i = 0; i < 4; i++) // the record, the tree, the files
        collect(x);
    assert_false(fix_there(x->f.s, f.digest));
    assert_int_equal(fix_check(x->f.s, true, NULL).objects, 0);
}

// Sealed, and freed before it was published: the version is refused, nothing is half there.
CORE_TEST(nothing_is_published_without_its_content) {
    err e;
    version v;
    x->f.s->lease = -1000000;
    put_files(x, "0/run/artifacts/m");
    content c = seal(x, "0/run/artifacts/m");
    make_repo(x, "bot");
    collect(x);
    version_new n = {.content = &c};
    FAILS(ERR_CONFLICT, version_create(&x->c, STR("bot"), &n, &v, &e));
    assert_int_equal(publish(x, "bot", NULL).number, 1);
}

typedef struct wrong {
    int n;
    char first[64]; // "path: what"
} wrong;

static void count_wrong(void *arg, str path, const char *what) {
    wrong *w = arg;
    if (!w->n++) snprintf(w->first, sizeof w->first, "%.*s: %s", STR_F(path), what);
}

static wrong check_content(core_fix *x, const content *c, bool bytes) {
    err e;
    wrong w = {0};
    content_step s;
    OK(content_check_step(&x->c, c, (str){0}, bytes, count_wrong, &w, &s, &e));
    assert_null(s.next.p);
    return w;
}

// Of a file that is a file of the store, of a small one in a pack, of a page, of the record.
CORE_TEST(what_is_damaged_is_named) {
    err e;
    content_entry large, small;
    put_files(x, "0/run/artifacts/m");
    content c = seal(x, "0/run/artifacts/m"), other = c;
    OK(content_get(&x->c, c.tree, STR("sub/f2"), &large, &e));
    OK(content_get(&x->c, c.tree, STR("f0"), &small, &e));
    assert_int_equal(check_content(x, &c, true).n, 0);
    other.files++;
    assert_int_equal(check_content(x, &other, false).n, 1);
    fix_damage(&x->f, large.digest, HARM_FLIP, 70000);
    assert_int_equal(check_content(x, &c, false).n, 0); // it is there
    wrong w = check_content(x, &c, true);
    assert_int_equal(w.n, 1);
    assert_string_equal(w.first, "sub/f2: its bytes are damaged");
    fix_damage(&x->f, small.digest, HARM_FLIP, 3);
    assert_int_equal(check_content(x, &c, true).n, 2);
    fix_damage(&x->f, c.tree, HARM_FLIP, 20);
    w = check_content(x, &c, true);
    if (w.n != 1 || !strstr(w.first, "page of its tree")) fail_msg("%d %s", w.n, w.first);
    fix_damage(&x->f, c.digest, HARM_FLIP, 20);
    assert_int_equal(check_content(x, &c, true).n, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repos_have_unique_names),
        cmocka_unit_test(numbers_are_never_given_twice),
        cmocka_unit_test(marks_come_and_go),
        cmocka_unit_test(a_deleted_version_leaves_a_tombstone),
        cmocka_unit_test(a_version_names_its_parents),
        cmocka_unit_test(one_version_may_have_a_stage_alone),
        cmocka_unit_test(the_newest_of_each_stage),
        cmocka_unit_test(versions_follow_their_repo),
        cmocka_unit_test(a_tag_of_a_logged_model_is_edited),
        cmocka_unit_test(nothing_is_put_where_versions_are_read),
        cmocka_unit_test(the_same_files_are_the_same_content),
        cmocka_unit_test(what_is_sealed_outlives_its_run),
        cmocka_unit_test(nothing_is_published_without_its_content),
        cmocka_unit_test(what_is_damaged_is_named),
    };
    return core_fix_main("repo", tests, sizeof tests / sizeof *tests);
}
