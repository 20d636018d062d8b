// SPDX-License-Identifier: Apache-2.0
// table_read: from the schema's text to tables and their queries. What it does not understand
// is a bug that shows at the first use, and so in every test of a backup. Any thread; a set is
// made under the lock and kept.
#include "base/vec.h"
#include "core/schema.h"
#include "core/table.h"

#include <pthread.h>

typedef struct reading {
    arena *a;
    VEC(table) tables;
} reading;

// ---- words ----------------------------------------------------------------------------------

static bool is_space(char c) {
    return c == ' ' || c == '\n';
}

static void skip_space(str *s) {
    while (s->n && is_space(s->p[0]))
        *s = str_from(*s, 1);
}

// The next word: up to a space, a comma or a parenthesis.
static str word(str *s) {
    size_t n = 0;
    skip_space(s);
    while (n < s->n && !is_space(s->p[n]) && !strchr("(),", s->p[n]))
        n++;
    str w = str_upto(*s, n);
    *s = str_from(*s, n);
    return w;
}

static bool take(str *s, const char *w) {
    str rest = *s;
    if (!str_is(word(&rest), w)) return false;
    *s = rest;
    return true;
}

// What stands in the parentheses that begin here.
static str in_parentheses(str *s) {
    size_t depth = 0, i = 0;
    skip_space(s);
    BUG_ON(!s->n || s->p[0] != '(');
    for (; i < s->n; i++) {
        depth += s->p[i] == '(';
        if (s->p[i] == ')' && --depth == 0) break;
    }
    BUG_ON(i == s->n);
    str in = str_upto(str_from(*s, 1), i - 1);
    *s = str_from(*s, i + 1);
    return in;
}

// The next part of a list between commas that stand in no parentheses.
static bool part(str *list, str *out) {
    size_t depth = 0, i = 0;
    if (!list->n) return false;
    for (; i < list->n && (depth || list->p[i] != ','); i++) {
        depth += list->p[i] == '(';
        depth -= list->p[i] == ')';
    }
    *out = str_trim(str_upto(*list, i));
    *list = str_from(*list, i + 1);
    return true;
}

// ---- statements -----------------------------------------------------------------------------

static table *find(reading *r, str name) {
    for (size_t i = 0; i < r->tables.n; i++) {
        if (str_eq(r->tables.p[i].name, name)) return &r->tables.p[i];
    }
    return NULL;
}

static size_t column_named(const table *t, str name) {
    size_t i = 0;
    while (i < t->n && !str_eq(t->columns[i].name, name))
        i++;
    BUG_ON(i == t->n);
    return i;
}

static void add_key(table *t, str name) {
    BUG_ON(t->n_key == TABLE_KEY_MAX);
    t->key[t->n_key++] = column_named(t, name);
}

static void add_column(table *t, str text) {
    table_column c = {.name = word(&text)};
    str type = word(&text);
    c.type = str_is(type, "{i64}")    ? TABLE_I64
             : str_is(type, "{text}") ? TABLE_TEXT
                                      : TABLE_BLOB;
    BUG_ON(c.type == TABLE_BLOB && !str_is(type, "{blob}"));
    BUG_ON(t->n == TABLE_COLUMNS_MAX);
    t->columns[t->n++] = c;
    if (str_find_str(text, STR("PRIMARY KEY"), 0) != SIZE_MAX) add_key(t, c.name);
}

static void read_create(reading *r, str rest) {
    table t = {.name = word(&rest)};
    str list = in_parentheses(&rest);
    for (str item; part(&list, &item);) {
        str words = item;
        if (take(&words, "PRIMARY")) {
            word(&words);
            str key = in_parentheses(&words);
            for (str column; part(&key, &column);)
                add_key(&t, column);
        } else if (!take(&words, "UNIQUE")) {
            add_column(&t, item);
        }
    }
    BUG_ON(!t.n_key || find(r, t.name));
    vec_push(r->a, &r->tables, t);
}

static void read_alter(reading *r, str rest) {
    table *t = find(r, word(&rest));
    BUG_ON(!t || !take(&rest, "ADD"));
    take(&rest, "COLUMN");
    add_column(t, rest);
}

