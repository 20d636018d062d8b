// SPDX-License-Identifier: Apache-2.0
// The tables of the trunk and the order of all migrations. Keys begin with the workspace; ids
// are 16 bytes, made by the client of the database. Tables without a workspace: object,
// object_hold, object_link, object_cut (store), lease (jobs), user_account, token (users). A
// migration that has been released is never edited: add the next number.
#include "core/schema.h"

#include "core/console.h"
#include "core/evaluation.h"
#include "core/event.h"
#include "core/import.h"
#include "core/job.h"
#include "core/lineage.h"
#include "core/protect.h"
#include "core/repo.h"
#include "core/rule.h"
#include "core/search.h"
#include "core/series.h"
#include "core/user.h"
#include "core/workspace.h"
#include "store/store.h"

static const char trunk[] =
    "CREATE TABLE workspace (ws {i64} NOT NULL PRIMARY KEY, name {text} NOT NULL UNIQUE, "
    "created_us {i64} NOT NULL) {table};\n"
    // Small numbers for people: counter 'project' is the next project's number.
    "CREATE TABLE counter (ws {i64} NOT NULL, name {text} NOT NULL, value {i64} NOT NULL, "
    "PRIMARY KEY (ws, name)) {clustered};\n"
    "CREATE TABLE project (ws {i64} NOT NULL, project {i64} NOT NULL, name {text} NOT NULL,"
    " artifact_location {text} NOT NULL, life {i64} NOT NULL, created_ms {i64} NOT NULL, "
    "updated_ms {i64} NOT NULL,"
    " PRIMARY KEY (ws, project)) {clustered};\n"
    "CREATE UNIQUE INDEX project_by_name ON project (ws, name);\n"
    "CREATE TABLE project_tag (ws {i64} NOT NULL, project {i64} NOT NULL, key {text} NOT NULL, "
    "value {text} NOT NULL,"
    " PRIMARY KEY (ws, project, key)) {clustered};\n"
    // A run. slot: its place in the search columns of its project, given when it is first
    // folded. start_ms and end_ms are the client's integers. fork_run/fork_step: points
    // inherited from a parent up to a step; cut_step: own points behind it are hidden (rewind).
    // client_id: a dialect's own id.
    "CREATE TABLE run (ws {i64} NOT NULL, run {blob} NOT NULL, project {i64} NOT NULL, slot "
    "{i64}, name {text} NOT NULL,"
    " user_name {text} NOT NULL, status {i64} NOT NULL, life {i64} NOT NULL, start_ms {i64}, "
    "end_ms {i64},"
    " artifact_uri {text} NOT NULL, created_us {i64} NOT NULL, deleted_us {i64}, fork_run "
    "{blob}, fork_step {i64},"
    " cut_step {i64}, client_id {text}, PRIMARY KEY (ws, run)) {clustered};\n"
    "CREATE INDEX run_by_project ON run (ws, project, run);\n"
    "CREATE INDEX run_by_slot ON run (ws, project, slot);\n"
    "CREATE INDEX run_by_deletion ON run (ws, life, deleted_us);\n"
    // Attributes of a run or a logged model (owner): kind is attr_kind; type 1 is a string,
    // others come with dialects that have them; text is the original.
    "CREATE TABLE attr (ws {i64} NOT NULL, owner {blob} NOT NULL, kind {i64} NOT NULL, key "
    "{text} NOT NULL,"
    " type {i64} NOT NULL, text {text} NOT NULL, PRIMARY KEY (ws, owner, kind, key)) "
    "{clustered};\n"
    "CREATE TABLE dataset (ws {i64} NOT NULL, dataset {blob} NOT NULL, project {i64} NOT NULL, "
    "name {text} NOT NULL,"
    " digest {text} NOT NULL, source_type {text} NOT NULL, source {text} NOT NULL, schema_json "
    "{text}, profile {text},"
    " PRIMARY KEY (ws, dataset)) {clustered};\n"
    "CREATE UNIQUE INDEX dataset_by_name ON dataset (ws, project, name, digest);\n"
    // Edges: 1 run used data set, 2 run used model, 3 run made model (step).
    "CREATE TABLE edge (ws {i64} NOT NULL, src {blob} NOT NULL, kind {i64} NOT NULL, dst "
    "{blob} NOT NULL,"
    " step {i64} NOT NULL, PRIMARY KEY (ws, src, kind, dst, step)) {clustered};\n"
    "CREATE INDEX edge_by_dst ON edge (ws, dst, kind, src);\n"
    "CREATE TABLE edge_tag (ws {i64} NOT NULL, src {blob} NOT NULL, kind {i64} NOT NULL, dst "
    "{blob} NOT NULL,"
    " key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (ws, src, kind, dst, key)) "
    "{clustered};\n"
    "CREATE TABLE model (ws {i64} NOT NULL, model {blob} NOT NULL, project {i64} NOT NULL, "
    "name {text} NOT NULL,"
    " type {text} NOT NULL, status {i64} NOT NULL, status_message {text} NOT NULL, source_run "
    "{blob},"
    " user_name {text} NOT NULL, artifact_uri {text} NOT NULL, created_ms {i64} NOT NULL, "
    "updated_ms {i64} NOT NULL,"
    " life {i64} NOT NULL, PRIMARY KEY (ws, model)) {clustered};\n"
    "CREATE INDEX model_by_project ON model (ws, project, created_ms, model);\n"
    // The artifact tree: parent is the folder's whole path ('' the root).
    "CREATE TABLE artifact (ws {i64} NOT NULL, parent {text} NOT NULL, name {text} NOT NULL, "
    "digest {blob},"
    " size {i64} NOT NULL, modified_us {i64} NOT NULL, PRIMARY KEY (ws, parent, name)) "
    "{clustered};\n"
    "CREATE INDEX artifact_by_digest ON artifact (digest);\n"
    // Events: number and chain are set when sealed; project is NULL for those of the
    // workspace. event_pending holds the ids of unsealed ones (PostgreSQL).
    "CREATE TABLE event (ws {i64} NOT NULL, event {blob} NOT NULL, number {i64}, time_us {i64} "
    "NOT NULL,"
    " kind {i64} NOT NULL, project {i64}, user_name {text} NOT NULL, proven {i64} NOT NULL, "
    "object {text} NOT "
    "NULL, payload {text},"
    " payload_digest {blob} NOT NULL, chain {blob}, PRIMARY KEY (ws, event)) {clustered};\n"
    "CREATE UNIQUE INDEX event_by_number ON event (ws, number);\n"
    "CREATE INDEX event_by_project ON event (ws, project, number);\n"
    "CREATE TABLE event_pending (ws {i64} NOT NULL, event {blob} NOT NULL, PRIMARY KEY (ws, "
    "event)) {clustered};\n"
    "CREATE TABLE event_head (ws {i64} NOT NULL PRIMARY KEY, number {i64} NOT NULL, chain "
    "{blob} NOT NULL) {table};\n"
    // Leases of background jobs: a row a job; a lost holder's lease runs out.
    "CREATE TABLE lease (name {text} NOT NULL PRIMARY KEY, holder {blob} NOT NULL, expires_us "
    "{i64} NOT NULL) {table}";

