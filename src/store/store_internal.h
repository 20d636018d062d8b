// SPDX-License-Identifier: Apache-2.0
// What the files of store/ share: the formats on disk, the table of system calls, places, the
// catalogue.
//
// The content folder:
//
//     format                          "stemma content 1\n"
//     objects/ab/cd/<digest>.<copy>   a large object: its bytes, CRCs and a trailer (file.c)
//     packs/<pack>.pack               other objects, one behind the other (pack.c)
//     tmp/lock                        held while a process joins or sweeps (store.c)
//     tmp/<process>/lock              held as long as that process lives
//     tmp/<process>/<n>               its files that have no name yet
//
// A third kind of object has no bytes of its own: it is made of others, its chunks, as a recipe
// says (recipe.c, made.c). What came as a file becomes one when a version names it (recut.c).
//
// The catalogue (SQL table `object`) says where an object's bytes are. What it does not name is
// not there, whatever lies in the folder; so nothing below ever needs undoing after a crash,
// only sweeping. The rules that make that safe with several servers on one folder:
//
//  I1  A name is used once. `copy` and `pack` are new ids each time, so whoever removes a file
//      removes the one that it looked at, never a newer one of the same content, and no lock is
//      needed between uploads and gc.
//  I2  A row is added only after the bytes that it names are synced: data, then every directory
//      entry on the way.
//  I3  A row is removed only by gc, in one transaction with the check that nothing uses the
//      object and that its lease (column `leased`) has run out. Bytes are removed only after
//      that transaction has committed for certain.
//      gc first sets what is unused aside (column `freed`), readable as before; only a later gc
//      removes it, when it is unused still, `hold` after that, and nobody holds all objects
//      (table object_hold). Whoever leases an object takes it back.
//      An object that another one names (table object_link) is used. The links of an object are
//      added in the transaction that adds its row, all or none, and only to objects that are
//      there; they go with its row. So whoever finds an object with its links finds all that
//      it names, to the last level. What a removed object named is set aside as of when that
//      was, so a level goes with each gc and needs no hold of its own.
//  I4  When it is not certain whether a row was added (connection lost at the commit), the file
//      stays. Files that no row names go once they are older than `grace`, which is far beyond
//      any deadline of a transaction.
//  I5  A pack is appended to by the process that made it and by nobody else. It holds the flock
//      of the pack from its creation until every record in it has a row or was given up.
//  I6  gc empties a pack only with its flock held and when it was not written for `quiet`. No
//      row can then come to point into it (I5; `quiet` covers a commit that outlives its
//      process), so that one walk over the catalogue finds all that is alive in it. The pack is
//      removed after that walk, when everything that it found was moved.
//  I7  A reader that finds the bytes gone asks the catalogue again: gone for good, or moved.
//      Open descriptors keep working on removed files.
//  I8  After a failed sync of a pack it is never written again: the kernel may have dropped the
//      pages. What was acknowledged before was synced before.
#ifndef STEMMA_STORE_INTERNAL_H
#define STEMMA_STORE_INTERNAL_H

#include "base/buf.h"
#include "base/id.h"
#include "base/map.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <sys/uio.h>

// ---- system calls on content files (io.c) ---------------------------------------------------
// A table, so that tests can make them fail and can lose what was not synced. All return as the
// calls do, with errno.
typedef struct store_io {
    int (*open)(int dir, const char *path, int flags, mode_t mode);
    ssize_t (*pread)(int fd, void *p, size_t n, off_t at);
    ssize_t (*pwritev)(int fd, const struct iovec *v, int n, off_t at);
    int (*truncate)(int fd, off_t size);
    int (*sync_data)(int fd); // a file's bytes and its size
    int (*sync_dir)(int fd);  // a directory's entries
    int (*rename)(int dir, const char *from, const char *to);
    int (*unlink)(int dir, const char *path);
    int (*mkdir)(int dir, const char *path, mode_t mode);
} store_io;
extern const store_io store_io_real;

