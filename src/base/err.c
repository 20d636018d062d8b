// SPDX-License-Identifier: Apache-2.0
// err: the table of codes, filling an err, and dying loudly. Any thread; an err belongs to one.
#include "base/err.h"

#include "base/utf8_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ERR_ROW(name, http, grpc, retry, doc) {#name, http, grpc, retry, doc},
static const err_info err_rows[] = {ERR_TABLE(ERR_ROW)};
#undef ERR_ROW

const err_info *err_about(err_code code) {
    BUG_ON((unsigned)code >= ERR_COUNT_);
    return &err_rows[code];
}

// Removes a code point that was cut at the end of a text that filled its buffer.
static void cut_at_code_point(char *s, size_t n) {
    size_t i = n;
    while (i && n - i < 4 && (s[i - 1] & 0xc0) == 0x80)
        i--;
    if (i && (s[i - 1] & 0x80) && !utf8_len(s + i - 1, s + n)) s[i - 1] = 0;
}

// Formats beside e->msg first: the arguments may be the old message.
__attribute__((format(printf, 4, 0))) static void fill(err *e, err_code code, int with_errno,
                                                       const char *fmt, va_list ap) {
    char msg[sizeof e->msg];
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (with_errno && len < sizeof msg) {
        char text[128];
        const char *why = strerror_r(with_errno, text, sizeof text); // GNU's: returns the text
        n = snprintf(msg + len, sizeof msg - len, ": %s", why);
        len += n < 0 ? 0 : (size_t)n;
    }
    if (len >= sizeof msg) {
        len = sizeof msg - 1;
        cut_at_code_point(msg, len);
    }
    e->code = code;
    e->place = 0;
    memcpy(e->msg, msg, len + 1);
}

bool err_set(err *e, err_code code, const char *fmt, ...) {
    if (!e) return false;
    va_list ap;
    va_start(ap, fmt);
    fill(e, code, 0, fmt, ap);
    va_end(ap);
    return false;
}

bool err_set_at(err *e, err_code code, size_t at, const char *fmt, ...) {
    if (!e) return false;
    va_list ap;
    va_start(ap, fmt);
    fill(e, code, 0, fmt, ap);
    va_end(ap);
    e->place = at < UINT32_MAX ? (uint32_t)at + 1 : UINT32_MAX;
    return false;
}

static err_code code_of_errno(int no) {
    switch (no) {
    case ENOSPC:
    case EDQUOT: return ERR_NO_SPACE;
    case EIO:
    case EROFS:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ERR_UNAVAILABLE;
    default: return ERR_INTERNAL;
    }
}

bool err_errno(err *e, const char *fmt, ...) {
    int no = errno;
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, code_of_errno(no), no, fmt, ap);
        va_end(ap);
    }
    errno = no;
    return false;
}

_Noreturn void err_bug(const char *file, int line, const char *what) {
    fprintf(stderr, "stemma: bug at %s:%d: %s\n", file, line, what);
    abort();
}
