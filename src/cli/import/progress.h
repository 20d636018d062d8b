// SPDX-License-Identifier: Apache-2.0
// progress: how far an import is, on standard error: one line that is rewritten on a terminal,
// log lines elsewhere; and in its job's row. One thread.
#ifndef STEMMA_CLI_IMPORT_PROGRESS_H
#define STEMMA_CLI_IMPORT_PROGRESS_H

#include "core/job.h"

typedef struct progress {
    const char *what; // "runs"
    int64_t began_us, told_us;
    int64_t done, total; // total -1: not known
    int64_t more, more_total;
    const char *more_what; // "points", or NULL
    bool terminal, shown;
    job_run *job; // NULL: none
} progress;

void progress_begin(progress *p, const char *what, int64_t total, const char *more_what,
                    int64_t more_total);
void progress_at(progress *p, int64_t done, int64_t more);
void progress_end(progress *p); // leaves the line empty

#endif
