// SPDX-License-Identifier: Apache-2.0
// verify: is the event log as it was written, and is all of the versions there? Asked of the
// server step by step, so that a server at work can be asked. One thread.
#include "cli/findings.h"
#include "cli/repos.h"

struct verifying {
    cli_session *s;
    out_progress bar; // of bytes that are read
    int64_t events, versions, files, bytes;
    findings found;
    str head; // "17:<chain>" of the last event
    str repo; // of the versions that are listed
    bool against_differs;
};

// ---- what was found -------------------------------------------------------------------------

static void print(void *session, str line) {
    cli_session *s = session;
    out_add(&s->t, line);
}

static void tell(struct verifying *v, str of, const json_value *reply) {
    for (const json_value *d = json_get(reply, "damage")->child; d; d = d->next)
        findings_tell(&v->found, of, cli_text(d, "where"), cli_text(d, "what"));
    v->found.n += (uint64_t)cli_int(reply, "damaged", 0);
}

// A step: the reply lives until the next. *next is where the one after it begins; p NULL: none.
static const json_value *step(struct verifying *v, str path, const char *more, str *next) {
    cli_session *s = v->s;
    if (next->p)
        path = arena_printf(s->a, "%.*s%safter=%.*s", STR_F(path), more,
                            STR_F(http_client_escape(s->a, *next)));
    const json_value *reply = cli_call(s->c, "GET", path, (str){0}, NULL, &s->e);
    if (!reply) return NULL;
    str at = cli_text(reply, "next");
    *next = at.n ? at : (str){0};
    return reply;
}

// ---- events ---------------------------------------------------------------------------------

static bool events(struct verifying *v) {
    cli_session *s = v->s;
    str next = {0};
    do {
        const json_value *reply = step(v, STR("/events/verify"), "?", &next);
        if (!reply) return false;
        tell(v, STR("event"), reply);
        v->events += cli_int(reply, "events", 0);
        v->head = arena_printf(s->a, "%.*s:%.*s", STR_F(cli_text(reply, "number")),
                               STR_F(cli_text(reply, "chain")));
    } while (next.p);
    return true;
}

static bool head(cli_session *s, str number, str *out) {
    str path =
        arena_printf(s->a, "/events/head%s%.*s", number.n ? "?number=" : "", STR_F(number));
    const json_value *h = cli_call(s->c, "GET", path, (str){0}, NULL, &s->e);
    if (!h) return false;
    *out = arena_printf(s->a, "%.*s:%.*s", STR_F(cli_text(h, "number")),
                        STR_F(cli_text(h, "chain")));
    return true;
}

// NUMBER:CHAIN that was kept elsewhere: is it what the log has there now?
static bool against(struct verifying *v) {
    cli_session *s = v->s;
    str kept = s->o->against, now;
    size_t colon = str_find(kept, ':', 0);
    int64_t number;
    if (!kept.n) return true;
    if (colon == SIZE_MAX || !cli_number(str_upto(kept, colon), &number) || number < 1 ||
        kept.n - colon != SHA256_HEX)
        return err_set(&s->e, ERR_INVALID,
                       "--against takes what 'stemma verify --head' printed: NUMBER:CHAIN");
    bool there = head(s, str_upto(kept, colon), &now);
    if (!there && s->e.code != ERR_NOT_FOUND) return false;
    s->e = (err){0};
    v->against_differs = !there || !str_eq_nocase(kept, now);
    v->found.n += v->against_differs;
    if (v->against_differs)
        findings_tell(
            &v->found, STR("event"), str_upto(kept, colon),
            there ? STR("its chain is not the one that was kept: the log was written anew")
                  : STR("it is not there any more"));
    return true;
}

// ---- versions -------------------------------------------------------------------------------

