// SPDX-License-Identifier: Apache-2.0
// Lineage: the walk against the most obvious one over edges in plain memory; what is deleted,
// cut and named; what is verified and what is only declared.
#include "core_help.h"

#include "core/evaluation.h"
#include "core/lineage.h"
#include "core/lineage_sql.h"
#include "core/ref.h"

// ---- a world that is known ------------------------------------------------------------------

enum { RUNS = 14, MODELS = 8, SETS = 5, VERSIONS = 26, EXAMS = 3, CONTENTS = 3, PLACES = 3 };
enum { WORLD_NODES = RUNS + MODELS + SETS + VERSIONS + EXAMS + PLACES, WORLD_EDGES = 600 };

static const id no_id;

typedef struct world_edge {
    lineage_link link;
    int64_t relation;
    size_t from, to;
    bool both; // an identity
} world_edge;

typedef struct world {
    struct {
        lineage_kind kind;
        id id;
        str address;
    } nodes[WORLD_NODES];
    size_t n_nodes;
    world_edge edges[WORLD_EDGES];
    size_t n_edges;
    uint64_t seed;
} world;

static size_t dice(world *w, size_t sides) {
    w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(w->seed >> 33) % sides;
}

static size_t world_node(world *w, lineage_kind kind, id node, str where) {
    w->nodes[w->n_nodes].kind = kind;
    w->nodes[w->n_nodes].id = node;
    w->nodes[w->n_nodes].address = where;
    return w->n_nodes++;
}

static void world_link(world *w, lineage_link link, int64_t relation, size_t from, size_t to) {
    world_edge x = {link, relation, from, to, link == LINEAGE_SAME || link == LINEAGE_IS_MODEL};
    for (size_t i = 0; i < w->n_edges; i++) {
        const world_edge *y = &w->edges[i];
        if (y->link == link && y->relation == relation && y->from == from && y->to == to)
            return;
    }
    assert_true(w->n_edges < WORLD_EDGES);
    w->edges[w->n_edges++] = x;
}

static content make_content(core_fix *x, const char *path, const char *bytes) {
    err e;
    content c;
    tree_sum sum;
    sha256 digest, tree;
    OK(store_put(core_store(x->core), bytes, strlen(bytes), &digest, &e));
    tree_change change = {
        .file = {.path = str_of(path), .size = strlen(bytes), .digest = digest}};
    OK(content_edit(&x->c, NULL, &change, 1, &tree, &sum, &e));
    OK(content_seal_tree(&x->c, REPO_MODEL, tree, &sum, &c, &e));
    return c;
}

static void make_repo_of(core_fix *x, const char *name, repo_kind kind) {
    err e;
    repo r;
    repo_new n = {.name = str_of(name), .kind = kind};
    OK(repo_create(&x->c, &n, &r, &e));
}

static void make_repo(core_fix *x, const char *name) {
    make_repo_of(x, name, REPO_MODEL);
}

static size_t add_run(core_fix *x, world *w, const size_t *sets, const size_t *models,
                      size_t n) {
    err e;
    run r = core_fix_run(x, "r");
    size_t at = world_node(w, LINEAGE_RUN, r.id, (str){0});
    for (size_t i = 0; i < 2; i++) {
        size_t set = dice(w, SETS);
        char name[8];
        snprintf(name, sizeof name, "d%zu", set);
        dataset_input in = {.dataset = {.name = arena_str(x->c.a, str_of(name)),
                                        .digest = STR("x"),
                                        .source_type = STR("s"),
                                        .source = STR("s")}};
        model_link used = {.model = n ? w->nodes[models[dice(w, n)]].id : no_id};
        OK(input_log(&x->c, r.id, &in, 1, &used, n ? 1 : 0, &e));
        run_links l;
        OK(input_of_run(&x->c, r.id, &l, &e));
        for (size_t k = 0; k < l.n_datasets; k++) {
            size_t place = sets[l.datasets[k].dataset.name.p[1] - '0'];
            w->nodes[place].id = l.datasets[k].dataset.id;
            world_link(w, LINEAGE_USED_DATA, 0, at, place);
        }
        for (size_t k = 0; k < n; k++)
            if (n && id_eq(w->nodes[models[k]].id, used.model))
                world_link(w, LINEAGE_USED_MODEL, 0, at, models[k]);
    }
    return at;
}

