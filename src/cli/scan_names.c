// SPDX-License-Identifier: Apache-2.0
// Names of a scanned folder that are one name on other systems: macOS and Windows do not tell
// case apart, macOS neither composed letters from decomposed ones. Whoever pulls such a version
// there loses a file, or gets two folders as one. Compared are canonical forms after full case
// folding (utf8proc), of whole paths, so that a folder counts once and its files by themselves.
// One thread.
#include "cli/scan.h"

#include "base/map.h"

#include <stdlib.h>
#include <utf8proc.h>

enum {
    SHOWN = 20, // collisions that are told one by one
    FORM = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
};

typedef struct name {
    str path;
    bool file; // else a folder
} name;

typedef struct names {
    arena *a;
    void (*warn)(str sentence);
    map seen; // by their folded paths
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

static void tell(names *s, const name *first, const name *second) {
    arena *a = s->a;
    bool files = first->file && second->file, folders = !first->file && !second->file;
    bool forms = str_eq(mapped(a, first->path, FORM), mapped(a, second->path, FORM));
    if (s->collisions++ >= SHOWN) return;
    s->warn(arena_printf(a, "'%.*s' and '%.*s' are one %s where %s not told apart (%s)",
                         STR_F(first->path), STR_F(second->path),
                         files     ? "file"
                         : folders ? "folder"
                                   : "name",
                         forms ? "composed and decomposed letters are" : "case is",
                         forms ? "macOS" : "macOS, Windows"));
}

static void take(names *s, name new) {
    bool added;
    void **slot = map_at(&s->seen, folded(s->a, new.path), &added);
    if (!added) {
        tell(s, *slot, &new);
        return;
    }
    name *kept = ARENA_NEW(s->a, name);
    *kept = new;
    *slot = kept;
}

// Bytes of the folders that both lie in.
static size_t common_folders(str a, str b) {
    size_t folders = 0;
    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        if (a.p[i] == '/') folders = i + 1;
    return folders;
}

size_t scan_names(const scan_file *files, size_t n, void (*warn)(str sentence)) {
    names s = {.a = arena_new(), .warn = warn};
    str before = {0};
    s.seen = map_new(s.a);
    for (size_t i = 0; i < n; i++) {
        str path = files[i].path;
        size_t at = common_folders(before, path); // their files lie together: these are known
        while ((at = str_find(path, '/', at)) != SIZE_MAX)
            take(&s, (name){str_upto(path, at++), false});
        take(&s, (name){path, true});
        before = path;
    }
    if (s.collisions > SHOWN)
        warn(arena_printf(s.a, "... and %zu more such names", s.collisions - SHOWN));
    arena_free(s.a);
    return s.collisions;
}
