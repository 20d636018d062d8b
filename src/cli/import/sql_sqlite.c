// SPDX-License-Identifier: Apache-2.0
// sql_sqlite: a foreign SQLite file. It is opened read-only, and never otherwise. Three cases:
//
//   a WAL database with its -wal and -shm files (in use): read where it is; its writers go on
//   any other (rollback journal, or nobody has it open): a reader would make writers wait, so
//   it
//     is copied under a shared lock, which takes as long as the disk needs, and the copy is
//     read
//   left behind by a crash, with a journal to roll back: file and journal are copied, and
//   SQLite
//     recovers the copy
//
// Copies are unlinked while they are open, so that none stays behind. One thread.
#include "cli/import/sql.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATEMENTS 64
#define BUSY_MS    30000
#define COPY_BYTES (1u << 20)
#define QUERY_MAX  500
#define HEADER     20 // bytes of the file's head that are looked at

typedef struct reader {
    sqlite3 *h;
    bool own; // a copy
    struct statement {
        const char *text; // by address
        sqlite3_stmt *s;
        bool busy;
        struct reader *owner;
    } statements[STATEMENTS];
} reader;
typedef struct statement statement;

static bool failed(sqlite3 *h, err *e) {
    int code = sqlite3_errcode(h);
    const char *why = sqlite3_errmsg(h);
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR: return err_set(e, ERR_CORRUPT, "SQLite: %s", why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return err_set(e, ERR_UNAVAILABLE, "SQLite: %s", why);
    case SQLITE_FULL: return err_set(e, ERR_NO_SPACE, "SQLite: %s", why);
    default: return err_set(e, ERR_INVALID, "SQLite: %s", why);
    }
}

// ---- statements -----------------------------------------------------------------------------

// One of this text that nobody reads from, prepared when there is none.
static statement *statement_of(reader *r, const char *q, err *e) {
    for (size_t i = 0; i < STATEMENTS; i++) {
        statement *s = &r->statements[i];
        if (s->s && (s->text != q || s->busy)) continue;
        if (!s->s && sqlite3_prepare_v3(r->h, q, -1, SQLITE_PREPARE_PERSISTENT, &s->s, NULL)) {
            failed(r->h, e);
            return NULL;
        }
        s->text = q;
        s->busy = true;
        s->owner = r;
        return s;
    }
    err_bug(__FILE__, __LINE__, "too many statements");
}

static void end(void *rows) {
    statement *s = rows;
    if (!s) return;
    sqlite3_reset(s->s);
    s->busy = false;
}

static void *query(void *db, const char *q, const sql_arg *args, size_t n, bool big, err *e) {
    (void)big; // rows come one by one in any case
    statement *s = statement_of(db, q, e);
    if (!s) return NULL;
    for (size_t i = 0; i < n; i++) {
        if (args[i].is_text)
            sqlite3_bind_text(s->s, (int)i + 1, args[i].s.n ? args[i].s.p : "",
                              (int)args[i].s.n, SQLITE_TRANSIENT);
        else
            sqlite3_bind_int64(s->s, (int)i + 1, args[i].i);
    }
    return s;
}

static bool next(void *rows, err *e) {
    statement *s = rows;
    int code = sqlite3_step(s->s);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return failed(s->owner->h, e);
}

static bool is_null(void *rows, int column) {
    return sqlite3_column_type(((statement *)rows)->s, column) == SQLITE_NULL;
}

static int64_t i64(void *rows, int column) {
    return sqlite3_column_int64(((statement *)rows)->s, column);
}

static double f64(void *rows, int column) {
    return sqlite3_column_double(((statement *)rows)->s, column);
}

static str text(void *rows, int column) {
    sqlite3_stmt *s = ((statement *)rows)->s;
    const unsigned char *p = sqlite3_column_text(s, column);
    return p ? (str){(const char *)p, (size_t)sqlite3_column_bytes(s, column)} : (str){0};
}