static size_t add_model(core_fix *x, world *w, size_t of) {
    err e;
    model m;
    bool source = dice(w, 2);
    model_new n = {.name = STR("m"), .source_run = source ? w->nodes[of].id : no_id};
    OK(model_create(&x->c, &n, &m, &e));
    for (int64_t step = 0; step < 2 && (!source || dice(w, 2)); step++) {
        model_link out = {m.id, step};
        OK(output_log(&x->c, w->nodes[of].id, &out, 1, &e));
    }
    size_t at = world_node(w, LINEAGE_MODEL, m.id, (str){0});
    world_link(w, LINEAGE_MADE_BY, 0, at, of);
    return at;
}

static size_t add_version(core_fix *x, world *w, const content *c, size_t of_run,
                          size_t of_model, const size_t *parents, size_t n_parents) {
    err e;
    version v;
    version_parent p[2];
    for (size_t i = 0; i < n_parents; i++) {
        bool elsewhere = w->nodes[parents[i]].kind == LINEAGE_ELSEWHERE;
        p[i] = (version_parent){.relation = (version_relation)(1 + dice(w, 6)),
                                .version = w->nodes[parents[i]].id,
                                .address = elsewhere ? w->nodes[parents[i]].address : (str){0}};
    }
    version_new n = {.content = c,
                     .source = STR("s"),
                     .run = of_run ? w->nodes[of_run].id : no_id,
                     .model = of_model ? w->nodes[of_model].id : no_id,
                     .parents = p,
                     .n_parents = n_parents};
    OK(version_create(&x->c, dice(w, 2) ? STR("a") : STR("b"), &n, &v, &e));
    size_t at = world_node(w, LINEAGE_VERSION, v.id, (str){0});
    if (of_run) world_link(w, LINEAGE_MADE_BY, 0, at, of_run);
    if (of_model) world_link(w, LINEAGE_IS_MODEL, 0, at, of_model);
    for (size_t i = 0; i < n_parents; i++)
        world_link(w, LINEAGE_DERIVES, p[i].relation, at, parents[i]);
    return at;
}

// A version of a data set, made by a run.
static size_t add_exam(core_fix *x, world *w, size_t of_run) {
    err e;
    version v;
    version_new n = {.source = STR("s"), .run = w->nodes[of_run].id};
    OK(version_create(&x->c, STR("exam"), &n, &v, &e));
    size_t at = world_node(w, LINEAGE_VERSION, v.id, (str){0});
    world_link(w, LINEAGE_MADE_BY, 0, at, of_run);
    return at;
}

// Perhaps twice, by a run, on data, or both; one that is withdrawn is no edge.
static void evaluate(core_fix *x, world *w, size_t at, size_t of_run, size_t on) {
    err e;
    evaluation out;
    version v;
    evaluation_score s = {STR("a"), 1};
    evaluation_new n = {.suite = STR("s"), .scores = &s, .n_scores = 1};
    if (of_run) n.run = w->nodes[of_run].id;
    if (on) n.data = w->nodes[on].id;
    OK(version_by_id(&x->c, w->nodes[at].id, &v, &e));
    OK(evaluation_add(&x->c, v.repo_name, v.number, &n, &out, &e));
    if (!dice(w, 3)) {
        OK(evaluation_withdraw(&x->c, v.repo_name, v.number, out.number, STR("r"), &out, &e));
        return;
    }
    if (of_run) world_link(w, LINEAGE_EVALUATED, 0, of_run, at);
    if (on && on != at) world_link(w, LINEAGE_EVALUATED_ON, 0, at, on);
}

