// SPDX-License-Identifier: Apache-2.0
// diff_config: JSON files by the paths of their values. Whole values are compared in memory,
// bounded by the size of a file; a path is written only of what differs. Any thread.
#include "core/diff_internal.h"

#include "base/map.h"

enum { MAP_FROM = 16, KEY_MAX = 500 }; // members that are sought by a table; bytes of a path

static diff_value value_of(const json_value *v) {
    static const diff_type types[] = {
        [JSON_NULL] = DIFF_NULL,  [JSON_FALSE] = DIFF_TRUTH,   [JSON_TRUE] = DIFF_TRUTH,
        [JSON_INT] = DIFF_NUMBER, [JSON_DOUBLE] = DIFF_NUMBER, [JSON_STRING] = DIFF_TEXT,
        [JSON_ARRAY] = DIFF_LIST, [JSON_OBJECT] = DIFF_OBJECT};
    if (!v) return (diff_value){.type = DIFF_ABSENT};
    diff_value out = {types[v->type], v->text, v->f};
    if (v->type == JSON_TRUE || v->type == JSON_FALSE)
        out.text = v->type == JSON_TRUE ? STR("true") : STR("false");
    return out;
}

// Paths are made only as long as rows are taken.
static str below(ctx *c, const diff_rows *rows, str key, str member) {
    if (key.n > KEY_MAX || rows->n == rows->max) return key;
    member = str_upto(member, KEY_MAX);
    member.n = str_text_prefix(member);
    return key.n ? arena_printf(c->a, "%.*s.%.*s", STR_F(key), STR_F(member)) : member;
}

static str at(ctx *c, const diff_rows *rows, str key, size_t i) {
    if (key.n > KEY_MAX || rows->n == rows->max) return key;
    return arena_printf(c->a, "%.*s[%zu]", STR_F(key), i);
}

// The same values, members in the same order: most of two files is, and needs no path.
static bool same_in_order(const json_value *a, const json_value *b) {
    if (!a || !b || a->type != b->type || a->n != b->n || !str_eq(a->text, b->text))
        return false;
    const json_value *x = a->child, *y = b->child;
    for (; x && y; x = x->next, y = y->next)
        if (!str_eq(x->key, y->key) || !same_in_order(x, y)) return false;
    return !x && !y;
}

// The members of `of` by their names, once there are many.
typedef struct members {
    const json_value *of;
    map table;
} members;

static members members_of(arena *a, const json_value *of) {
    members m = {of, map_new(a)};
    if (of && of->n > MAP_FROM)
        for (json_value *v = of->child; v; v = v->next)
            *map_at(&m.table, v->key, NULL) = v; // of repeated ones the last
    return m;
}

static const json_value *member(const members *m, str key) {
    const json_value *found = NULL;
    if (!m->of) return NULL;
    if (m->of->n > MAP_FROM) return map_get(&m->table, key);
    for (const json_value *v = m->of->child; v; v = v->next)
        if (str_eq(v->key, key)) found = v;
    return found;
}

static void objects(ctx *c, diff_rows *rows, str in, str key, const json_value *was,
                    const json_value *is) {
    members of_was = members_of(c->a, was), of_is = members_of(c->a, is);
    for (const json_value *v = was ? was->child : NULL; v; v = v->next) {
        const json_value *other = member(&of_is, v->key);
        if (member(&of_was, v->key) == v && !same_in_order(v, other))
            diff_json(c, rows, in, below(c, rows, key, v->key), v, other);
    }
    for (const json_value *v = is ? is->child : NULL; v; v = v->next)
        if (!member(&of_was, v->key) && member(&of_is, v->key) == v)
            diff_json(c, rows, in, below(c, rows, key, v->key), NULL, v);
}

static void arrays(ctx *c, diff_rows *rows, str in, str key, const json_value *was,
                   const json_value *is) {
    const json_value *x = was ? was->child : NULL, *y = is ? is->child : NULL;
    for (size_t i = 0; x || y; i++) {
        if (!same_in_order(x, y)) diff_json(c, rows, in, at(c, rows, key, i), x, y);
        x = x ? x->next : NULL;
        y = y ? y->next : NULL;
    }
}

static bool is_filled(const json_value *v, json_type type) {
    return v && v->type == type && v->child;
}

// One that is empty, or of another kind than the other, is a value by itself.
void diff_json(ctx *c, diff_rows *rows, str in, str key, const json_value *was,
               const json_value *is) {
    static const json_type kinds[] = {JSON_OBJECT, JSON_ARRAY};
    const json_value *left_was = was, *left_is = is;
    for (int i = 0; i < 2; i++) {
        const json_value *x = is_filled(was, kinds[i]) ? was : NULL;
        const json_value *y = is_filled(is, kinds[i]) ? is : NULL;
        if (!x && !y) continue;
        (i ? arrays : objects)(c, rows, in, key, x, y);
        if (x) left_was = NULL;
        if (y) left_is = NULL;
    }
    diff_row_add(c, rows, in, key, value_of(left_was), value_of(left_is));
}

static bool compare(ctx *c, arena *a, const diff_file *f, diff_rows *out, diff_notes *notes,
                    err *e) {
    str texts[2];
    json_value *values[2];
    bool ok;
    if (!diff_load_both(c, a, f, DIFF_JSON_MAX, texts, &ok, notes, e)) return false;
    for (int side = 0; ok && side < 2; side++) {
        str why = {0};
        values[side] = json_parse(a, texts[side], JSON_NAN, &why);
        if (values[side]) continue;
        ok = false;
        diff_note_add(c, notes, side, f->path,
                      arena_cstr(a, arena_printf(a, "it is no valid JSON: %.*s", STR_F(why))));
    }
    if (ok) diff_json(c, out, f->path, (str){0}, values[0], values[1]);
    return true;
}

bool diff_config(ctx *c, const diff_files *f, diff_rows *out, diff_notes *notes, err *e) {
    arena *a = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < f->n; i++) {
        const diff_file *one = &f->p[i];
        if (one->what != DIFF_CHANGED || diff_kind_of(one->path) != DIFF_OF_CONFIG) continue;
        ok = compare(c, a, one, out, notes, e);
        arena_reset(a);
    }
    arena_free(a);
    return ok;
}
