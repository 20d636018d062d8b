// SPDX-License-Identifier: Apache-2.0
// backup, restore, and check of a backup. A backup is written beside its name and gets it when
// it is whole and on the disk; what is there under that name is whole, whenever this was
// killed.
#include "base/clock.h"
#include "base/thread.h"
#include "cli/bulk_file.h"
#include "cli/client.h"
#include "cli/findings.h"
#include "cli/place.h"
#include "core/backup.h"
#include "core/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef unsigned long long ull;

// ---- writing --------------------------------------------------------------------------------

// The file that is being received. The last bytes are kept back from the hash: they hold it.
typedef struct receiving {
    bulk_file *file;
    sha256_ctx *hash;
    char tail[ARCHIVE_END_SIZE];
    size_t n_tail;
    uint64_t bytes;
    int64_t max_rate; // bytes a second; 0: none
    int64_t due_us;   // when what came so far is due at that rate
} receiving;

#define CATCH_UP_US INT64_C(100000)

// The server dumps its records to a scratch file before it sends the first byte.
#define SNAPSHOT_US (6 * 3600 * INT64_C(1000000))

// All but the last ARCHIVE_END_SIZE bytes so far go into the hash.
static void hash_all_but_tail(receiving *r, const char *p, size_t n) {
    char both[2 * ARCHIVE_END_SIZE];
    if (n >= sizeof r->tail) {
        sha256_add(r->hash, r->tail, r->n_tail);
        sha256_add(r->hash, p, n - sizeof r->tail);
        memcpy(r->tail, p + n - sizeof r->tail, r->n_tail = sizeof r->tail);
        return;
    }
    memcpy(both, r->tail, r->n_tail);
    memcpy(both + r->n_tail, p, n);
    size_t all = r->n_tail + n, out = all > sizeof r->tail ? all - sizeof r->tail : 0;
    sha256_add(r->hash, both, out);
    memcpy(r->tail, both + out, r->n_tail = all - out);
}

// Waits until they are due. A sleep may end late: that much is made up for, but no more, so
// that what was slower than the rate is not followed by a burst.
static void pace(receiving *r, size_t n) {
    int64_t now = clock_mono_us();
    if (r->due_us < now - CATCH_UP_US) r->due_us = r->due_us ? now - CATCH_UP_US : now;
    r->due_us += (int64_t)((double)n / (double)r->max_rate * 1e6);
    if (r->due_us < now) return;
    struct timespec rest = {(r->due_us - now) / 1000000, (r->due_us - now) % 1000000 * 1000};
    nanosleep(&rest, NULL);
}

static bool receive(void *arg, const void *p, size_t n) {
    receiving *r = arg;
    if (r->max_rate) pace(r, n);
    hash_all_but_tail(r, p, n);
    r->bytes += n;
    return bulk_file_write(r->file, p, n);
}

// The hash stands at the end of what was received, and is that of all before it.
static bool is_whole(receiving *r, err *e) {
    sha256 d = sha256_end(r->hash);
    bool ok = r->n_tail == sizeof r->tail && (uint8_t)r->tail[0] == ARCHIVE_END &&
              !memcmp(r->tail + sizeof r->tail - sizeof d.b, d.b, sizeof d.b);
    return ok || err_set(e, ERR_UNAVAILABLE,
                         "the backup came incomplete: the server broke off; see its log");
}

// What the disk refused is said first: it is why the exchange broke off.
static bool fetch(cli_client *c, receiving *r, const char *path, err *e) {
    err of_server = {0};
    http_exchange x = {
        .method = "POST", .path = STR("/api/v1/backup"), .write = receive, .arg = r};
    bool came = cli_exchange(c, &x, &of_server);
    if (!bulk_file_end(r->file, path, e)) return false;
    if (came) return is_whole(r, e);
    *e = of_server;
    return false;
}

static bool give_name(arena *a, const char *tmp, const char *path, err *e) {
    if (rename(tmp, path)) return err_errno(e, "renaming the backup to %s failed", path);
    str dir = str_of(path);
    dir.n = str_behind_last(dir, '/');
    int fd = open(dir.n ? arena_cstr(a, dir) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) err_errno(e, "syncing the folder of %s failed", path);
    if (fd >= 0) close(fd);
    return ok;
}

static bool backup_to(cli_client *c, arena *a, const char *path, receiving *r, err *e) {
    const char *tmp = arena_printf(a, "%s.%s.part", path, id_str(a, id_new()).p).p;
    r->file = bulk_file_new(tmp, e);
    bool ok = r->file && fetch(c, r, path, e) && give_name(a, tmp, path, e);
    if (!ok) unlink(tmp);
    return ok;
}

static uint64_t tail_u64(const receiving *r, size_t at) {
    cur c = cur_of(str_n(r->tail + ARCHIVE_FRAME + at, 8));
    return cur_u64(&c);
}

