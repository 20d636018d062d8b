// SPDX-License-Identifier: Apache-2.0
// push: how a folder becomes a version, and a version a folder. Who pushes asks which objects
// are missing, sends those (of a large file the chunks, and then which chunks it is), makes a
// tree of all files by changes to another tree, and publishes
// it (publish.c). Nothing is seen before the last step; each step may be repeated; objects and
// trees that no version uses in the end are gc's, a while later. Who pulls lists a tree's files
// and gets their objects. Any thread; all state is the request's.
#include "api/files.h"
#include "api/native/native_internal.h"
#include "core/content.h"
#include "store/store.h"

#include <stdlib.h>

#define MISSING_MAX    10000
#define SENT_AT_ONCE   256
#define CHUNKS_AT_ONCE 500

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
              .doc = "SHA-256 of whole files and of chunks, in hex"),
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

// A body at work.
typedef struct receiving {
    http_req *r;
    store *s;
    store_stream *to;
    ctx c;
    sha256 sent[SENT_AT_ONCE]; // that the workspace is not known to have sent yet
    size_t n_sent;
    uint64_t objects, bytes; // taken
    char *copy;              // room for an object that goes into a pack, or a piece of a larger
} receiving;

// Whoever has the bytes may know of the object, whether it is durable already or not.
static bool note_sent(receiving *v, err *e) {
    size_t n = v->n_sent;
    v->n_sent = 0;
    return content_sent(&v->c, v->sent, n, e);
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
    if (!http_read_full(v->r, v->copy, n, &got, e)) return false;
    if (got < n) return cut_short(e);
    return (sha256_eq(sha256_of(v->copy, n), digest) || differs(digest, e)) &&
           store_stream_add(v->to, digest, v->copy, n, e);
}

static bool copy_large(receiving *v, store_upload *u, uint64_t size, err *e) {
    for (uint64_t left = size; left;) {
        ssize_t got = http_read(v->r, v->copy, left < STORE_PACKED ? left : STORE_PACKED, e);
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
    return store_finish(u, &is, &size, e) && (sha256_eq(is, digest) || differs(digest, e));
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
    if (!(size <= STORE_PACKED ? take_small(v, digest, (size_t)size, e)
                               : take_large(v, digest, size, e)))
        return false;
    v->objects++;
    v->bytes += size;
    v->sent[v->n_sent++] = digest;
    return v->n_sent < SENT_AT_ONCE || note_sent(v, e);
}

static bool check_magic(http_req *r, const char want[9], const char *type, err *e) {
    char magic[8];
    size_t got;
    if (!http_read_full(r, magic, sizeof magic, &got, e)) return false;
    return (got == sizeof magic && !memcmp(magic, want, got)) ||
           err_set(e, ERR_MALFORMED, "the body does not begin as %s does", type);
}

// What stands before a wrong object is stored: it need not be sent again.
static bool receive(receiving *v, err *e) {
    bool end = false;
    bool ok = check_magic(v->r, CONTENT_OBJECTS_MAGIC, CONTENT_OBJECTS_TYPE, e);
    v->to = store_stream_new(v->s);
    while (ok && !end)
        ok = next_object(v, &end, e);
    ok = ok && note_sent(v, e);
    err failed = {0};
    if (store_stream_end(v->to, ok ? e : &failed)) return ok;
    if (!ok) *e = failed;
    return false;
}

void native_objects_put(http_req *r) {
    err e = {0};
    receiving v = {.r = r, .c = api_ctx(r)};
    v.s = core_store(v.c.core);
    v.copy = mem_realloc(NULL, STORE_PACKED);
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
    free(v.copy);
}

// ---- a large one out of chunks --------------------------------------------------------------

SHAPE(static, made_shape, "ObjectMade",
      FIELD("object", SHAPE_TEXT, 0, "the SHA-256 of all its bytes"),
      FIELD("chunks", SHAPE_INT, 0, "how many it is made of"),
      FIELD("size", SHAPE_INT, 0, "its bytes"));
const native_stream native_object_make_io = {
    .takes = CONTENT_CHUNKS_TYPE, .gives = "application/json", .reply = &made_shape};

static bool next_chunk(http_req *r, store_chunk_ref *c, bool *end, err *e) {
    uint8_t item[CONTENT_CHUNK];
    size_t got;
    if (!http_read_full(r, item, sizeof item, &got, e)) return false;
    *end = got == 0;
    if (*end) return true;
    if (got < sizeof item)
        return err_set(e, ERR_MALFORMED, "the body ends within a chunk's name");
    cur at = cur_of(str_n((char *)item, sizeof item));
    sha256_copy(cur_take(&at, sizeof c->digest.b), &c->digest);
    c->size = cur_u32(&at);
    return true;
}

// A recipe at work: chunks are gathered, and asked for together.
typedef struct making {
    http_req *r;
    ctx c;
    store_recipe *to;
    store_chunk_ref refs[CHUNKS_AT_ONCE];
    size_t n;
    uint64_t chunks, size;
} making;

// Who may not know of a chunk does not get at it by naming it.
static bool check_seen(making *m, err *e) {
    sha256 digests[CHUNKS_AT_ONCE];
    bool may[CHUNKS_AT_ONCE];
    char hex[SHA256_HEX];
    for (size_t i = 0; i < m->n; i++)
        digests[i] = m->refs[i].digest;
    if (!content_seen(&m->c, digests, m->n, may, e)) return false;
    for (size_t i = 0; i < m->n; i++) {
        if (may[i]) continue;
        sha256_hex(digests[i], hex);
        return err_set(e, ERR_NOT_FOUND, "there is no chunk %s: send it first", hex);
    }
    return true;
}

static bool add_gathered(making *m, err *e) {
    if (!check_seen(m, e)) return false;
    for (size_t i = 0; i < m->n; i++) {
        if (!store_recipe_add(m->to, m->refs[i], e)) return false;
        m->size += m->refs[i].size;
    }
    m->chunks += m->n;
    m->n = 0;
    return true;
}

static bool add_chunks(making *m, err *e) {
    bool end = false;
    if (!check_magic(m->r, CONTENT_CHUNKS_MAGIC, CONTENT_CHUNKS_TYPE, e)) return false;
    while (next_chunk(m->r, &m->refs[m->n], &end, e)) {
        if (end) return add_gathered(m, e);
        if (++m->n == CHUNKS_AT_ONCE && !add_gathered(m, e)) return false;
    }
    return false;
}

static bool make(making *m, sha256 digest, err *e) {
    m->to = store_recipe_new(core_store(m->c.core));
    if (add_chunks(m, e))
        return store_recipe_end(m->to, digest, e) && content_sent(&m->c, &digest, 1, e);
    store_recipe_abort(m->to);
    return false;
}

void native_object_make(http_req *r) {
    err e = {0};
    sha256 digest;
    making *m = ARENA_NEW(http_arena(r), making);
    m->r = r;
    m->c = api_ctx(r);
    str text = http_param(r, "object");
    if (!native_digest(text, &digest, &e) || !make(m, digest, &e)) {
        http_fail(r, &e);
        return;
    }
    json_writer *w = http_json(r, 200, "application/json");
    json_object(w);
    json_m_string(w, "object", text);
    json_m_i64(w, "chunks", (int64_t)m->chunks);
    json_m_i64(w, "size", (int64_t)m->size);
    json_object_end(w);
    http_json_end(r);
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
