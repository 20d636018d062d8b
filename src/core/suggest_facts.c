// SPDX-License-Identifier: Apache-2.0
// What differs between two versions, sorted by what it means for their number: the differences
// of diff.h, and what the two derive from. What a folder `checkpoint-N` holds is a state of the
// training, and no model of its own: it counts as other files do. So does what can not be read
// as what its name says, but a tokenizer. No state.
#include "core/suggest_internal.h"

#include "base/map.h"
#include "core/diff_internal.h"
#include "core/parts.h"

#include <stdlib.h>

enum {
    ROWS_MAX = 1000, // of a configuration that are looked at
    STEPS_MAX = 100, // versions of one repo that are followed to a base
    SHOWN = 100,     // code points of a value
};

typedef struct comparing {
    ctx *c;
    diff_side was, is;
    suggest_reasons *out;
} comparing;

// ---- bases ----------------------------------------------------------------------------------

typedef struct bases {
    VEC(str) names;
    bool other; // it derives from the version that it is compared with
    bool cut;   // there are more versions on the way than are followed
} bases;

static str base_name(arena *a, const version_parent *p) {
    if (id_is_zero(p->version)) return p->address;
    return p->repo_name.n
               ? arena_printf(a, "%.*s@%lld", STR_F(p->repo_name), (long long)p->number)
               : id_str(a, p->version); // freed
}

// A version of the same repo stands for what it derives from itself.
static bool find_bases(ctx *c, const version *v, const version *other, bases *out, err *e) {
    VEC(id) left = {0};
    vec_push(c->a, &left, v->id);
    for (size_t i = 0; i < left.n && !out->cut; i++) {
        version_parent *p;
        size_t n;
        out->cut = i == STEPS_MAX;
        if (!version_parents(c, left.p[i], &p, &n, e)) return false;
        for (size_t k = 0; k < n; k++) {
            bool mine = id_eq(p[k].version, other->id);
            out->other |= mine;
            if (mine || p[k].relation == RELATION_PINS) continue;
            if (p[k].repo_name.n && str_eq(p[k].repo_name, v->repo_name))
                vec_push(c->a, &left, p[k].version);
            else
                vec_push(c->a, &out->names, base_name(c->a, &p[k]));
        }
    }
    return true;
}

