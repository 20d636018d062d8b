// SPDX-License-Identifier: Apache-2.0
// source: where an import reads from. One vtable, four ways to keep MLflow's records: SQLite
// and PostgreSQL (mlflow_sql.c), the file store (mlflow_files.c), a tracking server
// (mlflow_http.c). A source reads and never writes. One thread.
//
// What can not be read or kept is told (source_lost) and passed over; only what makes going on
// pointless is an error.
#ifndef STEMMA_CLI_IMPORT_SOURCE_H
#define STEMMA_CLI_IMPORT_SOURCE_H

#include "core/import.h"

// ---- findings (findings.c) ------------------------------------------------------------------
typedef struct source_log source_log;
source_log *source_log_new(arena *a);
// Something of the source did not come over: the import ends with CLI_UNSOUND.
void source_lost(source_log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Something to know.
void source_note(source_log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t source_lost_count(const source_log *l);
size_t source_texts(const source_log *l, bool lost, const str **out); // at most 1,000 are kept

// Text as both engines can keep it: what is no UTF-8 becomes U+FFFD, U+0000 goes. Tells of it.
str source_text(source_log *l, arena *a, str s, const char *what);

// ---- the vtable -----------------------------------------------------------------------------
// Whose files: a run's or a logged model's. The project's number and the URI are the source's.
typedef struct source_owner {
    id id;
    bool is_model;
    int64_t project;
    str uri;
} source_owner;

typedef struct source_size { // for the progress line; -1: not known
    int64_t runs, points;
} source_size;

// A piece of a run's points; the texts live until the call returns.
typedef bool (*source_take)(void *arg, const point *p, size_t n, err *e);
typedef bool (*source_take_file)(void *arg, str path, uint64_t size, err *e);
typedef bool (*source_write)(void *arg, const void *p, size_t n);

typedef struct source_ops {
    source_size (*size)(void *s);
    bool (*projects)(void *s, arena *a, project **out, size_t *n, err *e); // deleted ones too
    // The next one, in `a`. False at the end, and on an error: then e->code is not ERR_NONE.
    // Artifact URIs are the source's own.
    bool (*next_model)(void *s, arena *a, import_model *out, err *e);
    bool (*next_run)(void *s, arena *a, import_run *out, err *e);
    // Registered models and prompts; versions that are ready. A version's location is where its
    // files are, as the source says; empty: at its source.
    bool (*next_repo)(void *s, arena *a, import_repo *out, err *e);
    // Every point of the run that next_run gave last, each once (called again: again). Points
    // of logged models carry the model; the run's own point of the same key, step, time and
    // value then does not come too.
    bool (*points)(void *s, id run_id, source_take take, void *arg, err *e);
    // Can it give files of this URI (true), or do they stay where they are?
    bool (*has_files)(void *s, const source_owner *o);
    bool (*files)(void *s, const source_owner *o, source_take_file take, void *arg, err *e);
    bool (*read_file)(void *s, const source_owner *o, str path, source_write w, void *arg,
                      err *e);
    void (*close)(void *s);
} source_ops;

typedef struct source {
    const source_ops *ops;
    void *s;
    str name; // the address without a password: under this name its numbers are remembered
} source;

typedef struct source_config {
    str address;   // the SOURCE word
    str artifacts; // --artifacts, or empty
    str scratch;   // a folder for temporary copies
    arena *a;
    source_log *log;
} source_config;

// ERR_INVALID when it is nothing that an import can read; ERR_NOT_FOUND.
bool source_open(const source_config *c, source *out, err *e);
void source_close(source *s);

bool mlflow_sqlite_open(const source_config *c, source *out, err *e);
bool mlflow_postgres_open(const source_config *c, source *out, err *e);
bool mlflow_files_open(const source_config *c, source *out, err *e);
bool mlflow_http_open(const source_config *c, source *out, err *e);

// ---- files of a folder (roots.c) ------------------------------------------------------------
// Up to two folders beneath which artifacts lie. Nothing outside of them is ever opened.
typedef struct source_roots {
    str dir[2];
    size_t n;
} source_roots;
bool source_roots_add(source_roots *r, arena *a, str dir); // false: it is no folder
// --artifacts, or those of the two that are there (p NULL: none).
bool source_roots_of(source_roots *r, const source_config *c, str one, str two, err *e);
bool source_roots_have(const source_roots *r, const source_owner *o);
bool source_roots_files(const source_roots *r, const source_owner *o, source_take_file take,
                        void *arg, source_log *log, err *e);
bool source_roots_read(const source_roots *r, const source_owner *o, str path, source_write w,
                       void *arg, err *e);
// "mlflow-artifacts:/p", "mlflow-artifacts://host/p" -> "p"; false for other URIs.
bool source_proxied(str uri, str *path);
bool source_is_local(str uri, str *path); // a path, or file:

#endif
