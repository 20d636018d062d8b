// SPDX-License-Identifier: Apache-2.0
// pull: a version's files into a folder. They are gathered in a folder beside it that is named
// by the tree, so that a pull that broke off goes on and never mixes two versions; it gets its
// name when all is there. One thread; others fetch (fetch.h).
#include "base/vec.h"
#include "cli/fetch.h"
#include "cli/pickles.h"
#include "store/pickle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct pull {
    cli_session *s;
    str repo, tree; // of the version
    int64_t number;
    str folder, part;
    VEC(fetch_file) files;
    int64_t bytes;
    bool pickles; // are there files that may be?
} pull;

// ---- what to pull ---------------------------------------------------------------------------

// Yanked or bad: it comes all the same, but not silently.
static void warn_of_marks(arena *a, const json_value *version) {
    const json_value *marks = json_get(version, "marks");
    for (const json_value *m = marks ? marks->child : NULL; m; m = m->next) {
        cli_warn(arena_printf(a, "warning: %.*s@%lld is marked as %.*s: %.*s",
                              STR_F(cli_text(version, "repo")),
                              (long long)cli_int(version, "number", 0),
                              STR_F(cli_text(m, "mark")), STR_F(cli_text(m, "reason"))));
    }
}

static bool resolve(pull *p, str address) {
    cli_session *s = p->s;
    const json_value *v = cli_resolve(s, address, NULL);
    const json_value *version = v ? json_get(v, "version") : NULL;
    if (!version) return false;
    p->repo = arena_str(s->a, cli_text(version, "repo"));
    p->number = cli_int(version, "number", 0);
    p->tree = arena_str(s->a, cli_text(version, "tree"));
    warn_of_marks(s->a, version);
    return p->tree.n ||
           err_set(&s->e, ERR_STATE,
                   "%.*s@%lld has its files elsewhere: Stemma knows only where (%.*s)",
                   STR_F(p->repo), (long long)p->number, STR_F(cli_text(version, "source")));
}

static bool add_file(void *arg, const json_value *item) {
    pull *p = arg;
    arena *a = p->s->a;
    fetch_file f = {.path = arena_str(a, cli_text(item, "path")),
                    .size = (uint64_t)cli_int(item, "size", 0),
                    .executable = cli_true(item, "executable")};
    if (!sink_path_ok(f.path, &p->s->e)) return false;
    if (!sha256_parse(cli_text(item, "sha256"), &f.digest))
        return err_set(&p->s->e, ERR_CORRUPT, "the server names no digest of '%.*s'",
                       STR_F(f.path));
    p->bytes += (int64_t)f.size;
    p->pickles |= pickle_naming_of(f.path) != PICKLE_NOT_NAMED;
    vec_push(a, &p->files, f);
    return true;
}

static bool list_files(pull *p) {
    cli_session *s = p->s;
    cli_list l = {.method = "GET",
                  .path = arena_printf(s->a, "/trees/%.*s", STR_F(p->tree)),
                  .page = 1000};
    return cli_each(s, &l, add_file, p) && s->e.code == ERR_NONE;
}

// ---- where to -------------------------------------------------------------------------------

// Not there, or an empty folder.
static bool is_free(cli_session *s, str folder) {
    char *path = arena_cstr(s->a, folder);
    struct stat st;
    if (lstat(path, &st)) return errno == ENOENT || err_errno(&s->e, "reading %s failed", path);
    // rmdir removes nothing but an empty folder; it is made again below.
    if (S_ISDIR(st.st_mode) && !rmdir(path)) return true;
    return err_set(&s->e, ERR_EXISTS,
                   "%s is there already: name another folder, or move it away", path);
}

static bool choose_folder(pull *p) {
    cli_session *s = p->s;
    p->folder = s->o->n_words > 1 ? s->o->words[1] : p->repo;
    while (p->folder.n > 1 && str_ends(p->folder, STR("/")))
        p->folder.n--;
    p->part = arena_printf(s->a, "%.*s.stemma-%.*s.part", STR_F(p->folder),
                           STR_F(str_upto(p->tree, 16)));
    return is_free(s, p->folder);
}

// ---- bringing it ----------------------------------------------------------------------------

static bool give_name(pull *p) {
    arena *a = p->s->a;
    char *from = arena_cstr(a, p->part), *to = arena_cstr(a, p->folder);
    return !rename(from, to) || err_errno(&p->s->e, "renaming %s to %s failed", from, to);
}

static str address_of(const pull *p) {
    str ws = cli_client_workspace(p->s->c);
    return arena_printf(p->s->a, "%.*s%s%.*s@%lld", STR_F(ws), ws.n ? "/" : "", STR_F(p->repo),
                        (long long)p->number);
}

static bool bring_all(pull *p) {
    cli_session *s = p->s;
    sink to;
    if (!sink_open(s->a, p->part, &to, &s->e)) return false;
    bool ok = fetch_files(s, &to, address_of(p), p->files.p, p->files.n) &&
              (!fsync(to.dir) || err_errno(&s->e, "syncing the folder failed"));
    sink_close(&to);
    return ok && give_name(p);
}

static void show(pull *p) {
    cli_session *s = p->s;
    if (s->o->json.n) {
        str json = arena_printf(
            s->a,
            "{\"repo\":%.*s,\"number\":%lld,\"tree\":\"%.*s\",\"files\":%zu,\"bytes\":%lld}",
            STR_F(cli_json_text(s->a, p->repo)), (long long)p->number, STR_F(p->tree),
            p->files.n, (long long)p->bytes);
        cli_put_json(s, json);
        return;
    }
    out_safe(&s->t, p->repo);
    out_printf(&s->t, "@%lld in ", (long long)p->number);
    out_safe(&s->t, p->folder);
    out_printf(&s->t, ": %zu file%s, %.*s\n", p->files.n, p->files.n == 1 ? "" : "s",
               STR_F(out_bytes(s->a, p->bytes)));
}

static bool pull_version(cli_session *s) {
    pull p = {.s = s};
    if (!resolve(&p, s->o->words[0]) || !choose_folder(&p) || !list_files(&p)) return false;
    if (p.pickles) cli_pickles_warn(s, p.repo, p.number);
    if (!bring_all(&p)) return false;
    show(&p);
    return true;
}

int cmd_pull(const cli_options *o, arena *a) {
    return cli_talk(o, a, pull_version);
}
