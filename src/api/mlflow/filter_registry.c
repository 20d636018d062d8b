// SPDX-License-Identifier: Apache-2.0
// Filters and orders of registered models and model versions, whose grammar is that of
// experiments but for its attributes and some of its sentences. As there, all clauses are read
// before any operator is checked, so that a filter with several faults is told the same one.
#include "api/mlflow/filter_internal.h"

#include "base/num.h"
#include "core/prompt.h"

typedef struct registry_attribute {
    const char *name;
    search_attribute which;
    bool number, list; // list: takes IN
} registry_attribute;

typedef struct registry_grammar {
    const registry_attribute *attributes, *order;
    const char *valid, *valid_order, *lists; // as messages show them
    bool takes_numbers;
    bool plain_order; // order keys are words: no entity, no quotes
} registry_grammar;

static const registry_attribute repo_attributes[] = {{"name", SEARCH_NAME, false, true}, {0}};
static const registry_attribute repo_order[] = {
    {"name", SEARCH_NAME, false, false},
    {"timestamp", SEARCH_UPDATED, false, false},
    {"last_updated_timestamp", SEARCH_UPDATED, false, false},
    {0},
};
static const registry_attribute version_attributes[] = {
    {"name", SEARCH_NAME, false, true},
    {"run_id", SEARCH_SOURCE_RUN, false, true},
    {"source_path", SEARCH_ARTIFACT_URI, false, false},
    {"version_number", SEARCH_NUMBER, true, false},
    {0},
};
static const registry_attribute version_order[] = {
    {"name", SEARCH_NAME, false, false},
    {"version_number", SEARCH_NUMBER, false, false},
    {"creation_timestamp", SEARCH_CREATED, false, false},
    {"last_updated_timestamp", SEARCH_UPDATED, false, false},
    {0},
};

static const registry_grammar repos = {
    repo_attributes, repo_order, "{'name'}", "{'name', 'timestamp'}", "['name']", false, true};
static const registry_grammar versions = {
    version_attributes,
    version_order,
    "{'name', 'run_id', 'source_path', 'version_number'}",
    "{'creation_timestamp', 'last_updated_timestamp', 'name', 'version_number'}",
    "['name', 'run_id']",
    true,
    false};

static const registry_grammar *grammar_of(filter_entity entity) {
    return entity == FILTER_REGISTERED_MODELS ? &repos : &versions;
}

// ---- identifiers ---------------------------------------------------------------------------
static const registry_attribute *find(const registry_attribute *all, str name) {
    while (all->name && !str_is(name, all->name))
        all++;
    return all->name ? all : NULL;
}

// "tags.x" -> tag and "x"; *is_tag is false for attributes.
static bool split_entity(str text, bool *is_tag, str *key, err *e) {
    size_t dot = str_find(text, '.', 0);
    str word = str_upto(text, dot);
    *is_tag = dot != SIZE_MAX && (str_is(word, "tag") || str_is(word, "tags"));
    *key = dot == SIZE_MAX ? text : str_from(text, dot + 1);
    return dot == SIZE_MAX || *is_tag || str_is(word, "attribute") ||
           err_set(e, ERR_INVALID,
                   "Invalid entity type '%.*s'. Valid entity types are ('attribute', 'tag', "
                   "'tags')",
                   STR_F(word));
}

// What a clause compares; the attribute is NULL for tags.
static bool read_identifier(const registry_grammar *g, str text, search_field *out,
                            const registry_attribute **attribute, err *e) {
    bool is_tag;
    str key;
    *attribute = NULL;
    if (!split_entity(text, &is_tag, &key, e)) return false;
    if (is_tag) {
        *out =
            (search_field){.domain = SEARCH_TAG, .key = filter_unbacktick(filter_unquote(key))};
        return true;
    }
    *attribute = find(g->attributes, key);
    if (!*attribute)
        return err_set(e, ERR_INVALID,
                       "Invalid attribute key '%.*s' specified. Valid keys are '%s'",
                       STR_F(key), g->valid);
    *out = (search_field){.domain = SEARCH_ATTRIBUTE, .which = (int)(*attribute)->which};
    return true;
}

