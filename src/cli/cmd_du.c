// SPDX-License-Identifier: Apache-2.0
// du: a table of who uses how much. One thread.
#include "cli/session.h"

#define WALK_US (3600 * INT64_C(1000000)) // the server may have millions of files to count

// The first column is by what it is told, under that name.
static const out_column of_runs[] = {{STR_K("project"), 0, 0},
                                     {STR_K("runs"), OUT_RIGHT, 4},
                                     {STR_K("deleted"), OUT_RIGHT, 5},
                                     {STR_K("points"), OUT_RIGHT, 2},
                                     {STR_K("point bytes"), OUT_RIGHT, 0},
                                     {STR_K("files"), OUT_RIGHT, 3},
                                     {STR_K("file bytes"), OUT_RIGHT, 1},
                                     {STR_K("stored bytes"), OUT_RIGHT, 0}};
static const char *const members_of_runs[] = {"name",       "runs",        "deleted_runs",
                                              "points",     "point_bytes", "files",
                                              "file_bytes", "stored_bytes"};
static const out_column of_versions[] = {{STR_K("repo"), 0, 0},
                                         {STR_K("versions"), OUT_RIGHT, 3},
                                         {STR_K("files"), OUT_RIGHT, 2},
                                         {STR_K("file bytes"), OUT_RIGHT, 1},
                                         {STR_K("stored bytes"), OUT_RIGHT, 0}};
static const char *const members_of_versions[] = {"name", "versions", "files", "file_bytes",
                                                  "stored_bytes"};
#define N_OF(x) (sizeof(x) / sizeof *(x))

static void put_rows(cli_out *t, const json_value *items, str by, const out_column *columns,
                     const char *const *members, size_t n) {
    out_column shown[N_OF(of_runs)];
    out_cell cells[N_OF(of_runs)];
    memcpy(shown, columns, n * sizeof *shown);
    shown[0].title = by;
    out_table *table = out_table_new(t, shown, n, false);
    for (const json_value *r = items->child; r; r = r->next) {
        for (size_t i = 0; i < n; i++)
            cells[i] = (out_cell){cli_text(r, members[i]), OUT_PLAIN};
        if (!cells[0].text.n) cells[0].text = STR("(none)");
        out_row(table, cells);
    }
    out_table_end(table);
}

static void put_table(cli_out *t, const json_value *items, str by) {
    if (str_is(by, "repo"))
        put_rows(t, items, by, of_versions, members_of_versions, N_OF(of_versions));
    else
        put_rows(t, items, by, of_runs, members_of_runs, N_OF(of_runs));
}

int cmd_du(const cli_options *o, arena *a) {
    err e = {0};
    cli_out t = {0};
    str text, by = o->by.n ? o->by : STR("project");
    cli_client *c = out_open(&t, o, a, &e) ? cli_connect_patient(o, a, WALK_US, &e) : NULL;
    str path = arena_printf(a, "/du?by=%.*s", STR_F(http_client_escape(a, by)));
    const json_value *page = c ? cli_call(c, "GET", path, (str){0}, &text, &e) : NULL;
    cli_disconnect(c);
    if (page && o->json.n)
        out_json(&t, arena_printf(a, "%.*s\n", STR_F(text)));
    else if (page)
        put_table(&t, json_get(page, "items"), by);
    return page && out_close(&t, &e) ? CLI_OK : cli_fail(&e);
}
