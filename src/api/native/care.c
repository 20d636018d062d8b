// SPDX-License-Identifier: Apache-2.0
// care: who uses how much, and everything as one backup. Any thread.
#include "api/native/repos.h"
#include "base/log.h"
#include "base/thread.h"
#include "core/backup.h"
#include "core/du.h"

// ---- du -------------------------------------------------------------------------------------

static const msg_name du_names[] = {
    {"project", DU_BY_PROJECT}, {"user", DU_BY_USER}, {"repo", DU_BY_REPO}, {NULL, 0}};

struct du {
    uint64_t has;
    int64_t by;
};
static const msg_field du_fields[] = {
    MSG_FIELD(struct du, by, MSG_ENUM, 0, .names = du_names,
              .doc = "a row a project (default), a user or a repo"),
};
static const msg_type du_msg = MSG_TYPE(struct du, du_fields);

SHAPE(
    static, usage_shape, "Usage",
    FIELD("project", SHAPE_INT, SHAPE_OPTIONAL,
          "by project: its number; left out for files "
          "of no project that is there"),
    FIELD("name", SHAPE_TEXT, 0, "of the project, the user or the repo"),
    FIELD("kind", SHAPE_ENUM, SHAPE_OPTIONAL, "by repo: its kind", .names = repos_kinds),
    FIELD("versions", SHAPE_INT, SHAPE_OPTIONAL, "by repo: those that are there"),
    FIELD("runs", SHAPE_INT, 0, "runs that are not deleted"),
    FIELD("deleted_runs", SHAPE_INT, 0, "runs in the bin"),
    FIELD("models", SHAPE_INT, 0, "logged models"),
    FIELD("points", SHAPE_INT, 0, "points; repeats that are not merged yet are counted"),
    FIELD("point_bytes", SHAPE_INT, 0, "bytes that they take in the database"),
    FIELD("files", SHAPE_INT, 0, "files by name; by repo: in each version"),
    FIELD("file_bytes", SHAPE_INT, 0, "their bytes"),
    FIELD(
        "stored_bytes", SHAPE_INT, 0,
        "bytes stored: the same content is counted once, with the first path that has it; "
        "by repo each object (file, chunk, page of a tree) once, with the first repo that has "
        "it"));

SHAPE(static, usages_shape, "Usages",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "most bytes first", .sub = &usage_shape));

static void put_usage(json_writer *w, const du_row *r, du_by by) {
    json_object(w);
    if (by == DU_BY_PROJECT && r->project >= 0) json_m_i64(w, "project", r->project);
    json_m_string(w, "name", r->name);
    if (r->kind) json_m_string(w, "kind", msg_name_of(repos_kinds, r->kind));
    if (by == DU_BY_REPO) json_m_i64(w, "versions", (int64_t)r->versions);
    json_m_i64(w, "runs", (int64_t)r->runs);
    json_m_i64(w, "deleted_runs", (int64_t)r->deleted_runs);
    json_m_i64(w, "models", (int64_t)r->models);
    json_m_i64(w, "points", (int64_t)r->points);
    json_m_i64(w, "point_bytes", (int64_t)r->point_bytes);
    json_m_i64(w, "files", (int64_t)r->files);
    json_m_i64(w, "file_bytes", (int64_t)r->file_bytes);
    json_m_i64(w, "stored_bytes", (int64_t)r->stored_bytes);
    json_object_end(w);
}

static bool usage(call *k, void *msg, err *e) {
    const struct du *q = msg;
    du_by by = q->by ? (du_by)q->by : DU_BY_PROJECT;
    du_row *rows;
    size_t n;
    if (!du_of(&k->c, by, &rows, &n, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < n; i++)
        put_usage(w, &rows[i], by);
    native_list_end(w, (str){0});
    return true;
}
const rpc native_du = {.msg = &du_msg, .fn = usage, .reply = &usages_shape};

// ---- backup ---------------------------------------------------------------------------------

typedef struct sending {
    http_req *r;
    json_writer *w; // NULL until the first bytes: until then an error can be told
    core *c;
    backup_report report;
    err e;
    bool whole;
} sending;

// Bytes, not JSON: the writer's buffer is what streams.
static bool send_bytes(void *arg, const void *p, size_t n, err *e) {
    sending *s = arg;
    if (http_gone(s->r)) return err_set(e, ERR_CANCELLED, "the client of a backup went away");
    if (!s->w) s->w = http_json(s->r, 200, "application/vnd.stemma.backup");
    buf_add(s->w->out, p, n);
    http_json_flush(s->r);
    return true;
}

static void *send_backup(void *arg) {
    sending *s = arg;
    thread_give_way();
    s->whole = backup_write(s->c, STEMMA_VERSION, send_bytes, s, &s->report, &s->e);
    return NULL;
}

// The work is done by a thread of its own, so that it can give way to those who log meanwhile.
void native_backup(http_req *r) {
    sending s = {.r = r, .c = api_ctx(r).core};
    pthread_t thread;
    if (thread_start(&thread, "backup", 0, false, send_backup, &s))
        pthread_join(thread, NULL);
    else
        err_set(&s.e, ERR_UNAVAILABLE, "the system has no thread left for a backup");
    if (s.whole) {
        log_msg(LOG_INFO, "backup", "%llu bytes, %llu rows, %llu objects, %llu lost",
                (unsigned long long)s.report.bytes, (unsigned long long)s.report.rows,
                (unsigned long long)s.report.objects, (unsigned long long)s.report.lost);
        http_json_end(r);
        return;
    }
    log_msg(LOG_WARN, "backup.failed", "%s", s.e.msg);
    if (s.w)
        http_json_fail(r, &s.e);
    else
        http_fail(r, &s.e);
}