static bool has(void *db, const char *table, const char *column) {
    static const char tables[] =
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1";
    static const char columns[] = "SELECT 1 FROM pragma_table_xinfo($1) WHERE name = $2";
    err e = {0};
    sql_arg args[] = {SQL_TEXT(str_of(table)), SQL_TEXT(str_of(column))};
    void *rows = query(db, column ? columns : tables, args, column ? 2 : 1, false, &e);
    bool found = rows && next(rows, &e);
    end(rows);
    return found;
}

// Only in a copy of our own; releases before 1.23 have no such indexes.
static void make_index(void *db, const char *table, const char *column) {
    static const char there[] =
        "SELECT 1 FROM pragma_index_list($1) AS l, "
        "pragma_index_info(l.name) AS i WHERE i.seqno = 0 AND i.name = $2";
    reader *r = db;
    char make[QUERY_MAX];
    err e = {0};
    sql_arg args[] = {SQL_TEXT(str_of(table)), SQL_TEXT(str_of(column))};
    void *rows = query(db, there, args, 2, false, &e);
    bool found = rows && next(rows, &e);
    end(rows);
    if (found || !r->own) return;
    snprintf(make, sizeof make, "CREATE INDEX stemma_%s_%s ON %s (%s)", table, column, table,
             column);
    sqlite3_exec(r->h, make, NULL, NULL, NULL);
}

static void close_reader(void *db) {
    reader *r = db;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(r->statements[i].s);
    sqlite3_close(r->h);
    free(r);
}

static const sql_ops ops = {query, next, end,        is_null,      i64,    f64,
                            text,  has,  make_index, close_reader, "rowid"};

// ---- opening --------------------------------------------------------------------------------

