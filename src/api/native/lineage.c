// SPDX-License-Identifier: Apache-2.0
// lineage: the family tree of a version, a run, a logged model, a data set or an address
// elsewhere, as nodes and edges. Any thread.
#include "core/lineage.h"

#include "api/native/repos.h"

#include <stdio.h>

#define DEPTH 10  // unless `depth` says otherwise
#define NODES 500 // unless `nodes` does

static const msg_name kinds[] = {{"version", LINEAGE_VERSION},     {"run", LINEAGE_RUN},
                                 {"model", LINEAGE_MODEL},         {"data", LINEAGE_DATASET},
                                 {"elsewhere", LINEAGE_ELSEWHERE}, {NULL, 0}};
static const msg_name links[] = {{"made-by", LINEAGE_MADE_BY},
                                 {"derives-from", LINEAGE_DERIVES},
                                 {"is-model", LINEAGE_IS_MODEL},
                                 {"used-data", LINEAGE_USED_DATA},
                                 {"used-model", LINEAGE_USED_MODEL},
                                 {"same-content", LINEAGE_SAME},
                                 {"evaluated", LINEAGE_EVALUATED},
                                 {"evaluated-on", LINEAGE_EVALUATED_ON},
                                 {NULL, 0}};
static const msg_name evidences[] = {{"declared", LINEAGE_DECLARED},
                                     {"verified", LINEAGE_VERIFIED},
                                     {"unchecked", LINEAGE_UNCHECKED},
                                     {NULL, 0}};
static const msg_name model_states[] = {{"unspecified", MODEL_UNSPECIFIED},
                                        {"pending", MODEL_PENDING},
                                        {"ready", MODEL_READY},
                                        {"failed", MODEL_FAILED},
                                        {NULL, 0}};
enum { CUT_DEPTH, CUT_NODES };
static const msg_name cuts[] = {{"depth", CUT_DEPTH}, {"nodes", CUT_NODES}, {NULL, 0}};

SHAPE(static, node_shape, "LineageNode",
      FIELD("kind", SHAPE_ENUM, 0, "what it is; model: a logged one, data: an input of runs",
            .names = kinds),
      FIELD("id", SHAPE_ID, SHAPE_OPTIONAL, "its id; absent of what is elsewhere"),
      FIELD("name", SHAPE_TEXT, 0,
            "of the version's repo, of the run, model or data set; or the address"),
      FIELD("number", SHAPE_INT, SHAPE_OPTIONAL, "of a version"),
      FIELD("repo_kind", SHAPE_ENUM, SHAPE_OPTIONAL, "of a version's repo",
            .names = repos_kinds),
      FIELD("content", SHAPE_TEXT, SHAPE_OPTIONAL, "the digest of a version's content"),
      FIELD("created_us", SHAPE_INT, SHAPE_OPTIONAL, "when a version was published"),
      FIELD("status", SHAPE_TEXT, SHAPE_OPTIONAL, "of a run or a logged model"),
      FIELD("digest", SHAPE_TEXT, SHAPE_OPTIONAL, "of a data set, as its client gave it"),
      FIELD("source", SHAPE_TEXT, SHAPE_OPTIONAL, "of a data set, as its client gave it"),
      FIELD("deleted", SHAPE_BOOL, 0, "a tombstone, in the bin, or freed"),
      FIELD("freed", SHAPE_BOOL, 0, "only its id is known"),
      FIELD("marks", SHAPE_TEXT, SHAPE_LIST | SHAPE_OPTIONAL,
            "of a version: yanked, bad, deleted"),
      FIELD("aliases", SHAPE_TEXT, SHAPE_LIST | SHAPE_OPTIONAL,
            "with `refs`: the movable refs that point at a version"),
      FIELD("sealed", SHAPE_TEXT, SHAPE_LIST | SHAPE_OPTIONAL,
            "with `refs`: the sealed refs that hold it"),
      FIELD("up", SHAPE_INT, SHAPE_OPTIONAL,
            "steps up from what was asked; absent: not reached upwards"),
      FIELD("down", SHAPE_INT, SHAPE_OPTIONAL,
            "steps down from what was asked; absent: not reached downwards"));

