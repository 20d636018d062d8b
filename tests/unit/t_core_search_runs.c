// SPDX-License-Identifier: Apache-2.0
// search_runs against the obvious evaluation over the same history: random runs, changes, folds
// that are cut off, filters, orders and pages. One seed a round; a failure prints its own.
#include "core/search_internal.h"
#include "search_model.h"

#include "base/num.h"

static model_world *world;
static arena *keep; // texts of the world
static int64_t projects[3];

static size_t pick(size_t n) {
    return (size_t)rand() % n;
}
static bool chance(int percent) {
    return rand() % 100 < percent;
}

// ---- changes -------------------------------------------------------------------------------
static str random_text(void) {
    static const char *const some[] = {"",
                                       "a",
                                       "b",
                                       "ab",
                                       "A",
                                       "a%b",
                                       "a_b",
                                       "\xC3\xA4hnlich",
                                       "\xC3\x84HNLICH",
                                       "10",
                                       "9",
                                       "relu",
                                       "Relu",
                                       "gelu",
                                       "1e1",
                                       "-0",
                                       "nan",
                                       "1"};
    if (chance(4)) { // longer than a column keeps
        size_t n = 500 + pick(40);
        char *p = arena_bytes(keep, n);
        memset(p, 'x', n);
        if (chance(50)) p[n - 1] = 'y';
        return str_n(p, n);
    }
    return arena_str(keep, str_of(some[pick(sizeof some / sizeof *some)]));
}

static double random_double(void) {
    static const double some[] = {0, -0.0, 1, -1, 0.5, 1e300, -1e-300, 2, 3};
    int r = rand() % 20;
    if (r == 0) return NAN;
    if (r == 1) return INFINITY;
    if (r == 2) return -INFINITY;
    return some[pick(sizeof some / sizeof *some)];
}

static void create(core_fix *x) {
    err e;
    if (world->n == MODEL_RUNS) return;
    model_run *m = &world->runs[world->n];
    *m = (model_run){0};
    run_new n = {.project = projects[pick(3)],
                 .name = random_text(),
                 .user = random_text(),
                 .has_start = chance(80),
                 .start_ms = (int64_t)(1700000000000 + pick(5))};
    OK(run_create(&x->c, &n, &m->r, &e));
    m->r.name = arena_str(keep, m->r.name);
    m->r.user = arena_str(keep, m->r.user);
    m->r.artifact_uri = arena_str(keep, m->r.artifact_uri);
    world->n++;
}

static void log_points(core_fix *x, model_run *m) {
    err e;
    point p[3];
    size_t n = 1 + pick(3);
    for (size_t i = 0; i < n; i++) {
        int k = (int)pick(MODEL_KEYS);
        double v = random_double();
        p[i] = (point){.key = model_key(k), .step = m->step++, .time_ms = 5, .value = v};
        model_metric *t = &m->metrics[k];
        if (!t->there) *t = (model_metric){true, v, v, NAN, NAN};
        t->last = v;
        if (!isnan(v)) {
            t->min = isnan(t->min) || v < t->min ? v : t->min;
            t->max = isnan(t->max) || v > t->max ? v : t->max;
        }
    }
    run_batch b = {.points = p, .n_points = n};
    OK(run_log(&x->c, m->r.id, &b, &e));
}

static void set_texts(core_fix *x, model_run *m) {
    err e;
    size_t k = pick(MODEL_KEYS), t = pick(MODEL_KEYS);
    bool param = !m->params[k].p;
    if (param) m->params[k] = random_text();
    m->tags[t] = random_text();
    kv p = {model_key((int)k), m->params[k]}, g = {model_key((int)t), m->tags[t]};
    run_batch b = {.params = &p, .n_params = param, .tags = &g, .n_tags = 1};
    OK(run_log(&x->c, m->r.id, &b, &e));
}

static void drop_tag(core_fix *x, model_run *m) {
    err e;
    size_t k = pick(MODEL_KEYS);
    if (!m->tags[k].p) return;
    OK(run_delete_tag(&x->c, m->r.id, model_key((int)k), &e));
    m->tags[k] = (str){0};
}

