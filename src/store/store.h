// SPDX-License-Identifier: Apache-2.0
// store: bytes kept by what they are. An object is a run of bytes named by its SHA-256; the
// same bytes are kept once. Small objects (STORE_SMALL and less) go into packs, appended in
// groups with one sync; larger ones are a file each; or they are made of chunks, objects in
// packs that others may share (store_recipe). Where the bytes lie is behind store_place
// (store_internal.h), so that S3 can join; the catalogue of objects (digest -> place, and a
// lease) is the SQL table `object`.
//
// An object that store_finish named is durable: bytes and catalogue row are synced. A partial
// upload is invisible and is cleaned up at the next start. Stored bytes carry a CRC32C a block,
// checked on every read: a damaged object is never served (ERR_CORRUPT) and `store_check` names
// it. Several servers may share one content folder.
#ifndef STEMMA_STORE_STORE_H
#define STEMMA_STORE_STORE_H

#include "base/digest.h"
#include "base/err.h"
#include "db/db.h"

#include <sys/types.h>

#define STORE_SMALL  (64u << 10)
#define STORE_BLOCK  (64u << 10) // bytes a CRC covers in a file
#define STORE_PACKED (4u << 20)  // no more bytes of an object go into a pack: a chunk at most

typedef struct store store;

// `dir` is the content folder (made when missing). The tables come from store_schema, which
// core's migrations include.
store *store_open(db *d, str dir, err *e);
void store_close(store *s);
void store_stop(store *s);        // long checks end soon with ERR_CANCELLED
extern const char store_schema[]; // DDL with db.h's tokens, statements separated by ";\n"
// Later migrations of it.
extern const char store_care_schema[], store_link_schema[], store_damage_schema[],
    store_cut_schema[];

// ---- writing: begin, write ..., finish or abort --------------------------------------------
typedef struct store_upload store_upload;
store_upload *store_begin(store *s, err *e);
bool store_write(store_upload *u, const void *p, size_t n,
                 err *e); // hashed while it is written
// Durable when true. *digest and *size say what it was; a lease keeps it from gc for half an
// hour at least (an hour when it is new), so that the caller can record it. Frees u in each
// case.
bool store_finish(store_upload *u, sha256 *digest, uint64_t *size, err *e);
void store_abort(store_upload *u); // NULL is fine
// The three in one for bytes at hand.
bool store_put(store *s, const void *p, size_t n, sha256 *digest, err *e);
// Up to STORE_MANY small objects (STORE_SMALL and less) with one sync and one transaction. The
// digests are the caller's, computed from these bytes.
#define STORE_MANY 256
typedef struct store_item {
    const void *p;
    size_t n;
    sha256 digest;
    // What its bytes name: from then on gc keeps all of it as long as the item itself is there.
    // ERR_NOT_FOUND when one of them is neither there nor stands before it in the same call.
    const sha256 *links;
    size_t n_links;
} store_item;
bool store_put_many(store *s, const store_item *items, size_t n, err *e);
// Objects of up to STORE_PACKED that come one behind the other, any number: a few at once go as
// store_put_many has it, many into packs of their own, with a sync for much. Durable when
// store_stream_end is true, and perhaps before. The digests are the caller's, computed from
// these bytes.
typedef struct store_stream store_stream;
store_stream *store_stream_new(store *s);
bool store_stream_add(store_stream *t, sha256 digest, const void *p, size_t n, err *e);
bool store_stream_end(store_stream *t, err *e); // frees it in each case

// ---- large objects out of chunks ------------------------------------------------------------
// An object of more than STORE_PACKED bytes may have no bytes of its own but a recipe: chunks,
// one behind the other, that are objects. Who names a recipe brings no bytes, so all of them
// are read and hashed before the object is there. Its chunks are kept as long as it.
#define STORE_CHUNKS_MAX (16u << 20) // of one object
typedef struct store_chunk_ref {
    sha256 digest;
    uint64_t size;
} store_chunk_ref;
typedef struct store_recipe store_recipe;
store_recipe *store_recipe_new(store *s);
// ERR_NOT_FOUND: the store has no such chunk (told a while later). ERR_INVALID: its size is
// another, or none that a chunk has.
bool store_recipe_add(store_recipe *r, store_chunk_ref chunk, err *e);
// ERR_INVALID: the chunks are not this object. Frees r in each case.
bool store_recipe_end(store_recipe *r, sha256 digest, err *e);
void store_recipe_abort(store_recipe *r); // NULL is fine
// The same for a recipe whose pages are there (store_recipe_root, of a backup).
bool store_make(store *s, sha256 digest, sha256 root, err *e);
bool store_is_made(int64_t place); // column `place` of the table object
// *found is false for an object that is not made of chunks.
bool store_recipe_root(store *s, sha256 digest, sha256 *root, bool *found, err *e);

