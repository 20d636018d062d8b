// SPDX-License-Identifier: Apache-2.0
// scores: see scores.h. A file is read as it comes, without a tree. No state.
#include "cli/scores.h"

#include "cli/pairs.h"
#include "cli/text_file.h"

enum { FILE_MAX = 64 << 20, SCORES_MAX = 100000 };

bool scores_of_texts(arena *a, str texts, scores *out, err *e) {
    kv *pairs;
    size_t n;
    if (!cli_pairs(a, "--score", texts, &pairs, &n, e)) return false;
    for (size_t i = 0; i < n; i++) {
        score one = {.name = pairs[i].key};
        if (!num_parse_f64(pairs[i].value, &one.value))
            return err_set(e, ERR_INVALID, "--score: '%.*s' is no number",
                           STR_F(str_upto_code_points(pairs[i].value, 100)));
        if (!cli_check_range(pairs[i].value, one.value, e)) return false;
        vec_push(a, out, one);
    }
    return true;
}

// ---- files ----------------------------------------------------------------------------------

typedef struct flattening {
    arena *a;
    json_reader r;
    bool harness;
    scores *out;
    size_t left_out;
    err *e;
} flattening;

static void take_number(flattening *f, str path) {
    static const char no_filter[] = ",none";
    str name = path;
    if (f->harness && str_ends(name, STR(no_filter))) name.n -= sizeof no_filter - 1;
    if (f->out->n < SCORES_MAX) vec_push(f->a, f->out, (score){name, f->r.f});
}

// The value just read, and all in it. The reader's depth bounds the recursion.
static bool take(flattening *f, json_type t, str path) {
    if (t == JSON_INT || t == JSON_DOUBLE) {
        str raw = json_raw(&f->r, t, json_offset(&f->r));
        take_number(f, path);
        return cli_check_range(raw, f->r.f, f->e);
    }
    if (t != JSON_OBJECT) {
        f->left_out++;
        return json_skip(&f->r, t);
    }
    while ((t = json_next(&f->r)) != JSON_END) {
        if (t == JSON_ERROR) return false;
        str key =
            arena_printf(f->a, "%.*s%s%.*s", STR_F(path), path.n ? "." : "", STR_F(f->r.key));
        if (!take(f, t, key)) return false;
    }
    return true;
}

// The object "results" of the document, or all of it.
static bool find_results(flattening *f, str *text) {
    json_reader r;
    str whole = *text;
    json_reader_init(&r, f->a, whole, JSON_NAN);
    if (json_next(&r) != JSON_OBJECT) return false;
    for (json_type t; (t = json_next(&r)) != JSON_END;) {
        bool found = t == JSON_OBJECT && str_is(r.key, "results");
        size_t start = json_offset(&r);
        str raw = t == JSON_ERROR ? (str){0} : json_raw(&r, t, start);
        if (!raw.n) return false;
        if (found) *text = raw;
        f->harness |= found;
    }
    return json_next(&r) == JSON_END;
}

static bool flatten(flattening *f, str text) {
    if (!find_results(f, &text)) return false;
    json_reader_init(&f->r, f->a, text, JSON_NAN);
    return take(f, json_next(&f->r), (str){0});
}

bool scores_of_file(arena *a, const char *path, scores *out, size_t *left_out, err *e) {
    err why = {0};
    flattening f = {.a = a, .out = out, .e = &why};
    str text;
    size_t before = out->n;
    if (!cli_read_file(a, path, FILE_MAX, &text, e)) return false;
    if (!flatten(&f, text))
        return why.code == ERR_NONE ? err_set(e, ERR_INVALID, "%s is no JSON object", path)
                                    : err_set(e, ERR_INVALID, "%s: %s", path, why.msg);
    *left_out = f.harness ? 0 : f.left_out;
    return out->n > before || err_set(e, ERR_INVALID, "there are no numbers in %s", path);
}
