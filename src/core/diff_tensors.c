// SPDX-License-Identifier: Apache-2.0
// diff_tensors: tensors of the weights files that differ, paired by name, and how far each pair
// is apart. Shards of one model are one set, whatever their number; where each side has but one
// set, they are paired whatever their names. Only headers are held; bytes are read in pieces
// (diff_ahead.c) and measured as they come (diff_measure.c). Any thread; all state is the
// call's.
#include "core/diff_ahead.h"
#include "core/diff_internal.h"
#include "core/diff_measure.h"

#include "base/map.h"

#include <math.h>
#include <stdlib.h>

enum { TENSORS_MAX = 1 << 20, HEADERS_MAX = 256 << 20 }; // of a side; bytes of memory

typedef struct source { // a file of weights of one side
    const diff_file *f;
    const tree_file *file;
    str set;
    weights_layout layout;
    bool read; // the layout is there
} source;

typedef struct half {
    const source *s;
    const weights_tensor *t;
} half;

typedef struct pair {
    half was, is;
    diff_sums sums;
    bool differs; // so far, in any byte
    uint64_t bytes_differ;
} pair;

typedef struct layer {
    diff_layer about;
    diff_sums sums; // of those that changed and were measured
} layer;

typedef struct work {
    ctx *c;
    const diff_tensors_ask *ask;
    diff_tensors *out;
    diff_notes *notes;
    arena *a;         // of the headers
    uint64_t to_read; // bytes of both
    VEC(source) sources[2];
    VEC(pair) pairs;
    VEC(layer *) layers;
    map by_layer;
} work;

// ---- files of weights -----------------------------------------------------------------------

static bool is_number(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return s.n > 0;
}

// "model-00001-of-00003.safetensors" belongs to "model.safetensors".
static str set_of(arena *a, str path) {
    size_t dot = str_behind_last(path, '.');
    str stem = str_upto(path, dot ? dot - 1 : path.n), rest = str_from(path, stem.n);
    size_t last = str_behind_last(stem, '-');
    size_t of = last ? str_behind_last(str_upto(stem, last - 1), '-') : 0;
    size_t first = of ? str_behind_last(str_upto(stem, of - 1), '-') : 0;
    if (!first || !is_number(str_from(stem, last)) ||
        !str_is(str_upto(str_from(stem, of), last - 1 - of), "of") ||
        !is_number(str_upto(str_from(stem, first), of - 1 - first)))
        return path;
    return arena_printf(a, "%.*s%.*s", (int)first - 1, stem.p, STR_F(rest));
}

static bool read_layout(work *w, source *s, int side, err *e) {
    err why = {0};
    if (arena_used(w->a) > HEADERS_MAX) {
        diff_note_add(w->c, w->notes, side, s->file->path,
                      "it was not read: the headers before it are too large");
        return true;
    }
    store_object *o = store_get(core_store(w->c->core), s->file->digest, &why);
    s->read = o && weights_layout_read(store_object_read_all, o, s->file->size, w->a,
                                       &s->layout, &why);
    store_object_close(o);
    if (s->read) return true;
    if (!diff_is_note(&why)) return err_set(e, why.code, "%s", why.msg);
    diff_note_add(w->c, w->notes, side, s->file->path, why.msg);
    return true;
}

static bool find_sources(work *w, const diff_files *f, err *e) {
    for (size_t i = 0; i < f->n; i++) {
        const diff_file *one = &f->p[i];
        if (one->what == DIFF_RENAMED || diff_kind_of(one->path) != DIFF_OF_TENSORS ||
            (one->what == DIFF_CHANGED && sha256_eq(one->was.digest, one->is.digest)))
            continue;
        bool read = true;
        for (int side = 0; side < 2; side++) {
            source s = {.f = one, .file = side ? &one->is : &one->was};
            if (one->what == (side ? DIFF_REMOVED : DIFF_ADDED)) continue;
            s.set = set_of(w->a, one->path);
            if (!read_layout(w, &s, side, e)) return false;
            read &= s.read;
            vec_push(w->a, &w->sources[side], s);
        }
        if (read || one->what != DIFF_CHANGED) continue;
        for (int side = 0; side < 2; side++) // one alone would look as if all of it were new
            w->sources[side].p[w->sources[side].n - 1].read = false;
    }
    return true;
}

// ---- pairs ----------------------------------------------------------------------------------

static bool one_set(const work *w, int side) {
    for (size_t i = 1; i < w->sources[side].n; i++)
        if (!str_eq(w->sources[side].p[i].set, w->sources[side].p[0].set)) return false;
    return true;
}

