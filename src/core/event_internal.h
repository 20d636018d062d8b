// SPDX-License-Identifier: Apache-2.0
// What event.c and event_seal.c share: the head of a workspace's chain and how it moves on.
#ifndef STEMMA_CORE_EVENT_INTERNAL_H
#define STEMMA_CORE_EVENT_INTERNAL_H

#include "base/digest.h"
#include "core/core_internal.h"
#include "core/event.h"
#include "core/event_sql.h"

typedef struct event_head {
    int64_t number;
    sha256 chain;
} event_head;

bool event_head_read(db_tx *tx, int64_t ws, event_head *h, err *e);
bool event_head_write(db_tx *tx, int64_t ws, const event_head *h, err *e);
// Puts v behind *h (I3 of event.c) and moves the head on.
void event_head_advance(event_head *h, const event *v, sha256 payload_digest);

#endif