// ---- cutting what came whole ----------------------------------------------------------------
// A large object that came whole waits to be cut into chunks from the moment on that another
// object names it: a file of a sealed tree. Its bytes are the same before, meanwhile and after.
// What it was is removed a day later, or by a gc.
typedef enum store_cut_end {
    STORE_CUT_NONE,    // nothing waits
    STORE_CUT_DONE,    // it is made of chunks now
    STORE_CUT_LEFT,    // it is gone, or is made of chunks already
    STORE_CUT_DAMAGED, // it is left as it is, and marked as a check marks it
} store_cut_end;
typedef struct store_cut {
    store_cut_end end;
    sha256 digest;
    uint64_t size, stored; // stored: bytes of chunks that were not there before
    err why;               // it is damaged
} store_cut;
// Called after each piece of work, of so many bytes; false ends it.
typedef bool store_step(void *arg, uint64_t bytes, err *e);
// Cuts the next one that waits, or removes what one was that was cut a day ago. False with
// ERR_CANCELLED: step said so, and it waits still; any other error: it waits for an hour, and
// the next call takes another.
bool store_cut_one(store *s, store_step *step, void *arg, store_cut *out, err *e);
bool store_cut_waiting(store *s, int64_t *n, err *e); // how many do

// ---- using ----------------------------------------------------------------------------------
// Within the transaction that begins to use an object: it is there, and its lease begins anew;
// else ERR_CONFLICT, and what uses it must begin anew.
bool store_keep_tx(store *s, db_tx *tx, sha256 digest, err *e);
// The size of each object, -1 of those that are not there, or damaged; the others have a lease
// of half an hour at least: until it ends gc leaves them to who found them and is about to use
// them.
bool store_find_many(store *s, const sha256 *digests, size_t n, int64_t *sizes, err *e);
bool store_has_links(store *s, sha256 digest, bool *yes, err *e); // was it put with any?

// ---- reading -------------------------------------------------------------------------------
typedef struct store_object store_object;
store_object *store_get(store *s, sha256 digest, err *e); // ERR_NOT_FOUND
void store_object_close(store_object *o);
uint64_t store_object_size(const store_object *o);
// A whole-file object's descriptor (for sendfile) and where its bytes begin; -1 for one in a
// pack, and of chunks.
int store_object_fd(const store_object *o, uint64_t *base);
// Checks the blocks that hold [offset, offset + n) against their CRCs.
bool store_object_check(store_object *o, uint64_t offset, uint64_t n, err *e);
// How many bytes from these places on are known to be the same in both without reading them; 0:
// nothing is known.
uint64_t store_object_same(store_object *a, uint64_t at_a, store_object *b, uint64_t at_b,
                           uint64_t n);
// Reads up to n bytes, checked; 0 at the end, -1 on an error.
ssize_t store_object_read(store_object *o, uint64_t offset, void *p, size_t n, err *e);
// All n bytes, which are in the object; a callback for readers of formats.
bool store_object_read_all(void *object, uint64_t offset, void *p, size_t n, err *e);

// The file system that the files lie on; -1 each where it does not tell.
typedef struct store_room {
    int64_t free_bytes, size_bytes, free_inodes;
} store_room;
store_room store_room_of(const store *s);

// ---- care -----------------------------------------------------------------------------------
// Reads everything and compares; calls bad() for each damaged, missing or short object. False
// only when it could not go on. `deep` also hashes each object again.
typedef struct store_report {
    uint64_t objects, bytes, bad, orphan_files;
} store_report;
bool store_check(store *s, bool deep, void (*bad)(void *arg, sha256 digest, const char *what),
                 void *arg, store_report *r, err *e);
// Frees the objects for which used() is false and which no lease holds: sets them aside first
// (freed), and removes what was set aside at least `hold_us` ago (0: at once) unless somebody
// holds all objects. What is used again is taken back. Packs with more dead than live bytes are
// written anew. Nothing changes when dry.
typedef struct store_freed {
    uint64_t objects, bytes;         // set aside by this call
    uint64_t removed, removed_bytes; // for good; with hold_us 0 those of this call too
    uint64_t waiting, waiting_bytes; // set aside, and there until their hold is over
    uint64_t orphan_files;
} store_freed;
bool store_gc(store *s, bool (*used)(void *arg, db_tx *tx, sha256 digest, bool *yes, err *e),
              void *arg, int64_t hold_us, bool dry, store_freed *freed, err *e);

// From now on and for `us` no object is removed by any server on this database; renew it while
// it is needed. Objects that a snapshot taken after it names can be read until it is dropped or
// has run out.
bool store_hold(store *s, str name, int64_t us, err *e);
void store_hold_drop(store *s, str name);
// A scratch file in the content folder that is gone when it is closed, or with the process; -1
// on an error.
int store_scratch(store *s, err *e);

#endif