// Opens and takes the snapshot. A file that is damaged is opened all the same.
static sqlite3 *snapshot(const char *path, int flags, err *e) {
    sqlite3 *h = NULL;
    if (sqlite3_open_v2(path, &h, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        failed(h, e);
        sqlite3_close(h);
        return NULL;
    }
    sqlite3_busy_timeout(h, BUSY_MS);
    // What stands in a foreign schema may call nothing of ours.
    sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_exec(h, "PRAGMA cache_size = -65536; PRAGMA mmap_size = 0", NULL, NULL, NULL);
    static const char begin[] = "BEGIN; SELECT count(*) FROM sqlite_master";
    if (sqlite3_exec(h, begin, NULL, NULL, NULL) == SQLITE_OK) return h;
    failed(h, e);
    if (e->code == ERR_CORRUPT && sqlite3_errcode(h) != SQLITE_NOTADB) {
        // So SQLite reads what there is of a file that was cut off.
        sqlite3_exec(h, "PRAGMA writable_schema = ON", NULL, NULL, NULL);
        sqlite3_exec(h, begin, NULL, NULL, NULL);
        return h;
    }
    sqlite3_close(h);
    return NULL;
}

static bool is_there(arena *a, str path, const char *suffix) {
    struct stat st;
    str name = arena_printf(a, "%.*s%s", STR_F(path), suffix);
    return stat(name.p, &st) == 0 && st.st_size > 0;
}

static bool copy_bytes(int from, int to, err *e) {
    char *bytes = NULL;
    if (ioctl(to, FICLONE, from) == 0) return true;
    ssize_t n;
    while ((n = copy_file_range(from, NULL, to, NULL, COPY_BYTES * 64, 0)) > 0) {
    }
    if (n == 0) return true;
    if (errno == ENOSPC || errno == EIO) return err_errno(e, "can not copy the database");
    bytes = mem_alloc(COPY_BYTES);
    bool ok = lseek(from, 0, SEEK_SET) == 0 && lseek(to, 0, SEEK_SET) == 0;
    while (ok && (n = read(from, bytes, COPY_BYTES)) > 0)
        ok = write(to, bytes, (size_t)n) == n;
    free(bytes);
    return (ok && n == 0) || err_errno(e, "can not copy the database");
}

static bool copy_file(arena *a, str path, str to, const char *suffix, err *e) {
    str a_name = arena_printf(a, "%.*s%s", STR_F(path), suffix);
    str b_name = arena_printf(a, "%.*s%s", STR_F(to), suffix);
    int from = open(a_name.p, O_RDONLY | O_CLOEXEC);
    if (from < 0) return err_errno(e, "can not read '%s'", a_name.p);
    int fd = open(b_name.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 ? copy_bytes(from, fd, e) : err_errno(e, "can not write '%s'", b_name.p);
    if (fd >= 0) close(fd);
    close(from);
    return ok;
}

static void remove_copy(arena *a, str copy) {
    static const char *const all[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        unlink(arena_printf(a, "%.*s%s", STR_F(copy), all[i]).p);
}

// Copies of imports that were killed while they copied.
static void remove_stale(arena *a, str scratch) {
    DIR *d = opendir(arena_cstr(a, scratch));
    for (struct dirent *f; d && (f = readdir(d));) {
        int pid = 0;
        if (sscanf(f->d_name, "import-%d.sqlite", &pid) != 1 || pid <= 0) continue;
        if (kill(pid, 0) == 0 || errno != ESRCH) continue;
        unlink(arena_printf(a, "%.*s/%s", STR_F(scratch), f->d_name).p);
    }
    if (d) closedir(d);
}

// Locked: only the file itself. Else what a crash left lies beside it and comes too.
static bool copy_all(arena *a, str path, str copy, bool locked, err *e) {
    if (!copy_file(a, path, copy, "", e)) return false;
    if (locked) return true;
    return (!is_there(a, path, "-journal") || copy_file(a, path, copy, "-journal", e)) &&
           (!is_there(a, path, "-wal") || copy_file(a, path, copy, "-wal", e));
}

static sqlite3 *open_copy(arena *a, str path, str scratch, err *e) {
    err why = {0};
    str copy = arena_printf(a, "%.*s/import-%d.sqlite", STR_F(scratch), (int)getpid());
    remove_stale(a, scratch);
    remove_copy(a, copy); // of another process with our number
    // With a write-ahead log the newest pages are not in the file itself: SQLite merges the
    // copy.
    bool wal = is_there(a, path, "-wal");
    sqlite3 *lock = wal ? NULL : snapshot(arena_cstr(a, path), SQLITE_OPEN_READONLY, &why);
    bool ok = copy_all(a, path, copy, lock != NULL, e);
    sqlite3_close(lock);
    sqlite3 *h = NULL;
    if (ok) {
        h = snapshot(copy.p, SQLITE_OPEN_READWRITE, e);
        if (h && wal)
            sqlite3_exec(h,
                         "COMMIT; PRAGMA journal_mode = DELETE; BEGIN; "
                         "SELECT count(*) FROM sqlite_master",
                         NULL, NULL, NULL);
    }
    remove_copy(a, copy);
    return h;
}

static bool looks_right(str path, bool *wal, err *e) {
    unsigned char head[HEADER] = {0};
    FILE *f = fopen(path.p, "rb");
    if (!f) return err_errno(e, "can not read '%s'", path.p);
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    *wal = head[18] == 2;
    return (n == sizeof head && !memcmp(head, "SQLite format 3", 16)) ||
           err_set(e, ERR_INVALID, "'%s' is no SQLite file", path.p);
}

bool sql_open_sqlite(arena *a, str path, str scratch, sql *out, err *e) {
    bool wal;
    sqlite3 *h = NULL;
    path = arena_str(a, path);
    if (!looks_right(path, &wal, e)) return false;
    if (wal && is_there(a, path, "-wal") && is_there(a, path, "-shm"))
        h = snapshot(path.p, SQLITE_OPEN_READONLY, e);
    bool direct = h != NULL;
    if (!h) {
        *e = (err){0};
        h = open_copy(a, path, scratch, e);
    }
    if (!h) return false;
    e->code = ERR_NONE; // damage shows again where it is
    reader *r = mem_alloc(sizeof *r);
    r->h = h;
    r->own = !direct;
    *out = (sql){&ops, r};
    return true;
}
