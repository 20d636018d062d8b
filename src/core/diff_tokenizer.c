// SPDX-License-Identifier: Apache-2.0
// diff_tokenizer: vocabularies as sets of tokens with numbers and scores, merges as sets, and
// all else by the paths of its values. A tokenizer.json of many megabytes is read in one pass,
// without a tree of its vocabulary. What vocab.json, vocab.txt and merges.txt say as a changed
// tokenizer.json beside them does is told once; they are compared right behind it. Any thread.
#include "core/diff_internal.h"

#include "base/map.h"

#include <math.h>

enum { TOKENS_MAX = 1 << 20 }; // of a vocabulary, and of its merges

typedef struct vocabulary {
    arena *a;
    map ids;            // token -> its number + 1
    VEC(double) scores; // of a list of tokens with scores: by number; NaN: it has none
    map merges;         // merge -> its place + 1
    json_value rest;    // an object of all else
    json_value **end;
    const char *why; // it can not be read; NULL: it can
} vocabulary;

static void begin(vocabulary *v, arena *a) {
    *v = (vocabulary){
        .a = a, .ids = map_new(a), .merges = map_new(a), .rest = {.type = JSON_OBJECT}};
    v->end = &v->rest.child;
}

static bool put(map *m, str key, int64_t number) {
    if (m->n == TOKENS_MAX) return false;
    *map_at(m, key, NULL) = (void *)(intptr_t)(number + 1);
    return true;
}

static int64_t number_of(const map *m, str key) {
    return (int64_t)(intptr_t)map_get(m, key) - 1;
}

static bool too_many(vocabulary *v) {
    v->why = "it holds more than 1,048,576 tokens or merges";
    return false;
}

// ---- lists of lines -------------------------------------------------------------------------

static bool read_lines(vocabulary *v, str text, map *to) {
    int64_t number = 0;
    for (str line; text.n && str_split(&text, '\n', &line);) {
        if (to == &v->merges && (!line.n || str_starts(line, STR("#version")))) continue;
        if (!str_is_text(line)) {
            v->why = "it is no valid text";
            return false;
        }
        if (!put(to, line, number++)) return too_many(v);
    }
    return true;
}

// ---- tokenizer.json -------------------------------------------------------------------------

static bool not_so(vocabulary *v, const json_reader *r, const char *what) {
    v->why = r->error
                 ? arena_cstr(v->a, arena_printf(v->a, "it is no valid JSON: %s at byte %zu",
                                                 r->error, r->at))
                 : what;
    return false;
}

// {"token": number ...}
static bool read_ids(vocabulary *v, json_reader *r) {
    for (json_type t; (t = json_next(r)) != JSON_END;) {
        if (t != JSON_INT || r->i < 0 || r->i > INT32_MAX)
            return not_so(v, r, "a token's number is no whole number");
        if (!put(&v->ids, r->key, r->i)) return too_many(v);
    }
    return true;
}

// [["token", score] ...]: its place is its number.
static bool read_scores(vocabulary *v, json_reader *r) {
    int64_t number = 0;
    for (json_type t; (t = json_next(r)) != JSON_END;) {
        if (t != JSON_ARRAY || json_next(r) != JSON_STRING)
            return not_so(v, r, "its vocabulary is no list of tokens");
        if (!put(&v->ids, r->text, number++)) return too_many(v);
        double score = (double)NAN;
        while ((t = json_next(r)) != JSON_END) {
            if (t == JSON_INT || t == JSON_DOUBLE) score = r->f;
            if (t == JSON_ERROR || !json_skip(r, t)) return not_so(v, r, "");
        }
        vec_push(v->a, &v->scores, score);
    }
    return true;
}

// "a b", or ["a", "b"].
static bool read_merge(vocabulary *v, json_reader *r, json_type t, str *out) {
    const char *what = "its merges are no pairs of tokens";
    *out = r->text;
    if (t == JSON_STRING) return true;
    if (t != JSON_ARRAY || json_next(r) != JSON_STRING) return not_so(v, r, what);
    str left = r->text;
    if (json_next(r) != JSON_STRING) return not_so(v, r, what);
    *out = arena_printf(v->a, "%.*s %.*s", STR_F(left), STR_F(r->text));
    return json_next(r) == JSON_END || not_so(v, r, what);
}

static bool read_merges(vocabulary *v, json_reader *r) {
    int64_t place = 0;
    str merge;
    for (json_type t; (t = json_next(r)) != JSON_END;) {
        if (!read_merge(v, r, t, &merge)) return false;
        if (!put(&v->merges, merge, place++)) return too_many(v);
    }
    return true;
}

