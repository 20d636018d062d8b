// SPDX-License-Identifier: Apache-2.0
// files: what a run keeps as files, over api/files.h, and how versions show theirs. Paths are
// percent-encoded in the route, relative to the run or version. Any thread.
#include "api/native/files.h"

SHAPE(static, file_shape, "File",
      FIELD("path", SHAPE_TEXT, 0, "where it is, from the top of the run or version"),
      FIELD("is_dir", SHAPE_BOOL, 0, "is it a folder?"),
      FIELD("size", SHAPE_INT, SHAPE_OPTIONAL, "bytes of a file"),
      FIELD("digest", SHAPE_TEXT, SHAPE_OPTIONAL, "SHA-256 of a stored file, its ETag"),
      FIELD("modified_us", SHAPE_INT, SHAPE_OPTIONAL, "when it was put here"));

SHAPE(, native_files_shape, "Files",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of names", .sub = &file_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void put_file(json_writer *w, str path, const files_entry *f) {
    char digest[SHA256_HEX];
    json_object(w);
    json_m_string(w, "path", path);
    json_m_bool(w, "is_dir", f->is_dir);
    if (!f->is_dir) json_m_i64(w, "size", (int64_t)f->size);
    if (f->stored) {
        sha256_hex(f->digest, digest);
        json_m_string(w, "digest", str_of(digest));
    }
    if (f->modified_us) json_m_i64(w, "modified_us", f->modified_us);
    json_object_end(w);
}

static bool path_run(call *k, run *out, err *e) {
    id run_id;
    return native_path_run(k, &run_id, e) && run_get(&k->c, run_id, out, e);
}

// A run whose files may be changed.
static bool open_run(call *k, run *out, err *e) {
    if (!path_run(k, out, e)) return false;
    return out->life == LIFE_ACTIVE ||
           err_set(e, ERR_STATE, "run %.*s is in the bin: restore it first",
                   STR_F(id_str(k->c.a, out->id)));
}

// ---- list -----------------------------------------------------------------------------------

static const msg_field list_fields[] = {
    MSG_FIELD(struct native_files_query, path, MSG_STRING, 0,
              .doc = "the folder; by default the top"),
    MSG_FIELD(struct native_files_query, limit, MSG_INT32, 0,
              .doc = "items of a page, 100 by default"),
    MSG_FIELD(struct native_files_query, after, MSG_STRING, 0,
              .doc = "the cursor `next` of the page before"),
};
const msg_type native_files_msg = MSG_TYPE(struct native_files_query, list_fields);

// A path that names a file is a list of that file.
static bool put_looked_up(call *k, const files_place *p, str path, err *e) {
    files_entry f;
    if (!files_look(&k->c, p, &f, e)) return false;
    json_object(rpc_reply(k));
    json_m_array(k->w, "items");
    if (!f.is_dir) put_file(k->w, path, &f);
    native_list_end(k->w, (str){0});
    return true;
}

// MLflow's clients escape paths, so escapes in those of runs are read once more, and more; a
// version has the names that were pushed.
static bool place_of(call *k, native_source s, str path, str *below, files_place *p, err *e) {
    if (!s.v)
        return artifact_path(k->c.a, path, below, e) &&
               files_place_of(&k->c, s.uri, *below, p, e);
    bool ok = files_place_in(s.v, path, p, e);
    *below = p->path;
    return ok;
}

bool native_files_reply(call *k, native_source s, const struct native_files_query *q, err *e) {
    str below;
    files_place p;
    files_entry *f;
    size_t n, limit;
    if (!native_limit(msg_has(&native_files_msg, q, "limit"), q->limit, &limit, e) ||
        !place_of(k, s, q->path, &below, &p, e) ||
        !files_list(&k->c, &p, q->after.n ? q->after : (str){0}, limit + 1, &f, &n, e)) {
        return false;
    }
    if (!n && below.n && !q->after.n) return put_looked_up(k, &p, below, e);
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n && i < limit; i++) {
        str path = f[i].name;
        if (below.n) path = arena_printf(k->c.a, "%.*s/%.*s", STR_F(below), STR_F(path));
        put_file(w, path, &f[i]);
    }
    native_list_end(w, n > limit ? f[limit - 1].name : (str){0});
    return true;
}