static void make_world(core_fix *x, world *w) {
    static const char *const places[] = {"https://h.example/o/base", "s3://b/m", "hf://o/n"};
    content contents[CONTENTS];
    size_t sets[SETS], models[MODELS], versions[VERSIONS], of[VERSIONS], from[PLACES],
        n_models = 0;
    size_t runs[RUNS], exams[EXAMS];
    make_repo(x, "a");
    make_repo(x, "b");
    make_repo_of(x, "exam", REPO_DATA);
    for (size_t i = 0; i < CONTENTS; i++)
        contents[i] = make_content(x, "f", i ? i > 1 ? "two" : "one" : "none");
    for (size_t i = 0; i < SETS; i++)
        sets[i] = world_node(w, LINEAGE_DATASET, (id){0}, (str){0});
    for (size_t i = 0; i < PLACES; i++)
        from[i] = world_node(w, LINEAGE_ELSEWHERE, (id){0}, str_of(places[i]));
    for (size_t i = 0; i < RUNS; i++) {
        runs[i] = add_run(x, w, sets, models, n_models);
        if (n_models < MODELS && dice(w, 2)) models[n_models++] = add_model(x, w, runs[i]);
    }
    for (size_t i = 0; i < EXAMS; i++)
        exams[i] = add_exam(x, w, runs[dice(w, RUNS)]);
    for (size_t i = 0; i < EXAMS; i++)
        evaluate(x, w, exams[i], 0, exams[dice(w, EXAMS)]);
    for (size_t i = 0; i < VERSIONS; i++) {
        size_t parents[2], n = dice(w, 3), n_known = 0;
        of[i] = dice(w, CONTENTS + 2);
        for (size_t k = 0; k < n; k++)
            if (i && dice(w, 4))
                parents[n_known++] = versions[dice(w, i)];
            else
                parents[n_known++] = from[dice(w, PLACES)];
        versions[i] = add_version(x, w, of[i] < CONTENTS ? &contents[of[i]] : NULL,
                                  dice(w, 3) ? 0 : runs[dice(w, RUNS)],
                                  n_models && !dice(w, 4) ? models[dice(w, n_models)] : 0,
                                  parents, n_known);
        for (size_t k = dice(w, 3); k > 0; k--)
            evaluate(x, w, versions[i], dice(w, 4) ? runs[dice(w, RUNS)] : 0,
                     dice(w, 2) ? exams[dice(w, EXAMS)] : 0);
        for (size_t first = 0; first < i; first++) {
            if (of[i] >= CONTENTS || of[first] != of[i]) continue;
            world_link(w, LINEAGE_SAME, 0, versions[i], versions[first]);
            break;
        }
    }
}

// ---- the obvious walk -----------------------------------------------------------------------

static void obvious(const world *w, size_t root, bool up, int depth, int *steps) {
    for (size_t i = 0; i < w->n_nodes; i++)
        steps[i] = i == root ? 0 : LINEAGE_NO_STEP;
    for (int d = 0; d < depth; d++)
        for (size_t i = 0; i < w->n_edges; i++) {
            const world_edge *x = &w->edges[i];
            size_t near = up ? x->from : x->to, far = up ? x->to : x->from;
            if (steps[near] == d && steps[far] == LINEAGE_NO_STEP) steps[far] = d + 1;
            if (x->both && steps[far] == d && steps[near] == LINEAGE_NO_STEP)
                steps[near] = d + 1;
        }
}

static size_t world_at(const world *w, const lineage_node *x) {
    for (size_t i = 0; i < w->n_nodes; i++) {
        if (w->nodes[i].kind != x->kind) continue;
        if (x->kind == LINEAGE_ELSEWHERE ? str_eq(w->nodes[i].address, x->name)
                                         : id_eq(w->nodes[i].id, x->id))
            return i;
    }
    fail_msg("a node that nobody made");
    return 0;
}

static bool in_way(const world_edge *x, const int *up, const int *down) {
    return (up[x->from] >= 0 && up[x->to] >= 0) || (down[x->from] >= 0 && down[x->to] >= 0);
}

