// SPDX-License-Identifier: Apache-2.0
// importer: brings what a source holds into an open core, and proves it. Steps: projects,
// logged models, runs with their points, files, registered models, proof. The importing thread
// reads the source and makes records, a second one writes them.
#ifndef STEMMA_CLI_IMPORT_IMPORTER_H
#define STEMMA_CLI_IMPORT_IMPORTER_H

#include "base/map.h"
#include "base/vec.h"
#include "cli/import/progress.h"
#include "cli/import/source.h"

typedef enum import_on_clash {
    ON_CLASH_REFUSE,
    ON_CLASH_SKIP,
    ON_CLASH_RENAME
} import_on_clash;

typedef struct import_options {
    import_on_clash on_clash;
    bool dry_run;
    bool files; // bring artifact files
} import_options;

typedef struct import_counts {
    uint64_t new, changed, same,
        left; // left: changed here since, or here already and different
} import_counts;

typedef struct import_checked { // what must be found again
    id id;
    uint64_t rows;
    import_sum points;
} import_checked;

typedef struct import_writer import_writer;

typedef struct importer {
    ctx c;
    source src;
    source_log *log;
    arena *a;
    import_options o;
    progress progress;
    import_writer *writer;
    map projects; // number of the source (8 bytes) -> importer_project
    map models;   // id -> itself, of those that came
    VEC(import_checked) runs, checked_models;
    VEC(source_owner) owners; // whose files can be fetched; project is the source's number
    VEC(str) trees;           // and where they go
    VEC(str) repos;           // names of those that came
    import_counts n_projects, n_models, n_runs, n_repos;
    uint64_t files_new, files_same, bytes_new;
    uint64_t kept_elsewhere, unreached; // owners whose files are external, or not to be had
    uint64_t external;                  // versions whose files did not come
    import_sums there, here;            // the source's, and what was read back
} importer;

typedef struct importer_project {
    project p; // as it is here
    import_where where;
    bool skip;
} importer_project;

// True when it could be done; whether both sides are equal is for the caller to see.
bool importer_run(importer *m, err *e);

// ---- parts (importer_*.c) -------------------------------------------------------------------
bool importer_runs(importer *m, err *e);
bool importer_files(importer *m, err *e);
bool importer_repos(importer *m, err *e);
bool importer_prove(importer *m, err *e);
bool importer_prove_repos(importer *m, err *e);
// NULL: its project does not come.
importer_project *importer_project_of(importer *m, int64_t number);
// The URI here; notes whose files are to be fetched.
str importer_take_files(importer *m, arena *a, const source_owner *o, int64_t number_here);

// ---- writing behind (writer.c) --------------------------------------------------------------
typedef struct import_bundle {
    arena *a; // the parts' memory
    VEC(import_part) parts;
    size_t bytes, points;
} import_bundle;
import_writer *import_writer_new(const ctx *c, str source_name);
import_bundle *import_writer_bundle(import_writer *w); // the one that is being filled
// Hands it over when it is large enough (or `now`); waits for the one before. False: the writer
// failed.
bool import_writer_flush(import_writer *w, bool now, err *e);
bool import_writer_wait(import_writer *w, err *e); // until everything is committed
void import_writer_free(import_writer *w);

#endif