// ---- values --------------------------------------------------------------------------------
static bool is_text(const filter_item *i) {
    return i->kind == FILTER_STRING || i->kind == FILTER_IDENTIFIER;
}
static bool is_number(const filter_item *i) {
    return i->kind == FILTER_INTEGER || i->kind == FILTER_FLOAT;
}

static bool refuse_attribute_value(const registry_grammar *g, const filter_item *i, err *e) {
    if (g->takes_numbers && is_number(i))
        return err_set(e, ERR_INVALID,
                       "Only the '{'creation_timestamp', 'last_updated_timestamp', "
                       "'version_number'}' attributes support comparison with numeric values.");
    return err_set(e, ERR_INVALID,
                   "Expected a quoted string value or a list of quoted string values for "
                   "attributes. Got value %.*s",
                   STR_F(i->text));
}

static bool read_value(arena *a, const registry_grammar *g, const registry_attribute *x,
                       const filter_item *i, search_node *n, err *e) {
    if (is_text(i)) return filter_text(i, n, e);
    if (!x)
        return err_set(
            e, ERR_INVALID,
            "Expected a quoted string value for tag (e.g. 'my-value'). Got value %.*s",
            STR_F(i->text));
    if (x->number && is_number(i)) return num_parse_f64(i->text, &n->number);
    if (i->kind != FILTER_LIST) return refuse_attribute_value(g, i, e);
    if (!x->list)
        return err_set(
            e, ERR_INVALID,
            "Only %s attributes support comparison with a list of quoted string values.",
            g->lists);
    return filter_list(a, i->text, &n->list, &n->n_list, e);
}

// A number may stand in quotes; it is an integer.
static bool read_integer(arena *a, const registry_attribute *x, const filter_item *i,
                         search_node *n, err *e) {
    int64_t v;
    if (i->kind == FILTER_INTEGER) return true;
    if (i->kind == FILTER_FLOAT || !str_to_i64(str_trim(n->text), &v))
        return err_set(e, ERR_INVALID, "Invalid value for numeric attribute '%s': %.*s",
                       x->name,
                       STR_F(i->kind == FILTER_FLOAT ? i->text : filter_quoted(a, n->text)));
    n->number = (double)v;
    return true;
}

// ---- clauses -------------------------------------------------------------------------------
static bool check_op(const registry_attribute *x, str op, search_node *n, err *e) {
    bool known = filter_op(op, &n->op);
    bool ordering = known && n->op >= SEARCH_EQ && n->op <= SEARCH_GE;
    bool text = known && (n->op == SEARCH_EQ || n->op == SEARCH_NE || n->op == SEARCH_LIKE ||
                          n->op == SEARCH_ILIKE);
    bool list = known && (n->op == SEARCH_IN || n->op == SEARCH_NOT_IN);
    if (x && x->number)
        return ordering || err_set(e, ERR_INVALID, "Invalid comparator for attribute %s: %.*s",
                                   x->name, STR_F(op));
    return text || (x && x->list && list) ||
           err_set(e, ERR_INVALID, "Invalid comparator for %s: %.*s", x ? "attribute" : "tag",
                   STR_F(op));
}

static bool read_clause(arena *a, const registry_grammar *g, const filter_clause *c,
                        const registry_attribute **x, search_node *n, err *e) {
    if (c->left.kind != FILTER_IDENTIFIER)
        return err_set(e, ERR_INVALID,
                       "Invalid comparison clause. Expected 'Identifier' found '%.*s'",
                       STR_F(c->left.text));
    if (str_starts(c->op, STR("IS ")))
        return err_set(e, ERR_INVALID,
                       "IS NULL / IS NOT NULL is not supported for models and versions: '%.*s'",
                       STR_F(c->left.text));
    return read_identifier(g, c->left.text, &n->field, x, e) &&
           read_value(a, g, *x, &c->value, n, e);
}

static bool finish_clause(arena *a, const registry_attribute *x, const filter_clause *c,
                          search_node *n, err *e) {
    if (!check_op(x, c->op, n, e)) return false;
    if (x && x->number) return read_integer(a, x, &c->value, n, e);
    bool list = n->op == SEARCH_IN || n->op == SEARCH_NOT_IN;
    return list == (c->value.kind == FILTER_LIST) ||
           err_set(e, ERR_INVALID, "The comparator '%.*s' does not go with the value %.*s",
                   STR_F(c->op), STR_F(c->value.text));
}