// Why a run is in its state ("no sign of life for 90 s").
static const char run_reason[] = "ALTER TABLE run ADD COLUMN reason {text}";

const db_migration schema_migrations[] = {
    {1, "objects", store_schema},
    {2, "trunk", trunk},
    {3, "series", series_schema},
    {4, "search", search_schema},
    {5, "run reason", run_reason},
    {6, "jobs", job_schema},
    {7, "import", import_schema},
    {8, "console", console_schema},
    {10, "care", store_care_schema},
    {20, "levels of blocks", series_level_schema},
    {30, "activity", search_activity_schema},
    {40, "links of objects", store_link_schema},
    {41, "repos", repo_schema},
    {42, "history of refs", repo_history_schema},
    {43, "marks of versions", repo_mark_schema},
    {44, "users", user_schema},
    {45, "workspaces", workspace_schema},
    {46, "damaged objects", store_damage_schema},
    {47, "lineage", lineage_schema},
    {48, "rules", rule_schema},
    {50, "subjects of events", event_subject_schema},
    {51, "protections", protect_schema},
    {52, "evaluations", evaluation_schema},
    {55, "objects to be cut", store_cut_schema},
    {56, "tags of prompts", repo_prompt_schema},
    {57, "data of evaluations", evaluation_data_schema},
};
const size_t schema_migrations_n = sizeof schema_migrations / sizeof *schema_migrations;
