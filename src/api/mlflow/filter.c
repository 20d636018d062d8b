// SPDX-License-Identifier: Apache-2.0
// Filters and orders of runs and experiments: the tables of what may be said, and the
// translation of clauses. Checks come in the reference's order, because a filter with several
// faults shall name the same one: clauses as such, then each clause's identifier and value,
// then the operators.
#include "api/mlflow/filter_internal.h"

#include "base/num.h"

#define ORDER_MAX 100

enum { FOR_FILTER = 1, FOR_ORDER = 2 };

typedef struct attribute {
    const char *name, *real; // real: the name in messages about values
    search_attribute which;
    bool number, list; // list: takes IN
    int use;
} attribute;

typedef struct entity_word { // what may stand before the dot
    const char *word, *type; // type: as messages call it
    search_domain domain;
} entity_word;

typedef struct grammar {
    const attribute *attributes;
    const entity_word *words;
    const char *valid_filter, *valid_order; // attribute keys, for messages
    const char *list_keys;                  // attributes that take lists
} grammar;

static const attribute run_attributes[] = {
    {"run_id", "run_id", SEARCH_ID, false, true, FOR_FILTER | FOR_ORDER},
    {"run_name", "run_name", SEARCH_NAME, false, false, FOR_FILTER | FOR_ORDER},
    {"run name", "run_name", SEARCH_NAME, false, false, FOR_FILTER},
    {"Run name", "run_name", SEARCH_NAME, false, false, FOR_FILTER},
    {"Run Name", "run_name", SEARCH_NAME, false, false, FOR_FILTER},
    {"status", "status", SEARCH_STATUS, false, false, FOR_FILTER | FOR_ORDER},
    {"artifact_uri", "artifact_uri", SEARCH_ARTIFACT_URI, false, false, FOR_FILTER | FOR_ORDER},
    {"user_id", "user_id", SEARCH_USER, false, false, FOR_FILTER | FOR_ORDER},
    {"start_time", "start_time", SEARCH_START, true, false, FOR_FILTER | FOR_ORDER},
    {"created", "start_time", SEARCH_START, true, false, FOR_FILTER | FOR_ORDER},
    {"Created", "start_time", SEARCH_START, true, false, FOR_FILTER | FOR_ORDER},
    {"end_time", "end_time", SEARCH_END, true, false, FOR_FILTER | FOR_ORDER},
    {0},
};

static const entity_word run_words[] = {
    {"metric", "metric", SEARCH_METRIC},
    {"metrics", "metric", SEARCH_METRIC},
    {"parameter", "parameter", SEARCH_PARAM},
    {"parameters", "parameter", SEARCH_PARAM},
    {"param", "parameter", SEARCH_PARAM},
    {"params", "parameter", SEARCH_PARAM},
    {"tag", "tag", SEARCH_TAG},
    {"tags", "tag", SEARCH_TAG},
    {"attribute", "attribute", SEARCH_ATTRIBUTE},
    {"attributes", "attribute", SEARCH_ATTRIBUTE},
    {"attr", "attribute", SEARCH_ATTRIBUTE},
    {"run", "attribute", SEARCH_ATTRIBUTE},
    {"dataset", "dataset", SEARCH_DATASET},
    {"datasets", "dataset", SEARCH_DATASET},
    {0},
};

static const attribute experiment_attributes[] = {
    {"name", "name", SEARCH_NAME, false, false, FOR_FILTER | FOR_ORDER},
    {"experiment_id", "experiment_id", SEARCH_ID, false, true, FOR_FILTER | FOR_ORDER},
    {"creation_time", "creation_time", SEARCH_CREATED, true, false, FOR_FILTER | FOR_ORDER},
    {"last_update_time", "last_update_time", SEARCH_UPDATED, true, false,
     FOR_FILTER | FOR_ORDER},
    {0},
};

