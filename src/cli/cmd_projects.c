// SPDX-License-Identifier: Apache-2.0
// projects: list them.
#include "cli/client.h"

#include <stdio.h>

static void print_projects(const json_value *items) {
    for (const json_value *p = items->child; p; p = p->next) {
        printf("%-6lld %.*s\n", (long long)json_get(p, "number")->i,
               STR_F(json_get(p, "name")->text));
    }
}

int cmd_projects_list(const cli_options *o, arena *a) {
    err e = {0};
    str text;
    cli_client *c = cli_connect(o, a, &e);
    const json_value *page =
        c ? cli_call(c, "GET", STR("/projects"), (str){0}, &text, &e) : NULL;
    cli_disconnect(c);
    if (!page) return cli_fail(&e);
    if (o->json.n)
        printf("%.*s\n", STR_F(text));
    else
        print_projects(json_get(page, "items"));
    return CLI_OK;
}