int cmd_backup(const cli_options *o, arena *a) {
    err e = {0};
    receiving r = {.hash = sha256_new()};
    cli_bytes(o->max_rate, &r.max_rate);
    thread_give_way(); // who logs on the same machine comes first
    const char *path = arena_cstr(a, o->words[0]);
    cli_client *c = cli_connect_patient(o, a, SNAPSHOT_US, &e);
    bool ok = c && backup_to(c, a, path, &r, &e);
    cli_disconnect(c);
    sha256_free(r.hash);
    if (!ok) return cli_fail(&e);
    printf(o->json.n ? "{\"bytes\":%llu,\"rows\":%llu,\"objects\":%llu,\"object_bytes\":%llu}\n"
                     : "%llu bytes: %llu rows, %llu objects with %llu bytes\n",
           (ull)r.bytes, (ull)tail_u64(&r, 8), (ull)tail_u64(&r, 16), (ull)tail_u64(&r, 24));
    return CLI_OK;
}

// ---- reading --------------------------------------------------------------------------------

static ssize_t read_fd(void *arg, void *p, size_t n) {
    ssize_t got;
    do
        got = read(*(int *)arg, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

static int open_backup(arena *a, str path, err *e) {
    int fd = open(arena_cstr(a, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        err_set(e, ERR_NOT_FOUND, "there is no file '%.*s'", STR_F(path));
    else if (fd < 0)
        err_errno(e, "opening '%.*s' failed", STR_F(path));
    else
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return fd;
}

// Objects, and what a server would do at its first start.
static bool load_rest(const cli_options *o, arena *a, cli_data *d, archive_in *in,
                      backup_report *r, err *e) {
    d->store = cli_open_store(o, a, d->db, e);
    if (!d->store || !backup_load_objects(d->store, in, r, e)) return false;
    core_config c = {.db = d->db, .store = d->store, .artifact_root = o->artifact_root};
    d->core = core_open(&c, STEMMA_VERSION, e);
    return d->core && event_seal_all(d->core, e);
}

static void print_restored(const cli_options *o, const backup_report *r) {
    if (!o->json.n)
        printf("restored %llu rows and %llu objects with %llu bytes\n", (ull)r->rows,
               (ull)r->objects, (ull)r->object_bytes);
    if (r->lost)
        fprintf(stderr, "stemma: %llu objects were damaged already when the backup was made\n",
                (ull)r->lost);
}

// The place is marked as unfinished until all is there and was checked. The exit code.
static int restore_into(const cli_options *o, arena *a, archive_in *in,
                        const backup_about *about, err *e) {
    cli_data d = {0};
    bool again;
    int code = CLI_FAILED;
    backup_report r;
    if (!place_begin(a, o->data, "restore", o->db, false, &again, e)) return code;
    d.db = db_open(&(db_config){.url = cli_db_url(o, a)}, e);
    if (d.db && backup_load_records(d.db, in, about, again, STEMMA_VERSION, &r, e) &&
        load_rest(o, a, &d, in, &r, e)) {
        print_restored(o, &r);
        code = cli_check(o, a, &d);
        if (code == CLI_OK && r.lost) code = CLI_UNSOUND;
    }
    cli_close(&d);
    if (code != CLI_FAILED &&
        ((o->db.n && !place_set_records(a, o->data, true, e)) || !place_end(a, o->data, e)))
        return CLI_FAILED;
    return code;
}

int cmd_restore(const cli_options *o, arena *a) {
    err e = {0};
    backup_about about;
    if (!cli_given(o, "data")) {
        err_set(&e, ERR_INVALID,
                "'stemma restore' needs --data DIR: a folder that is new or empty");
        return cli_fail(&e);
    }
    int code = CLI_FAILED, fd = open_backup(a, o->words[0], &e);
    if (fd < 0) return cli_fail(&e);
    archive_in *in = archive_in_new(read_fd, &fd);
    if (backup_read_about(in, a, &about, &e)) code = restore_into(o, a, in, &about, &e);
    archive_in_free(in);
    close(fd);
    return e.code != ERR_NONE ? cli_fail(&e) : code;
}

// ---- checking -------------------------------------------------------------------------------

int cmd_check_backup(const cli_options *o, arena *a) {
    err e = {0};
    findings f = findings_new(o, NULL, NULL);
    check_watch w = {.bad = findings_bad, .arg = &f};
    backup_about about = {0};
    backup_report r = {0};
    int fd = open_backup(a, o->words[0], &e);
    if (fd < 0) return cli_fail(&e);
    archive_in *in = archive_in_new(read_fd, &fd);
    bool ok = backup_check(in, &w, a, &about, &r, &e);
    archive_in_free(in);
    close(fd);
    if (!ok && e.code != ERR_CORRUPT) {
        findings_free(&f);
        return cli_fail(&e);
    }
    if (!ok) findings_bad(&f, "backup", e.msg);
    str counts =
        arena_printf(a,
                     f.json ? "\"rows\":%llu,\"objects\":%llu,\"bytes\":%llu,\"lost\":%llu"
                            : "%llu rows, %llu objects with %llu bytes",
                     (ull)r.rows, (ull)r.objects, (ull)r.object_bytes, (ull)r.lost);
    return findings_end(&f, counts.p);
}