static const entity_word experiment_words[] = {
    {"attribute", "attribute", SEARCH_ATTRIBUTE},
    {"tag", "tag", SEARCH_TAG},
    {"tags", "tag", SEARCH_TAG},
    {0},
};

static const grammar grammars[] = {
    [FILTER_RUNS] = {run_attributes, run_words,
                     "{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', "
                     "'end_time', 'run name', 'run_id', "
                     "'run_name', 'start_time', 'status', 'user_id'}",
                     "{'Created', 'artifact_uri', 'created', 'end_time', 'run_id', 'run_name', "
                     "'start_time', 'status', "
                     "'user_id'}",
                     "['run_id']"},
    [FILTER_EXPERIMENTS] = {experiment_attributes, experiment_words,
                            "{'creation_time', 'experiment_id', 'last_update_time', 'name'}",
                            "{'creation_time', 'experiment_id', 'last_update_time', 'name'}",
                            "['experiment_id']"},
};

// What a clause or an order item names.
typedef struct named {
    search_field field;
    const char *type; // as messages call it
    str key;
    const attribute *attribute; // of attributes
} named;

typedef struct parser {
    arena *a;
    filter_entity entity;
    const grammar *g;
} parser;

// ---- identifiers ---------------------------------------------------------------------------
static bool find_word(const parser *p, str word, named *out, err *e) {
    // The reference takes backticks off the entity of runs only.
    str bare = p->entity == FILTER_RUNS ? filter_unbacktick(word) : word;
    for (const entity_word *w = p->g->words; w->word; w++) {
        if (!str_is(bare, w->word)) continue;
        out->field.domain = w->domain;
        out->type = w->type;
        return true;
    }
    if (p->entity == FILTER_EXPERIMENTS)
        return err_set(
            e, ERR_INVALID,
            "Invalid entity type '%.*s'. Valid entity types are ('attribute', 'tag', 'tags')",
            STR_F(word));
    return err_set(e, ERR_INVALID,
                   "Invalid entity type '%.*s'. Valid values are ['metric', 'parameter', "
                   "'tag', 'attribute', 'dataset']",
                   STR_F(bare));
}

static bool find_attribute(const parser *p, int use, named *out, err *e) {
    for (const attribute *x = p->g->attributes; x->name; x++) {
        if (!(x->use & use) || !str_is(out->key, x->name)) continue;
        out->attribute = x;
        out->field.which = (int)x->which;
        return true;
    }
    return err_set(e, ERR_INVALID,
                   "Invalid attribute key '%.*s' specified. Valid keys are '%s'",
                   STR_F(out->key), use == FOR_FILTER ? p->g->valid_filter : p->g->valid_order);
}

static bool find_dataset_key(named *out, err *e) {
    static const char *const keys[] = {[SEARCH_DS_NAME] = "name",
                                       [SEARCH_DS_DIGEST] = "digest",
                                       [SEARCH_DS_CONTEXT] = "context"};
    for (int i = SEARCH_DS_NAME; i <= SEARCH_DS_CONTEXT; i++) {
        out->field.which = i;
        if (str_is(out->key, keys[i])) return true;
    }
    return err_set(
        e, ERR_INVALID,
        "Invalid dataset key '%.*s' specified. Valid keys are '{'context', 'digest', 'name'}'",
        STR_F(out->key));
}

static bool read_identifier(const parser *p, str text, int use, named *out, err *e) {
    size_t dot = str_find(text, '.', 0);
    *out = (named){.field.domain = SEARCH_ATTRIBUTE, .type = "attribute"};
    if (dot != SIZE_MAX && !find_word(p, str_upto(text, dot), out, e)) return false;
    str key = dot == SIZE_MAX ? text : str_from(text, dot + 1);
    out->key = filter_unbacktick(filter_unquote(key));
    if (out->field.domain == SEARCH_ATTRIBUTE) return find_attribute(p, use, out, e);
    if (out->field.domain == SEARCH_DATASET) return find_dataset_key(out, e);
    out->field.key = out->key;
    return true;
}

