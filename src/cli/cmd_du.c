// SPDX-License-Identifier: Apache-2.0
// du: a table of who uses how much.
#include "cli/client.h"

#include <stdio.h>

#define WALK_US (3600 * INT64_C(1000000)) // the server may have millions of files to count

static long long number(const json_value *row, const char *name) {
    const json_value *v = json_get(row, name);
    return v ? (long long)v->i : 0;
}

typedef struct column {
    const char *title, *name; // of the member
    int width;
} column;
static const column of_runs[] = {{"runs", "runs", 8},
                                 {"deleted", "deleted_runs", 8},
                                 {"points", "points", 14},
                                 {"point bytes", "point_bytes", 16},
                                 {"files", "files", 10},
                                 {"file bytes", "file_bytes", 18},
                                 {"stored bytes", "stored_bytes", 18},
                                 {0}};
static const column of_versions[] = {{"versions", "versions", 8},
                                     {"files", "files", 10},
                                     {"file bytes", "file_bytes", 18},
                                     {"stored bytes", "stored_bytes", 18},
                                     {0}};

static void print_rows(const json_value *items, const char *by, const column *columns) {
    printf("%-32s", by);
    for (const column *c = columns; c->title; c++)
        printf(" %*s", c->width, c->title);
    for (const json_value *r = items->child; r; r = r->next) {
        const json_value *name = json_get(r, "name");
        str text = name ? name->text : (str){0};
        printf("\n%-32.*s", STR_F(text.n ? text : STR("(none)")));
        for (const column *c = columns; c->title; c++)
            printf(" %*lld", c->width, number(r, c->name));
    }
    printf("\n");
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
        print_rows(json_get(page, "items"), arena_cstr(a, by),
                   str_is(by, "repo") ? of_versions : of_runs);
    return CLI_OK;
}