bool filter_parse_registry(arena *a, filter_entity entity, str text, search_node **out,
                           err *e) {
    const registry_grammar *g = grammar_of(entity);
    filter_clauses clauses;
    if (!filter_clauses_of(a, text, "", &clauses, e)) return false;
    search_node **leaves = ARENA_ARRAY(a, search_node *, clauses.n);
    const registry_attribute **names = ARENA_ARRAY(a, const registry_attribute *, clauses.n);
    for (size_t i = 0; i < clauses.n; i++) {
        leaves[i] = ARENA_NEW(a, search_node);
        if (!read_clause(a, g, &clauses.p[i], &names[i], leaves[i], e)) return false;
    }
    for (size_t i = 0; i < clauses.n; i++) {
        if (!finish_clause(a, names[i], &clauses.p[i], leaves[i], e)) return false;
    }
    *out = filter_join(a, leaves, clauses.n);
    return true;
}

// ---- prompts -------------------------------------------------------------------------------
typedef VEC(search_node *) leaves;

static void collect(arena *a, search_node *n, leaves *out) {
    if (!n) return;
    if (n->op == SEARCH_AND) {
        collect(a, n->left, out);
        collect(a, n->right, out);
    } else {
        vec_push(a, out, n);
    }
}

static bool on_prompt_tag(const search_node *n) {
    return n->field.domain == SEARCH_TAG && str_is(n->field.key, PROMPT_TAG_IS);
}

static bool asks_for_prompts(const search_node *n) {
    return (n->op == SEARCH_EQ && str_eq_nocase(n->text, STR("true"))) ||
           (n->op == SEARCH_NE && str_eq_nocase(n->text, STR("false")));
}

// True of all that is not tagged as a prompt.
static search_node *is_no_prompt(arena *a) {
    search_node *parts = ARENA_ARRAY(a, search_node, 3);
    search_field field = {.domain = SEARCH_TAG, .key = STR(PROMPT_TAG_IS)};
    parts[1] = (search_node){.op = SEARCH_IS_NULL, .field = field};
    parts[2] = (search_node){.op = SEARCH_NE, .field = field, .text = STR("true")};
    parts[0] = (search_node){.op = SEARCH_OR, .left = &parts[1], .right = &parts[2]};
    return parts;
}

// The first comparison with the tag decides; when it does not ask for prompts, none of them
// counts, since what is no prompt has no such tag.
search_node *filter_without_prompts(arena *a, search_node *where) {
    leaves all = {0}, kept = {0};
    collect(a, where, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (!on_prompt_tag(all.p[i]))
            vec_push(a, &kept, all.p[i]);
        else if (kept.n == i && asks_for_prompts(all.p[i]))
            return where;
    }
    vec_push(a, &kept, is_no_prompt(a));
    return filter_join(a, kept.p, kept.n);
}

// ---- order_by ------------------------------------------------------------------------------
static bool read_order(arena *a, const registry_grammar *g, str text, search_sort *out,
                       err *e) {
    str key;
    bool is_tag = false;
    if (!filter_order_key(a, text, &key, &out->descending, e)) return false;
    if (!g->plain_order) {
        if (!split_entity(key, &is_tag, &key, e)) return false;
        key = filter_unbacktick(filter_unquote(key));
    }
    const registry_attribute *x = is_tag ? NULL : find(g->order, key);
    if (!x)
        return err_set(e, ERR_INVALID, "Invalid %s key '%.*s' specified. Valid keys are '%s'",
                       g->plain_order ? "order by" : "attribute", STR_F(key), g->valid_order);
    out->field = (search_field){.domain = SEARCH_ATTRIBUTE, .which = (int)x->which};
    return true;
}

bool filter_order_registry(arena *a, filter_entity entity, const str *items, size_t n,
                           search_sort **out, err *e) {
    const registry_grammar *g = grammar_of(entity);
    *out = ARENA_ARRAY(a, search_sort, n);
    for (size_t i = 0; i < n; i++) {
        if (!read_order(a, g, items[i], &(*out)[i], e)) return false;
        for (size_t k = 0; k < i; k++) {
            if ((*out)[k].field.which == (*out)[i].field.which)
                return filter_order_repeats(a, items, n, e);
        }
    }
    return true;
}
