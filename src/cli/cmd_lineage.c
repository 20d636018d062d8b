// SPDX-License-Identifier: Apache-2.0
// lineage: the family tree of something, drawn for a terminal or as a graph for graphviz. What
// was reached twice is drawn once, below the nearest node that leads to it, and referred to
// elsewhere. One thread.
#include "cli/repos.h"

typedef struct edge {
    const json_value *v;
    size_t from, to;
    bool drawn;
} edge;

typedef struct drawing {
    cli_session *s;
    const json_value **nodes;
    edge *edges;
    size_t n_nodes, n_edges;
    const char *way; // "up" or "down"
    bool *shown;     // nodes, of this way
} drawing;

// ---- what a node and an edge are called -----------------------------------------------------

static void add_list(cli_session *s, str *out, const json_value *list, const char *before) {
    for (const json_value *v = list ? list->child : NULL; v; v = v->next)
        *out = arena_printf(s->a, "%.*s%s%s%.*s", STR_F(*out), out->n ? ", " : "", before,
                            STR_F(cli_value_text(v)));
}

static str short_id(const json_value *x) {
    return str_upto(cli_text(x, "id"), OUT_ID_LEAST);
}

static str name_of(cli_session *s, const json_value *x) {
    str kind = cli_text(x, "kind"), name = cli_text(x, "name");
    if (str_is(kind, "version") && !cli_true(x, "freed"))
        return arena_printf(s->a, "%.*s@%.*s", STR_F(name), STR_F(cli_text(x, "number")));
    if (str_is(kind, "data") && !cli_true(x, "freed"))
        return arena_printf(s->a, "data %.*s@%.*s", STR_F(name), STR_F(cli_text(x, "digest")));
    if (str_is(kind, "elsewhere")) return name;
    return arena_printf(s->a, "%.*s %.*s%s%.*s", STR_F(kind), STR_F(name), name.n ? " " : "",
                        STR_F(short_id(x)));
}

// "prod, v1.2.0" of its refs.
static str refs_of(cli_session *s, const json_value *x) {
    str out = {0};
    add_list(s, &out, json_get(x, "aliases"), "");
    add_list(s, &out, json_get(x, "sealed"), "");
    return out;
}

// "bad, deleted" of what is wrong with it.
static str faults_of(cli_session *s, const json_value *x) {
    str out = {0}, status = cli_text(x, "status");
    add_list(s, &out, json_get(x, "marks"), "");
    bool told = str_find_str(out, STR("deleted"), 0) != SIZE_MAX;
    if (cli_true(x, "freed"))
        out = STR("gone for good");
    else if (cli_true(x, "deleted") && !told)
        out = arena_printf(s->a, "%.*s%sdeleted", STR_F(out), out.n ? ", " : "");
    bool broke =
        str_is(status, "failed") || str_is(status, "killed") || str_is(status, "crashed");
    if (broke)
        out = arena_printf(s->a, "%.*s%s%.*s", STR_F(out), out.n ? ", " : "", STR_F(status));
    return out;
}

// What the edge says, read from its node `from` (forward) or from the other.
static str word_of(cli_session *s, const edge *x, bool forward) {
    static const struct {
        const char *link, *forward, *back;
    } words[] = {{"made-by", "made by ", "made "},
                 {"is-model", "is the ", "registered as "},
                 {"used-data", "used ", "used by "},
                 {"used-model", "used ", "used by "},
                 {"same-content", "same content as ", "same content as "},
                 {"evaluated", "evaluated ", "evaluated by "},
                 {"evaluated-on", "evaluated on ", "used to evaluate "}};
    str link = cli_text(x->v, "link");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(link, words[i].link))
            return str_of(forward ? words[i].forward : words[i].back);
    if (str_is(cli_text(x->v, "relation"), "pins"))
        return str_of(forward ? "pins " : "pinned by ");
    return arena_printf(s->a, "%.*s%s", STR_F(cli_text(x->v, "relation")),
                        forward ? " of " : ": ");
}

// " (declared)", " (verified: ...)" where that is a question.
static str evidence_of(cli_session *s, const edge *x) {
    str proof = cli_text(x->v, "proof");
    if (!str_is(cli_text(x->v, "link"), "derives-from")) return (str){0};
    return arena_printf(s->a, " (%.*s%s%.*s)", STR_F(cli_text(x->v, "evidence")),
                        proof.n ? ": " : "", STR_F(proof));
}

