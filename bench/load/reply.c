// SPDX-License-Identifier: Apache-2.0
// reply: one HTTP/1.1 reply read as it arrives (RFC 9112). Only what servers answer to us: a
// length, chunks, or neither for replies without a body.
#include "load/load.h"

#include <stdlib.h>
#include <strings.h>

void reply_init(reply *r) {
    r->status = 0;
    r->close = false;
    r->n = 0;
    r->state = REPLY_HEAD;
    r->left = 0;
    r->line_n = 0;
}

static bool has_word(str value, const char *word) {
    for (str part; str_split(&value, ',', &part);) {
        if (str_eq_nocase(str_trim(part), str_of(word))) return true;
    }
    return false;
}

static bool read_head(reply *r, str head, const char **why) {
    bool chunked = false, sized = false;
    str line;
    *why = "the reply does not begin with HTTP/1.x";
    if (!str_starts(head, STR("HTTP/1.")) || head.n < 12) return false;
    r->status = atoi(head.p + 9);
    for (str_split(&head, '\n', &line); str_split(&head, '\n', &line);) {
        str name, value = line;
        str_split(&value, ':', &name);
        value = str_trim(value);
        int64_t length;
        if (str_eq_nocase(name, STR("content-length")) && str_to_i64(value, &length) &&
            length >= 0) {
            r->left = (uint64_t)length;
            sized = true;
        }
        if (str_eq_nocase(name, STR("transfer-encoding"))) chunked = has_word(value, "chunked");
        if (str_eq_nocase(name, STR("connection"))) r->close = has_word(value, "close");
    }
    if (r->status >= 100 && r->status < 200) return true; // another head follows
    *why = "the reply has neither a length nor chunks";
    if (chunked)
        r->state = REPLY_CHUNK_SIZE;
    else if (r->status == 204 || r->status == 304 || (sized && !r->left))
        r->state = REPLY_DONE;
    else if (sized)
        r->state = REPLY_BODY;
    else
        return false;
    return true;
}

// Collects a line (or the head) until `end`; true once it is whole.
static bool collect(reply *r, const char **p, const char *stop, str end, bool *too_long) {
    while (*p < stop) {
        if (r->line_n == sizeof r->line) return *too_long = true, false;
        r->line[r->line_n++] = *(*p)++;
        if (str_ends(str_n(r->line, r->line_n), end)) return true;
    }
    return false;
}

static bool end_of_line(reply *r, const char **why) {
    str line = str_trim(str_n(r->line, r->line_n));
    char *end;
    switch (r->state) {
    case REPLY_HEAD: {
        bool ok = read_head(r, str_n(r->line, r->line_n), why);
        r->line_n = 0;
        return ok;
    }
    case REPLY_CHUNK_SIZE:
        *why = "a chunk without a size";
        if (!line.n) return false;
        r->line[r->line_n - 1] = 0;
        r->left = strtoull(r->line, &end, 16);
        if (end == r->line) return false;
        r->state = r->left ? REPLY_CHUNK : REPLY_TRAILER;
        break;
    case REPLY_CHUNK_END: r->state = REPLY_CHUNK_SIZE; break;
    default: // a trailer's line; an empty one ends it
        if (!line.n) r->state = REPLY_DONE;
    }
    r->line_n = 0;
    return true;
}

bool reply_feed(reply *r, const char *p, size_t n, void (*sink)(void *, const char *, size_t),
                void *arg, const char **why) {
    const char *stop = p + n;
    while (p < stop) {
        bool too_long = false;
        if (r->state == REPLY_DONE) return *why = "bytes behind the reply", false;
        if (r->state == REPLY_BODY || r->state == REPLY_CHUNK) {
            size_t part = (size_t)(stop - p) < r->left ? (size_t)(stop - p) : (size_t)r->left;
            sink(arg, p, part);
            p += part;
            r->n += part;
            r->left -= part;
            if (!r->left) r->state = r->state == REPLY_BODY ? REPLY_DONE : REPLY_CHUNK_END;
        } else if (collect(r, &p, stop, r->state == REPLY_HEAD ? STR("\r\n\r\n") : STR("\n"),
                           &too_long)) {
            if (!end_of_line(r, why)) return false;
        } else if (too_long) {
            return *why = "a header line that is too long", false;
        }
    }
    return true;
}
