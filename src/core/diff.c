// SPDX-License-Identifier: Apache-2.0
// diff: what is compared, which files differ, and what all parts need: rows, notes, bytes of
// files. Any thread; all state is the call's.
#include "core/diff_internal.h"

#include "base/map.h"
#include "store/tree_objects.h"

#include <math.h>

// ---- sides ----------------------------------------------------------------------------------

diff_side diff_side_of(arena *a, const version *v) {
    str name = arena_printf(a, "%.*s@%lld", STR_F(v->repo_name), (long long)v->number);
    return (diff_side){.version = *v, .run = v->run, .name = name};
}

bool diff_side_find(ctx *c, str text, diff_side *out, err *e) {
    address_found found;
    *out = (diff_side){0};
    if (id_parse(text, &out->run)) {
        run r;
        out->is_run = true;
        out->name = id_str(c->a, out->run);
        return run_get(c, out->run, &r, e);
    }
    if (!address_resolve(c, text, &found, e)) return false;
    *out = diff_side_of(c->a, &found.version);
    return true;
}

// ---- rows and notes -------------------------------------------------------------------------

void diff_note_add(ctx *c, diff_notes *notes, bool of_is, str path, const char *why) {
    if (notes->n == DIFF_NOTES_MAX) return;
    diff_note n = {of_is, arena_str(c->a, path), arena_str(c->a, str_of(why))};
    vec_push(c->a, notes, n);
}

static bool same_value(const diff_value *a, const diff_value *b) {
    if (a->type != b->type) return false;
    if (a->type == DIFF_NUMBER && a->number == b->number)
        return fabs(a->number) < 0x1p53 || str_eq(a->text, b->text); // beyond, doubles are few
    if (a->type == DIFF_NUMBER) return isnan(a->number) && isnan(b->number);
    return str_eq(a->text, b->text);
}

static diff_value shown(ctx *c, diff_value v) {
    if (v.text.n <= DIFF_VALUE_MAX) {
        v.text = arena_str(c->a, v.text);
        return v;
    }
    str cut = str_upto(v.text, DIFF_VALUE_MAX);
    v.text = arena_printf(c->a, "%.*s...", (int)str_text_prefix(cut), cut.p);
    return v;
}

void diff_row_add(ctx *c, diff_rows *rows, str in, str key, diff_value was, diff_value is) {
    if (same_value(&was, &is)) return;
    if (rows->total++ < rows->skip || rows->n == rows->max) return;
    diff_row r = {in, arena_str(c->a, key), shown(c, was), shown(c, is)};
    vec_push(c->a, rows, r);
}

diff_value diff_of_text(str text) {
    return text.p ? (diff_value){DIFF_TEXT, text, 0} : (diff_value){.type = DIFF_ABSENT};
}

// ---- bytes ----------------------------------------------------------------------------------

bool diff_is_note(const err *e) {
    return e->code == ERR_INVALID || e->code == ERR_TOO_LARGE || e->code == ERR_CORRUPT ||
           e->code == ERR_NOT_FOUND;
}

bool diff_load(ctx *c, arena *a, const tree_file *f, size_t max, str *out, err *e) {
    if (f->size > max)
        return err_set(e, ERR_TOO_LARGE, "it is larger than %zu MiB and was not read",
                       max >> 20);
    store_object *o = store_get(core_store(c->core), f->digest, e);
    if (!o) return false;
    char *p = arena_bytes(a, (size_t)f->size + 1);
    ssize_t n = store_object_read(o, 0, p, (size_t)f->size, e);
    store_object_close(o);
    if (n < 0) return false;
    *out = str_n(p, (size_t)n);
    return (uint64_t)n == f->size || err_set(e, ERR_CORRUPT, "it is shorter than it should be");
}

bool diff_load_both(ctx *c, arena *a, const diff_file *f, size_t max, str out[2], bool *ok,
                    diff_notes *notes, err *e) {
    *ok = true;
    for (int side = 0; side < 2; side++) {
        err why = {0};
        if (diff_load(c, a, side ? &f->is : &f->was, max, &out[side], &why)) continue;
        if (!diff_is_note(&why)) return err_set(e, why.code, "%s", why.msg);
        diff_note_add(c, notes, side, f->path, why.msg);
        *ok = false;
    }
    return true;
}

