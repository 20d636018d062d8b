// SPDX-License-Identifier: Apache-2.0
// routes: the native dialect's table, an area a paragraph.
#include "api/native/native.h"
#include "api/native/native_internal.h"

#define RPC(m, path, perm, row, doc) ROUTE(m, path, perm, native_handle, doc, .data = &(row))

static const native_stream backup_stream = {.gives = "application/vnd.stemma.backup"};

static const http_route routes[] = {
    // about the server
    ROUTE(HTTP_GET, "openapi.json", PUBLIC, native_openapi, "this API as an OpenAPI 3.1 page"),

    // projects
    RPC(HTTP_GET, "projects", READ, native_projects_list, "list projects"),
    RPC(HTTP_POST, "projects", WRITE, native_projects_create, "create a project"),
    RPC(HTTP_GET, "projects/{project}", READ, native_projects_get,
        "a project by its number or name"),
    RPC(HTTP_PATCH, "projects/{project}", WRITE, native_projects_change,
        "rename a project, set and remove its tags"),
    RPC(HTTP_DELETE, "projects/{project}", WRITE, native_projects_delete,
        "move a project with its runs to the bin"),
    RPC(HTTP_POST, "projects/{project}/restore", WRITE, native_projects_restore,
        "bring a project with its runs back from the bin"),

    // runs

    // series

    // console

    // files

    // events, jobs
    RPC(HTTP_GET, "events", READ, native_events_list, "what happened, oldest first"),
    ROUTE(HTTP_GET, "events/stream", READ, native_events_stream,
          "what happens, live, as server-sent events; a reconnect goes on where it was cut",
          .data = &native_events_stream_io),
    RPC(HTTP_GET, "jobs", READ, native_jobs_list, "what works behind the requests"),
    RPC(HTTP_POST, "jobs", ADMIN, native_jobs_start, "start a job"),
    RPC(HTTP_GET, "jobs/{job}", READ, native_jobs_get, "a job and how far it is"),

    // care
    ROUTE(HTTP_GET, "du", READ, native_handle, "who uses how much, by project or user",
          .flags = HTTP_LONG, .data = &native_du),
    ROUTE(HTTP_POST, "backup", ADMIN, native_backup,
          "everything that is kept, at one moment, as one backup file", .flags = HTTP_LONG,
          .data = &backup_stream),
};

static const char *const prefixes[] = {NATIVE_PREFIX, NULL};

static bool owns(str path) {
    return str_starts(path, STR(NATIVE_PREFIX));
}

const http_dialect native_dialect = {
    .name = "native",
    .prefixes = prefixes,
    .routes = routes,
    .n = sizeof routes / sizeof *routes,
    .render_error = native_render_error,
    .owns = owns,
};
