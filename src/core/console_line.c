// SPDX-License-Identifier: Apache-2.0
// console_line: from the bytes of a stream to lines of text. A splitter, and a batch, belong to
// one thread each.
#include "core/console_internal.h"

#define CLEAN_MAX (CONSOLE_LINE_MAX * 3 + 64) // every byte a U+FFFD, and the mark

// ---- one line -------------------------------------------------------------------------------

static void put_clean(buf *out, str raw) {
    for (;;) {
        size_t n = str_text_prefix(raw);
        buf_add(out, raw.p, n);
        if (n == raw.n) return;
        buf_str(out, raw.p[n] ? STR("\xef\xbf\xbd") : STR("\\0"));
        raw = str_from(raw, n + 1);
    }
}

// `more` bytes did not fit; they begin behind `raw`, perhaps within a character.
static void emit_line(str raw, uint64_t more, console_emit *emit, void *arg) {
    if (!more && str_is_text(raw)) {
        emit(arg, raw);
        return;
    }
    buf clean = BUF_MAX(CLEAN_MAX);
    if (more) {
        for (size_t cut = 1; cut < 4 && cut < raw.n; cut++) {
            if ((raw.p[raw.n - cut] & 0xc0) == 0x80) continue;
            bool whole = str_text_prefix(str_from(raw, raw.n - cut)) == cut;
            if (!whole) raw.n -= cut, more += cut;
            break;
        }
    }
    put_clean(&clean, raw);
    if (more) buf_printf(&clean, " [%llu bytes more]", (unsigned long long)more);
    emit(arg, buf_view(&clean));
    buf_free(&clean);
}

// ---- splitter -------------------------------------------------------------------------------

void console_splitter_init(console_splitter *s) {
    *s = (console_splitter){.line = BUF_MAX(CONSOLE_LINE_MAX)};
}

void console_splitter_free(console_splitter *s) {
    buf_free(&s->line);
}

static void begin_line(console_splitter *s) {
    buf_clear(&s->line);
    s->more = 0;
    s->returned = false;
}

// A piece without line ends and carriage returns.
static void add_piece(console_splitter *s, str piece) {
    if (!piece.n) return;
    if (s->returned) begin_line(s);
    size_t room = CONSOLE_LINE_MAX - s->line.n;
    buf_str(&s->line, str_upto(piece, room));
    if (piece.n > room) s->more += piece.n - room;
}

static void end_line(console_splitter *s, console_emit *emit, void *arg) {
    emit_line(buf_view(&s->line), s->more, emit, arg);
    begin_line(s);
    s->redrawn = false;
}

void console_feed(console_splitter *s, str bytes, console_emit *emit, void *arg) {
    while (bytes.n) {
        const char *newline = memchr(bytes.p, '\n', bytes.n);
        str line = newline ? str_upto(bytes, (size_t)(newline - bytes.p)) : bytes;
        // Most lines lie whole in the piece: then nothing is copied.
        if (newline && !s->line.n && !s->returned && line.n <= CONSOLE_LINE_MAX &&
            !memchr(line.p, '\r', line.n)) {
            emit_line(line, 0, emit, arg);
            s->redrawn = false;
        } else {
            for (size_t at = 0; at <= line.n;) {
                size_t cr = str_find(line, '\r', at);
                add_piece(s, str_from(str_upto(line, cr), at));
                if (cr == SIZE_MAX) break;
                s->returned = s->redrawn = true;
                at = cr + 1;
            }
            if (newline) end_line(s, emit, arg);
        }
        bytes = str_from(bytes, line.n + (newline != NULL));
    }
}

void console_flush(console_splitter *s, console_emit *emit, void *arg) {
    if (s->line.n || s->more) end_line(s, emit, arg);
    begin_line(s);
}

// ---- batch ----------------------------------------------------------------------------------

console_batch *console_batch_new(arena *a) {
    console_batch *b = ARENA_NEW(a, console_batch);
    b->a = a;
    return b;
}

size_t console_batch_lines(const console_batch *b) {
    return b->v.n;
}

static void push(console_batch *b, str text) {
    vec_push(b->a, &b->v,
             (console_line){.time_us = b->time_us, .stream = b->stream, .text = text});
}

static void push_copy(void *arg, str text) {
    console_batch *b = arg;
    push(b, arena_str(b->a, text));
}

void console_batch_add(console_batch *b, int64_t time_us, console_stream stream, str text) {
    b->time_us = time_us;
    b->stream = stream;
    if (text.n <= CONSOLE_LINE_MAX && str_is_text(text) &&
        (!text.n || (!memchr(text.p, '\n', text.n) && !memchr(text.p, '\r', text.n)))) {
        push(b, text);
        return;
    }
    console_splitter s;
    console_splitter_init(&s);
    console_feed(&s, text, push_copy, b);
    console_flush(&s, push_copy, b);
    console_splitter_free(&s);
}