// Each under the token that it adds, so that another order is no difference.
static void name_added(json_value *list) {
    list->type = JSON_OBJECT;
    for (json_value *one = list->child; one; one = one->next) {
        const json_value *token = json_get(one, "content");
        if (token) one->key = token->text;
    }
}

// Any other member: a tree, of bounded size.
static bool read_rest(vocabulary *v, json_reader *r, json_type t, const char *prefix) {
    str key = arena_printf(v->a, "%s%.*s", prefix, STR_F(r->key)), why;
    str raw = json_raw(r, t, json_offset(r));
    if (!raw.n) return not_so(v, r, "");
    if (raw.n > DIFF_JSON_MAX) {
        v->why = "a member of it is larger than 4 MiB";
        return false;
    }
    json_value *value = json_parse(v->a, raw, JSON_NAN, &why);
    if (!value) return not_so(v, r, "it is no valid JSON");
    if (str_is(key, "added_tokens") && value->type == JSON_ARRAY) name_added(value);
    value->key = key;
    *v->end = value;
    v->end = &value->next;
    v->rest.n++;
    return true;
}

static bool read_model(vocabulary *v, json_reader *r) {
    for (json_type t; (t = json_next(r)) != JSON_END;) {
        bool ids = str_is(r->key, "vocab"), merges = str_is(r->key, "merges");
        if (t == JSON_ERROR) return not_so(v, r, "");
        bool ok = ids && t == JSON_OBJECT     ? read_ids(v, r)
                  : ids && t == JSON_ARRAY    ? read_scores(v, r)
                  : merges && t == JSON_ARRAY ? read_merges(v, r)
                                              : read_rest(v, r, t, "model.");
        if (!ok) return false;
    }
    return true;
}

static bool read_tokenizer(vocabulary *v, str text) {
    json_reader r;
    json_reader_init(&r, v->a, text, JSON_NAN);
    if (json_next(&r) != JSON_OBJECT) return not_so(v, &r, "it is no object");
    for (json_type t; (t = json_next(&r)) != JSON_END;) {
        if (t == JSON_ERROR) return not_so(v, &r, "");
        bool model = t == JSON_OBJECT && str_is(r.key, "model");
        if (!(model ? read_model(v, &r) : read_rest(v, &r, t, ""))) return false;
    }
    return json_next(&r) == JSON_END || not_so(v, &r, "");
}

static bool read_vocab_json(vocabulary *v, str text) {
    json_reader r;
    json_reader_init(&r, v->a, text, 0);
    if (json_next(&r) != JSON_OBJECT) return not_so(v, &r, "it is no object");
    return read_ids(v, &r) && (json_next(&r) == JSON_END || not_so(v, &r, ""));
}

// Template and the like: no vocabulary.
static bool read_values(vocabulary *v, str text) {
    str why;
    if (text.n > DIFF_JSON_MAX) {
        v->why = "it is larger than 4 MiB";
        return false;
    }
    json_value *value = json_parse(v->a, text, JSON_NAN, &why);
    if (value && value->type == JSON_OBJECT) {
        v->rest = *value;
        return true;
    }
    v->why = "it is no JSON object";
    return false;
}

static bool read_file(vocabulary *v, str name, str text) {
    if (str_is(name, "tokenizer.json")) return read_tokenizer(v, text);
    if (str_is(name, "vocab.json")) return read_vocab_json(v, text);
    if (str_is(name, "vocab.txt")) return read_lines(v, text, &v->ids);
    if (str_is(name, "merges.txt")) return read_lines(v, text, &v->merges);
    return read_values(v, text);
}

// ---- comparing ------------------------------------------------------------------------------

static void add_token(ctx *c, diff_tokenizer *out, uint64_t *counter, str in, str token,
                      int64_t was, int64_t is) {
    uint64_t place = (*counter)++;
    if (place < out->skip || place - out->skip >= out->max) return;
    str shown = str_upto(token, DIFF_VALUE_MAX);
    shown.n = str_text_prefix(shown);
    vec_push(c->a, &out->tokens, (diff_token){in, arena_str(c->a, shown), was, is});
}

// Does the file beside, if there is one, say the same change of it?
static bool is_told(const map *const told[2], str key, int64_t was, int64_t is) {
    return told[0] && number_of(told[0], key) == was && number_of(told[1], key) == is;
}

