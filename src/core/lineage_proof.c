// SPDX-License-Identifier: Apache-2.0
// Evidence for what a version says that it derives from, out of stored files alone:
//
//   - its own files name the base: base_model in the front matter of README.md,
//     base_model_name_or_path in adapter_config.json, _name_or_path in config.json, and that
//     name means the repo (or is the address elsewhere) that is declared. It proves that the
//     tool which wrote the files was given that base, not that the weights came out of it;
//   - both have files of weights in common, equal by digest. It proves that those bytes are the
//     base's.
//
// Everything read is bounded; a file that is not there, too long or not readable as what it
// should be is no evidence. Any thread.
#include "base/clock.h"
#include "base/json.h"
#include "core/address.h"
#include "core/lineage_internal.h"

#define NAMING_MAX  (64u << 10) // bytes read of a file that may name the base
#define NAMES_MAX   100
#define WEIGHTS_MAX 2000 // files of a version that are looked at

typedef VEC(str) names;

typedef struct prover {
    ctx c; // with an arena of one edge
    const lineage_node *child, *base;
} prover;

// What is missing is no error of the walk.
static bool forget(err *e) {
    bool mine = e->code == ERR_NOT_FOUND || e->code == ERR_CORRUPT || e->code == ERR_INVALID;
    if (mine) *e = (err){0};
    return mine;
}

// The beginning of a file; *out is empty when there is none.
static bool read_file(prover *p, const char *path, str *out, err *e) {
    content_entry f;
    *out = STR("");
    if (!content_get(&p->c, p->child->tree, str_of(path), &f, e)) return forget(e);
    if (f.is_dir) return true;
    store_object *o = store_get(core_store(p->c.core), f.digest, e);
    if (!o) return forget(e);
    char *bytes = arena_bytes(p->c.a, NAMING_MAX);
    ssize_t n = 0;
    size_t have = 0;
    while (have < NAMING_MAX &&
           (n = store_object_read(o, have, bytes + have, NAMING_MAX - have, e)) > 0)
        have += (size_t)n;
    store_object_close(o);
    if (n < 0) return forget(e);
    *out = str_n(bytes, have);
    return true;
}

static void add_name(prover *p, names *out, str name) {
    name = str_trim(name);
    if (name.n >= 2 && (name.p[0] == '"' || name.p[0] == '\'') &&
        name.p[name.n - 1] == name.p[0])
        name = str_n(name.p + 1, name.n - 2);
    if (name.n && out->n < NAMES_MAX && str_is_text(name)) vec_push(p->c.a, out, name);
}

// base_model of YAML between two lines of "---": a value, a list in brackets, or a list of
// lines that begin with '-'. Other YAML names nothing.
static void read_front_matter(prover *p, str text, names *out) {
    str line, key = STR("base_model:");
    bool in_list = false;
    if (!str_split(&text, '\n', &line) || !str_eq(str_trim(line), STR("---"))) return;
    while (str_split(&text, '\n', &line) && !str_eq(str_trim(line), STR("---"))) {
        str t = str_trim(line), one;
        if (in_list && str_starts(t, STR("-"))) {
            add_name(p, out, str_from(t, 1));
            continue;
        }
        in_list = false;
        if (!str_starts(line, key)) continue;
        str value = str_trim(str_from(line, key.n));
        in_list = !value.n;
        if (value.n > 1 && value.p[0] == '[' && value.p[value.n - 1] == ']')
            for (value = str_n(value.p + 1, value.n - 2); str_split(&value, ',', &one);)
                add_name(p, out, one);
        else
            add_name(p, out, value);
    }
}

static void read_member(prover *p, str text, const char *member, names *out) {
    const json_value *root = text.n ? json_parse(p->c.a, text, JSON_NAN, NULL) : NULL;
    const json_value *v = root && root->type == JSON_OBJECT ? json_get(root, member) : NULL;
    if (v && v->type == JSON_STRING) add_name(p, out, v->text);
}

// ---- is it that base? -----------------------------------------------------------------------

static bool is_elsewhere(str name, str where) {
    size_t slash = where.n > name.n ? where.n - name.n - 1 : 0;
    return str_eq(name, where) ||
           (str_ends(where, name) && where.n > name.n && where.p[slash] == '/');
}