// ---- files ----------------------------------------------------------------------------------

diff_kind diff_kind_of(str path) {
    static const char *const tokenizers[] = {"tokenizer.json",      "tokenizer_config.json",
                                             "vocab.json",          "vocab.txt",
                                             "merges.txt",          "added_tokens.json",
                                             "chat_template.jinja", "special_tokens_map.json"};
    str name = str_last_name(path);
    for (size_t i = 0; i < sizeof tokenizers / sizeof *tokenizers; i++)
        if (str_is(name, tokenizers[i])) return DIFF_OF_TOKENIZER;
    if (str_ends(name, STR(".safetensors")) || str_ends(name, STR(".gguf")))
        return DIFF_OF_TENSORS;
    if (str_ends(name, STR(".index.json"))) return DIFF_OF_NOTHING;
    return str_ends(name, STR(".json")) ? DIFF_OF_CONFIG : DIFF_OF_TEXT;
}

typedef struct gathering {
    ctx *c;
    diff_files *out;
} gathering;

static bool gather(void *arg, const tree_file *was, const tree_file *is, err *e) {
    gathering *g = arg;
    diff_files *out = g->out;
    (void)e;
    *(!was ? &out->added : !is ? &out->removed : &out->changed) += 1;
    out->total++;
    if (out->n == DIFF_FILES_MAX) return true;
    diff_file f = {.what = !was  ? DIFF_ADDED
                           : !is ? DIFF_REMOVED
                                 : DIFF_CHANGED,
                   .path = arena_str(g->c->a, (was ? was : is)->path)};
    if (was) f.was = *was;
    if (is) f.is = *is;
    f.was.path = f.is.path = f.path;
    vec_push(g->c->a, out, f);
    return true;
}

// An added file with the bytes of a removed one is that one, renamed. Each is taken once.
static void find_renames(ctx *c, diff_files *out) {
    map removed = map_new(c->a);
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i].what == DIFF_REMOVED && out->p[i].was.size)
            *map_at(&removed, str_n(out->p[i].was.digest.b, sizeof(sha256)), NULL) = &out->p[i];
    for (size_t i = 0; i < out->n && removed.n; i++) {
        diff_file *f = &out->p[i], *before;
        if (f->what != DIFF_ADDED || !f->is.size) continue;
        str digest = str_n(f->is.digest.b, sizeof(sha256));
        before = map_get(&removed, digest);
        if (!before) continue;
        *map_at(&removed, digest, NULL) = NULL;
        f->what = DIFF_RENAMED;
        f->before = before->path;
        f->was = before->was;
        before->what = DIFF_RENAMED;
        before->path = (str){0}; // told with the other
        out->renamed++;
        out->added--;
        out->removed--;
        out->total--;
    }
    size_t kept = 0;
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i].path.p) out->p[kept++] = out->p[i];
    out->n = kept;
}

static bool has_files(const diff_side *s, err *e) {
    if (s->is_run)
        return err_set(e, ERR_STATE,
                       "%.*s is a run: files are compared of versions; publish its files first",
                       STR_F(s->name));
    str where = s->version.location.n ? s->version.location : s->version.source;
    return s->version.has_content ||
           err_set(e, ERR_STATE,
                   "%.*s has its files elsewhere (%.*s): Stemma can not compare them",
                   STR_F(s->name), STR_F(str_upto_code_points(where, 200)));
}

bool diff_files_of(ctx *c, const diff_side *was, const diff_side *is, diff_files *out, err *e) {
    *out = (diff_files){0};
    if (!has_files(was, e) || !has_files(is, e)) return false;
    gathering g = {c, out};
    tree_objects *t = tree_objects_new(core_store(c->core));
    bool ok = tree_diff(tree_objects_pages(t), was->version.content.tree,
                        is->version.content.tree, gather, &g, e);
    tree_objects_free(t);
    if (ok) find_renames(c, out);
    return ok;
}
