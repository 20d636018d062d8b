// SPDX-License-Identifier: Apache-2.0
// push: how a folder becomes a version, and a version a folder. Who pushes asks which objects
// are missing, sends those, makes a tree of all files by changes to another tree, and publishes
// it (publish.c). Nothing is seen before the last step; each step may be repeated; objects and
// trees that no version uses in the end are gc's, a while later. Who pulls lists a tree's files
// and gets their objects. Any thread; all state is the request's.
#include "api/files.h"
#include "api/native/native_internal.h"
#include "core/content.h"
#include "store/store.h"

#define MISSING_MAX  10000
#define GATHER_BYTES ((size_t)4 << 20)
#define COPY_BYTES   ((size_t)256 << 10)

bool native_digest(str text, sha256 *out, err *e) {
    return sha256_parse(text, out) ||
           err_set(e, ERR_INVALID, "'%.*s' is no SHA-256 of 64 hex digits",
                   STR_F(str_upto_code_points(text, 100)));
}

// ---- which objects are missing --------------------------------------------------------------

SHAPE(static, missing_shape, "Missing",
      FIELD("missing", SHAPE_TEXT, SHAPE_LIST,
            "those that the server does not have, or has from other "
            "workspaces only"));

struct missing {
    uint64_t has;
    msg_list digests;
};
static const msg_field missing_fields[] = {
    MSG_FIELD(struct missing, digests, MSG_STRINGS, 0, .max = MISSING_MAX,
              .doc = "SHA-256 of whole files, in hex"),
};
static const msg_type missing_msg = MSG_TYPE(struct missing, missing_fields);

