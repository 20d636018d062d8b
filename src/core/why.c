// SPDX-License-Identifier: Apache-2.0
// why_compare: the keys in which two versions differ, each with its evidence (why.h). Any
// thread.
#include "core/why_internal.h"

#include <math.h>
#include <stdlib.h>

// A key that differs, with those that always change with it.
typedef struct entry {
    VEC(size_t) all; // columns; the first one stands for them
    why_key key;
    bool tested;
} entry;

typedef struct comparing {
    why_facts f;
    arena *a;
    VEC(size_t) seen; // versions with the metric, oldest first
    uint64_t *whole;  // [of seen]: a sum over all that the version is made of
    VEC(entry) entries;
    why_answer *out;
} comparing;

// ---- entries --------------------------------------------------------------------------------

// The column's categories over the versions that are seen, numbered as they come: the same for
// columns that always change together.
static str pattern(comparing *k, const why_column *c) {
    size_t n = k->seen.n;
    int32_t *labels = ARENA_ARRAY(k->a, int32_t, c->values.n + 1), used = 0;
    int32_t *out = ARENA_ARRAY(k->a, int32_t, n);
    for (size_t i = 0; i < n; i++) {
        int32_t *label = &labels[c->of[k->seen.p[i]] + 1];
        if (!*label) *label = ++used;
        out[i] = *label;
    }
    return str_n(out, n * sizeof *out);
}

static bool is_number(const comparing *k, const why_column *c) {
    int32_t a = c->of[k->f.a], b = c->of[k->f.b];
    for (size_t i = 0; i < c->values.n; i++)
        if (!c->values.p[i].is_number) return false;
    return a != WHY_MISSING && b != WHY_MISSING;
}

// Numbers first: they say more. Then by source and name.
static int by_telling(const comparing *k, size_t x, size_t y) {
    const why_column *a = &k->f.columns.p[x], *b = &k->f.columns.p[y];
    bool na = is_number(k, a), nb = is_number(k, b);
    if (na != nb) return na ? -1 : 1;
    if (a->name.source != b->name.source) return a->name.source < b->name.source ? -1 : 1;
    return str_cmp(a->name.key, b->name.key);
}

static void add_column(comparing *k, map *patterns, size_t column) {
    void **at = map_at(patterns, pattern(k, &k->f.columns.p[column]), NULL);
    if (!*at) {
        vec_push(k->a, &k->entries, (entry){0});
        *at = (void *)(uintptr_t)k->entries.n;
    }
    entry *x = &k->entries.p[(uintptr_t)*at - 1];
    vec_push(k->a, &x->all, column);
    for (size_t i = x->all.n - 1; i > 0 && by_telling(k, x->all.p[i], x->all.p[i - 1]) < 0;
         i--) {
        size_t t = x->all.p[i];
        x->all.p[i] = x->all.p[i - 1];
        x->all.p[i - 1] = t;
    }
}

static str value_text(const why_column *c, size_t at) {
    return c->of[at] == WHY_MISSING ? (str){0} : c->values.p[c->of[at]].text;
}

static void find_entries(comparing *k) {
    map patterns = map_new(k->a);
    for (size_t i = 0; i < k->f.columns.n; i++) {
        const why_column *c = &k->f.columns.p[i];
        if (!c->dropped && c->of[k->f.a] != c->of[k->f.b]) add_column(k, &patterns, i);
    }
    for (size_t i = 0; i < k->entries.n; i++) {
        entry *x = &k->entries.p[i];
        const why_column *c = &k->f.columns.p[x->all.p[0]];
        x->key = (why_key){.name = c->name,
                           .a = value_text(c, k->f.a),
                           .b = value_text(c, k->f.b),
                           .evidence = WHY_NONE,
                           .number = is_number(k, c),
                           .n_with = x->all.n - 1,
                           .with = ARENA_ARRAY(k->a, why_name, x->all.n)};
        for (size_t w = 1; w < x->all.n; w++)
            x->key.with[w - 1] = k->f.columns.p[x->all.p[w]].name;
    }
}

// ---- association ----------------------------------------------------------------------------