static void read_drop(reading *r, str rest) {
    table *t = find(r, word(&rest));
    BUG_ON(!t);
    size_t at = (size_t)(t - r->tables.p);
    memmove(t, t + 1, (r->tables.n - at - 1) * sizeof *t);
    r->tables.n--;
}

static void read_statement(reading *r, str s) {
    if (take(&s, "CREATE")) {
        if (take(&s, "TABLE")) read_create(r, s);
    } else if (take(&s, "ALTER")) {
        BUG_ON(!take(&s, "TABLE"));
        read_alter(r, s);
    } else if (take(&s, "DROP") && take(&s, "TABLE")) {
        read_drop(r, s);
    }
}

static void read_migration(reading *r, str sql) {
    while (sql.n) {
        size_t end = str_find_str(sql, STR(";\n"), 0);
        read_statement(r, str_trim(str_upto(sql, end)));
        sql = end == SIZE_MAX ? (str){0} : str_from(sql, end + 2);
    }
}

// ---- queries --------------------------------------------------------------------------------

static str names(arena *a, const table *t, const size_t *which, size_t n) {
    str out = {0};
    for (size_t i = 0; i < n; i++)
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), i ? ", " : "",
                           STR_F(t->columns[which ? which[i] : i].name));
    return out;
}

static str marks(arena *a, size_t from, size_t n) {
    str out = {0};
    for (size_t i = 0; i < n; i++)
        out = arena_printf(a, "%.*s%s$%zu", STR_F(out), i ? ", " : "", from + i);
    return out;
}

static db_query query(arena *a, const table *t, const char *what, str sql) {
    return (db_query){arena_printf(a, "table.%.*s.%s", STR_F(t->name), what).p, sql.p, false};
}

static void make_queries(arena *a, table *t) {
    str all = names(a, t, NULL, t->n), key = names(a, t, t->key, t->n_key);
    str from = arena_printf(a, "SELECT %.*s FROM %.*s", STR_F(all), STR_F(t->name));
    str order = arena_printf(a, "ORDER BY %.*s LIMIT", STR_F(key));
    t->first = query(a, t, "first", arena_printf(a, "%.*s %.*s $1", STR_F(from), STR_F(order)));
    t->after =
        query(a, t, "after",
              arena_printf(a, "%.*s WHERE (%.*s) > (%.*s) %.*s $%zu", STR_F(from), STR_F(key),
                           STR_F(marks(a, 1, t->n_key)), STR_F(order), t->n_key + 1));
    t->insert = query(a, t, "insert",
                      arena_printf(a,
                                   "INSERT INTO %.*s (%.*s) VALUES (%.*s) ON CONFLICT DO "
                                   "NOTHING",
                                   STR_F(t->name), STR_F(all), STR_F(marks(a, 1, t->n))));
    t->wipe = query(a, t, "wipe",
                    arena_printf(a,
                                 "DELETE FROM %.*s WHERE (%.*s) IN (SELECT %.*s FROM %.*s "
                                 "%.*s 2000)",
                                 STR_F(t->name), STR_F(key), STR_F(key), STR_F(t->name),
                                 STR_F(order)));
}

static void make_owned_queries(arena *a, table *t) {
    static const char *const owners[] = {"run", "owner", "src", "model"};
    str second = t->n_key > 1 ? t->columns[t->key[1]].name : (str){0};
    if (!str_is(t->columns[t->key[0]].name, "ws")) return;
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        t->owned |= str_is(second, owners[i]);
    if (!t->owned) return;
    str all = names(a, t, NULL, t->n), key = names(a, t, t->key, t->n_key);
    str mine =
        arena_printf(a, "FROM %.*s WHERE ws = $1 AND %.*s = $2", STR_F(t->name), STR_F(second));
    size_t rest = t->n_key - 2;
    str behind =
        rest ? arena_printf(a, " AND (%.*s) > (%.*s)", STR_F(names(a, t, t->key + 2, rest)),
                            STR_F(marks(a, 3, rest)))
             : (str){0};
    t->owned_first = query(a, t, "owned_first",
                           arena_printf(a, "SELECT %.*s %.*s ORDER BY %.*s LIMIT $3",
                                        STR_F(all), STR_F(mine), STR_F(key)));
    t->owned_after =
        query(a, t, "owned_after",
              arena_printf(a, "SELECT %.*s %.*s%.*s ORDER BY %.*s LIMIT $%zu", STR_F(all),
                           STR_F(mine), STR_F(behind), STR_F(key), 3 + rest));
    t->owned_wipe =
        query(a, t, "owned_wipe",
              arena_printf(a,
                           "DELETE FROM %.*s WHERE (%.*s) IN (SELECT %.*s %.*s "
                           "ORDER BY %.*s LIMIT 500)",
                           STR_F(t->name), STR_F(key), STR_F(key), STR_F(mine), STR_F(key)));
}