// ---- values --------------------------------------------------------------------------------
static bool is_number(const filter_item *i) {
    return i->kind == FILTER_INTEGER || i->kind == FILTER_FLOAT;
}
static bool is_text(const filter_item *i) {
    return i->kind == FILTER_STRING || i->kind == FILTER_IDENTIFIER;
}

static bool read_number(const filter_item *i, search_node *n) {
    return is_number(i) && num_parse_f64(i->text, &n->number);
}

static bool read_attribute_value(const parser *p, const named *x, const filter_item *i,
                                 search_node *n, err *e) {
    if (x->attribute->number)
        return read_number(i, n) ||
               err_set(e, ERR_INVALID,
                       "Expected numeric value type for numeric attribute: %.*s. Found %.*s",
                       STR_F(x->key), STR_F(i->text));
    if (is_text(i)) return filter_text(i, n, e);
    if (i->kind != FILTER_LIST)
        return err_set(e, ERR_INVALID,
                       "Expected a quoted string value for attributes. Got value %.*s",
                       STR_F(i->text));
    if (!x->attribute->list)
        return err_set(
            e, ERR_INVALID,
            "Only %s attributes support comparison with a list of quoted string values.",
            p->g->list_keys);
    return filter_list(p->a, i->text, &n->list, &n->n_list, e);
}

static bool read_value(const parser *p, const named *x, const filter_item *i, search_node *n,
                       err *e) {
    switch (x->field.domain) {
    case SEARCH_ATTRIBUTE: return read_attribute_value(p, x, i, n, e);
    case SEARCH_METRIC:
        return read_number(i, n) ||
               err_set(e, ERR_INVALID, "Expected numeric value type for metric. Found %.*s",
                       STR_F(i->text));
    case SEARCH_DATASET:
        if (i->kind == FILTER_LIST) return filter_list(p->a, i->text, &n->list, &n->n_list, e);
        return is_text(i) ? filter_text(i, n, e)
                          : err_set(e, ERR_INVALID,
                                    "Expected a quoted string value for dataset attributes. "
                                    "Got value %.*s",
                                    STR_F(i->text));
    default:
        return is_text(i) ? filter_text(i, n, e)
                          : err_set(e, ERR_INVALID,
                                    "Expected a quoted string value for %s (e.g. 'my-value'). "
                                    "Got value %.*s",
                                    x->type, STR_F(i->text));
    }
}

// ---- operators -----------------------------------------------------------------------------
#define OPS_NUMBER "{'!=', '<', '<=', '=', '>', '>='}"
#define OPS_TEXT   "{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}"
#define OPS_NULL   "{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}"

static bool is_ordering(search_op op) {
    return op >= SEARCH_EQ && op <= SEARCH_GE;
}
static bool is_equality(search_op op) {
    return op == SEARCH_EQ || op == SEARCH_NE;
}
static bool is_pattern(search_op op) {
    return op == SEARCH_LIKE || op == SEARCH_ILIKE;
}
static bool is_list(search_op op) {
    return op == SEARCH_IN || op == SEARCH_NOT_IN;
}
static bool is_null(search_op op) {
    return op == SEARCH_IS_NULL || op == SEARCH_NOT_NULL;
}

static bool check_run_op(const named *x, str op, search_op o, bool known, err *e) {
    bool number = x->field.domain == SEARCH_METRIC || (x->attribute && x->attribute->number);
    bool text = is_equality(o) || is_pattern(o);
    bool keyed = x->field.domain == SEARCH_PARAM || x->field.domain == SEARCH_TAG;
    if (known && (number ? is_ordering(o) : keyed ? text || is_null(o) : text || is_list(o)))
        return true;
    // The sets and quotes are the reference's, odd ones included.
    const char *set = x->field.domain == SEARCH_METRIC ? OPS_NUMBER
                      : keyed                          ? OPS_NULL
                                                       : OPS_TEXT;
    bool closed =
        x->field.domain == SEARCH_PARAM || (x->field.domain == SEARCH_ATTRIBUTE && !number);
    return err_set(e, ERR_INVALID, "Invalid comparator '%.*s' not one of '%s%s", STR_F(op), set,
                   closed ? "'" : "");
}