static str key_of(work *w, const source *s, const weights_tensor *t, bool alone) {
    if (alone) return t->name;
    return arena_pair(w->a, s->set, t->name);
}

static bool add_pair(work *w, pair p, err *e) {
    if (w->pairs.n == TENSORS_MAX)
        return err_set(e, ERR_TOO_LARGE,
                       "the versions have more than %d tensors that may differ",
                       (int)TENSORS_MAX);
    vec_push(w->a, &w->pairs, p);
    return true;
}

static bool make_pairs(work *w, err *e) {
    bool alone = one_set(w, 0) && one_set(w, 1);
    map seen = map_new(w->a); // of what was: its pair's place + 1
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < w->sources[side].n; i++) {
            const source *s = &w->sources[side].p[i];
            for (size_t k = 0; s->read && k < s->layout.n; k++) {
                half h = {s, &s->layout.tensors[k]};
                void **at = map_at(&seen, key_of(w, s, h.t, alone), NULL);
                pair *p = *at ? &w->pairs.p[(uintptr_t)*at - 1] : NULL;
                if (side && p && !p->is.t) {
                    p->is = h;
                    continue;
                }
                if (!add_pair(w, side ? (pair){.is = h} : (pair){.was = h}, e)) return false;
                if (!side) *at = (void *)(uintptr_t)w->pairs.n;
            }
        }
    return true;
}

// ---- layers ---------------------------------------------------------------------------------

// Up to the first part that is a number; else all but the last part.
static str layer_of(str name) {
    size_t at = 0, last = name.n;
    while (at < name.n) {
        size_t dot = str_find(name, '.', at), end = dot == SIZE_MAX ? name.n : dot;
        if (at && is_number(str_upto(str_from(name, at), end - at))) return str_upto(name, end);
        if (end < name.n) last = end;
        at = end + 1;
    }
    return str_upto(name, last);
}

static layer *layer_at(work *w, str name) {
    void **at = map_at(&w->by_layer, name, NULL);
    if (*at) return *at;
    layer *l = ARENA_NEW(w->a, layer);
    l->about.name = name;
    vec_push(w->a, &w->layers, l);
    return *at = l;
}

static double weight_of(const diff_layer *l) { // NaN and the like last
    return isfinite(l->change) ? l->change : l->change > 0 ? 1e300 : -1;
}

static int most_changed(const void *a, const void *b) {
    const diff_layer *x = a, *y = b;
    double p = weight_of(x), q = weight_of(y);
    bool odd = diff_odd_grew(&x->odd);
    if (odd != diff_odd_grew(&y->odd)) return odd ? -1 : 1;
    if (p != q) return p > q ? -1 : 1;
    if (x->changed != y->changed) return x->changed > y->changed ? -1 : 1;
    return str_cmp(x->name, y->name);
}

static void end_layers(work *w) {
    diff_tensors *out = w->out;
    out->layers = ARENA_ARRAY(w->c->a, diff_layer, w->layers.n);
    for (size_t i = 0; i < w->layers.n; i++) {
        layer *l = w->layers.p[i];
        if (!l->about.changed) continue;
        diff_measure m = diff_measure_end(&l->sums);
        l->about.change = m.elements ? m.change : (double)NAN;
        l->about.largest = m.largest;
        l->about.odd = m.odd;
        diff_odd_join(&out->odd, &m.odd);
        l->about.name = arena_str(w->c->a, l->about.name);
        out->layers[out->n_layers++] = l->about;
    }
    if (out->n_layers) qsort(out->layers, out->n_layers, sizeof *out->layers, most_changed);
}

// ---- what differs ---------------------------------------------------------------------------

static bool same_shape(const weights_tensor *a, const weights_tensor *b) {
    return a->n_dims == b->n_dims &&
           (!a->n_dims || !memcmp(a->shape, b->shape, a->n_dims * sizeof *a->shape));
}

static diff_what what_of(const pair *p) {
    if (!p->was.t) return DIFF_ADDED;
    if (!p->is.t) return DIFF_REMOVED;
    if (!same_shape(p->was.t, p->is.t)) return DIFF_RESHAPED;
    return p->was.t->type != p->is.t->type ? DIFF_RETYPED : DIFF_CHANGED;
}

static str name_of(const pair *p) {
    return (p->was.t ? p->was.t : p->is.t)->name;
}

static bool can_measure(const pair *p) {
    return p->was.t && p->is.t && same_shape(p->was.t, p->is.t) &&
           diff_can_measure(p->was.t->type) && diff_can_measure(p->is.t->type);
}