// Is the vocabulary (or are the merges) that of the file beside, whose size is known?
static bool is_counted(const map *const told[2]) {
    return told[0] && told[0]->n + told[1]->n;
}

static void compare_ids(ctx *c, diff_tokenizer *out, str in, const map *was, const map *is,
                        const map *const told[2]) {
    out->size_was += is_counted(told) ? 0 : was->n;
    out->size_is += is_counted(told) ? 0 : is->n;
    for (size_t i = 0; i < was->n; i++) {
        str token = was->entries[i].key;
        int64_t before = number_of(was, token), now = number_of(is, token);
        if (now == before || is_told(told, token, before, now)) continue;
        add_token(c, out, now < 0 ? &out->removed : &out->moved, in, token, before, now);
    }
    for (size_t i = 0; i < is->n; i++) {
        str token = is->entries[i].key;
        int64_t now = number_of(is, token);
        if (number_of(was, token) < 0 && !is_told(told, token, -1, now))
            add_token(c, out, &out->added, in, token, -1, now);
    }
}

static diff_value score_of(ctx *c, double v) {
    char text[NUM_MAX];
    return (diff_value){DIFF_NUMBER, arena_str(c->a, str_n(text, num_f64(text, v))), v};
}

// Of tokens that are in both. They decide how a text is cut as much as the tokens do.
static void compare_scores(ctx *c, diff_tokenizer *out, str in, const vocabulary *was,
                           const vocabulary *is) {
    for (size_t i = 0; was->scores.n && is->scores.n && i < was->ids.n; i++) {
        str token = was->ids.entries[i].key;
        int64_t before = number_of(&was->ids, token), now = number_of(&is->ids, token);
        // A file may list a vocabulary twice, so a number need not be a place in the list.
        if (now < 0 || (size_t)before >= was->scores.n || (size_t)now >= is->scores.n) continue;
        double x = was->scores.p[before], y = is->scores.p[now];
        if (x == y || (isnan(x) && isnan(y))) continue;
        str shown = str_upto(token, DIFF_VALUE_MAX);
        shown.n = str_text_prefix(shown);
        diff_row_add(c, &out->scores, in, shown, score_of(c, x), score_of(c, y));
    }
}

// How many of `all` are not in `others`; *untold: of these, what is told nowhere else.
static uint64_t lacking(const map *all, const map *others, const map *told,
                        const map *told_others, uint64_t *untold) {
    uint64_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        str merge = all->entries[i].key;
        if (number_of(others, merge) >= 0) continue;
        n++;
        *untold += !told || number_of(told, merge) < 0 || number_of(told_others, merge) >= 0;
    }
    return n;
}

static void compare_merges(diff_tokenizer *out, const map *was, const map *is,
                           const map *const told[2]) {
    uint64_t removed = lacking(was, is, told[0], told[1], &out->merges_removed);
    uint64_t added = lacking(is, was, told[1], told[0], &out->merges_added);
    bool reordered = false;
    for (size_t i = 0; i < is->n && i < was->n; i++)
        reordered |= !str_eq(was->entries[i].key, is->entries[i].key);
    out->merges_was += is_counted(told) ? 0 : was->n;
    out->merges_is += is_counted(told) ? 0 : is->n;
    out->merges_reordered |= reordered && !added && !removed;
}

// A template in both is told as a text, and taken out of the values.
static void compare_templates(ctx *c, diff_tokenizer *out, str path, json_value *was,
                              json_value *is) {
    json_value *both[2] = {was, is}, *found[2] = {0};
    for (int side = 0; side < 2; side++)
        for (json_value *v = both[side]->child; v; v = v->next)
            if (str_is(v->key, "chat_template") && v->type == JSON_STRING) found[side] = v;
    if (!found[0] || !found[1] || str_eq(found[0]->text, found[1]->text)) return;
    diff_texts_add(c, &out->texts, arena_printf(c->a, "%.*s: chat_template", STR_F(path)),
                   found[0]->text, found[1]->text);
    found[1]->text = found[0]->text;
}

// Both sides of a file: *ok says whether they could be read.
static bool read_both(ctx *c, arena *a, const diff_file *f, vocabulary v[2], bool *ok,
                      diff_notes *notes, err *e) {
    str texts[2];
    if (!diff_load_both(c, a, f, DIFF_TOKENS_MAX, texts, ok, notes, e)) return false;
    for (int side = 0; *ok && side < 2; side++) {
        begin(&v[side], a);
        if (read_file(&v[side], str_last_name(f->path), texts[side])) continue;
        diff_note_add(c, notes, side, f->path, v[side].why);
        *ok = false;
    }
    return true;
}