static bool check_experiment_op(const named *x, str op, search_op o, bool known, err *e) {
    bool text = known && (is_equality(o) || is_pattern(o));
    if (x->field.domain == SEARCH_TAG)
        return text || (known && is_null(o)) ||
               err_set(e, ERR_INVALID, "Invalid comparator for tag: %.*s", STR_F(op));
    if (x->field.which == SEARCH_ID)
        return (known && (is_equality(o) || is_list(o))) ||
               err_set(e, ERR_INVALID, "Invalid comparator for experiment_id: %.*s", STR_F(op));
    if (x->attribute->number ? known && is_ordering(o) : text) return true;
    return err_set(e, ERR_INVALID, "Invalid comparator '%.*s' not one of '%s%s", STR_F(op),
                   OPS_TEXT, x->attribute->number ? "" : "'");
}

// ---- what is only of experiments
// ------------------------------------------------------------------------------- "007" is 7;
// texts that are no numbers can not be an experiment.
static bool read_experiment_id(const parser *p, str *text, err *e) {
    int64_t v;
    str s = str_trim(*text);
    if (s.n && s.p[0] == '+') s = str_from(s, 1);
    if (!str_to_i64(s, &v))
        return err_set(e, ERR_INVALID,
                       "Invalid experiment ID %.*s. Experiment ID must be a valid integer.",
                       STR_F(filter_quoted(p->a, *text)));
    *text = arena_printf(p->a, "%lld", (long long)v);
    return true;
}

static bool finish_experiment(const parser *p, const named *x, const filter_clause *c,
                              search_node *n, err *e) {
    if (x->field.domain != SEARCH_ATTRIBUTE) return true;
    if (x->attribute->number && c->value.kind == FILTER_FLOAT)
        return err_set(e, ERR_INVALID, "Invalid value for numeric attribute '%.*s': '%.*s'",
                       STR_F(x->key), STR_F(c->value.text));
    if (x->field.which != SEARCH_ID) return true;
    for (size_t i = 0; i < n->n_list; i++) {
        if (!read_experiment_id(p, &n->list[i], e)) return false;
    }
    return n->n_list || read_experiment_id(p, &n->text, e);
}

// ---- clauses -------------------------------------------------------------------------------
static bool is_null_clause(const filter_clause *c) {
    return str_starts(c->op, STR("IS "));
}

static bool refuse_null(const parser *p, const named *x, err *e) {
    if (p->entity == FILTER_EXPERIMENTS)
        return err_set(
            e, ERR_INVALID,
            "IS NULL / IS NOT NULL is only supported for tags, not for attribute '%.*s'",
            STR_F(x->key));
    return err_set(
        e, ERR_INVALID,
        "IS NULL / IS NOT NULL is only supported for tags and params, not for '%s' '%.*s'",
        x->type, STR_F(x->key));
}

// The identifier and the value of a clause.
static bool read_clause(const parser *p, const filter_clause *c, named *x, search_node *n,
                        err *e) {
    if (c->left.kind != FILTER_IDENTIFIER)
        return err_set(e, ERR_INVALID,
                       "Invalid comparison clause. Expected 'Identifier' found '%.*s'",
                       STR_F(c->left.text));
    if (!read_identifier(p, c->left.text, FOR_FILTER, x, e)) return false;
    n->field = x->field;
    if (!is_null_clause(c)) return read_value(p, x, &c->value, n, e);
    bool keyed = x->field.domain == SEARCH_TAG || x->field.domain == SEARCH_PARAM;
    return keyed || refuse_null(p, x, e);
}