// The versions that count for a key: of numbers those that have it.
static void associate(comparing *k, entry *x) {
    const why_column *c = &k->f.columns.p[x->all.p[0]];
    size_t n = k->seen.n, used = 0, groups = 0;
    double *numbers = ARENA_ARRAY(k->a, double, n), *y = ARENA_ARRAY(k->a, double, n);
    int32_t *group = ARENA_ARRAY(k->a, int32_t, n);
    int32_t *labels = ARENA_ARRAY(k->a, int32_t, c->values.n + 1);
    for (size_t i = 0; i < n; i++) {
        int32_t value = c->of[k->seen.p[i]];
        if (x->key.number && value == WHY_MISSING) continue;
        if (!labels[value + 1]) labels[value + 1] = (int32_t)++groups;
        group[used] = labels[value + 1] - 1;
        if (x->key.number) numbers[used] = c->values.p[value].number;
        y[used++] = k->f.metric[k->seen.p[i]];
    }
    x->key.n = used;
    x->key.values = groups;
    x->key.p = 1;
    x->tested = used >= 3 && groups >= 2 && groups < used + x->key.number;
    if (!x->tested) return;
    why_test t = x->key.number ? why_numbers(k->a, numbers, y, used)
                               : why_groups(k->a, group, groups, y, used);
    x->key.p = t.p;
    x->key.exact = t.exact;
    x->key.rho = x->key.number ? t.effect : 0;
    x->key.share = x->key.number ? t.effect * t.effect : t.effect;
}

// ---- experiments ----------------------------------------------------------------------------

static uint64_t mixed(uint64_t z) { // splitmix64's end
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// What a column adds to the sum of a version.
static uint64_t part(const comparing *k, size_t column, size_t at) {
    uint64_t value = (uint64_t)(uint32_t)(k->f.columns.p[column].of[at] + 1);
    return mixed((uint64_t)(column + 1) << 32 | value);
}

typedef struct likeness {
    uint64_t sum;
    size_t seen; // index of `seen`
} likeness;

static int by_sum(const void *a, const void *b) {
    const likeness *x = a, *y = b;
    if (x->sum != y->sum) return x->sum < y->sum ? -1 : 1;
    return (x->seen > y->seen) - (x->seen < y->seen);
}

// The seen versions in the order of their sums without an entry's columns (NULL: with all):
// those that differ in nothing else stand together, oldest first.
static likeness *alike(const comparing *k, const entry *x) {
    likeness *out = ARENA_ARRAY(k->a, likeness, k->seen.n);
    for (size_t i = 0; i < k->seen.n; i++) {
        out[i] = (likeness){k->whole[i], i};
        for (size_t c = 0; x && c < x->all.n; c++)
            out[i].sum -= part(k, x->all.p[c], k->seen.p[i]);
    }
    if (k->seen.n) qsort(out, k->seen.n, sizeof *out, by_sum);
    return out;
}

static double metric_of(const comparing *k, const likeness *l) {
    return k->f.metric[k->seen.p[l->seen]];
}

// Of the newest WHY_PAIRS_MAX, the newest first.
static void keep_pair(why_key *key, why_pair p) {
    size_t at = key->n_pairs;
    while (at > 0 && key->pairs[at - 1].to < p.to)
        at--;
    if (at >= WHY_PAIRS_MAX) return;
    size_t moved = (key->n_pairs < WHY_PAIRS_MAX ? key->n_pairs : WHY_PAIRS_MAX - 1) - at;
    memmove(&key->pairs[at + 1], &key->pairs[at], moved * sizeof p);
    key->pairs[at] = p;
    if (key->n_pairs < WHY_PAIRS_MAX) key->n_pairs++;
}

static void find_experiments(comparing *k, entry *x) {
    const why_column *c = &k->f.columns.p[x->all.p[0]];
    const likeness *l = alike(k, x);
    x->key.pairs = ARENA_ARRAY(k->a, why_pair, WHY_PAIRS_MAX);
    for (size_t i = 1; i < k->seen.n; i++) {
        size_t from = k->seen.p[l[i - 1].seen], to = k->seen.p[l[i].seen];
        if (l[i].sum != l[i - 1].sum || c->of[from] == c->of[to]) continue;
        why_pair p = {.from = k->f.versions.p[from].number,
                      .to = k->f.versions.p[to].number,
                      .from_value = value_text(c, from),
                      .to_value = value_text(c, to),
                      .before = metric_of(k, &l[i - 1]),
                      .after = metric_of(k, &l[i])};
        x->key.experiments++;
        x->key.change = hypot(x->key.change, p.after - p.before); // no square overflows
        keep_pair(&x->key, p);
    }
    if (x->key.experiments) x->key.change /= sqrt((double)x->key.experiments);
}

// How much versions differ that differ in nothing; returns how many pairs tell it.
static size_t find_noise(comparing *k) {
    const likeness *l = alike(k, NULL);
    size_t n = 0;
    for (size_t i = 1; i < k->seen.n; i++) {
        if (l[i].sum != l[i - 1].sum) continue;
        k->out->noise = hypot(k->out->noise, metric_of(k, &l[i]) - metric_of(k, &l[i - 1]));
        n++;
    }
    k->out->has_noise = n > 0;
    if (n) k->out->noise /= sqrt((double)n);
    return n;
}

static double chance_of_noise(const why_key *x, const why_answer *out, size_t pairs) {
    if (!pairs || !x->experiments || x->change == 0) return 1;
    return out->noise > 0 ? why_t_tail(x->change / out->noise, pairs) : 0;
}

// ---- the answer -----------------------------------------------------------------------------

static int best_first(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->key.evidence != y->key.evidence) return x->key.evidence < y->key.evidence ? -1 : 1;
    if (x->key.evidence == WHY_EXPERIMENT && x->key.change != y->key.change)
        return x->key.change > y->key.change ? -1 : 1;
    if (x->key.share != y->key.share) return x->key.share > y->key.share ? -1 : 1;
    if (x->key.name.source != y->key.name.source)
        return x->key.name.source < y->key.name.source ? -1 : 1;
    return str_cmp(x->key.name.key, y->key.name.key);
}