static bool missing(call *k, void *msg, err *e) {
    struct missing *q = msg;
    sha256 *digests = ARENA_ARRAY(k->c.a, sha256, q->digests.n);
    int64_t *sizes = ARENA_ARRAY(k->c.a, int64_t, q->digests.n);
    for (size_t i = 0; i < q->digests.n; i++)
        if (!native_digest(*MSG_AT(str, q->digests, i), &digests[i], e)) return false;
    if (!content_find(&k->c, digests, q->digests.n, sizes, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "missing");
    for (size_t i = 0; i < q->digests.n; i++)
        if (sizes[i] < 0) json_string(w, sha256_str(k->c.a, digests[i]));
    json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc native_objects_missing = {
    .msg = &missing_msg, .fn = missing, .reply = &missing_shape};

// ---- sending them ---------------------------------------------------------------------------

SHAPE(static, stored_shape, "ObjectsStored",
      FIELD("objects", SHAPE_INT, 0, "objects that were stored, or were there"),
      FIELD("bytes", SHAPE_INT, 0, "their bytes"));
const native_stream native_objects_put_io = {
    .takes = CONTENT_OBJECTS_TYPE, .gives = "application/json", .reply = &stored_shape};

// A body at work. Small objects are gathered and stored many with one sync.
typedef struct receiving {
    http_req *r;
    store *s;
    ctx c;
    arena *a; // of what is gathered
    store_item items[STORE_MANY];
    size_t n, gathered;
    uint64_t objects, bytes; // stored
    char *copy;
} receiving;

static bool store_gathered(receiving *v, err *e) {
    sha256 sent[STORE_MANY];
    for (size_t i = 0; i < v->n; i++)
        sent[i] = v->items[i].digest;
    if (v->n &&
        (!store_put_many(v->s, v->items, v->n, e) || !content_sent(&v->c, sent, v->n, e)))
        return false;
    v->objects += v->n;
    v->bytes += v->gathered;
    v->n = v->gathered = 0;
    arena_reset(v->a);
    return true;
}

static bool differs(sha256 named, err *e) {
    char hex[SHA256_HEX];
    sha256_hex(named, hex);
    return err_set(e, ERR_INVALID, "the bytes of object %s are others: their SHA-256 differs",
                   hex);
}

static bool cut_short(err *e) {
    return err_set(e, ERR_MALFORMED, "the body ends within an object");
}

static bool take_small(receiving *v, sha256 digest, size_t n, err *e) {
    size_t got;
    char *p = arena_bytes(v->a, n + 1);
    if (!http_read_full(v->r, p, n, &got, e)) return false;
    if (got < n) return cut_short(e);
    if (!sha256_eq(sha256_of(p, n), digest)) return differs(digest, e);
    v->items[v->n++] = (store_item){.p = p, .n = n, .digest = digest};
    v->gathered += n;
    return (v->n < STORE_MANY && v->gathered < GATHER_BYTES) || store_gathered(v, e);
}

static bool copy_large(receiving *v, store_upload *u, uint64_t size, err *e) {
    for (uint64_t left = size; left;) {
        ssize_t got = http_read(v->r, v->copy, left < COPY_BYTES ? left : COPY_BYTES, e);
        if (got < 0) return false;
        if (!got) return cut_short(e);
        if (!store_write(u, v->copy, (size_t)got, e)) return false;
        left -= (uint64_t)got;
    }
    return true;
}

static bool take_large(receiving *v, sha256 digest, uint64_t size, err *e) {
    sha256 is;
    store_upload *u = store_begin(v->s, e);
    if (!u) return false;
    if (!copy_large(v, u, size, e)) {
        store_abort(u);
        return false;
    }
    if (!store_finish(u, &is, &size, e)) return false;
    if (!sha256_eq(is, digest)) return differs(digest, e);
    if (!content_sent(&v->c, &digest, 1, e)) return false;
    v->objects++;
    v->bytes += size;
    return true;
}

static bool next_object(receiving *v, bool *end, err *e) {
    uint8_t head[CONTENT_OBJECT_HEAD];
    size_t got;
    sha256 digest;
    if (!http_read_full(v->r, head, sizeof head, &got, e)) return false;
    *end = got == 0;
    if (*end) return true;
    if (got < sizeof head) return cut_short(e);
    memcpy(digest.b, head, sizeof digest.b);
    cur c = cur_of(str_n((char *)head + sizeof digest.b, 8));
    uint64_t size = cur_u64(&c);
    return size <= STORE_SMALL ? take_small(v, digest, (size_t)size, e)
                               : take_large(v, digest, size, e);
}

static bool check_magic(http_req *r, err *e) {
    char magic[sizeof CONTENT_OBJECTS_MAGIC - 1];
    size_t got;
    if (!http_read_full(r, magic, sizeof magic, &got, e)) return false;
    return (got == sizeof magic && !memcmp(magic, CONTENT_OBJECTS_MAGIC, got)) ||
           err_set(e, ERR_MALFORMED,
                   "the body does not begin as " CONTENT_OBJECTS_TYPE " does");
}

// What stands before a wrong object is stored: it need not be sent again.
static bool receive(receiving *v, err *e) {
    bool end = false;
    bool ok = check_magic(v->r, e);
    while (ok && !end)
        ok = next_object(v, &end, e);
    err failed = {0};
    if (store_gathered(v, ok ? e : &failed)) return ok;
    if (!ok) *e = failed;
    return false;
}

void native_objects_put(http_req *r) {
    err e = {0};
    receiving v = {.r = r, .c = api_ctx(r), .a = arena_new()};
    v.s = core_store(v.c.core);
    v.copy = arena_bytes(http_arena(r), COPY_BYTES);
    if (receive(&v, &e)) {
        json_writer *w = http_json(r, 200, "application/json");
        json_object(w);
        json_m_i64(w, "objects", (int64_t)v.objects);
        json_m_i64(w, "bytes", (int64_t)v.bytes);
        json_object_end(w);
        http_json_end(r);
    } else {
        http_fail(r, &e);
    }
    arena_free(v.a);
}

const native_stream native_object_get_io = {.gives = "application/octet-stream"};

// What another workspace stored is answered as what nobody did.
static bool may_get(ctx *c, sha256 digest, err *e) {
    bool may;
    char hex[SHA256_HEX];
    if (!content_seen(c, &digest, 1, &may, e)) return false;
    sha256_hex(digest, hex);
    return may || err_set(e, ERR_NOT_FOUND, "there is no object %s", hex);
}

void native_object_get(http_req *r) {
    err e = {0};
    sha256 digest;
    ctx c = api_ctx(r);
    str text = http_param(r, "object");
    if (!native_digest(text, &digest, &e) || !may_get(&c, digest, &e) ||
        !files_send_object(r, &c, digest, text, &e))
        http_fail(r, &e);
}

// ---- trees ----------------------------------------------------------------------------------

SHAPE(static, tree_shape, "Tree", FIELD("tree", SHAPE_TEXT, 0, "the SHA-256 of its root"),
      FIELD("files", SHAPE_INT, 0, "its files"), FIELD("bytes", SHAPE_INT, 0, "their bytes"));

SHAPE(static, tree_file_shape, "TreeFile", FIELD("path", SHAPE_TEXT, 0, "parts with '/'"),
      FIELD("size", SHAPE_INT, 0, "bytes"), FIELD("sha256", SHAPE_TEXT, 0, "of all its bytes"),
      FIELD("executable", SHAPE_BOOL, 0, "may it be run?"));
SHAPE(static, tree_files_shape, "TreeFiles",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "files, in the order of trees",
            .sub = &tree_file_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

struct file {
    uint64_t has;
    str path, sha256;
    int64_t size;
    bool executable;
};
static const msg_field file_fields[] = {
    MSG_FIELD(struct file, path, MSG_STRING, MSG_REQUIRED, .doc = "parts with '/' between"),
    MSG_FIELD(struct file, size, MSG_INT64, MSG_REQUIRED, .doc = "bytes"),
    MSG_FIELD(struct file, sha256, MSG_STRING, MSG_REQUIRED, .doc = "of all its bytes, in hex"),
    MSG_FIELD(struct file, executable, MSG_BOOL, 0, .doc = "may it be run? default: no"),
};
static const msg_type file_msg = MSG_TYPE(struct file, file_fields);

struct edit {
    uint64_t has;
    str base;
    msg_list put, remove;
};
static const msg_field edit_fields[] = {
    MSG_FIELD(struct edit, base, MSG_STRING, 0, .doc = "the tree to change; default: no files"),
    MSG_FIELD(struct edit, put, MSG_LIST, 0, .sub = &file_msg, .max = CONTENT_CHANGES_MAX,
              .doc = "files to be there, in place of what was; their objects were sent before"),
    MSG_FIELD(struct edit, remove, MSG_STRINGS, 0, .max = CONTENT_CHANGES_MAX,
              .doc = "paths of files to be gone"),
};
static const msg_type edit_msg = MSG_TYPE(struct edit, edit_fields);

static bool read_changes(const struct edit *q, tree_change *out, err *e) {
    for (size_t i = 0; i < q->put.n; i++) {
        const struct file *f = MSG_AT(struct file, q->put, i);
        tree_file *to = &out[i].file;
        if (f->size < 0) return err_set(e, ERR_INVALID, "a file has no bytes fewer than none");
        *to = (tree_file){
            .path = f->path, .size = (uint64_t)f->size, .executable = f->executable};
        if (!native_digest(f->sha256, &to->digest, e)) return false;
    }
    for (size_t i = 0; i < q->remove.n; i++)
        out[q->put.n + i] =
            (tree_change){.file.path = *MSG_AT(str, q->remove, i), .removed = true};
    return true;
}

static bool edit(call *k, void *msg, err *e) {
    struct edit *q = msg;
    size_t n = q->put.n + q->remove.n;
    tree_change *changes = ARENA_ARRAY(k->c.a, tree_change, n);
    memset(changes, 0, n * sizeof *changes);
    sha256 base, tree;
    tree_sum sum;
    if ((q->base.n && !native_digest(q->base, &base, e)) || !read_changes(q, changes, e) ||
        !content_edit(&k->c, q->base.n ? &base : NULL, changes, n, &tree, &sum, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_string(w, "tree", sha256_str(k->c.a, tree));
    json_m_i64(w, "files", (int64_t)sum.files);
    json_m_i64(w, "bytes", (int64_t)sum.bytes);
    json_object_end(w);
    return true;
}
const rpc native_trees_edit = {.msg = &edit_msg, .fn = edit, .reply = &tree_shape};

struct files_page {
    uint64_t has;
    str after;
    int64_t limit;
};
static const msg_field page_fields[] = {
    MSG_FIELD(struct files_page, after, MSG_STRING, 0, .doc = "behind this path"),
    MSG_FIELD(struct files_page, limit, MSG_INT64, 0, .doc = "at most so many"),
};
static const msg_type page_msg = MSG_TYPE(struct files_page, page_fields);

static bool list_files(call *k, void *msg, err *e) {
    struct files_page *q = msg;
    sha256 tree;
    tree_file *f;
    size_t limit, n;
    if (!native_limit(msg_has(&page_msg, q, "limit"), q->limit, &limit, e) ||
        !native_digest(http_param(k->r, "tree"), &tree, e) ||
        !content_files(&k->c, tree, q->after, limit, &f, &n, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        json_m_string(w, "path", f[i].path);
        json_m_i64(w, "size", (int64_t)f[i].size);
        json_m_string(w, "sha256", sha256_str(k->c.a, f[i].digest));
        json_m_bool(w, "executable", f[i].executable);
        json_object_end(w);
    }
    native_list_end(w, n == limit ? f[n - 1].path : (str){0});
    return true;
}
const rpc native_trees_files = {.msg = &page_msg, .fn = list_files, .reply = &tree_files_shape};
