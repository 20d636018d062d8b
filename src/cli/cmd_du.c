// SPDX-License-Identifier: Apache-2.0
// du: a table of who uses how much.
#include "cli/client.h"

#include <stdio.h>

#define WALK_US (3600 * INT64_C(1000000)) // the server may have millions of files to count

static long long number(const json_value *row, const char *name) {
    const json_value *v = json_get(row, name);
    return v ? (long long)v->i : 0;
}

static void print_rows(const json_value *items, const char *by) {
    printf("%-32s %8s %8s %14s %16s %10s %18s %18s\n", by, "runs", "deleted", "points",
           "point bytes", "files", "file bytes", "stored bytes");
    for (const json_value *r = items->child; r; r = r->next) {
        const json_value *name = json_get(r, "name");
        str text = name ? name->text : (str){0};
        printf("%-32.*s %8lld %8lld %14lld %16lld %10lld %18lld %18lld\n",
               STR_F(text.n ? text : STR("(none)")), number(r, "runs"),
               number(r, "deleted_runs"), number(r, "points"), number(r, "point_bytes"),
               number(r, "files"), number(r, "file_bytes"), number(r, "stored_bytes"));
    }
}

int cmd_du(const cli_options *o, arena *a) {
    err e = {0};
    str text, by = o->by.n ? o->by : STR("project");
    cli_client *c = cli_connect_patient(o, a, WALK_US, &e);
    str path = arena_printf(a, "/du?by=%.*s", STR_F(http_client_escape(a, by)));
    const json_value *page = c ? cli_call(c, "GET", path, (str){0}, &text, &e) : NULL;
    cli_disconnect(c);
    if (!page) return cli_fail(&e);
    if (o->json.n)
        printf("%.*s\n", STR_F(text));
    else
        print_rows(json_get(page, "items"), arena_cstr(a, by));
    return CLI_OK;
}