#define STORE_DIR_MODE  0770 // the umask takes away what the operator wants
#define STORE_FILE_MODE 0660
#define STORE_PATH_MAX  160 // "objects/ab/cd/" + 64 + "." + 32, and shorter ones

// All of it, past short writes and signals. `v` is used up.
bool store_io_write(store *s, int fd, struct iovec *v, size_t n, uint64_t at, err *e);
// Up to n bytes, fewer only at the end of the file; -1 on an error.
ssize_t store_io_read(store *s, int fd, void *p, size_t n, uint64_t at, err *e);
bool store_io_sync_dir(store *s, const char *path, err *e);
// A hint after a write up to `end`: the disk begins, so that the sync at the end finds little.
// *started is the caller's, 0 at first.
void store_io_start(int fd, uint64_t *started, uint64_t end);
// A directory that may be there already.
bool store_io_mkdir(store *s, const char *path, err *e);
// Takes the flock on an open file unless somebody has it. False with ERR_NONE: somebody has it.
bool store_io_lock(int fd, err *e);

// ---- formats (format.c); docs/formats-objects.md has them byte by byte ----------------------
#define STORE_FORMAT      "stemma content 1\n"
#define STORE_OBJECT_MAX  ((uint64_t)1 << 40)
#define STORE_PACK_HEADER 32u
#define STORE_RECORD      48u   // the header of a record in a pack
#define STORE_TRAILER     56u   // the end of an object's file
#define STORE_PAGE        4096u // CRCs of blocks come in pages of this size, the last shorter
#define STORE_PAGE_CRCS   (STORE_PAGE / 4 - 1)

typedef struct store_record {
    sha256 digest;
    uint32_t n, crc; // of the bytes behind the header
} store_record;

void store_pack_header_put(uint8_t out[STORE_PACK_HEADER], id pack);
bool store_pack_header_get(str bytes, id *pack);
void store_record_put(uint8_t out[STORE_RECORD], const store_record *r);
bool store_record_get(str bytes, store_record *r);

uint64_t store_blocks(uint64_t size);    // how many blocks hold `size` bytes
uint64_t store_file_size(uint64_t size); // of the whole file of an object of `size` bytes
uint64_t store_page_at(uint64_t size, uint64_t page,
                       size_t *n); // where a page of CRCs lies and its bytes
void store_page_put(buf *out, const uint32_t *crcs, size_t n, uint64_t page);
// False when the page's own CRC does not match. n of `bytes` says how many CRCs there are.
bool store_page_get(str bytes, uint64_t page, uint32_t crcs[STORE_PAGE_CRCS], size_t *n);
void store_trailer_put(uint8_t out[STORE_TRAILER], sha256 digest, uint64_t size);
bool store_trailer_get(str bytes, sha256 *digest, uint64_t *size);

void store_file_path(char out[STORE_PATH_MAX], sha256 digest, id copy);
void store_pack_path(char out[STORE_PATH_MAX], id pack);
bool store_file_name(str name, sha256 *digest, id *copy); // the last part of the above
bool store_pack_name(str name, id *pack);

// ---- the catalogue (catalogue.c) ------------------------------------------------------------
typedef enum store_kind {
    STORE_IN_PACK = 1,
    STORE_IN_FILE = 2,
    STORE_IN_CHUNKS = 3, // linked to one object: the root of its recipe
    STORE_KINDS
} store_kind;

typedef struct store_where {
    store_kind kind;
    id part;        // the pack, or the file's copy; of chunks a new id
    uint64_t start; // of the record in the pack; else 0
} store_where;

typedef struct store_row {
    sha256 digest;
    uint64_t size;
    store_where where;
    int64_t leased;      // until then gc keeps it, UTC microseconds
    int64_t freed;       // when gc set it aside; 0: it did not
    bool damaged;        // a check found it so
    const sha256 *links; // to be added with it
    size_t n_links;
} store_row;

extern const db_query *const store_queries[]; // for the test of plans
extern const size_t store_query_count;

static inline bool store_where_eq(const store_where *a, const store_where *b) {
    return a->kind == b->kind && id_eq(a->part, b->part) && a->start == b->start;
}