static bool tell(work *w, const pair *p, bool measured) {
    diff_tensors *out = w->out;
    layer *l = layer_at(w, layer_of(name_of(p)));
    diff_tensor t = {.what = what_of(p),
                     .name = name_of(p),
                     .layer = l->about.name,
                     .was = p->was.t,
                     .is = p->is.t,
                     .measured = measured,
                     .bytes_differ = p->bytes_differ};
    uint64_t *const counters[] = {[DIFF_ADDED] = &out->added,
                                  [DIFF_REMOVED] = &out->removed,
                                  [DIFF_CHANGED] = &out->changed,
                                  [DIFF_RESHAPED] = &out->reshaped,
                                  [DIFF_RETYPED] = &out->retyped};
    if (p->was.s) t.file_was = p->was.s->f->path;
    if (p->is.s) t.file_is = p->is.s->f->path;
    (*counters[t.what])++;
    l->about.changed++;
    if (measured) {
        t.m = diff_measure_end(&p->sums);
        diff_measure_join(&l->sums, &p->sums);
    }
    return !w->ask->each || w->ask->each(w->ask->arg, &t);
}

// ---- bytes ----------------------------------------------------------------------------------

static diff_range range_of(const half *h, bool measure) {
    unsigned width = measure ? weights_type_about(h->t->type)->bytes : 1;
    return (diff_range){h->s->file->digest, h->t->offset, width};
}

static void add_piece(pair *p, const diff_piece *piece, bool measure) {
    weights_type was = p->was.t->type, is = p->is.t->type;
    size_t bytes = measure ? piece->n * weights_type_about(was)->bytes : piece->n;
    p->differs |= was != is || memcmp(piece->was, piece->is, bytes) != 0;
    if (measure)
        diff_measure_add(&p->sums, was, piece->was, is, piece->is, piece->n);
    else if (p->differs)
        p->bytes_differ += diff_bytes_differ(piece->was, piece->is, piece->n);
}

// All of the pair was read, or is known to be the same.
static bool end_pair(work *w, pair *p, bool measure) {
    diff_tensors *out = w->out;
    if (!p->differs) { // and is no part of its layer: often not even read
        out->same++;
        return true;
    }
    out->elements += p->sums.elements;
    out->elements_equal += p->sums.equal;
    return tell(w, p, measure);
}

static bool failed(work *w, const pair *p, const diff_piece *piece, err *e) {
    if (!diff_is_note(&piece->e)) return err_set(e, piece->e.code, "%s", piece->e.msg);
    str text = arena_printf(w->a, "%.*s: %s", STR_F(name_of(p)), piece->e.msg);
    diff_note_add(w->c, w->notes, piece->of_is, (piece->of_is ? p->is.s : p->was.s)->f->path,
                  arena_cstr(w->a, text));
    return true;
}

static bool cancelled(err *e) {
    return err_set(e, ERR_CANCELLED, "the comparison was ended");
}

static bool goes_on(const work *w) {
    const diff_tensors_ask *ask = w->ask;
    return !ask->going || ask->going(ask->arg, w->out->bytes_read, w->to_read);
}

static bool compare_pieces(work *w, diff_ahead *ahead, pair *const *of_job, err *e) {
    diff_piece piece;
    while (diff_ahead_next(ahead, &piece)) {
        pair *p = of_job[piece.job];
        bool measure = can_measure(p);
        if (piece.failed) {
            if (!failed(w, p, &piece, e)) return false;
            continue;
        }
        if (!piece.same) {
            add_piece(p, &piece, measure);
            w->out->bytes_read +=
                piece.n * (range_of(&p->was, measure).width + range_of(&p->is, measure).width);
        }
        if ((piece.last && !end_pair(w, p, measure)) || !goes_on(w)) return cancelled(e);
    }
    return true;
}

static bool compare_bytes(work *w, pair *const *of_job, size_t n, err *e) {
    diff_job *jobs = ARENA_ARRAY(w->a, diff_job, n);
    for (size_t i = 0; i < n; i++) {
        bool measure = can_measure(of_job[i]);
        const weights_tensor *t = of_job[i]->was.t;
        w->to_read += t->bytes + of_job[i]->is.t->bytes;
        jobs[i] =
            (diff_job){range_of(&of_job[i]->was, measure), range_of(&of_job[i]->is, measure),
                       measure ? t->elements : t->bytes, t->type == of_job[i]->is.t->type};
    }
    diff_ahead *ahead = diff_ahead_start(core_store(w->c->core), jobs, n, e);
    bool ok = ahead && compare_pieces(w, ahead, of_job, e);
    diff_ahead_stop(ahead);
    return ok;
}

