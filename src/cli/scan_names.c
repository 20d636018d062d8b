// SPDX-License-Identifier: Apache-2.0
// Names of a scanned folder that are one name on other systems: macOS and Windows do not tell
// case apart, macOS neither composed letters from decomposed ones. Whoever pulls such a version
// there loses a file, or gets two folders as one. Compared are canonical forms after full case
// folding (utf8proc), of whole paths, so that a folder counts once and its files by themselves.
// One thread.
#include "base/map.h"
#include "cli/grow.h"
#include "cli/scan.h"
#include "cli/seen.h"

#include <utf8proc.h>

enum {
    SHOWN = 20, // collisions that are told one by one
    FORM = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
};

// A name's number is that of its file, or behind all files that of its folder.
typedef struct names {
    arena *a; // of what is said of one name
    void (*warn)(str sentence);
    const scan_file *files;
    size_t n;
    GROW(str) folders;
    seen seen; // by their folded paths
    size_t collisions;
} names;

// A path is valid text, of which utf8proc refuses none.
static str mapped(arena *a, str path, int options) {
    utf8proc_uint8_t *p = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)path.p,
                                      (utf8proc_ssize_t)path.n, &p, (utf8proc_option_t)options);
    str out = n < 0 ? path : arena_str(a, str_n(p, (size_t)n));
    free(p);
    return out;
}

// Most paths are ASCII, of which folding is this; it takes a quarter of the time.
static bool lowered(arena *a, str path, str *out) {
    char *p = arena_bytes(a, path.n + 1);
    for (size_t i = 0; i < path.n; i++) {
        if ((unsigned char)path.p[i] >= 0x80) return false;
        p[i] = path.p[i] >= 'A' && path.p[i] <= 'Z' ? (char)(path.p[i] | 0x20) : path.p[i];
    }
    *out = str_n(p, path.n);
    return true;
}

static str folded(arena *a, str path) {
    str out;
    return lowered(a, path, &out) ? out : mapped(a, path, FORM | UTF8PROC_CASEFOLD);
}

static str path_of(const names *s, uint32_t number) {
    return number < s->n ? s->files[number].path : s->folders.p[number - s->n];
}

static void tell(names *s, uint32_t first, uint32_t second) {
    arena *a = s->a;
    str was = path_of(s, first), is = path_of(s, second);
    bool files = first < s->n && second < s->n, folders = first >= s->n && second >= s->n;
    bool forms = str_eq(mapped(a, was, FORM), mapped(a, is, FORM));
    if (s->collisions++ >= SHOWN) return;
    s->warn(arena_printf(a, "'%.*s' and '%.*s' are one %s where %s not told apart (%s)",
                         STR_F(was), STR_F(is),
                         files     ? "file"
                         : folders ? "folder"
                                   : "name",
                         forms ? "composed and decomposed letters are" : "case is",
                         forms ? "macOS" : "macOS, Windows"));
}

typedef struct folded_name {
    const names *s;
    str path;
} folded_name;

// The earlier one is folded again: to keep all that are folded would take more than the names.
static bool is_same(void *arg, uint32_t earlier) {
    const folded_name *f = arg;
    return str_eq(f->path, folded(f->s->a, path_of(f->s, earlier)));
}

static void take(names *s, uint32_t number) {
    folded_name f = {s, folded(s->a, path_of(s, number))};
    uint32_t first = seen_add(&s->seen, map_hash(f.path), number, is_same, &f);
    if (first != number) tell(s, first, number);
    arena_reset(s->a);
}

static void take_folder(names *s, str path) {
    grow_push(&s->folders, path);
    take(s, (uint32_t)(s->n + s->folders.n - 1));
}

// Bytes of the folders that both lie in.
static size_t common_folders(str a, str b) {
    size_t folders = 0;
    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        if (a.p[i] == '/') folders = i + 1;
    return folders;
}

size_t scan_names(const scan_file *files, size_t n, void (*warn)(str sentence)) {
    names s = {.a = arena_new(), .warn = warn, .files = files, .n = n};
    str before = {0};
    for (size_t i = 0; i < n; i++) {
        str path = files[i].path;
        size_t at = common_folders(before, path); // their files lie together: these are known
        while ((at = str_find(path, '/', at)) != SIZE_MAX)
            take_folder(&s, str_upto(path, at++));
        take(&s, (uint32_t)i);
        before = path;
    }
    if (s.collisions > SHOWN)
        warn(arena_printf(s.a, "... and %zu more such names", s.collisions - SHOWN));
    grow_free(&s.folders);
    seen_free(&s.seen);
    arena_free(s.a);
    return s.collisions;
}
