// SPDX-License-Identifier: Apache-2.0
// The walk of lineage.h. Level by level: the rows of a level's nodes are read, then the other
// ends of their edges, a statement for up to 32 nodes of a kind. The nodes of the last level
// are asked too, but reach nothing new: so the edges between what is shown are complete, and
// whether there is more is known. Memory is bounded by the nodes and what is between them.
#include "core/lineage_internal.h"

#include "core/core_internal.h"
#include "core/edge.h"

const char lineage_schema[] = LINEAGE_DDL;

// ---- the graph ------------------------------------------------------------------------------

// A node's key: its kind, and its id or address.
static str key_of(arena *a, lineage_kind kind, id node, str where) {
    bool elsewhere = kind == LINEAGE_ELSEWHERE;
    str rest = elsewhere ? where : str_n(node.b, sizeof node.b);
    char *p = arena_bytes(a, rest.n + 1);
    p[0] = (char)kind;
    if (rest.n) memcpy(p + 1, rest.p, rest.n);
    return str_n(p, rest.n + 1);
}

static bool find(const lineage_walker *w, str key, size_t *index) {
    const void *v = map_get(&w->by_key, key);
    *index = (size_t)((uintptr_t)v - 1);
    return v != NULL;
}

bool lineage_at(const lineage_walker *w, lineage_kind kind, id node, str where, size_t *index) {
    return find(w, key_of(w->scratch, kind, node, where), index);
}

static int *steps_of(lineage_walker *w, size_t index) {
    lineage_node *x = &w->nodes.p[index];
    return w->up ? &x->up : &x->down;
}

static size_t new_node(lineage_walker *w, lineage_kind kind, id node, str where) {
    arena *a = w->c->a;
    lineage_node x = {.kind = kind, .id = node, .up = LINEAGE_NO_STEP, .down = LINEAGE_NO_STEP};
    if (kind == LINEAGE_ELSEWHERE) x.name = arena_str(a, where);
    vec_push(a, &w->nodes, x);
    *map_at(&w->by_key, key_of(a, kind, node, where), NULL) = (void *)(uintptr_t)w->nodes.n;
    return w->nodes.n - 1;
}

static bool is_full(const lineage_walker *w) {
    return w->nodes.n >= w->q->nodes;
}

bool lineage_reach(lineage_walker *w, lineage_kind kind, id node, str where, size_t *index) {
    bool known = lineage_at(w, kind, node, where, index);
    if (known && *steps_of(w, *index) != LINEAGE_NO_STEP) return true;
    if (w->depth >= w->q->depth) {
        w->cut_depth = true;
        return false;
    }
    if (!known && is_full(w)) {
        w->cut_nodes = true;
        return false;
    }
    if (!known) *index = new_node(w, kind, node, where);
    *steps_of(w, *index) = (int)w->depth + 1;
    vec_push(w->c->a, &w->next, *index);
    return true;
}

void lineage_add(lineage_walker *w, lineage_link link, int64_t relation, size_t from,
                 size_t to) {
    str key =
        arena_printf(w->scratch, "%d %lld %zu %zu", (int)link, (long long)relation, from, to);
    if (map_get(&w->edge_keys, key)) return;
    *map_at(&w->edge_keys, arena_str(w->c->a, key), NULL) = w;
    vec_push(w->c->a, &w->edges,
             (lineage_edge){
                 .link = link,
                 .relation = (version_relation)relation,
                 .from = from,
                 .to = to,
                 .evidence = link == LINEAGE_SAME ? LINEAGE_VERIFIED : LINEAGE_DECLARED,
                 .proof = link == LINEAGE_SAME ? STR("both have this content") : STR("")});
}

// ---- batches --------------------------------------------------------------------------------

// The nodes of one kind of a list, a batch at a time.
typedef bool (*batch_fn)(lineage_batch *b, lineage_kind kind, err *e);

static bool each_batch(lineage_walker *w, const size_t *list, size_t n, lineage_kind kind,
                       batch_fn fn, err *e) {
    lineage_batch b = {.w = w};
    for (size_t i = 0; i <= n; i++) {
        if (i < n && w->nodes.p[list[i]].kind == kind) b.at[b.n++] = list[i];
        if (!b.n || (i < n && b.n < SEARCH_IN_WIDTH)) continue;
        arena_reset(w->scratch);
        if (!fn(&b, kind, e)) return false;
        b.n = 0;
    }
    return true;
}

// ---- the other ends -------------------------------------------------------------------------

// One way from nodes of a kind: what the rows of a query lead to.
typedef struct way {
    const db_query *q;
    lineage_kind of, to;
    lineage_link link;
    int64_t edge_kind; // of queries of the table edge
    bool up;           // the row's node is the newer end
} way;

