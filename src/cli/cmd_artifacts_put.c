// SPDX-License-Identifier: Apache-2.0
// artifacts put: a file, or the files of a folder one by one. A transfer that broke off is
// begun again; the server keeps a file when all of it came. One thread.
#include "cli/files.h"
#include "cli/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 3
#define DEPTH 200

struct put {
    cli_session *s;
    str run;
    size_t files;
    int64_t bytes;
};

struct upload {
    int fd;
    sha256_ctx *sum;
    out_progress progress;
};

static ssize_t read_some(void *arg, void *p, size_t n) {
    struct upload *u = arg;
    ssize_t got = read(u->fd, p, n);
    if (got <= 0) return got;
    sha256_add(u->sum, p, (size_t)got);
    out_progress_add(&u->progress, got);
    return got;
}

// What the server keeps is what was read here.
static bool same(cli_session *s, str reply, sha256 sent, str to) {
    sha256 kept;
    const json_value *v = json_parse(s->a, reply, 0, NULL);
    if (sha256_parse(cli_text(v, "digest"), &kept) && sha256_eq(kept, sent)) return true;
    return err_set(&s->e, ERR_CORRUPT,
                   "%.*s did not arrive as it was read here (its SHA-256 differs)", STR_F(to));
}

static bool send_once(struct put *p, const char *from, str to, int64_t *size) {
    cli_session *s = p->s;
    struct stat st;
    struct upload u = {.fd = open(from, O_RDONLY | O_CLOEXEC)};
    if (u.fd < 0 || fstat(u.fd, &st)) {
        err_errno(&s->e, "cannot read %s", from);
        if (u.fd >= 0) close(u.fd);
        if (errno == ENOENT) s->e.code = ERR_NOT_FOUND;
        return false;
    }
    *size = st.st_size;
    http_exchange x = {.method = "PUT",
                       .read = read_some,
                       .length = st.st_size,
                       .arg = &u,
                       .content_type = "application/octet-stream"};
    x.path = cli_file_path(s->a, p->run, to);
    out_progress_start(&u.progress, "put", to, st.st_size);
    u.sum = sha256_new();
    bool ok = cli_exchange(s->c, &x, &s->e);
    sha256 sent = sha256_end(u.sum);
    sha256_free(u.sum);
    out_progress_end(&u.progress);
    close(u.fd);
    return ok && same(s, x.reply, sent, to);
}

static bool put_file(struct put *p, const char *from, str to) {
    cli_session *s = p->s;
    int64_t size = 0;
    bool ok = false;
    for (int i = 0; i < TRIES && !ok; i++) {
        s->e = (err){0};
        ok = send_once(p, from, to, &size);
        if (!ok && s->e.code != ERR_UNAVAILABLE && s->e.code != ERR_DEADLINE) break;
        if (!ok && i + 1 < TRIES) cli_wait(500000);
    }
    if (!ok) {
        err why = s->e;
        err_set(&s->e, why.code, "%.*s: %s", STR_F(to), why.msg);
    }
    p->files += ok;
    p->bytes += ok ? size : 0;
    return ok;
}

static bool put_tree(struct put *p, const char *from, str to, int depth);

static bool put_entry(struct put *p, const char *from, str to, const char *name, int depth) {
    arena *a = p->s->a;
    struct stat st;
    char *path = arena_cstr(a, arena_printf(a, "%s/%s", from, name));
    str target = cli_join(a, to, str_of(name));
    if (lstat(path, &st)) return err_errno(&p->s->e, "cannot read %s", path);
    if (S_ISDIR(st.st_mode)) return put_tree(p, path, target, depth + 1);
    if (S_ISREG(st.st_mode)) return put_file(p, path, target);
    cli_warn(arena_printf(a, "%s is passed over: it is neither a file nor a folder", path));
    return true;
}

static bool put_tree(struct put *p, const char *from, str to, int depth) {
    cli_session *s = p->s;
    if (depth > DEPTH)
        return err_set(&s->e, ERR_TOO_LARGE, "%s lies more than %d folders deep", from, DEPTH);
    DIR *d = opendir(from);
    if (!d) return err_errno(&s->e, "cannot read %s", from);
    bool ok = true;
    for (const char *entry; ok && (entry = listing_next(d));)
        ok = put_entry(p, from, to, entry, depth);
    if (ok && errno) ok = err_errno(&s->e, "cannot read %s", from);
    closedir(d);
    return ok;
}

static bool put(cli_session *s) {
    struct put p = {.s = s};
    struct stat st;
    const char *from = arena_cstr(s->a, s->o->words[1]);
    str to = s->o->n_words > 2 ? s->o->words[2] : cli_last_part(s->o->words[1]);
    bool into = str_ends(to, STR("/")); // "folder/": beneath it, with its own name
    if (into) to = cli_join(s->a, str_upto(to, to.n - 1), cli_last_part(s->o->words[1]));
    if (s->o->n_words < 3 && (str_is(to, ".") || str_is(to, "..") || str_is(to, "/")))
        to = (str){0};
    if (!cli_run_named(s, s->o->words[0], &p.run)) return false;
    if (stat(from, &st)) {
        return err_set(&s->e, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
                       "cannot read %s: %s", from, strerror(errno));
    }
    bool ok = S_ISDIR(st.st_mode) ? put_tree(&p, from, to, 0) : put_file(&p, from, to);
    if (!ok) return false;
    if (s->o->json.n)
        out_printf(&s->t, "{\"files\":%zu,\"bytes\":%lld}\n", p.files, (long long)p.bytes);
    else
        out_printf(&s->t, "%zu file%s, %.*s\n", p.files, p.files == 1 ? "" : "s",
                   STR_F(out_bytes(s->a, p.bytes)));
    return true;
}

int cmd_artifacts_put(const cli_options *o, arena *a) {
    return cli_talk(o, a, put);
}