static void compare(const world *w, const lineage_graph *g, const int *up, const int *down) {
    size_t nodes = 0, edges = 0;
    for (size_t i = 0; i < w->n_nodes; i++)
        nodes += up[i] >= 0 || down[i] >= 0;
    assert_int_equal(g->n_nodes, nodes);
    for (size_t i = 0; i < g->n_nodes; i++) {
        size_t at = world_at(w, &g->nodes[i]);
        assert_int_equal(g->nodes[i].up, up[at]);
        assert_int_equal(g->nodes[i].down, down[at]);
        assert_false(g->nodes[i].freed);
    }
    for (size_t i = 0; i < w->n_edges; i++)
        edges += in_way(&w->edges[i], up, down);
    assert_int_equal(g->n_edges, edges);
    for (size_t i = 0; i < g->n_edges; i++) {
        const lineage_edge *x = &g->edges[i];
        size_t from = world_at(w, &g->nodes[x->from]), to = world_at(w, &g->nodes[x->to]),
               k = 0;
        while (k < w->n_edges &&
               !(w->edges[k].from == from && w->edges[k].to == to &&
                 w->edges[k].link == x->link && w->edges[k].relation == (int64_t)x->relation))
            k++;
        assert_true(k < w->n_edges);
    }
}

static lineage_graph walk(core_fix *x, lineage_root root, bool up, bool down, size_t depth,
                          size_t nodes) {
    err e;
    lineage_graph g;
    lineage_query q = {&root, 1, up, down, depth, nodes, true};
    OK(lineage_walk(&x->c, &q, &g, &e));
    return g;
}

CORE_TEST(a_walk_is_the_obvious_one) {
    world *w = mem_alloc(sizeof *w);
    int up[WORLD_NODES], down[WORLD_NODES];
    w->seed = 7;
    make_world(x, w);
    for (size_t i = 0; i < w->n_nodes; i++) {
        lineage_root root = {w->nodes[i].kind, w->nodes[i].id, w->nodes[i].address};
        if (root.kind != LINEAGE_ELSEWHERE && id_is_zero(root.id)) continue; // never used
        for (int depth = 1; depth < 12; depth = depth * 3 + 1) {
            obvious(w, i, true, depth, up);
            obvious(w, i, false, depth, down);
            lineage_graph g = walk(x, root, true, true, (size_t)depth, 1000);
            compare(w, &g, up, down);
        }
        // Cut by their count: as many as allowed, all of them reached, nearest first.
        obvious(w, i, false, 100, down);
        lineage_graph g = walk(x, root, false, true, 100, 5);
        size_t all = 0;
        for (size_t k = 0; k < w->n_nodes; k++)
            all += down[k] >= 0;
        assert_int_equal(g.n_nodes, all < 5 ? all : 5);
        assert_int_equal(g.cut_nodes, all > 5);
        for (size_t k = 0; k < g.n_nodes; k++)
            assert_int_equal(g.nodes[k].down, down[world_at(w, &g.nodes[k])]);
    }
    free(w);
}

CORE_TEST(a_cut_says_so) {
    err e;
    version v[3] = {0};
    make_repo(x, "a");
    for (int i = 0; i < 3; i++) {
        version_parent p = {.relation = RELATION_NEXT, .version = v[i ? i - 1 : 0].id};
        version_new n = {.source = STR("s"), .parents = &p, .n_parents = i > 0};
        OK(version_create(&x->c, STR("a"), &n, &v[i], &e));
    }
    lineage_root root = {LINEAGE_VERSION, v[0].id, {0}};
    lineage_graph g = walk(x, root, false, true, 1, 10);
    assert_int_equal(g.n_nodes, 2);
    assert_true(g.cut_depth && !g.cut_nodes);
    g = walk(x, root, false, true, 2, 10);
    assert_int_equal(g.n_nodes, 3);
    assert_false(g.cut_depth || g.cut_nodes); // the end was looked behind
}

// ---- what is deleted ------------------------------------------------------------------------