SHAPE(static, edge_shape, "LineageEdge",
      FIELD("from", SHAPE_INT, 0, "the place in `nodes` of what is newer"),
      FIELD("to", SHAPE_INT, 0, "the place of what it is made of"),
      FIELD("link", SHAPE_ENUM, 0, "what they are to each other", .names = links),
      FIELD("relation", SHAPE_ENUM, SHAPE_OPTIONAL, "of derives-from",
            .names = versions_relations),
      FIELD("evidence", SHAPE_ENUM, 0,
            "declared: somebody said so; verified: the stored bytes say so too; unchecked: "
            "they were not looked at",
            .names = evidences),
      FIELD("proof", SHAPE_TEXT, SHAPE_OPTIONAL, "what of the bytes says so"));

SHAPE(static, lineage_shape, "Lineage",
      FIELD("nodes", SHAPE_OBJECT, SHAPE_LIST, "what was asked first, then by their distance",
            .sub = &node_shape),
      FIELD("edges", SHAPE_OBJECT, SHAPE_LIST, "between these nodes", .sub = &edge_shape),
      FIELD("cut", SHAPE_ENUM, SHAPE_LIST | SHAPE_OPTIONAL,
            "there is more: behind the depth, or past the count of nodes", .names = cuts));

// ---- rendering ------------------------------------------------------------------------------

static void put_texts(json_writer *w, const char *name, const str *texts, size_t n) {
    json_key(w, str_of(name));
    json_array(w);
    for (size_t i = 0; i < n; i++)
        json_string(w, texts[i]);
    json_array_end(w);
}

static void put_version(json_writer *w, const lineage_node *x, bool refs) {
    char hex[SHA256_HEX], digest[SHA256_HEX + 8];
    json_m_i64(w, "number", x->number);
    json_m_string(w, "repo_kind", msg_name_of(repos_kinds, x->repo_kind));
    json_m_i64(w, "created_us", x->created_us);
    if (x->has_content) {
        sha256_hex(x->content, hex);
        snprintf(digest, sizeof digest, "sha256:%s", hex);
        json_m_string(w, "content", str_of(digest));
    }
    json_m_array(w, "marks");
    for (const msg_name *m = versions_marks; m->name; m++)
        if (x->mark_sum & m->value) json_string(w, str_of(m->name));
    json_array_end(w);
    if (!refs) return;
    put_texts(w, "aliases", x->aliases, x->n_aliases);
    put_texts(w, "sealed", x->sealed, x->n_sealed);
}

static void put_node(json_writer *w, const lineage_node *x, bool refs) {
    json_object(w);
    json_m_string(w, "kind", msg_name_of(kinds, x->kind));
    if (x->kind != LINEAGE_ELSEWHERE) native_m_id(w, "id", x->id);
    json_m_string(w, "name", x->name);
    if (!x->freed && x->kind == LINEAGE_VERSION) put_version(w, x, refs);
    if (!x->freed && x->kind == LINEAGE_RUN)
        json_m_string(w, "status", msg_name_of(run_status_names, x->status));
    if (!x->freed && x->kind == LINEAGE_MODEL)
        json_m_string(w, "status", msg_name_of(model_states, x->status));
    if (!x->freed && x->kind == LINEAGE_DATASET) {
        json_m_string(w, "digest", x->digest);
        json_m_string(w, "source", x->source);
    }
    json_m_bool(w, "deleted", x->deleted);
    json_m_bool(w, "freed", x->freed);
    if (x->up >= 0) json_m_i64(w, "up", x->up);
    if (x->down >= 0) json_m_i64(w, "down", x->down);
    json_object_end(w);
}

