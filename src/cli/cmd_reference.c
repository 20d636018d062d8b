// SPDX-License-Identifier: Apache-2.0
// reference: prints docs/reference.md from the tables of the code: routes, metrics, error
// codes, events, and (commands.c) commands with their options. The tests compare the page with
// this output. With --openapi the native API's page instead, from which the types of the web
// interface are made.
#include "api/api.h"
#include "api/native/native.h"
#include "base/metrics.h"
#include "cli/cli_internal.h"
#include "core/event.h"

#include <stdio.h>

static void print_methods(unsigned m) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{HTTP_GET, "GET"},
                 {HTTP_POST, "POST"},
                 {HTTP_PUT, "PUT"},
                 {HTTP_PATCH, "PATCH"},
                 {HTTP_DELETE, "DELETE"}};
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(m & names[i].bit)) continue;
        printf("%s%s", separator, names[i].name);
        separator = ", ";
    }
}

static void print_route(void *arg, const char *pattern, const http_route *r) {
    (void)arg;
    printf("| ");
    print_methods(r->methods);
    printf(" | `%s` | %s | %s |\n", pattern, http_perm_name(r->perm), r->doc);
}

static void print_routes(void) {
    for (size_t i = 0; api_dialects[i]; i++) {
        printf("## Routes: %s\n\n| methods | path | permission | what it does "
               "|\n|---|---|---|---|\n",
               api_dialects[i]->name);
        http_routes_each(api_dialects[i], print_route, NULL);
        printf("\n");
    }
}

static void print_metric(void *arg, const char *name, const char *type, const char *help) {
    (void)arg;
    printf("| `%s` | %s | %s |\n", name, type, help);
}

#define EVENT_LINE(name, doc) printf("| `%s` | %s |\n", #name, doc);
#define PERM_LINE(name, doc)  printf("| %s | %s |\n", #name, doc);

static void print_openapi(arena *a) {
    buf b = BUF_MAX(16u << 20);
    json_writer w = json_writer_new(&b);
    native_openapi_write(&w, a);
    printf("%.*s\n", STR_F(buf_view(&b)));
    buf_free(&b);
}

int cmd_reference(const cli_options *o, arena *a) {
    if (o->openapi.n) {
        print_openapi(a);
        return CLI_OK;
    }
    printf("# Reference\n\nMade from the tables in the code by `make reference`; do not "
           "edit.\n\n");
    print_routes();
    printf("## Permissions\n\n| permission | who |\n|---|---|\n");
    PERM_TABLE(PERM_LINE)
    printf("\n## Metrics\n\n| name | type | meaning |\n|---|---|---|\n");
    metrics_each(print_metric, NULL);
    printf("\n## Errors\n\n| code | HTTP | gRPC | retry | meaning |\n|---|---|---|---|---|\n");
    for (int i = 1; i < ERR_COUNT_; i++) {
        const err_info *info = err_about((err_code)i);
        printf("| %s | %d | %d | %s | %s |\n", info->name, info->http, info->grpc,
               info->retry ? "helps" : "no", info->doc);
    }
    printf("\n## Events\n\n| event | meaning |\n|---|---|\n");
    EVENT_TABLE(EVENT_LINE)
    printf("\n## Commands\n\n");
    cli_print_reference();
    return CLI_OK;
}
