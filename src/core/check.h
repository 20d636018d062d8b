// SPDX-License-Identifier: Apache-2.0
// check: reads everything that is kept and names what is damaged, in words for a person. Any
// thread.
#ifndef STEMMA_CORE_CHECK_H
#define STEMMA_CORE_CHECK_H

#include "core/core.h"
#include "store/store.h"

enum { CHECK_PARTS = 4 }; // events, runs, search columns and what rows name, objects

typedef struct check_watch {
    void (*bad)(void *arg, const char *where, const char *what); // for each damage
    void (*part)(void *arg, int done);                           // so many are done; or NULL
    void *arg;
} check_watch;

typedef struct check_report {
    uint64_t events, blocks, consoles; // blocks of points, records of consoles
    store_report objects;
} check_report;

// All parts; `deep` also hashes each object again. False only when it could not go on.
bool core_check(core *c, bool deep, const check_watch *w, check_report *out, err *e);

// Tells w->bad of an object.
void check_bad_object(const check_watch *w, sha256 digest, const char *what);

#endif