static void change_row(core_fix *x, model_run *m) {
    err e;
    run now;
    run_change c = {.has_status = chance(60),
                    .status = (run_status)(1 + pick(6)),
                    .reason = chance(30) ? random_text() : (str){0},
                    .has_end = chance(50),
                    .end_ms = (int64_t)pick(5),
                    .has_name = chance(30),
                    .name = random_text()};
    OK(run_update(&x->c, m->r.id, &c, &now, &e));
    if ((c.has_status && c.status != m->r.status) || c.reason.p) m->r.reason = c.reason;
    if (c.has_status) m->r.status = c.status;
    if (c.has_end) m->r.has_end = true, m->r.end_ms = c.end_ms;
    if (c.has_name) m->r.name = c.name;
}

// There and, often, back again, folded or not.
static void move_run(core_fix *x, model_run *m) {
    err e;
    run now;
    run_change c = {.has_project = true, .project = projects[pick(3)]};
    OK(run_update(&x->c, m->r.id, &c, &now, &e));
    assert_true(now.project == c.project);
    m->r.project = c.project;
}

static void add_dataset(core_fix *x, model_run *m) {
    err e;
    if (m->n_sets == MODEL_SETS) return;
    static const char *const names[] = {"mnist", "cifar", "imdb"};
    size_t i = pick(3);
    str name = str_of(names[i]), digest = i ? STR("d1") : STR("d0"),
        context = chance(70) ? STR("train") : (str){0};
    for (size_t k = 0; k < m->n_sets; k++) {
        if (str_eq(m->sets[k].name, name)) return;
    }
    kv tag = {STR("mlflow.data.context"), context};
    dataset_input in = {.dataset = {.name = name,
                                    .digest = digest,
                                    .source_type = STR("s"),
                                    .source = STR("u")},
                        .tags = &tag,
                        .n_tags = context.p != NULL};
    OK(input_log(&x->c, m->r.id, &in, 1, NULL, 0, &e));
    m->sets[m->n_sets].name = name;
    m->sets[m->n_sets].digest = digest;
    m->sets[m->n_sets++].context = context;
}

static void change(core_fix *x) {
    err e;
    model_run *m = world->n ? &world->runs[pick(world->n)] : NULL;
    int r = rand() % 100;
    if (!m || r < 15) {
        create(x);
    } else if (m->r.life == LIFE_DELETED) {
        if (chance(50)) return;
        OK(run_restore(&x->c, m->r.id, &e));
        m->r.life = LIFE_ACTIVE;
    } else if (r < 45) {
        log_points(x, m);
    } else if (r < 70) {
        set_texts(x, m);
    } else if (r < 75) {
        drop_tag(x, m);
    } else if (r < 83) {
        change_row(x, m);
    } else if (r < 87) {
        move_run(x, m);
    } else if (r < 95) {
        add_dataset(x, m);
    } else {
        OK(run_delete(&x->c, m->r.id, &e));
        m->r.life = LIFE_DELETED;
    }
    arena_reset(x->c.a);
}

static bool go_on_a_while(void *arg) {
    return --*(int *)arg > 0;
}

// A fold of everything, or one that stops after some steps.
static void fold_some(core_fix *x) {
    err e;
    int steps = (int)pick(4);
    search_pass p = {.c = x->core, .all = true, .go_on = go_on_a_while, .arg = &steps};
    if (chance(40))
        OK(search_fold_all(x->core, &e));
    else
        OK(search_fold_pass(&p, &e));
}

// ---- queries -------------------------------------------------------------------------------
static search_field random_field(bool sort) {
    static const int attributes[] = {SEARCH_ID,           SEARCH_NAME,   SEARCH_STATUS,
                                     SEARCH_ARTIFACT_URI, SEARCH_USER,   SEARCH_START,
                                     SEARCH_END,          SEARCH_NUMBER, SEARCH_REASON};
    static const search_domain domains[] = {SEARCH_ATTRIBUTE, SEARCH_PARAM,  SEARCH_TAG,
                                            SEARCH_METRIC,    SEARCH_METRIC, SEARCH_DATASET};
    search_field f = {.domain = domains[pick(sort ? 5 : 6)]};
    if (f.domain == SEARCH_ATTRIBUTE)
        f.which = attributes[pick(9)];
    else if (f.domain == SEARCH_DATASET)
        f.which = (int)pick(3);
    else
        f.key = model_key((int)pick(MODEL_KEYS));
    if (f.domain == SEARCH_METRIC) f.which = (int)pick(4);
    if (f.domain == SEARCH_PARAM || f.domain == SEARCH_TAG)
        f.which = chance(40) ? SEARCH_AS_NUMBER : SEARCH_AS_TEXT;
    return f;
}