// ---- the tree -------------------------------------------------------------------------------

static void put_node(drawing *d, const json_value *x) {
    cli_out *t = &d->s->t;
    str refs = refs_of(d->s, x), faults = faults_of(d->s, x);
    out_safe(t, name_of(d->s, x));
    if (refs.n) {
        out_printf(t, " %s[", out_begin(t, OUT_GREEN));
        out_safe(t, refs);
        out_printf(t, "]%s", out_end(t));
    }
    if (faults.n) {
        out_printf(t, " %s(", out_begin(t, OUT_RED));
        out_safe(t, faults);
        out_printf(t, ")%s", out_end(t));
    }
}

static int64_t steps(const drawing *d, size_t node) {
    return cli_int(d->nodes[node], d->way, -1);
}

// Does an edge that is not drawn yet lead from this node on? *other: where to.
static bool leads(const drawing *d, const edge *x, size_t node, size_t *other) {
    str link = cli_text(x->v, "link");
    bool both = str_is(link, "same-content") || str_is(link, "is-model");
    bool up = str_is(str_of(d->way), "up");
    if (x->drawn || (x->from != node && x->to != node)) return false;
    bool forward = x->from == node;
    *other = forward ? x->to : x->from;
    return (both || forward == up) && steps(d, node) >= 0 && steps(d, *other) >= 0;
}

static void draw(drawing *d, size_t node, str before);

static void draw_edge(drawing *d, edge *x, size_t node, str before, bool last) {
    cli_session *s = d->s;
    bool utf8 = s->t.utf8;
    size_t other = x->from == node ? x->to : x->from;
    const char *branch = last ? utf8 ? "└─ " : "`- " : utf8 ? "├─ " : "|- ";
    out_printf(&s->t, "%.*s%s", STR_F(before), branch);
    out_in(&s->t, OUT_DIM, arena_cstr(s->a, word_of(s, x, x->from == node)));
    put_node(d, d->nodes[other]);
    str evidence = evidence_of(s, x);
    if (evidence.n) out_printf(&s->t, "%s", out_begin(&s->t, OUT_DIM));
    if (evidence.n) out_safe(&s->t, evidence);
    if (evidence.n) out_printf(&s->t, "%s", out_end(&s->t));
    bool here = !d->shown[other] && steps(d, other) == steps(d, node) + 1;
    if (!here) out_printf(&s->t, " %s", d->shown[other] ? "(see above)" : "(see below)");
    out_add(&s->t, STR("\n"));
    if (!here) return;
    d->shown[other] = true;
    draw(d, other,
         arena_printf(s->a, "%.*s%s", STR_F(before),
                      last   ? "   "
                      : utf8 ? "│  "
                             : "|  "));
}

static void draw(drawing *d, size_t node, str before) {
    VEC(size_t) mine = {0};
    size_t other;
    for (size_t i = 0; i < d->n_edges; i++)
        if (leads(d, &d->edges[i], node, &other)) vec_push(d->s->a, &mine, i);
    for (size_t i = 0; i < mine.n; i++)
        d->edges[mine.p[i]].drawn = true;
    for (size_t i = 0; i < mine.n; i++)
        draw_edge(d, &d->edges[mine.p[i]], node, before, i + 1 == mine.n);
}

static void draw_way(drawing *d, const char *way, const char *title) {
    cli_session *s = d->s;
    d->way = way;
    d->shown = ARENA_ARRAY(s->a, bool, d->n_nodes);
    for (size_t i = 0; i < d->n_edges; i++)
        d->edges[i].drawn = false;
    for (size_t i = 0; i < d->n_nodes; i++)
        d->shown[i] = steps(d, i) == 0;
    for (size_t i = 0; i < d->n_nodes; i++) {
        if (steps(d, i) != 0) continue;
        put_node(d, d->nodes[i]);
        out_add(&s->t, STR(" "));
        out_in(&s->t, OUT_DIM, title);
        out_add(&s->t, STR("\n"));
        draw(d, i, STR(""));
    }
}

static void say_cut(const json_value *reply) {
    const json_value *cut = json_get(reply, "cut");
    for (const json_value *v = cut ? cut->child : NULL; v; v = v->next)
        cli_warn(str_is(v->text, "depth")
                     ? STR("there is more behind these steps: see --depth")
                     : STR("there are more nodes than these: see --nodes"));
}

// ---- graphviz -------------------------------------------------------------------------------

