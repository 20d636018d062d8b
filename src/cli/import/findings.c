// SPDX-License-Identifier: Apache-2.0
// findings: what an import has to tell: lost things and notes. One thread.
#include "base/log.h"
#include "base/vec.h"
#include "cli/import/source.h"

#include <stdarg.h>
#include <stdio.h>

#define KEPT_MAX  1000
#define SHOWN_MAX 50
#define TEXT_MAX  2000

typedef VEC(str) texts;

struct source_log {
    arena *a;
    texts lost, notes;
    size_t n_lost, n_notes;
};

source_log *source_log_new(arena *a) {
    source_log *l = ARENA_NEW(a, source_log);
    l->a = a;
    return l;
}

__attribute__((format(printf, 5, 0))) static void
tell(source_log *l, texts *kept, size_t *n, const char *what, const char *fmt, va_list ap) {
    char text[TEXT_MAX];
    vsnprintf(text, sizeof text, fmt, ap);
    if (++*n <= KEPT_MAX) vec_push(l->a, kept, arena_str(l->a, str_of(text)));
    if (*n <= SHOWN_MAX) fprintf(stderr, "%s: %s\n", what, text);
    if (*n == SHOWN_MAX) fprintf(stderr, "%s: more of these are counted only\n", what);
}

void source_lost(source_log *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    tell(l, &l->lost, &l->n_lost, "not brought over", fmt, ap);
    va_end(ap);
}

void source_note(source_log *l, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    tell(l, &l->notes, &l->n_notes, "note", fmt, ap);
    va_end(ap);
}

size_t source_lost_count(const source_log *l) {
    return l->n_lost;
}

size_t source_texts(const source_log *l, bool lost, const str **out) {
    *out = lost ? l->lost.p : l->notes.p;
    return lost ? l->lost.n : l->notes.n;
}

// Bytes of the valid sequence at p, or 0.
static size_t sequence(str s, size_t at) {
    for (size_t n = 1; n <= 4 && at + n <= s.n; n++) {
        if (str_is_text(str_n(s.p + at, n))) return n;
    }
    return 0;
}

str source_text(source_log *l, arena *a, str s, const char *what) {
    if (str_is_text(s)) return arena_str(a, s);
    char *out = arena_bytes(a, s.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t k = sequence(s, i);
        if (!k && s.p[i]) { // U+FFFD
            memcpy(out + n, "\xef\xbf\xbd", 3);
            n += 3;
        }
        memcpy(out + n, s.p + i, k);
        n += k;
        i += k ? k : 1;
    }
    source_lost(l, "%s holds bytes that are no text; they became U+FFFD: '%.60s'", what,
                arena_cstr(a, str_n(out, n)));
    return (str){out, n};
}
