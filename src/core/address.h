// SPDX-License-Identifier: Apache-2.0
// address: how people name a version, everywhere:
//
//     [WORKSPACE/]REPO[@WHAT][@{TIME}]
//
// WHAT is an alias or a tag, a number ("3" or "v3"), "latest" (the highest number that is not
// deleted; the same as no WHAT), or the beginning of a content's digest ("sha256:" and 8 to 64
// hex digits), or a stage of MLflow's in any case, which no ref is called: the newest version
// in it. TIME (base/when.h) asks what an alias, a tag or "latest" meant then; a span such as a
// day means its end. Any thread.
#ifndef STEMMA_CORE_ADDRESS_H
#define STEMMA_CORE_ADDRESS_H

#include "core/ref.h"

typedef enum address_kind {
    ADDRESS_LATEST,
    ADDRESS_NUMBER,
    ADDRESS_REF,
    ADDRESS_DIGEST
} address_kind;

typedef struct address {
    str workspace; // p NULL: the caller's
    str repo;
    address_kind kind;
    int64_t number;   // ADDRESS_NUMBER
    str ref;          // ADDRESS_REF; of a number, as it was written
    sha256 low, high; // ADDRESS_DIGEST: between these, both included
    bool has_time;
    int64_t at_us; // the last microsecond that counts
} address;

// The parts lie in the text. ERR_INVALID says how it is written.
bool address_parse(str text, int64_t now_us, address *out, err *e);

typedef struct address_found {
    address address;
    version version;
    ref_move move; // ADDRESS_REF: the one that brought the name there
    bool by_stage; // ADDRESS_REF: it is no ref, but a stage; there is no move
} address_found;

// ERR_NOT_FOUND tells what there is instead.
bool address_resolve(ctx *c, str text, address_found *out, err *e);

#endif