// The name means the base's repo; one with a number means that version.
static bool is_repo(prover *p, str name) {
    address_found f;
    err unread = {0};
    if (!address_resolve(&p->c, name, &f, &unread)) return false;
    return str_eq(f.version.repo_name, p->base->name) &&
           (f.address.kind != ADDRESS_NUMBER || f.version.number == p->base->number);
}

static bool named_in(prover *p, const char *file, const char *member, str *proof, err *e) {
    str text;
    names found = {0};
    if (!read_file(p, file, &text, e)) return false;
    if (member)
        read_member(p, text, member, &found);
    else
        read_front_matter(p, text, &found);
    for (size_t i = 0; !proof->n && i < found.n; i++) {
        bool is = p->base->kind == LINEAGE_ELSEWHERE ? is_elsewhere(found.p[i], p->base->name)
                                                     : is_repo(p, found.p[i]);
        if (is)
            *proof = arena_printf(p->c.a, "its %s names %.*s", file,
                                  STR_F(str_upto_code_points(found.p[i], 200)));
    }
    return true;
}

// ---- weights --------------------------------------------------------------------------------

static bool is_weights(str path) {
    static const str ends[] = {STR_K(".safetensors"), STR_K(".gguf"), STR_K(".bin"),
                               STR_K(".pt"),          STR_K(".pth"),  STR_K(".onnx"),
                               STR_K(".h5"),          STR_K(".ckpt"), STR_K(".npz"),
                               STR_K(".msgpack"),     STR_K(".pkl")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(path, ends[i])) return true;
    return false;
}

static bool read_weights(prover *p, const lineage_node *x, map *out, err *e) {
    tree_file *f;
    size_t n;
    *out = map_new(p->c.a);
    if (!content_files(&p->c, x->tree, (str){0}, WEIGHTS_MAX, &f, &n, e)) return forget(e);
    for (size_t i = 0; i < n; i++)
        if (f[i].size && is_weights(f[i].path))
            *map_at(out, str_n(f[i].digest.b, sizeof f[i].digest.b), NULL) = p;
    return true;
}

static bool shares(prover *p, str *proof, err *e) {
    map child, base;
    size_t same = 0;
    if (!p->base->has_content) return true;
    if (!read_weights(p, p->child, &child, e) || !read_weights(p, p->base, &base, e))
        return false;
    for (size_t i = 0; i < child.n; i++)
        same += map_get(&base, child.entries[i].key) != NULL;
    if (same)
        *proof = arena_printf(p->c.a, "%zu of its %zu files of weights are the base's", same,
                              child.n);
    return true;
}

// ---- a walk's edges -------------------------------------------------------------------------

static bool prove(prover *p, lineage_edge *edge, arena *out, err *e) {
    str proof = STR("");
    if (!p->child->has_content) return true;
    bool ok =
        named_in(p, "README.md", NULL, &proof, e) &&
        (proof.n || named_in(p, "adapter_config.json", "base_model_name_or_path", &proof, e)) &&
        (proof.n || named_in(p, "config.json", "_name_or_path", &proof, e)) &&
        (proof.n || shares(p, &proof, e));
    if (!ok || !proof.n) return ok;
    edge->evidence = LINEAGE_VERIFIED;
    edge->proof = arena_str(out, proof);
    return true;
}

bool lineage_prove(lineage_walker *w, err *e) {
    prover p = {.c = *w->c};
    size_t looked_at = 0;
    bool ok = true;
    p.c.a = arena_new();
    for (size_t i = 0; ok && i < w->edges.n; i++) {
        lineage_edge *edge = &w->edges.p[i];
        if (edge->link != LINEAGE_DERIVES) continue;
        if (looked_at++ >= LINEAGE_PROOFS_MAX) {
            edge->evidence = LINEAGE_UNCHECKED;
            continue;
        }
        arena_reset(p.c.a);
        p.child = &w->nodes.p[edge->from];
        p.base = &w->nodes.p[edge->to];
        ok = prove(&p, edge, w->c->a, e);
    }
    arena_free(p.c.a);
    return ok;
}