// The bytes that it takes: what is made of chunks has none of its own.
static inline uint64_t store_kept(const store_row *row) {
    return row->where.kind == STORE_IN_CHUNKS ? 0 : row->size;
}

bool store_cat_find(store *s, sha256 digest, store_row *row, bool *found, err *e);
// Adds the row with a lease. *added is false when another copy was there first: that one is
// leased and in *row. One that is marked as damaged is replaced.
bool store_cat_add(store *s, store_row *row, bool *added, err *e);
bool store_cat_lease(store *s, sha256 digest, bool *there, err *e);
// Says of a row, if it is still this one, whether its bytes are damaged.
bool store_cat_mark(store *s, const store_row *row, bool damaged, err *e);
// The root of the recipe of an object that is made of chunks.
bool store_cat_recipe(store *s, sha256 digest, sha256 *root, bool *found, err *e);
// At most max objects that name this one, in the order of digests, behind *after (NULL: all).
bool store_cat_parents(store *s, sha256 digest, const sha256 *after, sha256 *out, size_t max,
                       size_t *n, err *e);
// Points n rows from `from` to `to`; moved[i] says whether row i still stood at `from`.
typedef struct store_move {
    sha256 digest;
    store_where from, to;
    bool moved;
} store_move;
bool store_cat_move(store *s, store_move *m, size_t n, err *e);
// At most `max` rows behind `*at` in the order of digests, read in tx; *at moves on.
typedef struct store_cursor {
    uint8_t b[32];
    size_t n;
    bool end;
} store_cursor;
#define STORE_CURSOR_START ((store_cursor){.n = 1}) // one zero byte is less than every digest
bool store_cat_page(db_tx *tx, store_cursor *at, store_row *rows, size_t max, size_t *n,
                    err *e);
bool store_cat_find_tx(db_tx *tx, sha256 digest, store_row *row, bool *found, err *e);
// Removes the row if it is still this one, set aside, and its lease has run out.
bool store_cat_remove_tx(db_tx *tx, const store_row *row, int64_t now, bool *removed, err *e);
// Sets it aside if it is still this one and its lease has run out; takes it back.
bool store_cat_aside_tx(db_tx *tx, const store_row *row, int64_t now, bool *aside, err *e);
bool store_cat_back_tx(db_tx *tx, const store_row *row, err *e);
bool store_cat_linked_tx(db_tx *tx, sha256 digest, bool *yes,
                         err *e); // does an object name it?
// For many rows in one transaction: is the digest there with its links? Adds, as store_cat_add.
bool store_cat_known(store *s, store_row *rows, bool *known, size_t n, err *e);
bool store_cat_add_many(store *s, store_row *rows, bool *added, size_t n, err *e);
// Adds row->links, as store_cat_add does.
bool store_cat_link_tx(db_tx *tx, const store_row *row, err *e);
// Does anybody hold all objects? Waits for who takes a hold just now.
bool store_held_tx(db_tx *tx, int64_t now, bool *yes, err *e);

// What waits to be cut (catalogue_cut.c).
extern const db_query *const store_cut_queries[]; // for the test of plans
extern const size_t store_cut_query_count;
// A row that something names: it waits if it is a large file.
bool store_cut_note_tx(db_tx *tx, const store_row *row, err *e);
// One that is due. `part` zero: it is to be cut; else this copy of it is to be removed.
bool store_cut_due(store *s, sha256 *digest, id *part, bool *found, err *e);
bool store_cut_later(store *s, sha256 digest, int64_t us, err *e);
bool store_cut_done(store *s, sha256 digest, err *e); // unless it waits for later
// Points the row, if it is still this one, at the recipe with this root; its file is due then.
bool store_cut_make(store *s, const store_row *row, sha256 root, int64_t keep_us, bool *made,
                    err *e);

// ---- places ---------------------------------------------------------------------------------
// A place keeps bytes. A new one (S3) is one more row of the table in read.c and a choice in
// upload.c.
typedef enum store_opened { STORE_OPENED, STORE_GONE, STORE_FAILED } store_opened;

