// SPDX-License-Identifier: Apache-2.0
// ignore: see ignore.h.
#include "cli/ignore.h"

#include "base/vec.h"
#include "cli/text_file.h"

#include <fnmatch.h>
#include <limits.h>

#define FILE_MAX (1u << 20)

typedef VEC(ignore_line) lines;

static void add_line(arena *a, lines *out, str text) {
    ignore_line l = {0};
    text = str_trim(text);
    if (!text.n || text.p[0] == '#') return;
    l.back = text.p[0] == '!';
    if (l.back) text = str_from(text, 1);
    l.folders = str_ends(text, STR("/"));
    if (l.folders) text.n--;
    l.from_top = str_find(text, '/', 0) != SIZE_MAX;
    if (str_starts(text, STR("/"))) text = str_from(text, 1);
    l.pattern = arena_cstr(a, text);
    if (text.n) vec_push(a, out, l);
}

bool ignore_read(arena *a, const char *folder, ignore_list *out, err *e) {
    lines all = {0};
    str text = {0};
    add_line(a, &all, STR(".git"));
    char *path = arena_cstr(a, arena_printf(a, "%s/" IGNORE_FILE, folder));
    if (!cli_read_file(a, path, FILE_MAX, &text, e)) {
        if (e->code != ERR_NOT_FOUND) return false;
        *e = (err){0};
    }
    for (str line; str_split(&text, '\n', &line);)
        add_line(a, &all, line);
    *out = (ignore_list){all.p, all.n};
    return true;
}

bool ignore_has(const ignore_list *l, str path, bool is_folder) {
    char whole[PATH_MAX];
    if (path.n >= sizeof whole) return false; // a tree refuses it
    memcpy(whole, path.p, path.n);
    whole[path.n] = 0;
    const char *name = whole + str_behind_last(path, '/');
    for (size_t i = l->n; i > 0; i--) {
        const ignore_line *k = &l->lines[i - 1];
        if (k->folders && !is_folder) continue;
        if (!fnmatch(k->pattern, k->from_top ? whole : name, FNM_PATHNAME)) return !k->back;
    }
    return false;
}