static const way ups[] = {
    {&Q_lineage_edges_from, LINEAGE_RUN, LINEAGE_DATASET, LINEAGE_USED_DATA, EDGE_USED_DATASET,
     true},
    {&Q_lineage_edges_from, LINEAGE_RUN, LINEAGE_MODEL, LINEAGE_USED_MODEL, EDGE_USED_MODEL,
     true},
    {&Q_lineage_edges_to, LINEAGE_MODEL, LINEAGE_RUN, LINEAGE_MADE_BY, EDGE_MADE_MODEL, true},
    {&Q_lineage_versions_of_model, LINEAGE_MODEL, LINEAGE_VERSION, LINEAGE_IS_MODEL, 0, false},
    {&Q_lineage_evaluated_by_run, LINEAGE_RUN, LINEAGE_VERSION, LINEAGE_EVALUATED, 0, true},
    {&Q_lineage_evaluated_on, LINEAGE_VERSION, LINEAGE_VERSION, LINEAGE_EVALUATED_ON, 0, true},
};
static const way downs[] = {
    {&Q_lineage_edges_to, LINEAGE_DATASET, LINEAGE_RUN, LINEAGE_USED_DATA, EDGE_USED_DATASET,
     false},
    {&Q_lineage_edges_to, LINEAGE_MODEL, LINEAGE_RUN, LINEAGE_USED_MODEL, EDGE_USED_MODEL,
     false},
    {&Q_lineage_edges_from, LINEAGE_RUN, LINEAGE_MODEL, LINEAGE_MADE_BY, EDGE_MADE_MODEL,
     false},
    {&Q_lineage_models_of_run, LINEAGE_RUN, LINEAGE_MODEL, LINEAGE_MADE_BY, 0, false},
    {&Q_lineage_versions_of_run, LINEAGE_RUN, LINEAGE_VERSION, LINEAGE_MADE_BY, 0, false},
    {&Q_lineage_versions_of_model, LINEAGE_MODEL, LINEAGE_VERSION, LINEAGE_IS_MODEL, 0, false},
    {&Q_lineage_evaluations, LINEAGE_VERSION, LINEAGE_RUN, LINEAGE_EVALUATED, 0, false},
    {&Q_lineage_evaluations_on, LINEAGE_VERSION, LINEAGE_VERSION, LINEAGE_EVALUATED_ON, 0,
     false},
    {&Q_lineage_children, LINEAGE_VERSION, LINEAGE_VERSION, LINEAGE_DERIVES, 0, false},
    {&Q_lineage_children_elsewhere, LINEAGE_ELSEWHERE, LINEAGE_VERSION, LINEAGE_DERIVES, 0,
     false},
};

static void connect(lineage_walker *w, const way *y, int64_t relation, size_t at,
                    size_t other) {
    lineage_add(w, y->link, relation, y->up ? at : other, y->up ? other : at);
}

static void take_row(lineage_walker *w, const way *y, size_t at, const lineage_row *r) {
    size_t other;
    if (id_is_zero(r->other) || !lineage_reach(w, y->to, r->other, (str){0}, &other)) return;
    if (other == at) return; // a data set that was measured on itself
    if (y->link != LINEAGE_DERIVES) connect(w, y, 0, at, other);
    for (int64_t bit = 1; y->link == LINEAGE_DERIVES && bit < 32; bit++)
        if (r->relations >> bit & 1) connect(w, y, bit, at, other);
}

static bool node_of_key(const lineage_walker *w, lineage_kind kind, str key, size_t *at) {
    id x = {0};
    if (kind == LINEAGE_ELSEWHERE) return lineage_at(w, kind, x, key, at);
    if (key.n != sizeof x.b) return false;
    memcpy(x.b, key.p, sizeof x.b);
    return lineage_at(w, kind, x, (str){0}, at);
}

static size_t put_keys(const lineage_batch *b, db_arg *keys) {
    for (size_t i = 0; i < b->n; i++) {
        const lineage_node *x = &b->w->nodes.p[b->at[i]];
        keys[i] = x->kind == LINEAGE_ELSEWHERE ? DB_TEXT(x->name) : DB_ID(x->id);
    }
    return b->n;
}