typedef struct store_place {
    const char *name;
    // Fills o from row. STORE_GONE: nothing is where the row says.
    store_opened (*open)(store *s, const store_row *row, store_object *o, err *e);
    // Removes the bytes of a row that gc has removed; false with a reason when that must wait
    // for the next sweep.
    bool (*drop)(store *s, const store_row *row, err *e);
} store_place;

typedef struct store_made store_made;

struct store_object {
    store *s;
    sha256 digest;
    uint64_t size;
    char *record;      // in a pack: the header and all bytes, checked
    const char *bytes; // in a pack: behind the header
    int fd;            // in a file, else -1
    // in a file:
    uint32_t *crcs; // one page of them
    uint64_t page;
    size_t crc_n;
    char *block;             // a block that is wanted in part
    uint64_t ok_from, ok_to; // blocks that were checked last
    store_made *made;        // of chunks, else NULL
};

store_opened store_open_row(store *s, const store_row *row, store_object **o, err *e);
bool store_corrupt(err *e, sha256 digest, const char *what); // counts, fills e, returns false
void store_drop(store *s, const store_row *row);

// Large objects (file.c).
typedef struct store_file store_file;
store_file *store_file_new(store *s, err *e);
bool store_file_write(store_file *f, const void *p, size_t n, err *e);
// Syncs, gives it its name and syncs that; where->part is new.
bool store_file_place(store_file *f, sha256 digest, store_where *where, err *e);
void store_file_free(store_file *f); // a file without a place is removed
store_opened store_file_open(store *s, const store_row *row, store_object *o, err *e);
bool store_file_drop(store *s, const store_row *row, err *e);
ssize_t store_file_read(store_object *o, uint64_t offset, void *p, size_t n, err *e);
bool store_file_check(store_object *o, uint64_t offset, uint64_t n, err *e);

// Objects of chunks (made.c).
store_opened store_made_open(store *s, const store_row *row, store_object *o, err *e);
bool store_made_drop(store *s, const store_row *row, err *e);
void store_made_close(store_object *o);
// An object that has no row yet, of the recipe with this root.
store_object *store_made_of(store *s, sha256 digest, sha256 root, err *e);
ssize_t store_made_read(store_object *o, uint64_t offset, void *p, size_t n, err *e);
uint64_t store_made_same(store_object *a, uint64_t at_a, store_object *b, uint64_t at_b,
                         uint64_t n);
bool store_made_check(store_object *o, uint64_t offset, uint64_t n, err *e);
// Are all its chunks there, and none known as damaged? Without reading them.
bool store_made_check_places(store_object *o, err *e);

// Reads the object that a recipe with this root would be: ERR_INVALID when it is another.
// `step` may be NULL.
bool store_made_verify(store *s, sha256 digest, sha256 root, uint64_t *size, store_step *step,
                       void *arg, err *e);
// Ends a recipe without an object: puts its pages. Frees r in each case.
bool store_recipe_close(store_recipe *r, sha256 *root, err *e);

// Recipes (recipe.c): pages that name chunks, and above them pages that name pages.
#define STORE_RECIPE_MAGIC  "stmrecp1"
#define STORE_RECIPE_HEAD   16u
#define STORE_RECIPE_ITEM   40u
#define STORE_RECIPE_ITEMS  1024u // of a page at most
#define STORE_RECIPE_LEVELS 8u
#define STORE_RECIPE_PAGE   (STORE_RECIPE_HEAD + STORE_RECIPE_ITEM * STORE_RECIPE_ITEMS)
typedef struct store_recipe_page {
    unsigned level;
    size_t n;
    uint64_t total; // bytes of all items
    store_chunk_ref items[STORE_RECIPE_ITEMS];
} store_recipe_page;
size_t store_recipe_put(char out[STORE_RECIPE_PAGE], const store_recipe_page *p);
bool store_recipe_get(str bytes, store_recipe_page *p);
// Is the item the last of its page, when it is the n-th?
bool store_recipe_ends(const store_chunk_ref *item, size_t n);