// A text within quotes.
static str dot_text(arena *a, str text) {
    char *p = arena_bytes(a, 2 * text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"' || c == '\\') p[n++] = '\\';
        p[n++] = (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
    }
    return str_n(p, n);
}

static void put_dot(drawing *d) {
    cli_session *s = d->s;
    out_add(&s->t, STR("digraph lineage {\n  rankdir=BT;\n  node [shape=box];\n"));
    for (size_t i = 0; i < d->n_nodes; i++) {
        str refs = refs_of(s, d->nodes[i]), faults = faults_of(s, d->nodes[i]);
        str label =
            arena_printf(s->a, "%.*s%s%.*s%s%.*s", STR_F(name_of(s, d->nodes[i])),
                         refs.n ? " " : "", STR_F(refs), faults.n ? " - " : "", STR_F(faults));
        out_printf(&s->t, "  n%zu [label=\"%.*s\"%s];\n", i, STR_F(dot_text(s->a, label)),
                   faults.n ? " color=red" : "");
    }
    for (size_t i = 0; i < d->n_edges; i++) {
        const edge *x = &d->edges[i];
        str label = str_trim(word_of(s, x, true));
        bool proven = str_is(cli_text(x->v, "evidence"), "verified");
        bool derives = str_is(cli_text(x->v, "link"), "derives-from");
        out_printf(&s->t, "  n%zu -> n%zu [label=\"%.*s\"%s];\n", x->from, x->to, STR_F(label),
                   derives && !proven ? " style=dashed" : "");
    }
    out_add(&s->t, STR("}\n"));
}

// ---- the command ----------------------------------------------------------------------------

static bool read_graph(cli_session *s, const json_value *reply, drawing *d) {
    const json_value *nodes = json_get(reply, "nodes"), *edges = json_get(reply, "edges");
    *d = (drawing){.s = s, .nodes = ARENA_ARRAY(s->a, const json_value *, nodes->n)};
    d->edges = ARENA_ARRAY(s->a, edge, edges->n);
    for (const json_value *v = nodes->child; v; v = v->next)
        d->nodes[d->n_nodes++] = v;
    for (const json_value *v = edges->child; v; v = v->next) {
        edge x = {v, (size_t)cli_int(v, "from", -1), (size_t)cli_int(v, "to", -1), false};
        if (x.from >= d->n_nodes || x.to >= d->n_nodes)
            return err_set(&s->e, ERR_INTERNAL, "the server's reply has an edge to nowhere");
        d->edges[d->n_edges++] = x;
    }
    return true;
}

// "run:NAME" is a run by a beginning of its id, or the latest; a data set is named as it was
// logged.
static bool named(cli_session *s, str *of) {
    *of = s->o->words[0];
    if (str_starts(*of, STR("run:"))) return cli_run_named(s, str_from(*of, 4), of);
    return str_starts(*of, STR("data:")) || cli_take_workspace(s, of);
}

static str path_of(cli_session *s, str of) {
    const cli_options *o = s->o;
    str path = arena_printf(s->a, "/lineage?of=%.*s%s%s%s", STR_F(http_client_escape(s->a, of)),
                            o->up.n ? "&up=true" : "", o->down.n ? "&down=true" : "",
                            o->refs.n || !o->json.n ? "&refs=true" : "");
    if (o->depth.n) path = arena_printf(s->a, "%.*s&depth=%.*s", STR_F(path), STR_F(o->depth));
    if (o->nodes.n) path = arena_printf(s->a, "%.*s&nodes=%.*s", STR_F(path), STR_F(o->nodes));
    return path;
}

static bool lineage(cli_session *s) {
    str of, text;
    drawing d;
    if (!named(s, &of)) return false;
    const json_value *reply = cli_call(s->c, "GET", path_of(s, of), (str){0}, &text, &s->e);
    if (!reply) return false;
    if (s->o->json.n) {
        cli_put_json(s, text);
        return true;
    }
    if (!read_graph(s, reply, &d)) return false;
    if (s->o->dot.n) {
        put_dot(&d);
    } else {
        bool both = !s->o->up.n && !s->o->down.n;
        if (s->o->up.n || both) draw_way(&d, "up", "is made of");
        if (s->o->down.n || both) draw_way(&d, "down", "led to");
    }
    say_cut(reply);
    return true;
}

int cmd_lineage(const cli_options *o, arena *a) {
    return cli_talk(o, a, lineage);
}
