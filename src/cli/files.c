// SPDX-License-Identifier: Apache-2.0
// files: see files.h.
#include "cli/files.h"

#define DEPTH 200

static str escaped_path(arena *a, str path) {
    str out = {0}, rest = path;
    for (str part; path.n && str_split(&rest, '/', &part);)
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), out.n ? "/" : "",
                           STR_F(http_client_escape(a, part)));
    return out;
}

str cli_file_path(arena *a, str run, str path) {
    return arena_printf(a, "/api/v1/runs/%.*s/files/%.*s", STR_F(run),
                        STR_F(escaped_path(a, path)));
}

str cli_file_listing(arena *a, str run, str path) {
    return arena_printf(a, "/runs/%.*s/files?path=%.*s", STR_F(run),
                        STR_F(http_client_escape(a, path)));
}

bool cli_entry_is_folder(const json_value *entry) {
    return cli_true(entry, "is_dir");
}

str cli_entry_name(const json_value *entry) {
    return cli_last_part(cli_text(entry, "path"));
}

str cli_last_part(str path) {
    while (path.n > 1 && str_ends(path, STR("/")))
        path.n--;
    for (size_t i = path.n; i > 0; i--) {
        if (path.p[i - 1] == '/') return str_from(path, i);
    }
    return path;
}

str cli_join(arena *a, str folder, str name) {
    return folder.n ? arena_printf(a, "%.*s/%.*s", STR_F(folder), STR_F(name)) : name;
}

// ---- everything below a folder --------------------------------------------------------------

struct walk {
    cli_session *s;
    str below; // of the folder asked for, of which a page is read
    VEC(cli_file) files;
    VEC(str) folders; // to be read yet
};

static bool add_entry(void *arg, const json_value *entry) {
    struct walk *w = arg;
    arena *a = w->s->a;
    str path = arena_str(a, cli_join(a, w->below, cli_entry_name(entry)));
    if (!sink_path_ok(path, &w->s->e)) return false;
    if (cli_entry_is_folder(entry)) {
        vec_push(a, &w->folders, path);
        return true;
    }
    cli_file f = {.path = path, .size = (uint64_t)cli_int(entry, "size", 0)};
    f.has_digest = sha256_parse(cli_text(entry, "digest"), &f.digest);
    vec_push(a, &w->files, f);
    return true;
}

static size_t depth_of(str path) {
    size_t n = 1;
    for (size_t i = 0; i < path.n; i++)
        n += path.p[i] == '/';
    return n;
}

bool cli_files_below(cli_session *s, str run, str path, cli_file **out, size_t *n) {
    struct walk w = {.s = s};
    vec_push(s->a, &w.folders, (str){0});
    for (size_t i = 0; i < w.folders.n; i++) {
        w.below = w.folders.p[i];
        str whole = !w.below.n ? path : cli_join(s->a, path, w.below);
        if (depth_of(w.below) > DEPTH)
            return err_set(&s->e, ERR_TOO_LARGE, "folders lie more than %d deep", DEPTH);
        cli_list l = {.method = "GET", .path = cli_file_listing(s->a, run, whole)};
        if (!cli_each(s, &l, add_entry, &w) || s->e.code != ERR_NONE) return false;
    }
    *out = w.files.p;
    *n = w.files.n;
    return true;
}
