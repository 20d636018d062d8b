// SPDX-License-Identifier: Apache-2.0
// artifacts list, get, cat. One thread.
#include "cli/fields.h"
#include "cli/files.h"

#include <sys/stat.h>

// ---- list -----------------------------------------------------------------------------------

static bool put_entry(void *arg, const json_value *entry) {
    cli_listing *l = arg;
    bool folder = cli_entry_is_folder(entry), exact = l->s->o->csv.n > 0;
    arena *a = l->s->a;
    str name = cli_entry_name(entry), size = cli_text(entry, "size");
    if (folder)
        size = (str){0};
    else if (!exact && size.n)
        size = out_bytes(a, cli_int(entry, "size", 0));
    str time = cli_time_cell(l->s, cli_int(entry, "modified_us", INT64_MIN), exact);
    out_row(l->table, (out_cell[]){{size, OUT_PLAIN},
                                   {time, OUT_PLAIN},
                                   {folder ? arena_printf(a, "%.*s/", STR_F(name)) : name,
                                    folder ? OUT_BLUE : OUT_PLAIN}});
    return true;
}

static bool list(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("size"), OUT_RIGHT, 0}, {STR_K("changed"), OUT_WHOLE, 1}, {STR_K("name"), 0, 0}};
    str run_id;
    if (!cli_run_named(s, s->o->words[0], &run_id)) return false;
    str path = cli_file_listing(s->a, run_id, s->o->n_words > 1 ? s->o->words[1] : (str){0});
    return cli_show_table(s, path, columns, 3, put_entry);
}

// ---- cat ------------------------------------------------------------------------------------

static bool cat(cli_session *s) {
    str run_id;
    if (!cli_run_named(s, s->o->words[0], &run_id)) return false;
    http_exchange x = {.method = "GET", .write = cli_write_out, .arg = s};
    x.path = cli_file_path(s->a, run_id, s->o->words[1]);
    s->t.may_page = false;
    bool ok = cli_exchange(s->c, &x, &s->e);
    if (s->t.gone) s->e = (err){0}; // 'stemma ... | head' has what it wanted
    return ok || s->t.gone;
}

// ---- get ------------------------------------------------------------------------------------

static bool get_rest(cli_session *s, str run, str path, sink *to, cli_file *files, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (files[i].done) continue;
        str from = cli_file_path(s->a, run, cli_join(s->a, path, files[i].path));
        if (!cli_get_file(s, from, NULL, to, files[i].path)) return false;
        files[i].done = true;
    }
    return true;
}

// Files that an earlier download brought are not brought again.
static size_t skip_what_is_there(sink *to, cli_file *files, size_t n) {
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        files[i].done =
            files[i].has_digest && sink_has(to, files[i].path, files[i].size, files[i].digest);
        left += !files[i].done;
    }
    return left;
}

static bool get_folder(cli_session *s, str run, str path, str dest) {
    cli_file *files;
    size_t n;
    sink to;
    if (!cli_files_below(s, run, path, &files, &n)) return false;
    if (!n) return err_set(&s->e, ERR_NOT_FOUND, "there is no file '%.*s'", STR_F(path));
    if (!sink_open(s->a, dest, &to, &s->e)) return false;
    size_t left = skip_what_is_there(&to, files, n);
    // One stream when most of it is needed; what was cut off comes file by file.
    bool ok = true;
    if (left > 1 && left > n / 2) {
        ok = cli_get_archive(s, run, path, &to, files, n);
        bool may_come = s->e.code == ERR_UNAVAILABLE || s->e.code == ERR_DEADLINE;
        if (!ok && may_come) ok = true;
        if (ok) s->e = (err){0};
    }
    ok = ok && get_rest(s, run, path, &to, files, n);
    sink_close(&to);
    if (ok)
        out_printf(&s->t, "%zu file%s in %.*s%s\n", n, n == 1 ? "" : "s",
                   STR_F(out_escape(s->a, dest, s->t.utf8)),
                   left < n ? " (some were there)" : "");
    return ok;
}

static bool is_folder_here(arena *a, str path) {
    struct stat st;
    return !stat(arena_cstr(a, path), &st) && S_ISDIR(st.st_mode);
}

// Where a file goes: --output, or in it when it is a folder, or the file's own name here.
static void split_target(cli_session *s, str path, str *folder, str *name) {
    str dest = s->o->output;
    *folder = (str){0};
    *name = cli_last_part(path);
    if (!dest.n) return;
    if (str_ends(dest, STR("/")) || is_folder_here(s->a, dest)) {
        *folder = dest;
        return;
    }
    *name = cli_last_part(dest);
    *folder = str_upto(dest, dest.n - name->n);
}

static bool get_one(cli_session *s, str run, str path) {
    str folder, name;
    sink to;
    split_target(s, path, &folder, &name);
    if (!sink_path_ok(name, &s->e) || !sink_open(s->a, folder, &to, &s->e)) return false;
    bool ok = cli_get_file(s, cli_file_path(s->a, run, path), NULL, &to, name);
    sink_close(&to);
    if (ok)
        out_printf(&s->t, "%.*s\n",
                   STR_F(out_escape(s->a, cli_join(s->a, folder, name), s->t.utf8)));
    return ok;
}

static bool get(cli_session *s) {
    str run_id, path = s->o->n_words > 1 ? s->o->words[1] : (str){0};
    if (!cli_run_named(s, s->o->words[0], &run_id)) return false;
    while (str_ends(path, STR("/")))
        path.n--;
    if (path.n) {
        if (get_one(s, run_id, path)) return true;
        if (s->e.code != ERR_NOT_FOUND) return false;
        s->e = (err){0};
    }
    str own = path.n ? cli_last_part(path) : run_id;
    return get_folder(s, run_id, path, s->o->output.n ? s->o->output : own);
}

int cmd_artifacts_list(const cli_options *o, arena *a) {
    return cli_talk(o, a, list);
}

int cmd_artifacts_cat(const cli_options *o, arena *a) {
    return cli_talk(o, a, cat);
}

int cmd_artifacts_get(const cli_options *o, arena *a) {
    return cli_talk(o, a, get);
}
