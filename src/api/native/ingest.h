// SPDX-License-Identifier: Apache-2.0
// What the files of bulk logging share. A body is taken in parts, lines or frames, and stored
// in batches of them, a transaction each: what a reply says is stored is durable. A part that
// is wrong ends the reading; what stands before it is stored. Points are a set, so sending a
// body again doubles nothing.
#ifndef STEMMA_API_NATIVE_INGEST_H
#define STEMMA_API_NATIVE_INGEST_H

#include "api/native/native_internal.h"
#include "base/map.h"

#define INGEST_WAIT_US    1000000 // a slow body is stored this often
#define INGEST_CONFIG_MAX 6000    // code points of a value
#define INGEST_TAG_MAX    8000

typedef struct ingest {
    http_req *r;
    ctx c;            // its arena is a batch's, reset after each
    arena *a;         // the request's
    map seen;         // runs, by id
    uint64_t points;  // stored
    uint64_t parts;   // stored
    uint64_t wrong;   // the part that was refused, from 1; 0: none
    const char *part; // "line", "frame"
} ingest;

// Stores a batch of entries in one transaction. `part_of` gives the part in which each entry
// begins: g->wrong is set from it when one is refused. `parts` were read in all so far.
bool ingest_store(ingest *g, run_entry *list, size_t n, const uint64_t *part_of, uint64_t parts,
                  err *e);

bool ingest_lines(ingest *g, err *e);  // ingest_lines.c
bool ingest_frames(ingest *g, err *e); // ingest_frames.c

#endif
