// SPDX-License-Identifier: Apache-2.0
// files: see files.h. What a user names is a key of the artifact tree, never a path of the
// machine. Files are sent as attachments of a type that the server chose, and sandboxed, so
// that none runs in the page's origin. Any thread.
#include "api/files_internal.h"

#include "core/folder.h"

#define COPY_BYTES (256u << 10)

// ---- where things are -----------------------------------------------------------------------

bool files_tree_path(arena *a, str uri, str client_path, str *out, err *e) {
    str scheme = STR(ARTIFACT_SCHEME), root, below;
    if (!str_starts(uri, scheme) || str_starts(uri, STR(ARTIFACT_SCHEME "/"))) {
        return err_set(
            e, ERR_UNIMPLEMENTED,
            "These artifacts are kept at '%.*s', where this server does not read or write:"
            " use a client that has access to it.",
            STR_F(str_upto(uri, 300)));
    }
    if (!artifact_path(a, str_from(uri, scheme.n), &root, e) ||
        !artifact_path(a, client_path, &below, e))
        return false;
    if (!root.n || !below.n)
        *out = root.n ? root : below;
    else
        *out = arena_printf(a, "%.*s/%.*s", STR_F(root), STR_F(below));
    return true;
}

bool files_place_of(ctx *c, str uri, str client_path, files_place *out, err *e) {
    str path;
    *out = (files_place){0};
    out->in_folder = folder_holds(c, uri, client_path, &out->path, e);
    return out->in_folder ||
           (e->code == ERR_NONE && files_tree_path(c->a, uri, client_path, &path, e) &&
            files_place_at(c, path, out, e));
}

// ---- types ----------------------------------------------------------------------------------

typedef struct mime {
    const char *extension, *type;
} mime;

