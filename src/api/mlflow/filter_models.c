// SPDX-License-Identifier: Apache-2.0
// Filters and orders of logged models, whose grammar is the reference's second one: entities in
// the plural only, values that may go without quotes, lists for every text. A model's id is
// "m-" and the 32 digits of core's id.
#include "api/mlflow/filter_internal.h"

#include "base/num.h"

typedef struct model_attribute {
    const char *name, *real; // real: in messages
    search_attribute which;
    bool number;
} model_attribute;

static const model_attribute attributes[] = {
    {"name", "name", SEARCH_NAME, false},
    {"model_id", "model_id", SEARCH_ID, false},
    {"model_type", "model_type", SEARCH_TYPE, false},
    {"status", "status", SEARCH_STATUS, false},
    {"source_run_id", "source_run_id", SEARCH_SOURCE_RUN, false},
    {"experiment_id", "experiment_id", SEARCH_NUMBER, false},
    {"artifact_location", "artifact_location", SEARCH_ARTIFACT_URI, false},
    {"creation_timestamp_ms", "creation_timestamp_ms", SEARCH_CREATED, true},
    {"creation_timestamp", "creation_timestamp_ms", SEARCH_CREATED, true},
    {"creation_time", "creation_timestamp_ms", SEARCH_CREATED, true},
    {"last_updated_timestamp_ms", "last_updated_timestamp_ms", SEARCH_UPDATED, true},
    {"last_updated_timestamp", "last_updated_timestamp_ms", SEARCH_UPDATED, true},
    {0},
};

static const struct {
    const char *word;
    search_domain domain;
} words[] = {{"attributes", SEARCH_ATTRIBUTE},
             {"metrics", SEARCH_METRIC},
             {"params", SEARCH_PARAM},
             {"tags", SEARCH_TAG}};

typedef struct named {
    search_field field;
    str shown; // entity.key, for messages
    bool number;
} named;

static str strip(str s, char c) {
    while (s.n && s.p[0] == c) {
        s = str_from(s, 1);
    }
    while (s.n && s.p[s.n - 1] == c) {
        s.n--;
    }
    return s;
}

static bool find_attribute(arena *a, str key, named *out, err *e) {
    for (const model_attribute *x = attributes; x->name; x++) {
        if (!str_is(key, x->name)) continue;
        out->field.which = (int)x->which;
        out->number = x->number;
        out->shown = arena_printf(a, "attributes.%s", x->real);
        return true;
    }
    return err_set(
        e, ERR_INVALID,
        "Invalid attribute key '%.*s' specified. Valid keys are 'name', 'model_id', "
        "'model_type', 'status', "
        "'source_run_id', 'experiment_id', 'artifact_location', 'creation_timestamp', "
        "'last_updated_timestamp'",
        STR_F(key));
}

// Lower-case letters before the first dot are an entity; everything else is an attribute.
static size_t entity_length(str text) {
    size_t i = 0;
    while (i < text.n && text.p[i] >= 'a' && text.p[i] <= 'z') {
        i++;
    }
    return i && i + 1 < text.n && text.p[i] == '.' ? i : 0;
}

static bool read_name(arena *a, str text, named *out, err *e) {
    size_t length = entity_length(text), i = 0;
    *out = (named){.field.domain = SEARCH_ATTRIBUTE};
    if (!length) return find_attribute(a, strip(text, '`'), out, e);
    str word = str_upto(text, length), key = strip(str_from(text, length + 1), '`');
    while (i < sizeof words / sizeof *words && !str_is(word, words[i].word)) {
        i++;
    }
    if (i == sizeof words / sizeof *words)
        return err_set(e, ERR_INVALID,
                       "Invalid entity type: '%.*s'. Expected one of ['attributes', 'metrics', "
                       "'params', 'tags'].",
                       STR_F(word));
    out->field.domain = words[i].domain;
    if (out->field.domain == SEARCH_ATTRIBUTE) return find_attribute(a, key, out, e);
    out->field.key = filter_unquote(key);
    out->number = out->field.domain == SEARCH_METRIC;
    out->field.which = out->number ? SEARCH_ANY : 0;
    out->shown = arena_printf(a, "%.*s.%.*s", STR_F(word), STR_F(key));
    return true;
}

// ---- values --------------------------------------------------------------------------------
// The reference's ids, states by number and states by their long name, as core has them.
static str in_core_terms(const named *x, search_op op, str s) {
    if (x->field.domain != SEARCH_ATTRIBUTE) return s;
    if (x->field.which == SEARCH_ID && str_starts(s, STR("m-"))) return str_from(s, 2);
    if (x->field.which != SEARCH_STATUS || op == SEARCH_LIKE || op == SEARCH_ILIKE) return s;
    static const struct {
        const char *given, *core;
    } states[] = {{"0", "UNSPECIFIED"},
                  {"1", "PENDING"},
                  {"2", "READY"},
                  {"3", "FAILED"},
                  {"UPLOAD_FAILED", "FAILED"}};
    if (str_starts(s, STR("LOGGED_MODEL_"))) s = str_from(s, 13);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (str_is(s, states[i].given)) return str_of(states[i].core);
    }
    return s;
}