static void weigh(comparing *k) {
    why_answer *out = k->out;
    size_t pairs = find_noise(k), tried = 0;
    for (size_t i = 0; i < k->entries.n; i++) {
        associate(k, &k->entries.p[i]);
        find_experiments(k, &k->entries.p[i]);
        out->tests += k->entries.p[i].tested;
        tried += k->entries.p[i].key.experiments > 0;
    }
    for (size_t i = 0; i < k->entries.n; i++) {
        why_key *x = &k->entries.p[i].key;
        x->experiment_p = chance_of_noise(x, out, pairs);
        if (x->experiments && x->experiment_p * (double)tried <= WHY_LEVEL)
            x->evidence = WHY_EXPERIMENT;
        else if (k->entries.p[i].tested && x->p * (double)out->tests <= WHY_LEVEL)
            x->evidence = WHY_ASSOCIATED;
    }
    if (k->entries.n) qsort(k->entries.p, k->entries.n, sizeof *k->entries.p, best_first);
    out->keys = ARENA_ARRAY(k->a, why_key, k->entries.n);
    for (size_t i = 0; i < k->entries.n; i++)
        out->keys[i] = k->entries.p[i].key;
    out->n = k->entries.n;
}

static void see_versions(comparing *k) {
    for (size_t i = k->f.versions.n; i-- > 0;)
        if (isfinite(k->f.metric[i])) vec_push(k->a, &k->seen, i);
    k->whole = ARENA_ARRAY(k->a, uint64_t, k->seen.n);
    for (size_t i = 0; i < k->seen.n; i++)
        for (size_t c = 0; c < k->f.columns.n; c++)
            if (!k->f.columns.p[c].dropped) k->whole[i] += part(k, c, k->seen.p[i]);
}

bool why_compare(ctx *c, str repo_name, int64_t a, int64_t b, const search_field *metric,
                 why_answer *out, err *e) {
    comparing k = {.f = {.c = c}, .a = c->a, .out = out};
    *out = (why_answer){0};
    if (metric->domain != SEARCH_METRIC && metric->domain != SEARCH_EVALUATION)
        return err_set(e, ERR_INVALID,
                       "what is explained is a metric: metrics.NAME, or evals.SUITE.NAME");
    if (a == b) return err_set(e, ERR_INVALID, "these are the same version");
    if (!why_read(&k.f, repo_name, a, b, metric, e)) return false;
    see_versions(&k);
    find_entries(&k);
    weigh(&k);
    out->a = k.f.metric[k.f.a];
    out->b = k.f.metric[k.f.b];
    out->has_a = !isnan(out->a);
    out->has_b = !isnan(out->b);
    out->versions = k.seen.n;
    out->cut = k.f.cut;
    return true;
}
