// SPDX-License-Identifier: Apache-2.0
// artifact_path: what a user may name. The tree is a table, so no name could reach a file;
// names are refused all the same, because clients write what they download to paths of the same
// name. Pure functions.
#include "core/artifact.h"

#define DECODE_TIMES   10
#define PATH_MAX_BYTES 4096
#define NAME_MAX_BYTES 255

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Percent escapes decoded once; what is no escape stays, so that "100%.txt" is a name.
static str decode_once(arena *a, str s, bool *changed) {
    char *out = arena_bytes(a, s.n + 1);
    size_t n = 0;
    *changed = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && i + 2 < s.n && hex_value(s.p[i + 1]) >= 0 &&
            hex_value(s.p[i + 2]) >= 0) {
            out[n++] = (char)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2]));
            i += 2;
            *changed = true;
        } else {
            out[n++] = s.p[i];
        }
    }
    return (str){out, n};
}

static bool has_refused_byte(str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || c == '\\' || c == '#') return true;
    }
    return false;
}

static bool is_drive(str s) {
    return s.n >= 2 && s.p[1] == ':' && ((s.p[0] | 0x20) >= 'a' && (s.p[0] | 0x20) <= 'z');
}

static bool refused(str s) {
    return s.n > PATH_MAX_BYTES || has_refused_byte(s) || is_drive(s) ||
           (s.n && s.p[0] == '/') || !str_is_text(s);
}

id artifact_owner(str path) {
    id found = {{0}};
    for (str part; str_split(&path, '/', &part);) {
        str digits = str_starts(part, STR("m-")) ? str_from(part, 2) : part;
        if (id_parse(digits, &found)) break;
    }
    return found;
}

bool artifact_path(arena *a, str raw, str *out, err *e) {
    bool changed = true;
    if (raw.n > PATH_MAX_BYTES * 3) return err_set(e, ERR_INVALID, "Invalid path");
    for (int i = 0; i < DECODE_TIMES && changed; i++)
        raw = decode_once(a, raw, &changed);
    if (changed || refused(raw)) return err_set(e, ERR_INVALID, "Invalid path");
    char *path = arena_bytes(a, raw.n + 1);
    size_t n = 0;
    for (str rest = raw, part; str_split(&rest, '/', &part);) {
        if (!part.n || str_is(part, ".")) continue;
        if (str_is(part, "..") || part.n > NAME_MAX_BYTES)
            return err_set(e, ERR_INVALID, "Invalid path");
        if (n) path[n++] = '/';
        memcpy(path + n, part.p, part.n);
        n += part.n;
    }
    *out = (str){path, n};
    return true;
}