static bool read_value(arena *a, const named *x, const filter_item *i, search_node *n, err *e) {
    if (x->number)
        return num_parse_f64(i->text, &n->number) ||
               err_set(e, ERR_INVALID, "Expected a number to compare %.*s with. Found %.*s",
                       STR_F(x->shown), STR_F(i->text));
    bool list = n->op == SEARCH_IN || n->op == SEARCH_NOT_IN;
    if (list != (i->kind == FILTER_LIST))
        return err_set(e, ERR_INVALID, "The value %.*s does not go with the comparison of %.*s",
                       STR_F(i->text), STR_F(x->shown));
    if (list && !filter_list(a, i->text, &n->list, &n->n_list, e)) return false;
    for (size_t k = 0; k < n->n_list; k++) {
        n->list[k] = in_core_terms(x, n->op, n->list[k]);
    }
    n->text = in_core_terms(x, n->op, filter_unquote(i->text));
    return true;
}

static bool read_op(const filter_clause *c, const named *x, search_node *n, err *e) {
    bool known = filter_op(c->op, &n->op);
    bool text = n->op == SEARCH_EQ || n->op == SEARCH_NE || n->op == SEARCH_LIKE ||
                n->op == SEARCH_ILIKE || n->op == SEARCH_IN || n->op == SEARCH_NOT_IN;
    bool number = n->op >= SEARCH_EQ && n->op <= SEARCH_GE;
    if (known && (x->number ? number : text)) return true;
    return err_set(e, ERR_INVALID,
                   "Invalid comparison operator for %.*s: '%.*s'. Expected one of %s.",
                   STR_F(x->shown), STR_F(c->op),
                   x->number ? "('<', '<=', '>', '>=', '=', '!=')"
                             : "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')");
}

static search_node *read_clause(arena *a, const filter_clause *c, err *e) {
    named x;
    search_node *n = ARENA_NEW(a, search_node);
    if (str_starts(c->op, STR("IS "))) {
        err_set(e, ERR_INVALID,
                "Invalid comparison: %.*s%.*s. Expected a comparison with 3 tokens.",
                STR_F(c->left.text), STR_F(c->op));
        return NULL;
    }
    if (!read_name(a, c->left.text, &x, e) || !read_op(c, &x, n, e) ||
        !read_value(a, &x, &c->value, n, e))
        return NULL;
    n->field = x.field;
    return n;
}

bool filter_parse_models(arena *a, str text, search_node **out, err *e) {
    filter_items items = filter_lex(a, text), invalid = {0};
    filter_clauses clauses = {0};
    for (size_t i = 0; i + 1 < items.n; i++) {
        if (items.p[i].kind == FILTER_SEMICOLON)
            return err_set(e, ERR_INVALID,
                           "Invalid filter string: %.*s. Expected a single SQL expression.",
                           STR_F(filter_quoted(a, text)));
    }
    filter_split(a, &items, &clauses, &invalid);
    if (invalid.n)
        return err_set(e, ERR_INVALID,
                       "Invalid filter string: %.*s. Expected a list of comparisons separated "
                       "by 'AND' (e.g. "
                       "'metrics.loss > 0.1 AND params.lr = 0.01').",
                       STR_F(filter_quoted(a, text)));
    search_node **leaves = ARENA_ARRAY(a, search_node *, clauses.n);
    for (size_t i = 0; i < clauses.n; i++) {
        if (!(leaves[i] = read_clause(a, &clauses.p[i], e))) return false;
    }
    *out = filter_join(a, leaves, clauses.n);
    return true;
}

// ---- order_by ------------------------------------------------------------------------------
static bool read_order(arena *a, const filter_model_order *o, search_sort *out, err *e) {
    named x = {0};
    err ignored;
    if (!o->field_name.n)
        return err_set(e, ERR_INVALID,
                       "`field_name` in the `order_by` clause must be specified.");
    if (o->dataset_digest.n && !o->dataset_name.n)
        return err_set(
            e, ERR_INVALID,
            "`dataset_digest` can only be specified if `dataset_name` is also specified.");
    out->descending = !o->ascending;
    if (str_starts(o->field_name, STR("metrics."))) {
        out->field = (search_field){
            .domain = SEARCH_METRIC, .which = SEARCH_LAST, .key = str_from(o->field_name, 8)};
        if (o->dataset_name.n) out->field.dataset_name = o->dataset_name;
        if (o->dataset_digest.n) out->field.dataset_digest = o->dataset_digest;
        return true;
    }
    if (str_find(o->field_name, '.', 0) != SIZE_MAX)
        return err_set(e, ERR_INVALID,
                       "Invalid order by field name: %.*s. Only metrics are supported.",
                       STR_F(o->field_name));
    x.field.domain = SEARCH_ATTRIBUTE;
    if (!find_attribute(a, o->field_name, &x, &ignored))
        return err_set(e, ERR_INVALID, "Invalid order by field name: %.*s",
                       STR_F(o->field_name));
    out->field = x.field;
    return true;
}

bool filter_order_models(arena *a, const filter_model_order *items, size_t n, search_sort **out,
                         err *e) {
    *out = ARENA_ARRAY(a, search_sort, n);
    for (size_t i = 0; i < n; i++) {
        if (!read_order(a, &items[i], &(*out)[i], e)) return false;
    }
    return true;
}