// Calls each row of all pages of a query. When no more nodes are taken what is left is not
// read.
static bool each_row(lineage_walker *w, const way *y, const db_arg *keys, size_t n,
                     void (*fn)(void *arg, const lineage_row *r), void *arg, err *e) {
    lineage_row after = {0};
    for (size_t got = LINEAGE_PAGE; got == LINEAGE_PAGE && !w->cut_nodes;) {
        lineage_rows rows = {0};
        arena_reset(w->scratch);
        if (!lineage_page(w, y->q, keys, n, &after, y->edge_kind, &rows, e)) return false;
        for (size_t i = 0; i < rows.n; i++)
            fn(arg, &rows.p[i]);
        got = rows.n;
        if (!got) break;
        after = rows.p[got - 1];
        after.key = arena_str(w->c->a, after.key);
    }
    return true;
}

typedef struct going {
    lineage_walker *w;
    const way *y;
} going;

static void go_row(void *arg, const lineage_row *r) {
    going *g = arg;
    size_t at;
    if (node_of_key(g->w, g->y->of, r->key, &at)) take_row(g->w, g->y, at, r);
}

static bool go(lineage_batch *b, const way *y, err *e) {
    going g = {b->w, y};
    db_arg keys[SEARCH_IN_WIDTH];
    return each_row(b->w, y, keys, put_keys(b, keys), go_row, &g, e);
}

static bool go_ways(lineage_batch *b, lineage_kind kind, err *e) {
    const way *ways = b->w->up ? ups : downs;
    size_t n = b->w->up ? sizeof ups / sizeof *ups : sizeof downs / sizeof *downs;
    for (size_t i = 0; i < n; i++)
        if (ways[i].of == kind && !go(b, &ways[i], e)) return false;
    return true;
}

// ---- what nodes say themselves --------------------------------------------------------------

static void connect_to(lineage_walker *w, size_t from, lineage_link link, lineage_kind kind,
                       id node, str where) {
    size_t to;
    if ((!id_is_zero(node) || where.n) && lineage_reach(w, kind, node, where, &to))
        lineage_add(w, link, 0, from, to);
}

static bool go_own(lineage_batch *b, lineage_kind kind, err *e) {
    lineage_walker *w = b->w;
    (void)e;
    for (size_t i = 0; i < b->n; i++) {
        lineage_node x = w->nodes.p[b->at[i]]; // the vector moves
        if (kind == LINEAGE_VERSION)
            connect_to(w, b->at[i], LINEAGE_IS_MODEL, LINEAGE_MODEL, x.model, (str){0});
        if (!w->up) continue;
        connect_to(w, b->at[i], LINEAGE_MADE_BY, LINEAGE_RUN, x.run, (str){0});
        if (id_is_zero(x.run) && x.run_link.n)
            connect_to(w, b->at[i], LINEAGE_MADE_BY, LINEAGE_ELSEWHERE, (id){0}, x.run_link);
    }
    return true;
}

static bool go_parents(lineage_batch *b, lineage_kind kind, err *e) {
    static const way here = {.to = LINEAGE_VERSION, .link = LINEAGE_DERIVES, .up = true};
    lineage_walker *w = b->w;
    db_arg keys[SEARCH_IN_WIDTH];
    lineage_rows rows = {0};
    if (!lineage_parents(w, keys, put_keys(b, keys), &rows, e)) return false;
    for (size_t i = 0; i < rows.n; i++) {
        const lineage_row *r = &rows.p[i];
        size_t at, other;
        if (!node_of_key(w, kind, r->key, &at)) continue;
        if (!id_is_zero(r->other)) {
            take_row(w, &here, at, r);
        } else if (lineage_reach(w, LINEAGE_ELSEWHERE, (id){0}, r->address, &other)) {
            for (int64_t bit = 1; bit < 32; bit++)
                if (r->relations >> bit & 1) lineage_add(w, LINEAGE_DERIVES, bit, at, other);
        }
    }
    return true;
}

// ---- the same content -----------------------------------------------------------------------

static void copy_row(void *arg, const lineage_row *r) {
    lineage_batch *firsts = arg;
    lineage_walker *w = firsts->w;
    for (size_t i = 0; i < firsts->n; i++) {
        size_t at = firsts->at[i], other;
        sha256 digest = w->nodes.p[at].content;
        if (!str_eq(r->key, str_n(digest.b, sizeof digest.b))) continue;
        if (!id_eq(r->other, w->nodes.p[at].id) &&
            lineage_reach(w, LINEAGE_VERSION, r->other, (str){0}, &other))
            lineage_add(w, LINEAGE_SAME, 0, other, at);
        return; // the first of a content is one
    }
}