// `beside`: both sides of the tokenizer.json beside it, which was compared before; or NULL.
static void compare_both(ctx *c, str path, vocabulary v[2], const vocabulary *beside,
                         diff_tokenizer *out) {
    const map *ids[2] = {beside ? &beside[0].ids : NULL, beside ? &beside[1].ids : NULL};
    const map *merges[2] = {beside ? &beside[0].merges : NULL,
                            beside ? &beside[1].merges : NULL};
    compare_ids(c, out, path, &v[0].ids, &v[1].ids, ids);
    compare_scores(c, out, path, &v[0], &v[1]);
    compare_merges(out, &v[0].merges, &v[1].merges, merges);
    compare_templates(c, out, path, &v[0].rest, &v[1].rest);
    diff_json(c, &out->rows, path, (str){0}, &v[0].rest, &v[1].rest);
}

static bool compare_template(ctx *c, arena *a, const diff_file *f, diff_tokenizer *out,
                             diff_notes *notes, err *e) {
    str texts[2];
    bool ok;
    if (!diff_load_both(c, a, f, DIFF_TOKENS_MAX, texts, &ok, notes, e)) return false;
    if (ok && str_is_text(texts[0]) && str_is_text(texts[1]))
        diff_texts_add(c, &out->texts, f->path, texts[0], texts[1]);
    return true;
}

// ---- files ----------------------------------------------------------------------------------

static bool is_compared(const diff_file *f) {
    return f->what == DIFF_CHANGED && diff_kind_of(f->path) == DIFF_OF_TOKENIZER &&
           !sha256_eq(f->was.digest, f->is.digest);
}

// Does it have the form of a file that stands beside a tokenizer.json?
static bool is_companion(const diff_file *f) {
    str name = str_last_name(f->path);
    return is_compared(f) && (str_starts(name, STR("vocab.")) || str_is(name, "merges.txt"));
}

static bool is_in_folder_of(const diff_file *f, const diff_file *other) {
    size_t n = str_behind_last(f->path, '/');
    return n == str_behind_last(other->path, '/') &&
           str_eq(str_upto(f->path, n), str_upto(other->path, n));
}

// Is its turn that of the tokenizer.json beside it?
static bool has_no_turn(const diff_files *f, const diff_file *one) {
    if (!is_companion(one)) return false;
    for (size_t i = 0; i < f->n; i++)
        if (is_compared(&f->p[i]) && str_is(str_last_name(f->p[i].path), "tokenizer.json") &&
            is_in_folder_of(&f->p[i], one))
            return true;
    return false;
}

// `v`: of the tokenizer.json `of`; NULL: it could not be read.
static bool compare_companions(ctx *c, const diff_files *f, const diff_file *of,
                               const vocabulary *v, diff_tokenizer *out, diff_notes *notes,
                               err *e) {
    arena *a = arena_new();
    bool ok = true, read;
    for (size_t i = 0; ok && i < f->n; i++) {
        const diff_file *one = &f->p[i];
        vocabulary w[2];
        if (!is_companion(one) || !is_in_folder_of(one, of)) continue;
        ok = read_both(c, a, one, w, &read, notes, e);
        if (ok && read) compare_both(c, one->path, w, v, out);
        arena_reset(a);
    }
    arena_free(a);
    return ok;
}

static bool compare_file(ctx *c, arena *a, const diff_files *f, const diff_file *one,
                         diff_tokenizer *out, diff_notes *notes, err *e) {
    vocabulary v[2];
    str name = str_last_name(one->path);
    bool read;
    if (str_is(name, "chat_template.jinja")) return compare_template(c, a, one, out, notes, e);
    if (!read_both(c, a, one, v, &read, notes, e)) return false;
    if (read) compare_both(c, one->path, v, NULL, out);
    return !str_is(name, "tokenizer.json") ||
           compare_companions(c, f, one, read ? v : NULL, out, notes, e);
}

bool diff_tokenizer_of(ctx *c, const diff_files *f, diff_tokenizer *out, diff_notes *notes,
                       err *e) {
    arena *a = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < f->n; i++) {
        if (!is_compared(&f->p[i]) || has_no_turn(f, &f->p[i])) continue;
        ok = compare_file(c, a, f, &f->p[i], out, notes, e);
        arena_reset(a);
    }
    arena_free(a);
    return ok;
}