static bool version(struct verifying *v, str repo, int64_t number, bool bytes) {
    cli_session *s = v->s;
    str of = arena_printf(s->a, "%.*s@v%lld", STR_F(repo), (long long)number);
    str path = arena_printf(s->a, "%.*s/versions/%lld/verify?bytes=%s",
                            STR_F(cli_repo_path(s->a, repo, "")), (long long)number,
                            bytes ? "true" : "false");
    str next = {0};
    do {
        const json_value *reply = step(v, path, "&", &next);
        if (!reply) return false;
        tell(v, of, reply);
        v->files += cli_int(reply, "files", 0);
        v->bytes += cli_int(reply, "bytes", 0);
        if (bytes) out_progress_add(&v->bar, cli_int(reply, "bytes", 0));
    } while (next.p);
    v->versions++;
    return true;
}

static bool each_version(void *arg, const json_value *item) {
    struct verifying *v = arg;
    return version(v, v->repo, cli_int(item, "number", 0), v->s->o->deep.n > 0);
}

static bool each_repo(void *arg, const json_value *item) {
    struct verifying *v = arg;
    v->repo = arena_str(v->s->a, cli_text(item, "name"));
    cli_list l = {.method = "GET", .path = cli_repo_path(v->s->a, v->repo, "/versions")};
    return cli_each(v->s, &l, each_version, v);
}

static bool everything(struct verifying *v) {
    cli_session *s = v->s;
    cli_list repos = {.method = "GET", .path = STR("/repos")};
    if (!events(v) || !against(v)) return false;
    if (s->o->deep.n) out_progress_start(&v->bar, "verify", STR("versions"), -1);
    bool ok = cli_each(s, &repos, each_repo, v);
    if (s->o->deep.n) out_progress_end(&v->bar);
    return ok;
}

static bool one(struct verifying *v) {
    cli_session *s = v->s;
    const json_value *found = cli_resolve(s, s->o->words[0], NULL);
    if (!found) return false;
    const json_value *is = json_get(found, "version");
    str repo = arena_str(s->a, cli_text(is, "repo"));
    out_progress_start(&v->bar, "verify", s->o->words[0], cli_int(is, "bytes", -1));
    bool ok = version(v, repo, cli_int(is, "number", 0), true);
    out_progress_end(&v->bar);
    return ok;
}

// ---- the command ----------------------------------------------------------------------------

static str counts(const struct verifying *v) {
    return arena_printf(
        v->s->a,
        "\"events\":%lld,\"head\":\"%.*s\",\"versions\":%lld,\"files\":%lld,\"bytes\":%lld",
        (long long)v->events, STR_F(v->head), (long long)v->versions, (long long)v->files,
        (long long)v->bytes);
}

static void put_summary(struct verifying *v) {
    cli_session *s = v->s;
    uint64_t damaged = v->found.n;
    if (s->o->json.n) {
        cli_put_json(s, findings_json(s->a, &v->found, counts(v).p));
        return;
    }
    if (v->head.n) {
        out_printf(&s->t, "events     %lld in a chain", (long long)v->events);
        if (s->o->against.n && !v->against_differs)
            out_printf(&s->t, ", as it was at the head that was kept");
        out_printf(&s->t, "\nhead       %.*s\n", STR_F(v->head));
    }
    out_printf(&s->t, "versions   %lld with %lld files, %.*s\n%s", (long long)v->versions,
               (long long)v->files, STR_F(out_bytes(s->a, v->bytes)),
               damaged ? "not whole  " : "whole\n");
    if (damaged) out_printf(&s->t, "%llu damaged\n", (unsigned long long)damaged);
}

static bool put_head(cli_session *s) {
    str now;
    if (!head(s, (str){0}, &now)) return false;
    if (s->o->json.n)
        cli_put_json(s, arena_printf(s->a, "{\"head\":\"%.*s\"}", STR_F(now)));
    else
        out_printf(&s->t, "%.*s\n", STR_F(now));
    return true;
}

static bool verify(cli_session *s) {
    struct verifying v = {.s = s, .found = findings_new(s->o, print, s)};
    if (s->o->head.n) return put_head(s);
    bool ok = s->o->n_words ? one(&v) : everything(&v);
    if (ok) put_summary(&v);
    findings_free(&v.found);
    s->code = v.found.n ? CLI_UNSOUND : CLI_OK;
    return ok;
}

int cmd_verify(const cli_options *o, arena *a) {
    return cli_talk(o, a, verify);
}