CORE_TEST(deleted_ones_stay_and_say_so) {
    err e;
    version base, child;
    run r = core_fix_run(x, "trained");
    make_repo(x, "a");
    make_repo(x, "b");
    version_new n = {.source = STR("s"), .run = r.id};
    OK(version_create(&x->c, STR("a"), &n, &base, &e));
    version_parent p = {.relation = RELATION_ADAPTER, .version = base.id};
    version_new m = {.source = STR("s"), .parents = &p, .n_parents = 1};
    OK(version_create(&x->c, STR("b"), &m, &child, &e));
    OK(version_set_mark(&x->c, STR("b"), 1, MARK_BAD, true, STR("loses facts"), &child, &e));
    OK(version_delete(&x->c, STR("a"), 1, STR("wrong"), &e));
    OK(run_delete(&x->c, r.id, &e));
    lineage_root *roots;
    size_t count;
    OK(lineage_find(&x->c, STR("a@1"), &roots, &count, &e)); // a tombstone, by its number
    assert_true(count == 1 && id_eq(roots[0].id, base.id));
    lineage_graph g = walk(x, roots[0], true, true, 5, 10);
    assert_int_equal(g.n_nodes, 3);
    assert_true(g.nodes[0].deleted && (g.nodes[0].mark_sum & MARK_DELETED));
    SAME(g.nodes[0].name, "a");
    assert_int_equal(g.nodes[1].kind, LINEAGE_RUN);
    assert_true(g.nodes[1].deleted && !g.nodes[1].freed);
    SAME(g.nodes[1].name, "trained");
    assert_int_equal(g.nodes[2].mark_sum, MARK_BAD);
    OK(repo_delete(&x->c, STR("b"), STR("old"), &e));
    g = walk(x, roots[0], false, true, 5, 10);
    assert_true(g.nodes[1].deleted);
    lineage_root gone = {LINEAGE_RUN, id_new(), {0}}; // as if gc had freed it
    g = walk(x, gone, true, true, 5, 10);
    assert_true(g.n_nodes == 1 && g.nodes[0].freed && g.nodes[0].deleted);
}

CORE_TEST(what_texts_name) {
    err e;
    version v;
    lineage_root *r;
    size_t n;
    run made = core_fix_run(x, "r");
    id logged = core_fix_model(x);
    make_repo(x, "a");
    version_new new = {.source = STR("s")};
    OK(version_create(&x->c, STR("a"), &new, &v, &e));
    dataset_input in[2] = {{.dataset = {.name = STR("ref@usals"), .digest = STR("d1")}},
                           {.dataset = {.name = STR("ref@usals"), .digest = STR("\xc3\xa9")}}};
    for (int i = 0; i < 2; i++) {
        in[i].dataset.source_type = in[i].dataset.source = STR("s");
        OK(input_log(&x->c, made.id, &in[i], 1, NULL, 0, &e));
    }
    ref_change to = {.repo = STR("a"), .kind = REF_ALIAS, .name = STR("prod"), .number = 1};
    to.expected = REF_ANY;
    OK(ref_set(&x->c, &to, NULL, &e));
    OK(lineage_find(&x->c, id_str(x->c.a, made.id), &r, &n, &e));
    assert_int_equal(r[0].kind, LINEAGE_RUN);
    OK(lineage_find(&x->c, id_str(x->c.a, logged), &r, &n, &e));
    assert_int_equal(r[0].kind, LINEAGE_MODEL);
    OK(lineage_find(&x->c, STR("a@prod"), &r, &n, &e));
    assert_true(id_eq(r[0].id, v.id));
    SAME(walk(x, r[0], true, false, 1, 1).nodes[0].aliases[0], "prod");
    OK(lineage_find(&x->c, STR("data:ref@usals"), &r, &n, &e));
    assert_int_equal(n, 2);
    OK(lineage_find(&x->c, STR("data:ref@usals@d1"), &r, &n, &e));
    assert_int_equal(n, 1);
    OK(lineage_find(&x->c, id_str(x->c.a, r[0].id), &r, &n, &e));
    assert_int_equal(r[0].kind, LINEAGE_DATASET);
    OK(lineage_find(&x->c, STR("hf://o/n"), &r, &n, &e));
    assert_int_equal(r[0].kind, LINEAGE_ELSEWHERE);
    FAILS(ERR_NOT_FOUND, lineage_find(&x->c, STR("data:none"), &r, &n, &e));
    FAILS(ERR_NOT_FOUND, lineage_find(&x->c, STR("a@9"), &r, &n, &e));
    FAILS(ERR_NOT_FOUND, lineage_find(&x->c, id_str(x->c.a, id_new()), &r, &n, &e));
    FAILS(ERR_INVALID, lineage_find(&x->c, STR(""), &r, &n, &e));
}

