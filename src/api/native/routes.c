// SPDX-License-Identifier: Apache-2.0
// routes: the native dialect's table, an area a paragraph.
#include "api/native/native.h"
#include "api/native/native_internal.h"

#define RPC(m, path, perm, row, doc) ROUTE(m, path, perm, native_handle, doc, .data = &(row))
// One whose reply may be long.
#define LONG(m, path, perm, row, doc)                                                          \
    ROUTE(m, path, perm, native_handle, doc, .data = &(row), .flags = HTTP_LONG)

static const native_stream backup_stream = {.gives = "application/vnd.stemma.backup"};

static const http_route routes[] = {
    // about the server
    ROUTE(HTTP_GET, "openapi.json", PUBLIC, native_openapi, "this API as an OpenAPI 3.1 page",
          .data = &native_openapi_io),
    RPC(HTTP_GET, "server", KNOWN, native_server, "what this server is, and who asks"),
    RPC(HTTP_GET, "whoami", KNOWN, native_whoami, "who asks, and as what"),

    // workspaces
    RPC(HTTP_GET, "workspaces", KNOWN, native_workspaces_list,
        "the workspaces that the caller may see"),
    RPC(HTTP_POST, "workspaces", OPERATE, native_workspaces_create, "make a workspace"),
    RPC(HTTP_GET, "workspaces/{workspace}", KNOWN, native_workspaces_get,
        "a workspace by its name"),
    RPC(HTTP_PATCH, "workspaces/{workspace}", OPERATE, native_workspaces_change,
        "describe a workspace"),
    RPC(HTTP_DELETE, "workspaces/{workspace}", OPERATE, native_workspaces_delete,
        "delete a workspace that is empty"),

    // users
    RPC(HTTP_GET, "users", ADMIN, native_users_list,
        "list users with their roles in the workspace"),
    RPC(HTTP_POST, "users", OPERATE, native_users_create,
        "make a user, with a role and a first token"),
    RPC(HTTP_GET, "users/{user}", ADMIN, native_users_get, "a user by their name"),
    RPC(HTTP_PATCH, "users/{user}", OPERATE, native_users_change,
        "disable a user, or let them in again"),
    RPC(HTTP_PUT, "users/{user}/role", ADMIN, native_users_role,
        "set a user's role in the workspace"),
    RPC(HTTP_GET, "users/{user}/tokens", OPERATE, native_tokens_list,
        "the tokens of a user, without their secrets"),
    RPC(HTTP_POST, "users/{user}/tokens", OPERATE, native_tokens_create,
        "make a token; its secret is told this once"),
    RPC(HTTP_DELETE, "users/{user}/tokens/{token}", OPERATE, native_tokens_revoke,
        "revoke a token"),

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
    RPC(HTTP_POST, "runs", WRITE, native_runs_create, "begin a run"),
    RPC(HTTP_GET, "runs/{run}", READ, native_runs_get,
        "a run with all it holds but its points"),
    RPC(HTTP_PATCH, "runs/{run}", WRITE, native_runs_change,
        "change a run's state, name, tags or project"),
    RPC(HTTP_DELETE, "runs/{run}", WRITE, native_runs_delete, "move a run to the bin"),
    RPC(HTTP_POST, "runs/{run}/restore", WRITE, native_runs_restore,
        "bring a run back from the bin"),
    ROUTE(HTTP_POST, "runs/{run}/log", WRITE, native_handle,
          "log points, configuration and tags, all or nothing", .data = &native_runs_log,
          .max_body = 16u << 20),
    RPC(HTTP_POST, "runs/search", READ, native_runs_search,
        "find runs, in the search language"),
    RPC(HTTP_POST, "runs/bulk", WRITE, native_runs_bulk,
        "delete, restore, tag, untag or move many runs"),
    RPC(HTTP_POST, "runs/group", READ, native_runs_group,
        "group runs by fields, with statistics of others"),
    RPC(HTTP_GET, "names", READ, native_names,
        "what a search may name: metrics, configuration, tags, attributes"),
    RPC(HTTP_GET, "values", READ, native_values, "which values a field has"),

    // series
    RPC(HTTP_GET, "runs/{run}/series", READ, native_series_list,
        "the series of a run with their first, last, least and greatest values"),
    LONG(HTTP_GET, "runs/{run}/points", READ, native_points_list,
         "the points of a series: a page as JSON, all of them as CSV or JSON lines (Accept)"),
    LONG(HTTP_POST, "series/chart", READ, native_chart,
         "many series of many runs for a chart, at a resolution"),
    ROUTE(HTTP_POST, "ingest", WRITE, native_ingest,
          "log points, config and tags of many runs in one body of any length",
          .flags = HTTP_STREAM_BODY, .data = &native_ingest_io),

    // console
    RPC(HTTP_GET, "runs/{run}/console", READ, native_console_read,
        "lines that a run's program printed, from either end, all or those that match"),
    RPC(HTTP_POST, "runs/{run}/console", WRITE, native_console_append,
        "add lines to a run's console"),
    ROUTE(HTTP_POST, "runs/{run}/console/stream", WRITE, native_console_stream,
          "add lines as they come, as plain text or a JSON object a line",
          .data = &native_console_stream_io, .flags = HTTP_STREAM_BODY | HTTP_LONG),
    RPC(HTTP_POST, "runs/{run}/beat", WRITE, native_beat,
        "a sign of life: a run that promised one and gives none is crashed"),

    // files
    RPC(HTTP_GET, "runs/{run}/files", READ, native_files_list,
        "the files of a run, a folder at a time"),
    ROUTE(HTTP_GET, "runs/{run}/files/{path...}", READ, native_file_get,
          "a file, with ranges and ETag", .data = &native_file_get_io),
    ROUTE(HTTP_PUT, "runs/{run}/files/{path...}", WRITE, native_file_put,
          "put a file of any length", .flags = HTTP_STREAM_BODY, .data = &native_file_put_io),
    RPC(HTTP_DELETE, "runs/{run}/files/{path...}", WRITE, native_file_delete,
        "delete a file, or a folder with what is in it"),
    LONG(HTTP_GET, "runs/{run}/tar", READ, native_tar, "a folder of a run as a tar archive"),

    // pushing and pulling
    RPC(HTTP_POST, "objects/missing", WRITE, native_objects_missing,
        "which of these files' bytes does the server not have?"),
    ROUTE(HTTP_POST, "objects", WRITE, native_objects_put,
          "send the bytes of files, many in one body", .flags = HTTP_STREAM_BODY,
          .data = &native_objects_put_io),
    ROUTE(HTTP_PUT, "objects/{object}/chunks", WRITE, native_object_make,
          "make a large file of chunks that were sent, one behind the other",
          .flags = HTTP_STREAM_BODY | HTTP_LONG, .data = &native_object_make_io),
    ROUTE(HTTP_GET, "objects/{object}", READ, native_object_get,
          "the bytes of a file by their SHA-256, with ranges", .data = &native_object_get_io),
    ROUTE(HTTP_POST, "trees", WRITE, native_handle,
          "make a tree of files by changes to another", .data = &native_trees_edit,
          .max_body = 16u << 20),
    RPC(HTTP_GET, "trees/{tree}", READ, native_trees_files, "all files of a tree"),
    RPC(HTTP_POST, "repos/{repo}/versions", WRITE, native_versions_publish,
        "publish a tree as a version"),
    RPC(HTTP_POST, "repos/{repo}/releases", WRITE, native_releases_create,
        "publish versions of several repos as one release"),

    // repos
    RPC(HTTP_GET, "repos", READ, native_repos_list,
        "list repos: models, data sets, prompts with their versions"),
    RPC(HTTP_POST, "repos", WRITE, native_repos_create, "make a repo"),
    RPC(HTTP_GET, "repos/{repo}", READ, native_repos_get, "a repo by its name"),
    RPC(HTTP_PATCH, "repos/{repo}", WRITE, native_repos_change,
        "rename a repo, describe it, set and remove its tags"),
    RPC(HTTP_DELETE, "repos/{repo}", MAINTAIN, native_repos_delete,
        "delete a repo with its versions, with a reason, unless a tag holds one"),
    RPC(HTTP_GET, "repos/{repo}/moves", READ, native_repos_moves,
        "where the refs of a repo were moved, the newest move first"),
    RPC(HTTP_GET, "resolve", READ, native_resolve, "which version an address means"),

    // differences
    LONG(HTTP_GET, "diff", READ, native_diff,
         "what changed between two versions, or two runs: all but tensors"),
    LONG(HTTP_GET, "diff/tensors", READ, native_diff_tensors,
         "which tensors of two versions differ and how far, a line each, then their sum"),

    // versions
    RPC(HTTP_GET, "repos/{repo}/versions", READ, native_versions_list,
        "the versions of a repo, the newest first"),
    RPC(HTTP_GET, "repos/{repo}/versions/{version}", READ, native_versions_get,
        "a version by its number"),
    RPC(HTTP_PATCH, "repos/{repo}/versions/{version}", WRITE, native_versions_change,
        "change what is told of a version: description, stage, tags"),
    RPC(HTTP_DELETE, "repos/{repo}/versions/{version}", MAINTAIN, native_versions_delete,
        "delete a version, unless a tag holds it; a tombstone stays"),
    RPC(HTTP_POST, "repos/{repo}/versions/{version}/mark", WRITE, native_versions_mark,
        "mark a version as yanked or bad, or take the mark away"),
    RPC(HTTP_GET, "repos/{repo}/versions/{version}/files", READ, native_version_files,
        "the files of a version, a folder at a time"),
    ROUTE(HTTP_GET, "repos/{repo}/versions/{version}/files/{path...}", READ,
          native_version_file, "a file of a version, with ranges and ETag",
          .data = &native_version_file_io),
    LONG(HTTP_GET, "repos/{repo}/versions/{version}/tar", READ, native_version_tar,
         "a folder of a version as a tar archive"),
    LONG(HTTP_GET, "repos/{repo}/versions/{version}/verify", READ, native_version_verify,
         "is all of a version there, and what its digests say? A step of it"),
    LONG(HTTP_GET, "repos/{repo}/versions/{version}/pickles", READ, native_version_pickles,
         "what the pickles among a version's files would import; nothing is executed"),

    LONG(HTTP_GET, "repos/{repo}/versions/{version}/suggested", READ, native_version_suggested,
         "the semantic version that a version could be sealed under, and why"),
    RPC(HTTP_GET, "repos/{repo}/versions/{version}/readiness", READ, native_versions_readiness,
        "has a version what is asked for before a ref is moved to it?"),
    RPC(HTTP_POST, "repos/{repo}/versions/{version}/approve", WRITE, native_versions_approve,
        "approve a version for a ref, or take that back"),

    // evaluations
    RPC(HTTP_GET, "repos/{repo}/versions/{version}/evaluations", READ, native_evaluations_list,
        "what was measured of a version since it was published, the newest first"),
    RPC(HTTP_POST, "repos/{repo}/versions/{version}/evaluations", WRITE, native_evaluations_add,
        "add an evaluation of a version: a suite and its scores"),
    RPC(HTTP_GET, "repos/{repo}/versions/{version}/evaluations/{evaluation}", READ,
        native_evaluations_get, "an evaluation of a version by its number"),
    RPC(HTTP_POST, "repos/{repo}/versions/{version}/evaluations/{evaluation}/withdraw", WRITE,
        native_evaluations_withdraw,
        "withdraw an evaluation, with a reason: it stays, and counts no more"),

    // protection
    RPC(HTTP_GET, "repos/{repo}/protections", READ, native_protections_list,
        "what a repo asks for before refs move and versions are published"),
    RPC(HTTP_PUT, "repos/{repo}/protections", MAINTAIN, native_protections_set,
        "protect a ref, or publishing: asks for what is given, the rest stays"),
    RPC(HTTP_DELETE, "repos/{repo}/protections", MAINTAIN, native_protections_remove,
        "protect it no more"),
    LONG(HTTP_GET, "repos/{repo}/candidates", READ, native_candidates,
         "the versions that a ref may be moved to next, and what each lacks"),

    // lineage
    LONG(HTTP_GET, "lineage", READ, native_lineage,
         "what a version, a run, a model or a data set is made of, and what was made from it"),

    // rules
    RPC(HTTP_GET, "repos/{repo}/rules", READ, native_rules_list, "the rules of a repo"),
    RPC(HTTP_GET, "repos/{repo}/rules/{rule}", READ, native_rules_get, "a rule by its name"),
    RPC(HTTP_PUT, "repos/{repo}/rules/{rule}", WRITE, native_rules_set,
        "make or change a rule: what must hold, and which version is the best"),
    RPC(HTTP_DELETE, "repos/{repo}/rules/{rule}", WRITE, native_rules_remove,
        "remove a rule; its changes stay in the events"),
    RPC(HTTP_GET, "repos/{repo}/rules/{rule}/versions/{version}", READ, native_rule_holds,
        "does a rule hold for a version, and if not, why?"),
    LONG(HTTP_POST, "repos/{repo}/best", READ, native_best,
         "the best version by a rule, and why the others are not"),
    LONG(HTTP_GET, "why", READ, native_why,
         "what explains that a metric of two versions differs, by the repo's history"),

    // refs
    RPC(HTTP_GET, "repos/{repo}/refs", READ, native_refs_list,
        "the aliases and tags of a repo"),
    RPC(HTTP_PUT, "repos/{repo}/refs/{ref}", WRITE, native_refs_set,
        "set an alias, or a tag that never moves; if it is where it was expected"),
    RPC(HTTP_DELETE, "repos/{repo}/refs/{ref}", WRITE, native_refs_remove,
        "remove a ref (a tag: takes a maintainer); its moves stay"),
    RPC(HTTP_GET, "repos/{repo}/refs/{ref}/history", READ, native_refs_history,
        "where a ref pointed, the newest move first"),
    RPC(HTTP_POST, "repos/{repo}/refs/{ref}/rollback", WRITE, native_refs_rollback,
        "move an alias back to the last good version that it was at"),

    // events, jobs
    RPC(HTTP_GET, "events", READ, native_events_list,
        "what happened, to what, by whom and when, oldest first"),
    RPC(HTTP_GET, "events/head", READ, native_events_head,
        "the chain at the last event, or at another: to be kept elsewhere"),
    LONG(HTTP_GET, "events/verify", READ, native_events_verify,
         "is the log as it was written? A step of checking its chain"),
    ROUTE(HTTP_GET, "events/stream", READ, native_events_stream,
          "what happens, live, as server-sent events; a reconnect goes on where it was cut",
          .data = &native_events_stream_io),
    RPC(HTTP_GET, "jobs", READ, native_jobs_list, "what works behind the requests"),
    RPC(HTTP_POST, "jobs", OPERATE, native_jobs_start, "start a job"),
    RPC(HTTP_GET, "jobs/{job}", READ, native_jobs_get, "a job and how far it is"),

    // care
    ROUTE(HTTP_GET, "du", READ, native_handle, "who uses how much, by project, user or repo",
          .flags = HTTP_LONG, .data = &native_du),
    ROUTE(HTTP_POST, "backup", OPERATE, native_backup,
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