// From the first version of a content to all others of it.
static bool go_copies(lineage_batch *firsts, err *e) {
    static const way copies = {.q = &Q_lineage_versions_of_content};
    lineage_walker *w = firsts->w;
    db_arg keys[SEARCH_IN_WIDTH];
    for (size_t i = 0; i < firsts->n; i++)
        keys[i] = DB_ID(w->nodes.p[firsts->at[i]].content);
    return each_row(w, &copies, keys, firsts->n, copy_row, firsts, e);
}

static bool go_same(lineage_batch *b, lineage_kind kind, err *e) {
    lineage_walker *w = b->w;
    lineage_batch firsts = {.w = w};
    db_arg keys[SEARCH_IN_WIDTH];
    lineage_rows rows = {0};
    if (!lineage_firsts(w, keys, put_keys(b, keys), &rows, e)) return false;
    for (size_t i = 0; i < rows.n; i++) {
        size_t at, first;
        if (!node_of_key(w, kind, rows.p[i].key, &at)) continue;
        if (id_eq(rows.p[i].other, w->nodes.p[at].id))
            firsts.at[firsts.n++] = at;
        else if (lineage_reach(w, LINEAGE_VERSION, rows.p[i].other, (str){0}, &first))
            lineage_add(w, LINEAGE_SAME, 0, at, first);
    }
    return !firsts.n || go_copies(&firsts, e);
}

// ---- levels ---------------------------------------------------------------------------------

static bool expand(lineage_batch *b, lineage_kind kind, err *e) {
    if (kind == LINEAGE_VERSION && b->w->up && !go_parents(b, kind, e)) return false;
    if (kind == LINEAGE_VERSION && !go_same(b, kind, e)) return false;
    return go_own(b, kind, e) && go_ways(b, kind, e);
}

static bool each_kind(lineage_walker *w, const size_t *list, size_t n, batch_fn fn, err *e) {
    for (lineage_kind k = LINEAGE_VERSION; k <= LINEAGE_ELSEWHERE; k++)
        if (!each_batch(w, list, n, k, fn, e)) return false;
    return true;
}

static bool walk_one_way(lineage_walker *w, bool up, err *e) {
    bool cut = w->cut_nodes; // by the walk before
    w->up = up;
    w->depth = 0;
    w->cut_nodes = false;
    for (size_t i = 0; i < w->q->n_roots; i++) {
        const lineage_root *r = &w->q->roots[i];
        size_t at;
        if (!lineage_at(w, r->kind, r->id, r->address, &at)) continue;
        if (*steps_of(w, at) == LINEAGE_NO_STEP) vec_push(w->c->a, &w->level, at);
        *steps_of(w, at) = 0;
    }
    for (; w->level.n; w->depth++) {
        if (!core_goes_on(w->c->core, e) ||
            !each_kind(w, w->level.p, w->level.n, lineage_load, e) ||
            !each_kind(w, w->level.p, w->level.n, expand, e))
            return false;
        w->level.n = 0;
        for (size_t i = 0; i < w->next.n; i++)
            vec_push(w->c->a, &w->level, w->next.p[i]);
        w->next.n = 0;
    }
    w->cut_nodes |= cut;
    return true;
}

static bool load_refs(lineage_batch *b, lineage_kind kind, err *e) {
    (void)kind;
    return lineage_load_refs(b, e);
}

static bool walk(lineage_walker *w, err *e) {
    const lineage_query *q = w->q;
    for (size_t i = 0; i < q->n_roots; i++) {
        size_t at;
        if (!lineage_at(w, q->roots[i].kind, q->roots[i].id, q->roots[i].address, &at))
            new_node(w, q->roots[i].kind, q->roots[i].id, q->roots[i].address);
    }
    if ((q->up && !walk_one_way(w, true, e)) || (q->down && !walk_one_way(w, false, e)) ||
        !lineage_prove(w, e))
        return false;
    size_t *all = ARENA_ARRAY(w->c->a, size_t, w->nodes.n);
    for (size_t i = 0; i < w->nodes.n; i++)
        all[i] = i;
    return !q->refs || each_batch(w, all, w->nodes.n, LINEAGE_VERSION, load_refs, e);
}

bool lineage_walk(ctx *c, const lineage_query *q, lineage_graph *out, err *e) {
    lineage_walker w = {.c = c,
                        .q = q,
                        .scratch = arena_new(),
                        .by_key = map_new(c->a),
                        .edge_keys = map_new(c->a)};
    bool ok = walk(&w, e);
    *out = (lineage_graph){.nodes = w.nodes.p,
                           .edges = w.edges.p,
                           .n_nodes = w.nodes.n,
                           .n_edges = w.edges.n,
                           .cut_depth = w.cut_depth,
                           .cut_nodes = w.cut_nodes};
    arena_free(w.scratch);
    return ok;
}