static void make_range_queries(arena *a, table *t) {
    if (t->n_key < 2 || t->columns[t->key[1]].type != TABLE_TEXT) return;
    str all = names(a, t, NULL, t->n), key = names(a, t, t->key, t->n_key);
    str second = t->columns[t->key[1]].name;
    str part =
        arena_printf(a, "SELECT %.*s FROM %.*s WHERE ws = $1 AND %.*s >= $2 AND %.*s < $3",
                     STR_F(all), STR_F(t->name), STR_F(second), STR_F(second));
    size_t rest = t->n_key - 1;
    t->range_first =
        query(a, t, "range_first",
              arena_printf(a, "%.*s ORDER BY %.*s LIMIT $4", STR_F(part), STR_F(key)));
    t->range_after = query(a, t, "range_after",
                           arena_printf(a, "%.*s AND (%.*s) > (%.*s) ORDER BY %.*s LIMIT $%zu",
                                        STR_F(part), STR_F(names(a, t, t->key + 1, rest)),
                                        STR_F(marks(a, 4, rest)), STR_F(key), 4 + rest));
}

static void make_project_queries(arena *a, table *t) {
    bool has = false;
    for (size_t i = 0; i < t->n; i++)
        has |= str_is(t->columns[i].name, "project");
    if (!has || t->owned) return;
    str all = names(a, t, NULL, t->n), key = names(a, t, t->key, t->n_key);
    str part = arena_printf(a, "SELECT %.*s FROM %.*s WHERE ws = $1 AND project = $2",
                            STR_F(all), STR_F(t->name));
    size_t rest = t->n_key - 1;
    t->project_first =
        query(a, t, "project_first",
              arena_printf(a, "%.*s ORDER BY %.*s LIMIT $3", STR_F(part), STR_F(key)));
    t->project_after =
        query(a, t, "project_after",
              arena_printf(a, "%.*s AND (%.*s) > (%.*s) ORDER BY %.*s LIMIT $%zu", STR_F(part),
                           STR_F(names(a, t, t->key + 1, rest)), STR_F(marks(a, 3, rest)),
                           STR_F(key), 3 + rest));
}

// ---- sets -----------------------------------------------------------------------------------

static table_set *read_set(size_t migrations) {
    reading r = {.a = arena_new()};
    for (size_t i = 0; i < migrations; i++)
        read_migration(&r, str_of(schema_migrations[i].sql));
    for (size_t i = 0; i < r.tables.n; i++) {
        make_queries(r.a, &r.tables.p[i]);
        make_owned_queries(r.a, &r.tables.p[i]);
        make_range_queries(r.a, &r.tables.p[i]);
        make_project_queries(r.a, &r.tables.p[i]);
    }
    table_set *s = ARENA_NEW(r.a, table_set);
    *s = (table_set){schema_migrations[migrations - 1].number, r.tables.p, r.tables.n};
    return s;
}

const table_set *table_set_at(int number) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards sets
    static table_set *sets[64];
    size_t at = schema_migrations_n;
    while (number && at && schema_migrations[at - 1].number != number)
        at--;
    if (!at) return NULL;
    BUG_ON(at > sizeof sets / sizeof *sets);
    pthread_mutex_lock(&lock);
    if (!sets[at - 1]) sets[at - 1] = read_set(at);
    pthread_mutex_unlock(&lock);
    return sets[at - 1];
}

const table *table_named(const table_set *s, str name) {
    for (size_t i = 0; i < s->n; i++) {
        if (str_eq(s->tables[i].name, name)) return &s->tables[i];
    }
    return NULL;
}