// What the headers tell comes first; the others are read in the order of what was.
static bool compare(work *w, err *e) {
    pair **to_read = ARENA_ARRAY(w->a, pair *, w->pairs.n);
    size_t n = 0;
    for (size_t i = 0; i < w->pairs.n; i++) {
        pair *p = &w->pairs.p[i];
        diff_what what = what_of(p);
        layer_at(w, layer_of(name_of(p)))->about.tensors++;
        if (what == DIFF_CHANGED && !p->was.t->bytes) {
            w->out->same++;
        } else if (!w->ask->names_only &&
                   (what == DIFF_CHANGED || (what == DIFF_RETYPED && can_measure(p)))) {
            to_read[n++] = p;
        } else if (!tell(w, p, false)) {
            return cancelled(e);
        }
    }
    return !n || compare_bytes(w, to_read, n, e);
}

// ---- metadata -------------------------------------------------------------------------------

// Of a list its length, and what tells it from another.
static bool value_of(work *w, const source *s, const weights_pair *p, diff_value *out, err *e) {
    *out = diff_of_text(p->text);
    if (p->kind == WEIGHTS_NUMBER) out->number = strtod(arena_cstr(w->a, p->text), NULL);
    if (p->kind == WEIGHTS_NUMBER) out->type = DIFF_NUMBER;
    if (p->kind == WEIGHTS_TRUTH) out->type = DIFF_TRUTH;
    if (p->kind != WEIGHTS_ARRAY || p->bytes > DIFF_TOKENS_MAX) return true;
    store_object *o = store_get(core_store(w->c->core), s->file->digest, e);
    if (!o) return false;
    sha256_ctx *sum = sha256_new();
    char piece[16384];
    bool ok = true;
    for (uint64_t at = 0; ok && at < p->bytes; at += sizeof piece) {
        size_t n = p->bytes - at < sizeof piece ? (size_t)(p->bytes - at) : sizeof piece;
        ok = store_object_read_all(o, p->offset + at, piece, n, e);
        sha256_add(sum, piece, n);
    }
    str hex = sha256_str(w->a, sha256_end(sum));
    sha256_free(sum);
    store_object_close(o);
    out->text = arena_printf(w->a, "%.*s (sha256 %.12s)", STR_F(p->text), hex.p);
    return ok;
}

static bool compare_metadata(work *w, const source *was, const source *is, err *e) {
    map seen = map_new(w->a);
    diff_rows *rows = &w->out->rows;
    str in = is->f->path;
    for (size_t i = 0; i < is->layout.n_pairs; i++)
        *map_at(&seen, is->layout.pairs[i].key, NULL) = &is->layout.pairs[i];
    for (size_t i = 0; i < was->layout.n_pairs; i++) {
        const weights_pair *p = &was->layout.pairs[i], *q = map_get(&seen, p->key);
        diff_value a, b = {0};
        if (!value_of(w, was, p, &a, e) || (q && !value_of(w, is, q, &b, e))) return false;
        if (q) *map_at(&seen, p->key, NULL) = NULL;
        diff_row_add(w->c, rows, in, p->key, a, b);
    }
    for (size_t i = 0; i < is->layout.n_pairs; i++) {
        diff_value b;
        if (!map_get(&seen, is->layout.pairs[i].key)) continue;
        if (!value_of(w, is, &is->layout.pairs[i], &b, e)) return false;
        diff_row_add(w->c, rows, in, is->layout.pairs[i].key, (diff_value){0}, b);
    }
    return true;
}

// Of files with one path; of two that stand alone whatever their names. Both lists are in the
// order of the files.
static bool all_metadata(work *w, err *e) {
    size_t n_was = w->sources[0].n, n_is = w->sources[1].n;
    bool alone = n_was == 1 && n_is == 1;
    for (size_t i = 0, k = 0; i < n_was; i++) {
        const source *was = &w->sources[0].p[i];
        while (!alone && k < n_is && w->sources[1].p[k].f < was->f)
            k++;
        if (k == n_is) break;
        const source *is = &w->sources[1].p[k];
        if (was->read && is->read && (alone || was->f == is->f) &&
            !compare_metadata(w, was, is, e))
            return false;
    }
    return true;
}

bool diff_tensors_of(ctx *c, const diff_files *f, const diff_tensors_ask *ask,
                     diff_tensors *out, diff_notes *notes, err *e) {
    work w = {.c = c, .ask = ask, .out = out, .notes = notes, .a = arena_new()};
    w.by_layer = map_new(w.a);
    bool ok =
        find_sources(&w, f, e) && make_pairs(&w, e) && all_metadata(&w, e) && compare(&w, e);
    if (ok) end_layers(&w);
    arena_free(w.a);
    return ok;
}