static bool is_number(const search_field *f) {
    if (f->domain == SEARCH_ATTRIBUTE)
        return f->which == SEARCH_START || f->which == SEARCH_END || f->which == SEARCH_NUMBER;
    return f->domain == SEARCH_METRIC ||
           (f->domain != SEARCH_DATASET && f->which == SEARCH_AS_NUMBER);
}

static str known_text(core_fix *x, const search_field *f) {
    if (f->domain == SEARCH_DATASET)
        return chance(50) ? STR("train") : chance(50) ? STR("d0") : STR("mnist");
    if (f->domain == SEARCH_ATTRIBUTE && world->n && chance(70)) {
        model_value v = model_attribute(&world->runs[pick(world->n)], f->which, x->c.a);
        return v.s.p ? v.s : STR("");
    }
    return random_text();
}

static search_node *random_leaf(core_fix *x) {
    static const search_op numbers[] = {
        SEARCH_EQ, SEARCH_NE,      SEARCH_LT,       SEARCH_LE, SEARCH_GT,
        SEARCH_GE, SEARCH_IS_NULL, SEARCH_NOT_NULL, SEARCH_IN, SEARCH_NOT_IN};
    static const char *const patterns[] = {"%",   "a%",  "%b",  "%a%b%", "_",
                                           "%l_", "x%y", "%H%", "R%"};
    static const char *const regexes[] = {"^a", "b$", ".", "^$", "(?i)h", "x{20}"};
    search_node *n = ARENA_NEW(x->c.a, search_node);
    n->field = random_field(false);
    if (is_number(&n->field)) {
        static const str list[] = {STR_K("1"), STR_K("0"), STR_K("1700000000001")};
        n->op = numbers[pick(sizeof numbers / sizeof *numbers)];
        n->number = n->field.domain != SEARCH_ATTRIBUTE
                        ? (chance(30) ? (double)(9 + pick(2)) : random_double())
                    : n->field.which == SEARCH_START
                        ? (double)(1700000000000 + (int)pick(5)) + (chance(20) ? 0.5 : 0)
                        : (double)pick(5);
        n->list = ARENA_ARRAY(x->c.a, str, 3);
        memcpy(n->list, list, sizeof list);
        n->n_list = 1 + pick(3);
        return n;
    }
    n->op = (search_op)(SEARCH_EQ + (int)pick(SEARCH_NOT_NULL - SEARCH_EQ + 1));
    n->text = n->op == SEARCH_LIKE || n->op == SEARCH_ILIKE
                  ? str_of(patterns[pick(sizeof patterns / sizeof *patterns)])
              : n->op == SEARCH_MATCH ? str_of(regexes[pick(sizeof regexes / sizeof *regexes)])
                                      : known_text(x, &n->field);
    n->n_list = 1 + pick(4);
    n->list = ARENA_ARRAY(x->c.a, str, n->n_list);
    for (size_t i = 0; i < n->n_list; i++) {
        n->list[i] = known_text(x, &n->field);
    }
    return n;
}

static search_node *random_tree(core_fix *x, int depth) {
    if (depth == 0 || chance(35)) return random_leaf(x);
    search_node *n = ARENA_NEW(x->c.a, search_node);
    n->op = (search_op)(SEARCH_AND + (int)pick(3));
    n->left = random_tree(x, depth - 1);
    if (n->op != SEARCH_NOT) n->right = random_tree(x, depth - 1);
    return n;
}

static search_query random_query(core_fix *x) {
    search_query q = {
        .projects = projects + pick(2), .n_projects = pick(3), .view = (view)(1 + pick(3))};
    if (chance(80)) q.n_projects = 3, q.projects = projects;
    if (chance(80)) q.where = random_tree(x, 3);
    search_sort *sort = ARENA_ARRAY(x->c.a, search_sort, 3);
    q.n_sort = pick(4);
    for (size_t i = 0; i < q.n_sort; i++) {
        sort[i] = (search_sort){random_field(true), chance(50)};
    }
    q.sort = sort;
    q.max = 1 + pick(chance(50) ? 5 : 200);
    return q;
}

