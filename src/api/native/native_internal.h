// SPDX-License-Identifier: Apache-2.0
// What the dialect's files share. A route is a row of routes.c; most are RPCs (api/rpc.h) with
// the shape of their reply, the others stream and say which content types they take and give.
//
// Conventions. Lists answer {"items": [...], "next": "..."}: `next` is left out at the end,
// else it is given as `after` for the next page. Times of ours are integers of microseconds
// (`_us`), those of clients keep the integer and unit that they came with (`_ms`). Errors are
// RFC 9457.
#ifndef STEMMA_API_NATIVE_INTERNAL_H
#define STEMMA_API_NATIVE_INTERNAL_H

#include "api/native/shape.h"
#include "api/rpc.h"
#include "core/project.h"
#include "core/run.h"
#include "core/series.h"

#define NATIVE_PREFIX   "/api/v1/"
#define NATIVE_PAGE     100  // items of a list when `limit` is not sent
#define NATIVE_PAGE_MAX 1000 // and at most

// .data of rows that are no RPCs.
typedef struct native_stream {
    const char *takes, *gives; // content types with spaces between; NULL: none
    const msg_type *query;     // NULL: takes none
    const struct shape *reply; // of what it gives as JSON, if it does
} native_stream;

// ---- a call (call.c) ------------------------------------------------------------------------
void native_handle(http_req *r); // of rows whose .data is an rpc
void native_render_error(http_req *r, const err *e);
// The same with more members, ready-made JSON ("name":value,...); openapi.c has their shape.
void native_problem(http_req *r, const err *e, str more);
// The first content type of `types` (spaces between; the first is the default) that the request
// accepts; NULL and ERR_INVALID when it is none.
const char *native_accept(http_req *r, const char *types, err *e);
// For rows that are no RPCs: fills *out from the query string.
bool native_query(http_req *r, const msg_type *t, void *out, err *e);
// Parts of the path. A project is named by its number or its name.
bool native_run_id(str text, id *out, err *e); // of a text: ERR_NOT_FOUND when it is no id
bool native_path_run(call *k, id *out, err *e);
bool native_path_project(call *k, int64_t *out, err *e);
bool native_project_named(call *k, str text, int64_t *out, err *e);
bool native_project_row(call *k, str text, project *out, err *e); // all of it, with its tags
// A page's size: the default when nothing was sent, ERR_INVALID outside 1..NATIVE_PAGE_MAX.
bool native_limit(bool sent, int64_t value, size_t *out, err *e);
// The message of lists that take nothing but a page.
struct native_page {
    uint64_t has;
    int64_t limit;
    str after;
};
extern const msg_type native_page_msg;
bool native_page_limit(const struct native_page *q, size_t *out, err *e);
void native_m_id(json_writer *w, const char *name, id x); // a member
void native_m_tags(json_writer *w, const kv *tags, size_t n);
void native_list_end(json_writer *w, str next); // ends "items" and the object

// Views of lists: "active" (the default), "deleted", "all".
extern const msg_name native_views[];

// ---- server.c -------------------------------------------------------------------------------
extern const rpc native_server;

// ---- workspaces.c ---------------------------------------------------------------------------
extern const rpc native_workspaces_list, native_workspaces_create, native_workspaces_get,
    native_workspaces_change, native_workspaces_delete;

// ---- users.c, tokens.c ----------------------------------------------------------------------
extern const rpc native_whoami, native_users_list, native_users_create, native_users_get,
    native_users_change, native_users_role;
extern const rpc native_tokens_list, native_tokens_create, native_tokens_revoke;
extern const msg_name native_roles[];

// ---- the page of everything (openapi.c) -----------------------------------------------------
void native_openapi(http_req *r);
extern const native_stream native_openapi_io;

// ---- events.c, jobs.c -----------------------------------------------------------------------
extern const rpc native_events_list, native_jobs_list, native_jobs_get, native_jobs_start;
extern const native_stream native_events_stream_io;
void native_events_stream(http_req *r);

// ---- protect.c ------------------------------------------------------------------------------
extern const rpc native_protections_list, native_protections_set, native_protections_remove,
    native_versions_readiness, native_versions_approve, native_candidates;

// ---- suggested.c ----------------------------------------------------------------------------
extern const rpc native_version_suggested;

// ---- evaluations.c --------------------------------------------------------------------------
extern const rpc native_evaluations_list, native_evaluations_add, native_evaluations_get,
    native_evaluations_withdraw;

// ---- verify.c -------------------------------------------------------------------------------
extern const rpc native_events_head, native_events_verify, native_version_verify;

// ---- pickles.c ------------------------------------------------------------------------------
extern const rpc native_version_pickles;

// ---- projects.c -----------------------------------------------------------------------------
extern const rpc native_projects_list, native_projects_create, native_projects_get,
    native_projects_change, native_projects_delete, native_projects_restore;

// ---- series.c, series_chart.c, ingest.c -----------------------------------------------------
extern const rpc native_series_list, native_points_list, native_chart;
extern const native_stream native_ingest_io;
void native_ingest(http_req *r);
void native_put_point(json_writer *w, const series_value *v);
// Its members first, last, min, max and at_most, within an object of the caller's.
void native_put_summary(json_writer *w, const series_summary *s);

// ---- files.c --------------------------------------------------------------------------------
extern const rpc native_files_list, native_file_delete, native_tar;
extern const native_stream native_file_get_io, native_file_put_io;
void native_file_get(http_req *r);
void native_file_put(http_req *r);

// ---- runs.c, runs_search.c, runs_bulk.c, runs_group.c ---------------------------------------
extern const rpc native_runs_create, native_runs_get, native_runs_change, native_runs_delete,
    native_runs_restore, native_runs_log, native_runs_search, native_runs_bulk,
    native_runs_group, native_names, native_values;

// ---- console.c ------------------------------------------------------------------------------
extern const rpc native_console_append, native_console_read, native_beat;
extern const native_stream native_console_stream_io;
void native_console_stream(http_req *r);

// ---- push.c, publish.c ----------------------------------------------------------------------
bool native_digest(str text, sha256 *out, err *e); // of 64 hex digits; ERR_INVALID
extern const rpc native_objects_missing, native_trees_edit, native_trees_files,
    native_versions_publish, native_releases_create;
extern const native_stream native_objects_put_io, native_object_get_io, native_object_make_io;
void native_objects_put(http_req *r);
void native_object_make(http_req *r);
void native_object_get(http_req *r);

// ---- repos.c, versions.c, refs.c ------------------------------------------------------------
extern const rpc native_repos_list, native_repos_create, native_repos_get, native_repos_change,
    native_repos_delete, native_repos_moves;
extern const rpc native_versions_list, native_versions_get, native_versions_change,
    native_versions_mark, native_versions_delete, native_version_files, native_version_tar,
    native_resolve;
extern const native_stream native_version_file_io;
void native_version_file(http_req *r);
extern const rpc native_refs_list, native_refs_set, native_refs_remove, native_refs_rollback,
    native_refs_history;

// ---- diff.c, diff_tensors.c -----------------------------------------------------------------
extern const rpc native_diff, native_diff_tensors;
// ---- lineage.c ------------------------------------------------------------------------------
extern const rpc native_lineage;

// ---- rules.c, best.c ------------------------------------------------------------------------
extern const rpc native_rules_list, native_rules_get, native_rules_set, native_rules_remove,
    native_best, native_rule_holds;

// ---- why.c ----------------------------------------------------------------------------------
extern const rpc native_why;

// ---- care.c ---------------------------------------------------------------------------------
extern const rpc native_du;
void native_backup(http_req *r);

#endif
