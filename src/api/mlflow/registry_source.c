// SPDX-License-Identifier: Apache-2.0
// registry_source: what a new model version is made of. A source that lies in our artifact tree
// is sealed, one that names a version takes over its content, a prompt is sealed out of its
// tags (core/prompt.h), and all others stay where they are. The checks are the reference's, in
// its order: what lies on the server must belong to the run or logged model that the request
// names. No source is ever opened as a file or fetched. Any thread.
#include "api/files.h"
#include "api/mlflow/registry_internal.h"
#include "core/prompt.h"

#define DECODE_TIMES 10

typedef struct uri { // as Python's urlparse cuts it
    str scheme, host, path;
} uri;

static bool is_scheme(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] | 0x20;
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && (!i || !(strchr("+-.", s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'))))
            return false;
    }
    return s.n > 0;
}

static str upto_any(str s, const char *ends) {
    size_t n = 0;
    while (n < s.n && !strchr(ends, s.p[n]))
        n++;
    return str_upto(s, n);
}

static uri uri_of(str text) {
    uri u = {0};
    size_t colon = str_find(text, ':', 0);
    if (colon != SIZE_MAX && is_scheme(str_upto(text, colon))) {
        u.scheme = str_upto(text, colon);
        text = str_from(text, colon + 1);
    }
    if (str_starts(text, STR("//"))) {
        u.host = upto_any(str_from(text, 2), "/?#");
        text = str_from(text, 2 + u.host.n);
    }
    u.path = upto_any(text, "?#");
    return u;
}

static bool scheme_is(const uri *u, const char *scheme) {
    return str_eq_nocase(u->scheme, str_of(scheme));
}

// ---- refusals -------------------------------------------------------------------------------

static bool refuse(const registry_source *s, const char *field, err *e) {
    return mlflow_invalid(e,
                          "Invalid model version source: '%.*s'. The %s request parameter must "
                          "identify the resource that contains the source.",
                          STR_F(s->text), field);
}

static bool refuse_local(const registry_source *s, err *e) {
    const char *field = s->model_id.n ? "model_id" : "run_id";
    return mlflow_invalid(
        e,
        "Invalid model version source: '%.*s'. To use a local path as a model "
        "version source, the %s request parameter has to be specified and the "
        "local path has to be contained within the artifact directory of the "
        "run specified by the %s.",
        STR_F(s->text), field, field);
}

static bool refuse_relative(const registry_source *s, err *e) {
    return mlflow_invalid(
        e,
        "Invalid model version source: '%.*s'. If supplying a source as an http, https, local "
        "file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be "
        "provided "
        "without relative path references present. Please provide an absolute path.",
        STR_F(s->text));
}

// ---- whose artifacts the source lies in -----------------------------------------------------

// The artifact uri of the run or logged model that the request names; empty: there is none.
static bool owner_root(ctx *c, const registry_source *s, str *root, err *e) {
    id found;
    run r;
    model m;
    *root = STR("");
    if (s->model_id.n) {
        if (mlflow_model_id(s->model_id, &found, e) && model_get(c, found, &m, e))
            *root = m.artifact_uri;
    } else if (s->run_id.n) {
        if (mlflow_run_id(s->run_id, &found, e) && run_get(c, found, &r, e))
            *root = r.artifact_uri;
    }
    if (e->code == ERR_NOT_FOUND) *e = (err){0};
    return e->code == ERR_NONE;
}

static bool path_within(str path, str root) {
    return root.n > 1 && str_starts(path, root) &&
           (path.n == root.n || root.p[root.n - 1] == '/' || path.p[root.n] == '/');
}

// The path of the machine that a uri names, as text; p NULL: it names none.
static str local_path(arena *a, str text) {
    uri u = uri_of(text);
    str path = u.scheme.n ? u.path : text;
    if ((u.scheme.n && !scheme_is(&u, "file")) || !msg_unescape(a, path, false, &path) ||
        !str_starts(path, STR("/")))
        return (str){0};
    return mlflow_norm_path(a, path);
}

static bool is_this_machine(str host) {
    return !host.n || str_is(host, ".") || str_starts(host, STR("localhost")) ||
           str_starts(host, STR("127.0.0.1"));
}

static bool check_local(ctx *c, const registry_source *s, const uri *u, err *e) {
    str root;
    if (!is_this_machine(u->host))
        return mlflow_invalid(
            e,
            "%.*s is not a valid remote uri. For remote access on windows, please consider "
            "using a different scheme such as SMB (e.g. smb://<hostname>/<path>).",
            STR_F(s->text));
    if (!owner_root(c, s, &root, e)) return false;
    str path = local_path(c->a, s->text), within = local_path(c->a, root);
    return (path.p && within.p && path_within(path, within)) || refuse_local(s, e);
}

// A path without relative parts, however often its escapes are escaped.
static bool check_path(arena *a, const registry_source *s, err *e) {
    str text = s->text, decoded, part;
    for (int i = 0;; i++) {
        if (i == DECODE_TIMES || !msg_unescape(a, text, true, &decoded))
            return refuse_relative(s, e);
        if (str_eq(text, decoded)) break;
        text = decoded;
    }
    if (memchr(text.p, 0, text.n)) return refuse_relative(s, e);
    for (str rest = text; str_split(&rest, '/', &part);)
        if (str_is(part, "..")) return refuse_relative(s, e);
    str path = uri_of(text).path;
    size_t parts = 0;
    for (str rest = path; str_split(&rest, '/', &part); parts += part.n > 0)
        if (str_is(part, ".")) return refuse_relative(s, e);
    return (parts && path.p[0] == '/') || refuse_relative(s, e);
}

static bool is_our_artifact(arena *a, const uri *u) {
    str path;
    if (scheme_is(u, "mlflow-artifacts")) return true;
    return (scheme_is(u, "http") || scheme_is(u, "https")) &&
           msg_unescape(a, u->path, false, &path) &&
           str_find_str(path, STR("/api/2.0/mlflow-artifacts/artifacts"), 0) != SIZE_MAX;
}

static bool check_within_owner(ctx *c, const registry_source *s, const uri *u, err *e) {
    const char *field = s->model_id.n ? "model_id" : "run_id";
    str text, path, root_path;
    if (!owner_root(c, s, &text, e)) return false;
    uri root = uri_of(text);
    bool within = str_eq_nocase(u->scheme, root.scheme) && str_eq_nocase(u->host, root.host) &&
                  artifact_path(c->a, str_from(u->path, 1), &path, e) &&
                  artifact_path(c->a, str_from(root.path, 1), &root_path, e) &&
                  path_within(path, root_path);
    return within || refuse(s, field, e);
}

// "runs:/<run>/<path>"
static bool is_of_run(const registry_source *s, const uri *u) {
    str rest = str_starts(u->path, STR("/")) ? str_from(u->path, 1) : STR("");
    return !u->host.n && s->run_id.n &&
           str_eq(str_upto(rest, str_find(rest, '/', 0)), s->run_id);
}

// model_id: that of a models:/ uri; p NULL: of no such uri.
static bool check(ctx *c, const registry_source *s, str model_id, err *e) {
    uri u = uri_of(s->text);
    if (!u.scheme.n || scheme_is(&u, "file")) return check_local(c, s, &u, e);
    if (!check_path(c->a, s, e)) return false;
    if (scheme_is(&u, "runs"))
        return (!s->model_id.n && is_of_run(s, &u)) ||
               refuse(s, s->model_id.n ? "model_id" : "run_id", e);
    if (model_id.p) return str_eq(model_id, s->model_id) || refuse(s, "model_id", e);
    return !is_our_artifact(c->a, &u) || check_within_owner(c, s, &u, e);
}

// ---- a source that is a version already -----------------------------------------------------

static bool same_lineage(const registry_source *s, const version *v) {
    id run_id = {0}, model_id = {0};
    err none = {0};
    bool run_fits = !s->has_run_id || (!s->run_id.n && id_is_zero(v->run)) ||
                    (id_parse(s->run_id, &run_id) && id_eq(run_id, v->run));
    bool model_fits = !s->model_id.n || (mlflow_model_id(s->model_id, &model_id, &none) &&
                                         id_eq(model_id, v->model));
    return run_fits && model_fits;
}

static bool read_version(ctx *c, const registry_source *s, const registry_uri *u, version *out,
                         err *e) {
    repo r;
    if (!registry_check_name(c->a, u->name, "name", e) ||
        !registry_of_model(repo_get(c, u->name, &r, e), u->name, e))
        return false;
    if (prompt_is(r.tags, r.n_tags))
        return mlflow_invalid(e,
                              "Invalid model version source: '%.*s'. Prompt versions cannot be "
                              "used as model version sources.",
                              STR_F(s->text));
    return registry_uri_version(c, u, out, e) &&
           (same_lineage(s, out) ||
            mlflow_invalid(
                e,
                "Invalid model version source: '%.*s'. The run_id and model_id request "
                "parameters must match the referenced model version.",
                STR_F(s->text)));
}

static bool take_version(ctx *c, registry_source *s, const registry_uri *u, version_new *to,
                         err *e) {
    version v;
    if (!read_version(c, s, u, &v, e)) return false;
    to->source =
        arena_printf(c->a, "models:/%.*s/%lld", STR_F(v.repo_name), (long long)v.number);
    to->run = v.run;
    to->model = v.model;
    s->content = v.content;
    if (v.has_content)
        to->content = &s->content;
    else
        to->location = files_version_uri(c->a, &v);
    return true;
}

// ---- what lies in the artifact tree ---------------------------------------------------------

static bool seal(ctx *c, registry_source *s, str uri_text, str below, version_new *to, err *e) {
    files_place p;
    bool found = false;
    if (!files_place_of(c, uri_text, below, &p, e)) {
        if (e->code != ERR_UNIMPLEMENTED) return false; // else it lies elsewhere
        *e = (err){0};
        return true;
    }
    if (p.in_folder || p.sealed) return true;
    if (!content_seal_artifacts(c, REPO_MODEL, p.path, &s->content, &found, e)) return false;
    if (found) to->content = &s->content;
    return true;
}

static bool seal_of_run(ctx *c, registry_source *s, const uri *u, version_new *to, err *e) {
    run r;
    str rest = str_from(u->path, 1);
    size_t slash = str_find(rest, '/', 0);
    if (run_get(c, to->run, &r, e))
        return seal(c, s, r.artifact_uri,
                    slash == SIZE_MAX ? STR("") : str_from(rest, slash + 1), to, e);
    if (e->code != ERR_NOT_FOUND) return false;
    *e = (err){0}; // as in the reference, the run may be another server's
    return true;
}

// Sets run and model; a version of a logged model is of its run.
static bool read_lineage(ctx *c, registry_source *s, version_new *to, model *m, err *e) {
    if (s->run_id.n && !mlflow_run_id(s->run_id, &to->run, e)) return false;
    if (!s->model_id.n || s->prompt) return true;
    if (!mlflow_model_id(s->model_id, &to->model, e) || !model_get(c, to->model, m, e))
        return false;
    if (!s->run_id.n) to->run = m->source_run;
    s->tells_model = true;
    return true;
}

static bool take_source(ctx *c, registry_source *s, version_new *to, err *e) {
    uri u = uri_of(s->text);
    model m;
    to->source = s->text;
    if (!read_lineage(c, s, to, &m, e)) return false;
    if (s->prompt) return true;
    if (scheme_is(&u, "runs")) return seal_of_run(c, s, &u, to, e);
    if (scheme_is(&u, "mlflow-artifacts")) return seal(c, s, s->text, STR(""), to, e);
    if (!scheme_is(&u, "models")) return true;
    to->location = m.artifact_uri;
    return seal(c, s, m.artifact_uri, STR(""), to, e);
}

// A prompt's text is a tag of the version, and one without it has no content.
static bool take_prompt(ctx *c, registry_source *s, version_new *to, err *e) {
    bool found;
    if (!prompt_seal(c, to->tags, to->n_tags, &s->content, &found, e)) return false;
    if (found) to->content = &s->content;
    return true;
}

// MLflow's own placeholders.
static bool check_prompt(const registry_source *s, err *e) {
    return str_is(s->text, "dummy-source") || str_is(s->text, "prompt-template") ||
           mlflow_invalid(e,
                          "Invalid prompt source: '%.*s'. Prompt sources must use an MLflow "
                          "placeholder.",
                          STR_F(s->text));
}

bool registry_source_read(ctx *c, registry_source *s, version_new *to, err *e) {
    uri u = uri_of(s->text);
    registry_uri m = {0};
    if (s->prompt)
        return check_prompt(s, e) && take_source(c, s, to, e) && take_prompt(c, s, to, e);
    if (scheme_is(&u, "models") && u.host.n)
        return mlflow_invalid(e,
                              "Invalid model version source: '%.*s'. Registered model sources "
                              "must use the active model registry.",
                              STR_F(s->text));
    if (scheme_is(&u, "models") && !registry_uri_parse(u.path, &m))
        return refuse(s, "model_id", e);
    if (m.name.p) return take_version(c, s, &m, to, e);
    return check(c, s, m.model_id, e) && take_source(c, s, to, e);
}
