// SPDX-License-Identifier: Apache-2.0
// once: requests that must create at most one thing however often they are sent, on whatever
// server (the API's Idempotency-Key). A row of the table `once` a key of an actor.
//
// What is promised, for ONCE_KEPT_US from the first request on:
//   P1. The transaction that creates also writes the object's id into the row, and only while
//       the row is still claimed by this attempt. So a key creates one object or none, whatever
//       dies or stalls when, and a success that was sent is in the row.
//   P2. The reply is stored right behind that transaction. A repeat is answered with those
//   bytes. P3. If the server died between the two, a repeat finds the object's id and is
//   answered with
//       what the object is now.
//   P4. A request that failed created nothing and leaves no row: its key may be sent again.
//   P5. The same key with another request is refused.
// A claim without an object runs out after CLAIM_US, then a repeat may try anew; the attempt
// before it can not commit any more (P1). Any thread.
#ifndef STEMMA_CORE_ONCE_H
#define STEMMA_CORE_ONCE_H

#include "base/digest.h"
#include "core/event.h"

#define ONCE_KEY_MAX 255 // bytes
#define ONCE_KEPT_US (24 * 3600 * (int64_t)1000000)

typedef struct once { // ctx->once: an attempt
    str key;
    sha256 request;     // digest of all that makes the request what it is
    event_kind creates; // the event whose object is the one created
    id claim;           // once_claim sets it
} once;

typedef enum once_state {
    ONCE_OURS,    // go ahead, then once_finish or once_release
    ONCE_DONE,    // answer with status and reply
    ONCE_CREATED, // answer with what `object` is now
    ONCE_BUSY,    // another attempt is at work: ask again soon
} once_state;

typedef struct once_found {
    once_state state;
    int status;
    str reply, object; // in ctx's arena
} once_found;

// ERR_KEY_REUSED (P5); ERR_INVALID for a key that is too long or no text.
bool once_claim(ctx *c, once *o, once_found *out, err *e);
// Within the transaction that creates (called by event_add): P1.
bool once_created(db_tx *tx, const ctx *c, event_kind kind, str object, err *e);
bool once_finish(ctx *c, const once *o, int status, str reply, err *e);
bool once_release(ctx *c, const once *o, err *e);
// Forgets rows that are older than they are kept, a bounded step; *n of them.
bool once_clean(core *c, size_t *n, err *e);

#endif