static void put_edge(json_writer *w, const lineage_edge *x) {
    json_object(w);
    json_m_i64(w, "from", (int64_t)x->from);
    json_m_i64(w, "to", (int64_t)x->to);
    json_m_string(w, "link", msg_name_of(links, x->link));
    if (x->link == LINEAGE_DERIVES)
        json_m_string(w, "relation", msg_name_of(versions_relations, x->relation));
    json_m_string(w, "evidence", msg_name_of(evidences, x->evidence));
    if (x->proof.n) json_m_string(w, "proof", x->proof);
    json_object_end(w);
}

static void put_graph(json_writer *w, const lineage_graph *g, bool refs) {
    json_object(w);
    json_m_array(w, "nodes");
    for (size_t i = 0; i < g->n_nodes; i++)
        put_node(w, &g->nodes[i], refs);
    json_array_end(w);
    json_m_array(w, "edges");
    for (size_t i = 0; i < g->n_edges; i++)
        put_edge(w, &g->edges[i]);
    json_array_end(w);
    if (g->cut_depth || g->cut_nodes) {
        json_m_array(w, "cut");
        if (g->cut_depth) json_string(w, msg_name_of(cuts, CUT_DEPTH));
        if (g->cut_nodes) json_string(w, msg_name_of(cuts, CUT_NODES));
        json_array_end(w);
    }
    json_object_end(w);
}

// ---- the call -------------------------------------------------------------------------------

struct lineage {
    uint64_t has;
    str of;
    bool up, down, refs;
    int64_t depth, nodes;
};
static const msg_field lineage_fields[] = {
    MSG_FIELD(struct lineage, of, MSG_STRING, MSG_REQUIRED, .max = 2000,
              .doc = "an address of a version (of a deleted one: by its number), the id of a "
                     "run, a logged model or a data set, data:NAME[@DIGEST], or an address "
                     "elsewhere with '://' in it"),
    MSG_FIELD(struct lineage, up, MSG_BOOL, 0,
              .doc = "what it is made of; with neither `up` nor `down`: both"),
    MSG_FIELD(struct lineage, down, MSG_BOOL, 0, .doc = "what was made from it"),
    MSG_FIELD(struct lineage, depth, MSG_INT32, 0,
              .doc = "at most so many steps, 1 to 100; 10 by default"),
    MSG_FIELD(struct lineage, nodes, MSG_INT32, 0,
              .doc = "at most so many nodes, 1 to 10000; 500 by default"),
    MSG_FIELD(struct lineage, refs, MSG_BOOL, 0,
              .doc = "also which refs point at the versions"),
};
static const msg_type lineage_msg = MSG_TYPE(struct lineage, lineage_fields);

static bool take_limit(bool sent, int64_t value, int64_t most, const char *name, size_t *out,
                       err *e) {
    if (sent) *out = (size_t)value;
    return !sent || (value >= 1 && value <= most) ||
           err_set(e, ERR_INVALID, "'%s' is 1 to %lld, not %lld", name, (long long)most,
                   (long long)value);
}

static bool lineage(call *k, void *msg, err *e) {
    struct lineage *q = msg;
    lineage_root *roots;
    lineage_graph g;
    bool both = !q->up && !q->down;
    lineage_query query = {.up = q->up || both,
                           .down = q->down || both,
                           .depth = DEPTH,
                           .nodes = NODES,
                           .refs = q->refs};
    if (!take_limit(msg_has(&lineage_msg, q, "depth"), q->depth, LINEAGE_DEPTH_MAX, "depth",
                    &query.depth, e) ||
        !take_limit(msg_has(&lineage_msg, q, "nodes"), q->nodes, LINEAGE_NODES_MAX, "nodes",
                    &query.nodes, e) ||
        !lineage_find(&k->c, q->of, &roots, &query.n_roots, e))
        return false;
    query.roots = roots;
    if (!lineage_walk(&k->c, &query, &g, e)) return false;
    put_graph(rpc_reply(k), &g, q->refs);
    return true;
}
const rpc native_lineage = {.msg = &lineage_msg, .fn = lineage, .reply = &lineage_shape};