static bool finish_clause(const parser *p, const filter_clause *c, const named *x,
                          search_node *n, err *e) {
    bool known = filter_op(c->op, &n->op), runs = p->entity == FILTER_RUNS;
    if (!(runs ? check_run_op(x, c->op, n->op, known, e)
               : check_experiment_op(x, c->op, n->op, known, e)))
        return false;
    if (!is_null(n->op) && is_list(n->op) != (c->value.kind == FILTER_LIST))
        return err_set(e, ERR_INVALID, "The comparator '%.*s' does not go with the value %.*s",
                       STR_F(c->op), STR_F(c->value.text));
    return runs || finish_experiment(p, x, c, n, e);
}

static bool parse(const parser *p, str text, search_node **out, err *e) {
    filter_clauses clauses;
    const char *quote = p->entity == FILTER_RUNS ? "'" : "";
    if (!filter_clauses_of(p->a, text, quote, &clauses, e)) return false;
    search_node **leaves = ARENA_ARRAY(p->a, search_node *, clauses.n);
    named *names = ARENA_ARRAY(p->a, named, clauses.n);
    for (size_t i = 0; i < clauses.n; i++) {
        leaves[i] = ARENA_NEW(p->a, search_node);
        if (!read_clause(p, &clauses.p[i], &names[i], leaves[i], e)) return false;
    }
    for (size_t i = 0; i < clauses.n; i++) {
        if (!finish_clause(p, &clauses.p[i], &names[i], leaves[i], e)) return false;
    }
    *out = filter_join(p->a, leaves, clauses.n);
    return true;
}

bool filter_parse(arena *a, filter_entity entity, str text, search_node **out, err *e) {
    *out = NULL;
    if (entity == FILTER_MODELS) return filter_parse_models(a, text, out, e);
    if (entity > FILTER_MODELS) return filter_parse_registry(a, entity, text, out, e);
    parser p = {a, entity, &grammars[entity]};
    return parse(&p, text, out, e);
}

// ---- order_by ------------------------------------------------------------------------------
static bool read_order(const parser *p, str text, search_sort *out, err *e) {
    named x;
    str key;
    if (!filter_order_key(p->a, text, &key, &out->descending, e) ||
        !read_identifier(p, key, FOR_ORDER, &x, e))
        return false;
    if (p->entity == FILTER_EXPERIMENTS && x.field.domain != SEARCH_ATTRIBUTE)
        return err_set(e, ERR_INVALID, "Invalid order_by entity: %s", x.type);
    if (x.field.domain == SEARCH_DATASET)
        return err_set(e, ERR_INVALID, "Invalid identifier type '%s'", x.type);
    out->field = x.field;
    if (p->entity == FILTER_EXPERIMENTS && x.field.which == SEARCH_ID)
        out->field.which = SEARCH_NUMBER;
    return true;
}

static bool same_field(const search_field *a, const search_field *b) {
    return a->domain == b->domain && a->which == b->which && str_eq(a->key, b->key);
}

bool filter_order(arena *a, filter_entity entity, const str *items, size_t n, search_sort **out,
                  err *e) {
    if (n > ORDER_MAX)
        return err_set(e, ERR_INVALID, "`order_by` may name %d fields at most", ORDER_MAX);
    if (entity > FILTER_MODELS) return filter_order_registry(a, entity, items, n, out, e);
    parser p = {a, entity, &grammars[entity]};
    *out = ARENA_ARRAY(a, search_sort, n);
    for (size_t i = 0; i < n; i++) {
        if (!read_order(&p, items[i], &(*out)[i], e)) return false;
        for (size_t k = 0; entity == FILTER_RUNS && k < i; k++) {
            if (same_field(&(*out)[k].field, &(*out)[i].field))
                return filter_order_repeats(a, items, n, e);
        }
    }
    return true;
}