// A page that begins anywhere, behind the end too; the heap is small, so that it takes walks.
static void compare_skipped(core_fix *x, search_query q, const model_run **want, size_t n) {
    err e;
    search_page page;
    q.after = (str){0};
    q.skip = pick(n + 3);
    search_skip_few = pick(4);
    OK(search_runs(&x->c, &q, &page, &e));
    search_skip_few = 4096;
    size_t left = q.skip < n ? n - q.skip : 0;
    assert_int_equal(page.total, n);
    assert_int_equal(page.n, left < q.max ? left : q.max);
    assert_int_equal(page.next.n > 0, left > q.max);
    for (size_t i = 0; i < page.n; i++) {
        if (!id_eq(page.ids[i], want[q.skip + i]->r.id))
            fail_msg("run %zu behind %zu of %zu is another one", i, q.skip, n);
    }
    if (!page.next.n) return;
    q.skip = 0;
    q.after = page.next;
    OK(search_runs(&x->c, &q, &page, &e));
    assert_true(page.n && id_eq(page.ids[0], want[n - left + q.max]->r.id));
}

// All pages of the query are the model's answer, in its order.
static void compare(core_fix *x) {
    err e;
    search_query q = random_query(x);
    size_t n, at = 0;
    const model_run **want = model_search(world, &q, x->c.a, &n);
    for (;;) {
        search_page page;
        OK(search_runs(&x->c, &q, &page, &e));
        if (at + page.n > n) fail_msg("%zu runs were found, %zu are there", at + page.n, n);
        for (size_t i = 0; i < page.n; i++) {
            if (!id_eq(page.ids[i], want[at + i]->r.id))
                fail_msg("run %zu of %zu is another one", at + i, n);
        }
        at += page.n;
        assert_true(page.n <= q.max);
        assert_int_equal(page.total, n);
        if (!page.next.n) break;
        assert_int_equal(page.n, q.max); // a cursor only when there is more
        q.after = page.next;
    }
    assert_int_equal(at, n);
    compare_skipped(x, q, want, n);
    arena_reset(x->c.a);
}

static void complain(void *arg, const char *what) {
    ++*(size_t *)arg;
    print_error("%s\n", what);
}

static void round_of(unsigned seed, int steps) {
    err e;
    core_fix x;
    core_fix_open(&x);
    srand(seed);
    world->n = 0;
    keep = arena_new();
    OK(project_create(&x.c, STR("one"), (str){0}, NULL, 0, &projects[1], &e));
    OK(project_create(&x.c, STR("two"), (str){0}, NULL, 0, &projects[2], &e));
    for (int i = 0; i < steps; i++) {
        for (size_t k = pick(20); k--;) {
            change(&x);
        }
        if (chance(30)) fold_some(&x);
        compare(&x);
    }
    uint64_t n;
    size_t bad = 0;
    OK(search_check(x.core, complain, &bad, &e));
    assert_int_equal(bad, 0);
    OK(search_rebuild(x.core, &n, &e));
    assert_int_equal(n, world->n);
    for (int i = 0; i < 20; i++) {
        compare(&x);
    }
    OK(search_check(x.core, complain, &bad, &e));
    assert_int_equal(bad, 0);
    arena_free(keep);
    core_fix_close(&x);
}

static void random_histories(void **state) {
    (void)state;
    const char *given = getenv("STEMMA_TEST_SEED");
    unsigned first = given ? (unsigned)atoi(given) : 1, rounds = given ? 1 : 3;
    for (unsigned seed = first; seed < first + rounds; seed++) {
        print_message("seed %u\n", seed);
        round_of(seed, 60);
    }
}

// ---- single cases --------------------------------------------------------------------------
static search_page search(core_fix *x, const search_node *where, const search_sort *sort,
                          size_t n_sort, size_t max) {
    err e;
    static const int64_t zero = 0;
    search_query q = {.projects = &zero,
                      .n_projects = 1,
                      .view = VIEW_ACTIVE,
                      .where = where,
                      .sort = sort,
                      .n_sort = n_sort,
                      .max = max};
    search_page page;
    OK(search_runs(&x->c, &q, &page, &e));
    return page;
}

