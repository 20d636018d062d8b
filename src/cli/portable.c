// SPDX-License-Identifier: Apache-2.0
// portable: see portable.h. Any thread.
#include "cli/portable.h"

#include "base/hex.h"
#include "base/msg.h"
#include "base/vec.h"
#include "core/edge.h"
#include "core/event.h"
#include "core/model.h"
#include "core/run.h"

#include <stdio.h>

// ---- tables ---------------------------------------------------------------------------------

// Derived from what is exported, or about a server at work; and who may come in to it, which is
// no part of the data.
static const char *const left_out[] = {
    "object",      "object_hold",   "object_link",  "object_sent",   "object_cut", "lease",
    "point_log",   "series_run",    "series",       "event_pending", "block",      "model_run",
    "run_mark",    "column_head",   "column_key",   "column_chunk",  "job",        "once",
    "block_level", "project_moved", "user_account", "token",         "role"};

static const struct {
    const char *table, *file;
} file_names[] = {{"workspace", "workspaces"},
                  {"counter", "counters"},
                  {"project", "projects"},
                  {"project_tag", "project_tags"},
                  {"run", "runs"},
                  {"dataset", "datasets"},
                  {"edge", "inputs"},
                  {"edge_tag", "input_tags"},
                  {"model", "models"},
                  {"artifact", "artifacts"},
                  {"event", "events"},
                  {"event_head", "event_heads"},
                  {"evaluation", "evaluations"},
                  {"evaluation_score", "evaluation_scores"}};

static bool is_left_out(const table *t) {
    bool out = false;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        out |= str_is(t->name, left_out[i]);
    return out;
}

static str file_of(const table *t) {
    for (size_t i = 0; i < sizeof file_names / sizeof *file_names; i++) {
        if (str_is(t->name, file_names[i].table)) return str_of(file_names[i].file);
    }
    return t->name;
}

portable_file *portable_files(arena *a, size_t *n) {
    const table_set *set = table_set_at(0);
    VEC(portable_file) v = {0};
    for (size_t i = 0; i < set->n; i++) {
        const table *t = &set->tables[i];
        if (is_left_out(t)) continue;
        if (!str_is(t->name, "attr")) {
            vec_push(a, &v, (portable_file){.name = file_of(t), .t = t});
            continue;
        }
        vec_push(a, &v, (portable_file){STR("params"), t, true, ATTR_PARAM});
        vec_push(a, &v, (portable_file){STR("tags"), t, true, ATTR_TAG});
        vec_push(a, &v, (portable_file){STR("attributes"), t, true, 0});
    }
    *n = v.n;
    return v.p;
}

// ---- columns --------------------------------------------------------------------------------

static const msg_name lives[] = {{"active", LIFE_ACTIVE}, {"deleted", LIFE_DELETED}, {NULL, 0}};
static const msg_name edges[] = {{"used_dataset", EDGE_USED_DATASET},
                                 {"used_model", EDGE_USED_MODEL},
                                 {"made_model", EDGE_MADE_MODEL},
                                 {NULL, 0}};
static const msg_name model_statuses[] = {{"unspecified", MODEL_UNSPECIFIED},
                                          {"pending", MODEL_PENDING},
                                          {"ready", MODEL_READY},
                                          {"failed", MODEL_FAILED},
                                          {NULL, 0}};
#define EVENT_NAME(name, doc) {#name, EVENT_##name},
static const msg_name events[] = {EVENT_TABLE(EVENT_NAME){NULL, 0}};
#undef EVENT_NAME

// The words of a column's numbers, or NULL.
static const msg_name *names_of(const portable_file *f, str column) {
    static const struct {
        const char *table, *column;
        const msg_name *names;
    } all[] = {{"run", "status", run_status_names}, {"run", "life", lives},
               {"project", "life", lives},          {"model", "life", lives},
               {"model", "status", model_statuses}, {"edge", "kind", edges},
               {"edge_tag", "kind", edges},         {"event", "kind", events}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (str_is(f->t->name, all[i].table) && str_is(column, all[i].column))
            return all[i].names;
    }
    return NULL;
}

// Columns that are derived, or that the file's name says.
static bool is_hidden(const portable_file *f, str column) {
    return (str_is(f->t->name, "run") && str_is(column, "slot")) ||
           (f->by_kind && f->kind && str_is(column, "kind"));
}