// ---- evidence -------------------------------------------------------------------------------

// The evidence of what a version with this file says of a base.
static lineage_edge evidence(core_fix *x, const char *path, const char *bytes,
                             version_parent p) {
    err e;
    version v;
    content c = make_content(x, path, bytes);
    version_new n = {.content = &c, .source = STR("s"), .parents = &p, .n_parents = 1};
    OK(version_create(&x->c, STR("child"), &n, &v, &e));
    lineage_root root = {LINEAGE_VERSION, v.id, {0}};
    lineage_graph g = walk(x, root, true, false, 1, 50);
    for (size_t i = 0; i < g.n_edges; i++)
        if (g.edges[i].link == LINEAGE_DERIVES) return g.edges[i];
    fail_msg("no edge");
    return (lineage_edge){0};
}

CORE_TEST(what_files_say_is_verified) {
    err e;
    version base;
    make_repo(x, "base");
    make_repo(x, "child");
    content c = make_content(x, "model.safetensors", "weights");
    version_new n = {.content = &c, .source = STR("s")};
    OK(version_create(&x->c, STR("base"), &n, &base, &e));
    version_parent here = {.relation = RELATION_ADAPTER, .version = base.id};
    version_parent there = {.relation = RELATION_ADAPTER,
                            .address = STR("https://h.example/o/base")};
    static const struct {
        const char *path, *bytes;
        bool here, there;
    } cases[] = {
        {"README.md", "---\nlicense: x\nbase_model: base\n---\n# t", true, true},
        {"README.md", "---\nbase_model: 'default/base@1'\n---\n", true, false},
        {"README.md", "---\nbase_model: base@2\n---\n", false, false},
        {"README.md", "---\r\nbase_model:\r\n- other\r\n- \"o/base\"\r\nx: y\r\n---\r\n", false,
         true},
        {"README.md", "---\nbase_model: [q, base]\n---\n", true, true},
        {"README.md", "---\nx: y\n---\nbase_model: base\n", false, false},
        {"README.md", "base_model: base\n", false, false},
        {"adapter_config.json", "{\"base_model_name_or_path\": \"base\"}", true, true},
        {"adapter_config.json", "{\"base_model_name_or_path\": ", false, false},
        {"config.json", "{\"_name_or_path\": \"o/base\"}", false, true},
        {"config.json", "{\"_name_or_path\": [\"base\"]}", false, false},
        {"config.json", "[]", false, false},
        {"child.bin", "weights", true, false}, // the same bytes, as weights
        {"notes.txt", "weights", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lineage_edge a = evidence(x, cases[i].path, cases[i].bytes, here);
        lineage_edge b = evidence(x, cases[i].path, cases[i].bytes, there);
        if ((a.evidence == LINEAGE_VERIFIED) != cases[i].here ||
            (b.evidence == LINEAGE_VERIFIED) != cases[i].there)
            fail_msg("case %zu: %d %d", i, a.evidence, b.evidence);
        if (cases[i].here && !a.proof.n) fail_msg("case %zu: no proof", i);
    }
}

CORE_TEST(plans) {
    static const db_query all[] = {LINEAGE_SQL(SQL_ROW)};
    core_fix_no_scans(x, all, sizeof all / sizeof *all, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_is_the_obvious_one),    cmocka_unit_test(a_cut_says_so),
        cmocka_unit_test(deleted_ones_stay_and_say_so), cmocka_unit_test(what_texts_name),
        cmocka_unit_test(what_files_say_is_verified),   cmocka_unit_test(plans),
    };
    return core_fix_main("lineage", tests, sizeof tests / sizeof *tests);
}