// Small objects, and chunks (pack.c).
#define STORE_BATCH 512u // records a write: two vectors each, and IOV_MAX is 1,024
typedef struct store_pack store_pack;
typedef struct store_append {
    const void *p;
    size_t n;
    sha256 digest;
    // filled in:
    bool ok;
    err why; // when it is not
    store_where where;
    store_pack *pack; // held until store_pack_release
    // pack.c's own:
    uint8_t header[STORE_RECORD];
    bool done;
    pthread_cond_t wake;
    struct store_append *next;
} store_append;
// Appends all, durably; returns when each has its result. Every one that is `ok` is released
// once its row was added or given up.
void store_pack_append(store *s, store_append *a, size_t n);
void store_pack_release(store *s, store_append *a);
// A pack of one writer, who alone touches it: records are appended, then synced, then get their
// rows, and then it is left. After a failed write it is left at once (I8).
store_pack *store_pack_own(store *s, err *e);
bool store_pack_write(store *s, store_pack *p, sha256 digest, const void *bytes, size_t n,
                      store_where *where, err *e);
bool store_pack_sync(store *s, store_pack *p, err *e);
uint64_t store_pack_end(const store_pack *p); // its size so far
void store_pack_leave(store *s, store_pack *p);
void store_pack_close(store *s); // at the end: nothing runs any more

// Reading packs (pack_read.c).
#define STORE_PACK_FDS 32
typedef struct store_pack_fd {
    id pack;
    int fd; // -1: free
    unsigned refs;
    int64_t used; // monotonic, to evict the oldest
} store_pack_fd;
store_opened store_pack_open(store *s, const store_row *row, store_object *o, err *e);
bool store_pack_drop(store *s, const store_row *row, err *e);
void store_pack_forget(
    store *s, bool all); // closes descriptors of removed packs, or all that are not in use

// ---- sweeping (sweep.c) ---------------------------------------------------------------------
// What the catalogue says about each pack, gathered on a walk over it.
typedef struct store_tally {
    uint64_t live; // bytes of its records that rows point at
    bool emptying; // gc moves them away
    bool stuck;    // something in it could not be moved
    int fd;        // locked while emptying
    id pack;
} store_tally;
store_tally *store_tally_at(map *m, arena *a, id pack);
store_tally *store_tally_get(const map *m, id pack);
// Files of objects that no row names and that are older than `grace`: counted, or removed.
bool store_sweep_files(store *s, bool remove, uint64_t *orphans, err *e);
// Calls fn for each pack in the folder with its size and the time of its last write.
bool store_each_pack(store *s,
                     bool (*fn)(void *arg, id pack, uint64_t size, int64_t written, err *e),
                     void *arg, err *e);

// ---- the store ------------------------------------------------------------------------------
struct store {
    db *db;
    const store_io *io;
    int dir;              // the content folder
    char process[ID_HEX]; // this process' name in tmp/
    int process_lock;
    _Atomic uint64_t next_tmp;
    _Atomic uint64_t known[(256 * 256 + 256) /
                           64]; // fan-out directories whose entries this process has synced

    pthread_mutex_t pack_lock; // guards what follows, and refs of packs
    store_append *queue, **queue_end;
    bool leading;          // a thread is writing a batch; only it touches `pack`
    store_pack *pack;      // appended to, or NULL
    store_append **batch;  // the leader's
    struct iovec *vectors; // the leader's

    pthread_mutex_t fds_lock; // guards the descriptors of packs that are read
    store_pack_fd fds[STORE_PACK_FDS];
    int64_t fds_swept;

    pthread_mutex_t gc_lock; // one gc at a time
    atomic_bool stopping;    // store_stop

    // Constants but in tests; microseconds and bytes.
    int64_t lease, grace, quiet;
    uint64_t pack_max;
};

// A new name in this process' folder.
void store_tmp_path(store *s, char out[STORE_PATH_MAX]);
store *store_open_io(db *d, str dir, const store_io *io, err *e);

#endif