static native_source of_run(const run *r) {
    return (native_source){.uri = r->artifact_uri};
}

static bool list(call *k, void *msg, err *e) {
    run r;
    return path_run(k, &r, e) && native_files_reply(k, of_run(&r), msg, e);
}
const rpc native_files_list = {
    .msg = &native_files_msg, .fn = list, .reply = &native_files_shape};

// ---- one file -------------------------------------------------------------------------------

static bool check_named(str path, err *e) {
    return path.n || err_set(e, ERR_INVALID, "a file has a name: the path is empty");
}

// The file of a run that the route's {path...} names.
static bool run_path(call *k, str *out, err *e) {
    return artifact_path(k->c.a, http_param(k->r, "path"), out, e) && check_named(*out, e);
}

bool native_files_send(call *k, native_source s, err *e) {
    str path = http_param(k->r, "path"), below;
    files_place p;
    if (s.v && !msg_unescape(k->c.a, path, false, &path))
        return err_set(e, ERR_INVALID, "the path has a broken escape");
    return place_of(k, s, path, &below, &p, e) && check_named(below, e) &&
           files_send(k->r, &k->c, &p, e);
}

// Of a type that the name of the file tells.
const native_stream native_file_get_io = {.gives = "*/*"};
void native_file_get(http_req *r) {
    call k = {.r = r, .c = api_ctx(r)};
    err e = {0};
    run found;
    if (!path_run(&k, &found, &e) || !native_files_send(&k, of_run(&found), &e))
        http_fail(r, &e);
}

const native_stream native_file_put_io = {
    .takes = "*/*", .gives = "application/json", .reply = &file_shape};
void native_file_put(http_req *r) {
    call k = {.r = r, .c = api_ctx(r)};
    err e = {0};
    run found;
    str path;
    files_place p = {0};
    files_entry f;
    sha256 digest;
    uint64_t size;
    bool ok = run_path(&k, &path, &e) && open_run(&k, &found, &e) &&
              files_tree_path(k.c.a, found.artifact_uri, path, &p.path, &e) &&
              files_receive(r, &k.c, p.path, UINT64_MAX, &digest, &size, &e);
    if (!ok || !files_look(&k.c, &p, &f, &e)) {
        http_fail(r, &e);
        return;
    }
    put_file(http_json(r, 200, "application/json"), path, &f);
    http_json_end(r);
}

static bool delete_file(call *k, void *msg, err *e) {
    run found;
    str path, tree_path;
    (void)msg;
    return run_path(k, &path, e) && open_run(k, &found, e) &&
           files_tree_path(k->c.a, found.artifact_uri, path, &tree_path, e) &&
           artifact_delete(&k->c, tree_path, e);
}
const rpc native_file_delete = {.fn = delete_file};

// ---- a folder -------------------------------------------------------------------------------

static const msg_field tar_fields[] = {
    MSG_FIELD(struct native_tar_query, path, MSG_STRING, 0,
              .doc = "the folder, or one file; by default everything"),
};
const msg_type native_tar_msg = MSG_TYPE(struct native_tar_query, tar_fields);

bool native_tar_reply(call *k, native_source s, str name, const struct native_tar_query *q,
                      err *e) {
    str below;
    files_place p;
    files_entry top;
    if (!place_of(k, s, q->path, &below, &p, e)) return false;
    // A top that has no files yet is an empty folder.
    if (!files_look(&k->c, &p, &top, e)) {
        if (below.n || e->code != ERR_NOT_FOUND) return false;
        *e = (err){0};
        top = (files_entry){.is_dir = true};
    }
    files_set_headers(k->r, arena_printf(k->c.a, "%.*s.tar", STR_F(name)));
    k->w = http_json(k->r, 200, NATIVE_TAR_TYPE);
    return files_tar(k->r, &k->c, &p, &top, k->w->out, e);
}

static bool tar(call *k, void *msg, err *e) {
    run r;
    return path_run(k, &r, e) && native_tar_reply(k, of_run(&r), id_str(k->c.a, r.id), msg, e);
}
const rpc native_tar = {.msg = &native_tar_msg, .fn = tar, .gives = NATIVE_TAR_TYPE};