static void nothing_to_search(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    search_page page;
    core_fix_run(&x, "r");
    OK(search_runs(&x.c, &(search_query){.view = VIEW_ALL, .max = 10}, &page, &e));
    assert_int_equal(page.n, 0);
    OK(search_runs(
        &x.c,
        &(search_query){
            .projects = (int64_t[]){77}, .n_projects = 1, .view = VIEW_ALL, .max = 10},
        &page, &e));
    assert_int_equal(page.n, 0);
    page = search(&x, NULL, NULL, 0, 0);
    assert_true(page.n == 0 && page.next.n == 0);
    // The same project twice is one project.
    OK(search_runs(
        &x.c,
        &(search_query){
            .projects = (int64_t[]){0, 0}, .n_projects = 2, .view = VIEW_ALL, .max = 10},
        &page, &e));
    assert_int_equal(page.n, 1);
    core_fix_close(&x);
}

static void what_is_wrong_is_refused(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    search_page page;
    static const int64_t zero = 0;
    search_query q = {.projects = &zero, .n_projects = 1, .view = VIEW_ACTIVE, .max = 1};
    core_fix_run(&x, "r");
    core_fix_run(&x, "s");
    search_node like = {.op = SEARCH_LIKE,
                        .field = {.domain = SEARCH_METRIC, .key = STR_K("m")},
                        .text = STR_K("%")};
    q.where = &like;
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    search_node created = {.op = SEARCH_EQ,
                           .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_TYPE}};
    q.where = &created;
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    search_node *deep = &created;
    for (int i = 0; i < 300; i++) {
        search_node *n = ARENA_NEW(x.c.a, search_node);
        *n = (search_node){.op = SEARCH_NOT, .left = deep};
        deep = n;
    }
    q.where = deep;
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    q.where = NULL;
    search_sort by_set = {.field = {.domain = SEARCH_DATASET}};
    q.sort = &by_set;
    q.n_sort = 1;
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    q.n_sort = 0;
    q.after = STR("garbage");
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    q.after = (str){0};
    OK(search_runs(&x.c, &q, &page, &e));
    q.after = page.next;
    assert_true(page.next.n);
    OK(search_runs(&x.c, &q, &page, &e));
    assert_int_equal(page.n, 1);
    q.view = VIEW_ALL; // another query
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    search_node regex = {.op = SEARCH_MATCH,
                         .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME},
                         .text = STR_K("(?R)")};
    q = (search_query){
        .projects = &zero, .n_projects = 1, .view = VIEW_ACTIVE, .max = 1, .where = &regex};
    FAILS(ERR_INVALID, search_runs(&x.c, &q, &page, &e));
    core_fix_close(&x);
}