// ---- writing --------------------------------------------------------------------------------

static size_t kind_column(const portable_file *f) {
    size_t i = 0;
    while (i < f->t->n && !str_is(f->t->columns[i].name, "kind"))
        i++;
    return i;
}

bool portable_has(const portable_file *f, const db_rows *row) {
    if (!f->by_kind) return true;
    int64_t kind = db_i64(row, (int)kind_column(f));
    return f->kind ? kind == f->kind : kind != ATTR_PARAM && kind != ATTR_TAG;
}

void portable_put_hex(json_writer *w, str bytes) {
    buf b = BUF_MAX(2 * bytes.n + 1);
    char *room = bytes.n ? buf_room(&b, 2 * bytes.n) : NULL;
    if (room) {
        hex_put(room, (const uint8_t *)bytes.p, bytes.n);
        b.n += 2 * bytes.n;
    }
    json_string(w, buf_view(&b));
    buf_free(&b);
}

void portable_put(json_writer *w, const portable_file *f, const db_rows *row) {
    json_object(w);
    for (size_t i = 0; i < f->t->n; i++) {
        const table_column *c = &f->t->columns[i];
        int at = (int)i;
        if (is_hidden(f, c->name) || db_is_null(row, at)) continue;
        json_key(w, c->name);
        str name = {0};
        if (c->type == TABLE_I64) name = msg_name_of(names_of(f, c->name), db_i64(row, at));
        if (name.p)
            json_string(w, name);
        else if (c->type == TABLE_I64)
            json_i64(w, db_i64(row, at));
        else if (c->type == TABLE_TEXT)
            json_string(w, db_text(row, at));
        else
            portable_put_hex(w, db_blob(row, at));
    }
    json_object_end(w);
}

str portable_object_path(arena *a, str dir, sha256 digest) {
    char hex[SHA256_HEX];
    sha256_hex(digest, hex);
    return arena_printf(a, "%.*s/objects/%.2s/%s", STR_F(dir), hex, hex);
}

// ---- reading --------------------------------------------------------------------------------

static int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool get_hex(arena *a, str hex, str *bytes) {
    char *out = arena_bytes(a, hex.n / 2 + 1);
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        int high = hex_value(hex.p[i]), low = hex_value(hex.p[i + 1]);
        if (high < 0 || low < 0) return false;
        out[i / 2] = (char)(high << 4 | low);
    }
    *bytes = str_n(out, hex.n / 2);
    return hex.n % 2 == 0;
}

static bool number_of(const msg_name *names, const json_value *v, int64_t *out) {
    *out = v->i;
    if (v->type == JSON_INT) return true;
    for (; v->type == JSON_STRING && names && names->name; names++) {
        *out = names->value;
        if (str_is(v->text, names->name)) return true;
    }
    return false;
}

static bool put_cell(arena *a, const portable_file *f, const table_column *c,
                     const json_value *v, buf *row) {
    int64_t number = f->kind;
    str bytes;
    if (is_hidden(f, c->name) && f->by_kind) {
        buf_byte(row, 1);
        buf_ivar(row, number);
    } else if (!v || is_hidden(f, c->name)) {
        buf_byte(row, 0);
    } else if (c->type == TABLE_I64) {
        if (!number_of(names_of(f, c->name), v, &number)) return false;
        buf_byte(row, 1);
        buf_ivar(row, number);
    } else {
        if (v->type != JSON_STRING) return false;
        bytes = v->text;
        if (c->type == TABLE_BLOB && !get_hex(a, v->text, &bytes)) return false;
        buf_uvar(row, bytes.n + 1);
        buf_str(row, bytes);
    }
    return true;
}

bool portable_get(arena *a, const portable_file *f, str line, buf *row, err *e) {
    str why = {0};
    const json_value *v = json_parse(a, line, 0, &why);
    if (!v || v->type != JSON_OBJECT)
        return err_set(e, ERR_INVALID, "it is not a JSON object%s%.*s", why.n ? ": " : "",
                       STR_F(why));
    for (size_t i = 0; i < f->t->n; i++) {
        const table_column *c = &f->t->columns[i];
        char name[64];
        snprintf(name, sizeof name, "%.*s", STR_F(c->name));
        if (!put_cell(a, f, c, json_get(v, name), row))
            return err_set(e, ERR_INVALID, "its '%s' is not of the right kind", name);
    }
    return true;
}
