// SPDX-License-Identifier: Apache-2.0
// pull: a version's files into a folder. They are gathered, and come to their place when all is
// there (landing.h). One thread; others fetch (fetch.h).
#include "cli/fetch.h"
#include "cli/grow.h"
#include "cli/landing.h"
#include "cli/pickles.h"
#include "store/pickle.h"

#include <unistd.h>

typedef struct pull {
    cli_session *s;
    str repo, tree; // of the version
    int64_t number;
    landing to;
    GROW(fetch_file) files;
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

// The server's word for it becomes a part of a path here, see landing.h.
static bool check_tree(const pull *p, const json_value *version) {
    err *e = &p->s->e;
    sha256 digest;
    if (!p->tree.n)
        return err_set(
            e, ERR_STATE, "%.*s@%lld has its files elsewhere: Stemma knows only where (%.*s)",
            STR_F(p->repo), (long long)p->number, STR_F(cli_text(version, "source")));
    return sha256_parse(p->tree, &digest) ||
           err_set(e, ERR_CORRUPT, "the server names no digest of the files of %.*s@%lld",
                   STR_F(p->repo), (long long)p->number);
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
    return check_tree(p, version);
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
    grow_push(&p->files, f);
    return true;
}

static bool list_files(pull *p) {
    cli_session *s = p->s;
    cli_list l = {.method = "GET",
                  .path = arena_printf(s->a, "/trees/%.*s", STR_F(p->tree)),
                  .page = 1000};
    return cli_each(s, &l, add_file, p) && s->e.code == ERR_NONE;
}

// ---- bringing it ----------------------------------------------------------------------------

static str address_of(const pull *p) {
    str ws = cli_client_workspace(p->s->c);
    return arena_printf(p->s->a, "%.*s%s%.*s@%lld", STR_F(ws), ws.n ? "/" : "", STR_F(p->repo),
                        (long long)p->number);
}

static bool gather(pull *p) {
    cli_session *s = p->s;
    sink to;
    if (!sink_open(s->a, p->to.part, &to, &s->e)) return false;
    bool ok = fetch_files(s, &to, address_of(p), p->files.p, p->files.n) &&
              (!fsync(to.dir) || err_errno(&s->e, "syncing the folder failed"));
    sink_close(&to);
    return ok;
}

static void show(pull *p) {
    cli_session *s = p->s;
    if (s->o->json.n) {
        str json = arena_printf(
            s->a,
            "{\"repo\":%.*s,\"number\":%lld,\"tree\":\"%.*s\",\"folder\":%.*s,\"files\":%zu,"
            "\"bytes\":%lld}",
            STR_F(cli_json_text(s->a, p->repo)), (long long)p->number, STR_F(p->tree),
            STR_F(cli_json_text(s->a, p->to.folder)), p->files.n, (long long)p->bytes);
        cli_put_json(s, json);
        return;
    }
    out_safe(&s->t, p->repo);
    out_printf(&s->t, "@%lld in ", (long long)p->number);
    out_safe(&s->t, p->to.folder);
    out_printf(&s->t, ": %zu file%s, %.*s\n", p->files.n, p->files.n == 1 ? "" : "s",
               STR_F(out_bytes(s->a, p->bytes)));
}

static bool bring(pull *p) {
    cli_session *s = p->s;
    if (!list_files(p)) return false;
    if (p->pickles) cli_pickles_warn(s, p->repo, p->number);
    if ((!p->to.gathered && !gather(p)) || !landing_finish(s->a, &p->to, &s->e)) return false;
    show(p);
    return true;
}

// By default of the repo's name, which is the server's word too: it must not lead elsewhere,
// nor be hidden.
static bool choose_folder(pull *p, str *out) {
    cli_session *s = p->s;
    bool named = s->o->n_words > 1;
    *out = named ? s->o->words[1] : p->repo;
    return named || (out->n && out->p[0] != '.' && str_find(*out, '/', 0) == SIZE_MAX) ||
           err_set(&s->e, ERR_INVALID, "no folder is called '%.*s' by itself: name a folder",
                   STR_F(str_upto_code_points(*out, 300)));
}

static bool pull_version(cli_session *s) {
    pull p = {.s = s};
    str folder;
    if (!resolve(&p, s->o->words[0]) || !choose_folder(&p, &folder)) return false;
    bool ok = landing_choose(s->a, folder, p.tree, &p.to, &s->e) && bring(&p);
    grow_free(&p.files);
    return ok;
}

int cmd_pull(const cli_options *o, arena *a) {
    return cli_talk(o, a, pull_version);
}