// Text of any kind is shown as plain text.
static const mime mimes[] = {
    {"txt", "text/plain"},
    {"log", "text/plain"},
    {"err", "text/plain"},
    {"cfg", "text/plain"},
    {"conf", "text/plain"},
    {"cnf", "text/plain"},
    {"ini", "text/plain"},
    {"properties", "text/plain"},
    {"prop", "text/plain"},
    {"yaml", "text/plain"},
    {"yml", "text/plain"},
    {"toml", "text/plain"},
    {"xml", "text/plain"},
    {"json", "text/plain"},
    {"jsonl", "text/plain"},
    {"js", "text/plain"},
    {"py", "text/plain"},
    {"py3", "text/plain"},
    {"sh", "text/plain"},
    {"md", "text/plain"},
    {"rst", "text/plain"},
    {"sql", "text/plain"},
    {"html", "text/html"},
    {"csv", "text/csv"},
    {"tsv", "text/tab-separated-values"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"bmp", "image/bmp"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/x-wav"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
};

static const char *type_of(str name) {
    size_t dot = name.n;
    while (dot && name.p[dot - 1] != '.')
        dot--;
    str extension = dot ? str_from(name, dot) : (str){0};
    if (str_is(name, "MLmodel") || str_is(name, "MLproject")) return "text/plain";
    for (size_t i = 0; i < sizeof mimes / sizeof *mimes; i++) {
        if (str_eq_nocase(extension, str_of(mimes[i].extension))) return mimes[i].type;
    }
    return "application/octet-stream";
}

// RFC 6266: a plain name for old readers, and the exact one percent-encoded (RFC 8187).
static str disposition(arena *a, str name) {
    static const char digits[] = "0123456789ABCDEF";
    char *plain = arena_bytes(a, name.n + 1), *exact = arena_bytes(a, name.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool safe = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                    (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '_';
        plain[i] = safe || c == ' ' ? (char)c : '_';
        if (safe) {
            exact[n++] = (char)c;
            continue;
        }
        exact[n++] = '%';
        exact[n++] = digits[c >> 4];
        exact[n++] = digits[c & 15];
    }
    return arena_printf(a, "attachment; filename=\"%.*s\"; filename*=UTF-8''%.*s", (int)name.n,
                        plain, (int)n, exact);
}

// ---- down -----------------------------------------------------------------------------------

void files_set_headers(http_req *r, str name) {
    http_set_header(r, "Content-Disposition", disposition(http_arena(r), name));
    http_set_header(r, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
}

static void close_object(void *o) {
    store_object_close(o);
}

static ssize_t read_object(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    return store_object_read(arg, offset, p, n, e);
}

static bool check_object(void *arg, uint64_t offset, size_t n, err *e) {
    return store_object_check(arg, offset, n, e);
}

bool files_send_object(http_req *r, ctx *c, sha256 digest, str name, err *e) {
    store_object *o = store_get(core_store(c->core), digest, e);
    if (!o) return false;
    arena_on_reset(c->a, close_object, o);
    http_source s = {.length = store_object_size(o),
                     .etag = arena_printf(c->a, "\"%.*s\"", STR_F(sha256_str(c->a, digest))),
                     .content_type = type_of(name),
                     .check = check_object,
                     .read = read_object,
                     .arg = o};
    s.fd = store_object_fd(o, &s.base);
    files_set_headers(r, name);
    http_reply_source(r, &s);
    return true;
}

static bool send_stored(http_req *r, ctx *c, const files_place *p, err *e) {
    files_entry f;
    if (!files_look(c, p, &f, e)) return false;
    if (f.is_dir) return err_set(e, ERR_NOT_FOUND, "'%.*s' is a folder.", STR_F(p->path));
    return files_send_object(r, c, f.digest, f.name, e);
}

// A file beneath the folder that the operator named as artifact root: as it is, without
// checksums of ours.
static bool send_folder_file(http_req *r, ctx *c, str below, err *e) {
    http_source s = {0};
    str name = str_last_name(below);
    if (!folder_file(c, below, &s.fd, &s.length, e)) return false;
    s.content_type = type_of(name);
    files_set_headers(r, name);
    http_reply_source(r, &s);
    return true;
}

bool files_send(http_req *r, ctx *c, const files_place *p, err *e) {
    return p->in_folder ? send_folder_file(r, c, p->path, e) : send_stored(r, c, p, e);
}

// ---- up -------------------------------------------------------------------------------------

bool files_receive(http_req *r, ctx *c, str tree_path, uint64_t max, sha256 *digest,
                   uint64_t *size, err *e) {
    ssize_t got = 0;
    if (!artifact_writable(tree_path, e)) return false;
    store_upload *u = store_begin(core_store(c->core), e);
    if (!u) return false;
    char *bytes = arena_bytes(c->a, COPY_BYTES);
    for (*size = 0; (got = http_read(r, bytes, COPY_BYTES, e)) > 0;) {
        *size += (uint64_t)got;
        if (*size > max) {
            err_set(e, ERR_TOO_LARGE, "The file has more than %llu bytes.",
                    (unsigned long long)max);
            break;
        }
        if (!store_write(u, bytes, (size_t)got, e)) break;
    }
    if (got != 0) {
        store_abort(u);
        return false;
    }
    return store_finish(u, digest, size, e) && artifact_put(c, tree_path, *digest, *size, e);
}

// ---- lists ----------------------------------------------------------------------------------

static files_entry entry_of(const artifact_entry *f) {
    return (files_entry){.name = f->name,
                         .is_dir = f->is_dir,
                         .stored = !f->is_dir,
                         .size = f->size,
                         .digest = f->digest,
                         .modified_us = f->modified_us};
}

static bool list_tree(ctx *c, str path, str after, size_t max, files_entry **out, size_t *n,
                      err *e) {
    artifact_entry *f;
    if (!artifact_list(c, path, after, max, &f, n, e)) return false;
    *out = ARENA_ARRAY(c->a, files_entry, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = entry_of(&f[i]);
    return true;
}

static bool list_folder(ctx *c, str below, str after, size_t max, files_entry **out, size_t *n,
                        err *e) {
    folder_entry *f;
    size_t all;
    *n = 0;
    if (!folder_list(c, below, FILES_FOLDER_MAX, &f, &all, e)) return false;
    *out = ARENA_ARRAY(c->a, files_entry, all < max ? all : max);
    for (size_t i = 0; i < all && *n < max; i++) {
        if (after.p && str_cmp(f[i].name, after) <= 0) continue;
        (*out)[(*n)++] =
            (files_entry){.name = f[i].name, .is_dir = f[i].is_dir, .size = f[i].size};
    }
    return true;
}

bool files_list(ctx *c, const files_place *p, str after, size_t max, files_entry **out,
                size_t *n, err *e) {
    if (p->in_folder) return list_folder(c, p->path, after, max, out, n, e);
    if (p->sealed) return files_version_list(c, p, after, max, out, n, e);
    return list_tree(c, p->path, after, max, out, n, e);
}

static bool look_in_folder(ctx *c, str below, files_entry *out, err *e) {
    int fd;
    files_entry *f;
    size_t n;
    *out = (files_entry){.name = str_last_name(below)};
    if (folder_file(c, below, &fd, &out->size, e)) return true;
    if (e->code != ERR_NOT_FOUND) return false;
    out->is_dir = true;
    *e = (err){0};
    if (!list_folder(c, below, (str){0}, 1, &f, &n, e)) return false;
    return n > 0 || err_set(e, ERR_NOT_FOUND, "There is no artifact '%.*s'.", STR_F(below));
}

bool files_look(ctx *c, const files_place *p, files_entry *out, err *e) {
    artifact_entry f;
    if (p->in_folder) return look_in_folder(c, p->path, out, e);
    if (p->sealed) return files_version_get(c, p, out, e);
    if (!artifact_get(c, p->path, &f, e)) return false;
    *out = entry_of(&f);
    return true;
}