static int by_name(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

static str list_bases(arena *a, const bases *own, const bases *of_other) {
    VEC(str) all = {0};
    str out = {0};
    for (size_t i = 0; i < own->names.n; i++)
        vec_push(a, &all, own->names.p[i]);
    for (size_t i = 0; own->other && i < of_other->names.n; i++)
        vec_push(a, &all, of_other->names.p[i]);
    if (all.n) qsort(all.p, all.n, sizeof *all.p, by_name);
    for (size_t i = 0; i < all.n; i++)
        if (!i || !str_eq(all.p[i], all.p[i - 1]))
            out = arena_printf(a, "%.*s%s%.*s", STR_F(out), i ? ", " : "", STR_F(all.p[i]));
    return all.n ? out : STR("none");
}

static bool compare_bases(comparing *k, err *e) {
    arena *a = k->c->a;
    const version *was = &k->was.version, *is = &k->is.version;
    bases of_was = {0}, of_is = {0};
    if (!find_bases(k->c, was, is, &of_was, e) || !find_bases(k->c, is, was, &of_is, e))
        return false;
    str before = list_bases(a, &of_was, &of_is), now = list_bases(a, &of_is, &of_was);
    if (!of_was.cut && !of_is.cut && !str_eq(before, now))
        suggest_add(k->out, SUGGEST_BASE, "%.*s -> %.*s",
                    STR_F(str_upto_code_points(before, SHOWN)),
                    STR_F(str_upto_code_points(now, SHOWN)));
    return true;
}

// ---- files ----------------------------------------------------------------------------------

// Does it lie in a folder "checkpoint-N"?
static bool in_checkpoint(str path) {
    int64_t number;
    str rest = str_upto(path, str_behind_last(path, '/')), begin = STR("checkpoint-");
    for (str folder; str_split(&rest, '/', &folder);)
        if (str_starts(folder, begin) && str_to_i64(str_from(folder, begin.n), &number))
            return true;
    return false;
}

static bool is_of_model(str path) {
    return !in_checkpoint(path);
}

static bool is_configuration(str path) {
    str name = str_last_name(path);
    return str_is(name, "config.json") || str_is(name, "adapter_config.json") ||
           str_is(name, "params.json");
}

// Of files only those whose path is wanted; their counts are not kept.
static diff_files only(arena *a, const diff_files *of, bool (*wanted)(str path)) {
    diff_files out = {0};
    for (size_t i = 0; i < of->n; i++)
        if (wanted(of->p[i].path)) vec_push(a, &out, of->p[i]);
    return out;
}

// ---- configuration --------------------------------------------------------------------------

static str shown(diff_value v) {
    if (v.type == DIFF_ABSENT) return STR("none");
    if (v.type == DIFF_NULL) return STR("null");
    if (v.type == DIFF_LIST) return STR("[]");
    return v.type == DIFF_OBJECT ? STR("{}") : str_upto_code_points(v.text, SHOWN);
}

static void add_row(comparing *k, suggest_fact fact, const diff_row *r) {
    suggest_add(k->out, fact, "%.*s%s%.*s: %.*s -> %.*s", STR_F(r->in), r->in.n ? " " : "",
                STR_F(r->key), STR_F(shown(r->was)), STR_F(shown(r->is)));
}

// What their keys tell; returns how many tell nothing but themselves.
static uint64_t add_rows(comparing *k, const diff_rows *rows) {
    uint64_t others = rows->total - rows->n;
    for (size_t i = 0; i < rows->n; i++) {
        suggest_fact fact;
        if (suggest_key(rows->p[i].key, &fact))
            add_row(k, fact, &rows->p[i]);
        else
            others++;
    }
    return others;
}

static bool compare_configuration(comparing *k, const diff_files *f, err *e) {
    diff_rows rows = {.max = ROWS_MAX};
    diff_notes notes = {0};
    diff_files mine = only(k->c->a, f, is_configuration);
    if (!diff_config(k->c, &mine, &rows, &notes, e)) return false;
    add_rows(k, &rows);
    return true;
}

// ---- tensors --------------------------------------------------------------------------------

// Names with shapes, of the files that differ: whatever the files are called.
typedef struct structure {
    arena *a;
    map was, is;
    uint64_t reshaped;
} structure;

static void add_tensor(arena *a, map *to, const weights_tensor *t) {
    str shape = str_n(t->shape, t->n_dims * sizeof *t->shape);
    *map_at(to, arena_pair(a, t->name, shape), NULL) = to;
}

static bool take_tensor(void *arg, const diff_tensor *t) {
    structure *s = arg;
    if (t->what == DIFF_RESHAPED) {
        s->reshaped++;
        return true;
    }
    if (t->was) add_tensor(s->a, &s->was, t->was);
    if (t->is) add_tensor(s->a, &s->is, t->is);
    return true;
}

static uint64_t lacking(const map *of, const map *in) {
    uint64_t n = 0;
    for (size_t i = 0; i < of->n; i++)
        n += !map_get(in, of->entries[i].key);
    return n;
}

// The header of a GGUF file says what it is.
static void add_metadata(comparing *k, const diff_rows *rows) {
    for (size_t i = 0; i < rows->n; i++) {
        const diff_row *r = &rows->p[i];
        if (str_starts(r->key, STR("tokenizer."))) add_row(k, SUGGEST_TOKENIZER, r);
        if (str_is(r->key, "general.architecture")) add_row(k, SUGGEST_ARCHITECTURE, r);
    }
}

// Weights in another format than before have no tensors here on one side: that tells nothing.
static bool compare_tensors(comparing *k, const diff_files *f, err *e) {
    structure s = {.a = arena_new()};
    diff_tensors sum = {.rows.max = ROWS_MAX};
    diff_tensors_ask ask = {.names_only = true, .each = take_tensor, .arg = &s};
    diff_notes notes = {0};
    err why = {0};
    s.was = map_new(s.a);
    s.is = map_new(s.a);
    bool read = diff_tensors_of(k->c, f, &ask, &sum, &notes, &why);
    uint64_t added = lacking(&s.is, &s.was), removed = lacking(&s.was, &s.is);
    if (read) add_metadata(k, &sum.rows);
    if (read && (s.reshaped || (s.was.n && s.is.n && added + removed)))
        suggest_add(k->out, SUGGEST_ARCHITECTURE,
                    "tensors: %llu added, %llu removed, %llu of another shape",
                    (unsigned long long)added, (unsigned long long)removed,
                    (unsigned long long)s.reshaped);
    arena_free(s.a);
    return read || diff_is_note(&why) || err_set(e, why.code, "%s", why.msg);
}

// ---- tokenizer ------------------------------------------------------------------------------

// Those that diff_tokenizer_of does not read, by their digests.
static void compare_tokenizer_files(comparing *k, const diff_files *f) {
    static const char *const words[] = {
        [DIFF_ADDED] = "added", [DIFF_REMOVED] = "removed", [DIFF_CHANGED] = "other bytes"};
    for (size_t i = 0; i < f->n; i++) {
        const diff_file *one = &f->p[i];
        bool changed = one->what == DIFF_CHANGED;
        uint64_t parts = parts_of_path(one->path);
        if (!(parts & PART_TOKENIZER) || parts & PART_WEIGHTS || one->what == DIFF_RENAMED ||
            (changed && (diff_kind_of(one->path) == DIFF_OF_TOKENIZER ||
                         sha256_eq(one->was.digest, one->is.digest))))
            continue;
        suggest_add(k->out, SUGGEST_TOKENIZER, "%.*s: %s", STR_F(one->path), words[one->what]);
    }
}

static void add_tokenizer(comparing *k, const diff_tokenizer *t, const diff_notes *notes) {
    suggest_reasons *out = k->out;
    if (t->added + t->removed + t->moved)
        suggest_add(out, SUGGEST_TOKENIZER,
                    "tokens: %llu added, %llu removed, %llu with another number",
                    (unsigned long long)t->added, (unsigned long long)t->removed,
                    (unsigned long long)t->moved);
    if (t->scores.total)
        suggest_add(out, SUGGEST_TOKENIZER, "scores: %llu differ",
                    (unsigned long long)t->scores.total);
    if (t->merges_added + t->merges_removed || t->merges_reordered)
        suggest_add(out, SUGGEST_TOKENIZER, "merges: %llu added, %llu removed%s",
                    (unsigned long long)t->merges_added, (unsigned long long)t->merges_removed,
                    t->merges_reordered ? ", in another order" : "");
    for (size_t i = 0; i < t->rows.n; i++)
        add_row(k, SUGGEST_TOKENIZER, &t->rows.p[i]);
    for (size_t i = 0; i < t->texts.n; i++)
        suggest_add(out, SUGGEST_TOKENIZER, "%.*s: other lines", STR_F(t->texts.p[i].path));
    for (size_t i = 0; i < notes->n; i++)
        suggest_add(out, SUGGEST_TOKENIZER, "%.*s: %.*s", STR_F(notes->p[i].path),
                    STR_F(notes->p[i].why));
}

static bool compare_tokenizer(comparing *k, const diff_files *f, err *e) {
    diff_tokenizer t = {.rows.max = SUGGEST_REASONS_MAX,
                        .texts = {.max = SUGGEST_REASONS_MAX, .max_bytes = DIFF_TEXT_MAX}};
    diff_notes notes = {0};
    if (!diff_tokenizer_of(k->c, f, &t, &notes, e)) return false;
    add_tokenizer(k, &t, &notes);
    compare_tokenizer_files(k, f);
    return true;
}

// ---- all of it ------------------------------------------------------------------------------

static void add_files(comparing *k, const diff_files *f) {
    suggest_fact fact = k->is.version.repo_kind == REPO_DATA ? SUGGEST_DATA : SUGGEST_TRAINING;
    if (f->total)
        suggest_add(k->out, fact, "files: %llu added, %llu removed, %llu changed, %llu renamed",
                    (unsigned long long)f->added, (unsigned long long)f->removed,
                    (unsigned long long)f->changed, (unsigned long long)f->renamed);
}

static bool compare_files(comparing *k, err *e) {
    diff_files all;
    if (!k->was.version.has_content || !k->is.version.has_content) return true;
    if (!diff_files_of(k->c, &k->was, &k->is, &all, e)) return false;
    diff_files f = only(k->c->a, &all, is_of_model);
    add_files(k, &all);
    return compare_configuration(k, &f, e) && compare_tensors(k, &f, e) &&
           compare_tokenizer(k, &f, e);
}

static bool compare_runs(comparing *k, err *e) {
    diff_rows data = {.max = ROWS_MAX}, parameters = {.max = ROWS_MAX};
    if (!diff_data(k->c, &k->was, &k->is, &data, e) ||
        !diff_parameters(k->c, &k->was, &k->is, &parameters, e))
        return false;
    for (size_t i = 0; i < data.n; i++)
        add_row(k, SUGGEST_DATA, &data.p[i]);
    uint64_t others = add_rows(k, &parameters);
    if (others)
        suggest_add(k->out, SUGGEST_TRAINING, "parameters: %llu differ",
                    (unsigned long long)others);
    return true;
}

bool suggest_compare(ctx *c, const version *was, const version *is, suggest_reasons *out,
                     err *e) {
    comparing k = {c, diff_side_of(c->a, was), diff_side_of(c->a, is), out};
    if (!compare_bases(&k, e) || !compare_files(&k, e) || !compare_runs(&k, e)) return false;
    if (out->step == SUGGEST_SAME) suggest_add(out, SUGGEST_TRAINING, "no difference is known");
    return true;
}