// A regular expression that takes too long is an error, never "no match".
static void tired_searches_fail(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    search_page page;
    static const int64_t zero = 0;
    search_node n = {.op = SEARCH_MATCH,
                     .field = {.domain = SEARCH_ATTRIBUTE, .which = SEARCH_NAME},
                     .text = STR_K("(a+)+[bc]")};
    core_fix_run(&x, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    for (int i = 0; i < 2; i++) {
        FAILS(ERR_DEADLINE, search_runs(&x.c,
                                        &(search_query){.projects = &zero,
                                                        .n_projects = 1,
                                                        .view = VIEW_ALL,
                                                        .max = 9,
                                                        .where = &n},
                                        &page, &e));
        OK(search_fold_all(x.core, &e));
    }
    core_fix_close(&x);
}

static bool forget(db_tx *tx, void *arg, err *e) {
    static const db_query drop = {"test_run_drop", "DELETE FROM run WHERE ws = $1 AND run = $2",
                                  false};
    const run *r = arg;
    return search_forget(tx, WORKSPACE_DEFAULT, r->project, r->id, e) &&
           db_do(tx, &drop, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(r->id)) == 1;
}

static void runs_removed_for_good_are_not_found(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    size_t bad = 0;
    run r[4];
    for (int i = 0; i < 4; i++) {
        r[i] = core_fix_run(&x, "r");
        if (i == 1) OK(search_fold_all(x.core, &e));
    }
    OK(db_write(core_db(x.core), forget, &r[0], &e)); // folded
    OK(db_write(core_db(x.core), forget, &r[2], &e)); // not yet
    assert_int_equal(search(&x, NULL, NULL, 0, 9).n, 2);
    OK(search_fold_all(x.core, &e));
    assert_int_equal(search(&x, NULL, NULL, 0, 9).n, 2);
    OK(search_check(x.core, complain, &bad, &e));
    assert_int_equal(bad, 0);
    core_fix_close(&x);
}

static bool damage(db_tx *tx, void *arg, err *e) {
    (void)arg;
    static const db_query set = {
        "test_damage", "UPDATE column_chunk SET stamp = 77, data = $1 WHERE field = 3", false};
    return db_do(tx, &set, e, DB_BLOB(STR("nonsense"))) == 1;
}

static void damaged_columns_are_named_and_made_anew(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    search_page page;
    static const int64_t zero = 0;
    search_query q = {.projects = &zero, .n_projects = 1, .view = VIEW_ALL, .max = 9};
    size_t bad = 0;
    uint64_t n;
    core_fix_run(&x, "r");
    OK(search_fold_all(x.core, &e));
    OK(db_write(core_db(x.core), damage, NULL, &e));
    FAILS(ERR_CORRUPT, search_runs(&x.c, &q, &page, &e));
    OK(search_check(x.core, complain, &bad, &e));
    assert_int_equal(bad, 1);
    OK(search_rebuild(x.core, &n, &e));
    OK(search_runs(&x.c, &q, &page, &e));
    assert_int_equal(page.n, 1);
    core_fix_close(&x);
}

// More columns than a project may have: the oldest go, and searches still find.
static void columns_make_room(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    run r = core_fix_run(&x, "r");
    kv tag = {STR("t7"), STR("v")};
    run_batch b = {.tags = &tag, .n_tags = 1};
    OK(run_log(&x.c, r.id, &b, &e));
    OK(search_fold_all(x.core, &e));
    for (int i = 0; i < SEARCH_MAX_COLUMNS + 30; i++) {
        search_node n = {.op = SEARCH_EQ,
                         .field = {.domain = SEARCH_TAG, .key = arena_printf(x.c.a, "t%d", i)},
                         .text = STR_K("v")};
        assert_int_equal(search(&x, &n, NULL, 0, 9).n, i == 7);
    }
    search_node n = {.op = SEARCH_EQ,
                     .field = {.domain = SEARCH_TAG, .key = STR_K("t7")},
                     .text = STR_K("v")};
    assert_int_equal(search(&x, &n, NULL, 0, 9).n, 1);
    core_fix_close(&x);
}

// ---- views ---------------------------------------------------------------------------------
typedef struct seen {
    size_t n;
    id ids[100];
    bool whole;
} seen;

static bool see(void *arg, const run_view *v, err *e) {
    (void)e;
    seen *s = arg;
    s->ids[s->n++] = v->run.id;
    s->whole = v->n_params == 2 && str_is(v->params[0].key, "a") &&
               str_is(v->params[1].value, "2") && v->n_tags >= 1 && v->n_metrics == 2 &&
               str_is(v->metrics[1].key, "n") && v->metrics[1].last.value == 4 &&
               v->links->n_datasets == 1 && str_is(v->links->datasets[0].dataset.name, "d") &&
               str_is(v->links->datasets[0].tags[0].value, "train") &&
               v->links->n_outputs == 1 && v->links->outputs[0].step == 3;
    return true;
}

static void views_show_all(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    id ids[70], made = id_new();
    kv params[] = {{STR_K("b"), STR_K("2")}, {STR_K("a"), STR_K("1")}},
       tag = {STR_K("mlflow.data.context"), STR_K("train")};
    point points[] = {{.key = STR_K("n"), .step = 2, .value = 4},
                      {.key = STR_K("m"), .value = 1},
                      {.key = STR_K("n"), .step = 1, .value = 9}};
    run_batch b = {.params = params,
                   .n_params = 2,
                   .points = points,
                   .n_points = 3,
                   .tags = &tag,
                   .n_tags = 1};
    dataset_input in = {.dataset = {.name = STR_K("d"),
                                    .digest = STR_K("1"),
                                    .source_type = STR_K("s"),
                                    .source = STR_K("u")},
                        .tags = &tag,
                        .n_tags = 1};
    for (int i = 0; i < 70; i++) {
        ids[i] = core_fix_run(&x, "r").id;
        OK(run_log(&x.c, ids[i], &b, &e));
        OK(input_log(&x.c, ids[i], &in, 1, NULL, 0, &e));
        OK(output_log(&x.c, ids[i], &(model_link){made, 3}, 1, &e));
    }
    ids[10] = made; // no such run: left out
    seen s = {0};
    OK(search_views(&x.c, ids, 70, see, &s, &e));
    assert_int_equal(s.n, 69);
    assert_true(s.whole && id_eq(s.ids[9], ids[9]) && id_eq(s.ids[10], ids[11]) &&
                id_eq(s.ids[68], ids[69]));
    // Runs that are too big for a batch come all the same.
    char *big = arena_bytes(x.c.a, 200000);
    memset(big, 'v', 200000);
    for (int i = 0; i < 40; i++) {
        kv t = {STR("big"), str_n(big, 200000)};
        run_batch more = {.tags = &t, .n_tags = 1};
        OK(run_log(&x.c, ids[i == 10 ? 11 : i], &more, &e));
    }
    s = (seen){0};
    OK(search_views(&x.c, ids, 70, see, &s, &e));
    assert_int_equal(s.n, 69);
    assert_true(s.whole && id_eq(s.ids[68], ids[69]));
    core_fix_close(&x);
}

// ---- summaries of many runs ----------------------------------------------------------------

static bool set_fork(db_tx *tx, void *arg, err *e) {
    static const db_query fork = {
        "test_fork", "UPDATE run SET fork_run = $3, fork_step = 1 WHERE ws = $1 AND run = $2",
        false};
    const id *runs = arg;
    return db_do(tx, &fork, e, DB_I64(WORKSPACE_DEFAULT), DB_ID(runs[3]), DB_ID(runs[0])) == 1;
}

typedef struct many_call {
    core_fix *x;
    const id *runs;
    size_t n;
} many_call;

static void same_summaries(const series_summary *a, size_t n, const series_summary *b,
                           size_t m) {
    assert_int_equal(n, m);
    for (size_t i = 0; i < n; i++) {
        assert_true(str_eq(a[i].key, b[i].key) && a[i].at_most == b[i].at_most);
        assert_true(num_order(a[i].last.value) == num_order(b[i].last.value) &&
                    a[i].last.step == b[i].last.step);
        assert_true(num_order(a[i].first.value) == num_order(b[i].first.value));
        assert_true(num_order(a[i].min) == num_order(b[i].min) &&
                    num_order(a[i].max) == num_order(b[i].max));
    }
}

// All at once, and key by key, as one by one.
static bool many_as_one(db_tx *tx, void *arg, err *e) {
    many_call *c = arg;
    arena *a = db_tx_arena(tx);
    series_summary *all[100], *one[100], *alone;
    size_t n_all[100], n_one[100], n;
    str key = STR("k1");
    if (!series_summaries_many(tx, a, WORKSPACE_DEFAULT, c->runs, c->n, NULL, all, n_all, e) ||
        !series_summaries_many(tx, a, WORKSPACE_DEFAULT, c->runs, c->n, &key, one, n_one, e))
        return false;
    for (size_t i = 0; i < c->n; i++) {
        if (!series_summaries_tx(tx, a, WORKSPACE_DEFAULT, c->runs[i], &alone, &n, e))
            return false;
        same_summaries(all[i], n_all[i], alone, n);
        for (size_t k = 0; k < n; k++) {
            if (str_eq(alone[k].key, key))
                same_summaries(one[i], n_one[i], &alone[k], 1);
            else
                assert_true(n_one[i] <= 1);
        }
    }
    return true;
}

static void many_summaries_are_as_one(void **state) {
    (void)state;
    core_fix x;
    core_fix_open(&x);
    err e;
    id ids[40];
    srand(5);
    for (int i = 0; i < 40; i++) {
        ids[i] = core_fix_run(&x, "r").id;
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            core_fix_log(&x, ids[pick(38)], model_key((int)pick(MODEL_KEYS)).p,
                         (int64_t)pick(9), random_double());
        }
        if (round == 0) OK(series_pack_all(x.core, &e));
        if (round == 1) OK(db_write(core_db(x.core), set_fork, ids, &e));
        many_call c = {&x, ids, 40};
        OK(db_read(core_db(x.core), many_as_one, &c, &e));
    }
    core_fix_close(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_search),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(tired_searches_fail),
        cmocka_unit_test(runs_removed_for_good_are_not_found),
        cmocka_unit_test(damaged_columns_are_named_and_made_anew),
        cmocka_unit_test(columns_make_room),
        cmocka_unit_test(views_show_all),
        cmocka_unit_test(many_summaries_are_as_one),
        cmocka_unit_test(random_histories)};
    world = calloc(1, sizeof *world);
    int failed = core_fix_main("search_runs", tests, sizeof tests / sizeof *tests);
    free(world);
    return failed;
}
