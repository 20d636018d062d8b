// SPDX-License-Identifier: Apache-2.0
// console: append lines, read pages of them from either end, search them; signs of life. A page
// that is polled with `after` = the last number is a live tail. Any thread.
#include "core/console.h"

#include "api/native/native_internal.h"
#include "base/clock.h"
#include "core/beat.h"

#define LINES_MAX    10000 // of one request
#define BEAT_MAX_S   86400.0
#define STREAM_PIECE (256u << 10) // bytes of a streamed body at a time
#define STREAM_LINES 4096         // lines of one transaction
#define STREAM_BYTES (1u << 20)   // and about so much memory

static const msg_name streams[] = {{"out", CONSOLE_OUT}, {"err", CONSOLE_ERR}, {NULL, 0}};
static const msg_name shown_streams[] = {
    {"out", CONSOLE_OUT}, {"err", CONSOLE_ERR}, {"note", CONSOLE_NOTE}, {NULL, 0}};

SHAPE(static, line_shape, "ConsoleLine",
      FIELD("number", SHAPE_INT, 0, "1 is the run's first line"),
      FIELD("time_us", SHAPE_INT, 0, "when it was printed, as the client says"),
      FIELD("stream", SHAPE_ENUM, 0, "standard output, standard error, or a note of the server",
            .names = shown_streams),
      FIELD("text", SHAPE_TEXT, 0, "without its line end"));

SHAPE(static, page_shape, "Console",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "lines, by their numbers", .sub = &line_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL,
            "there may be more: give it as `after`, or as `before` when the page was read from "
            "the end"),
      FIELD("lines", SHAPE_INT, 0, "how many lines the run has"),
      FIELD("ended", SHAPE_BOOL, 0, "is the run in a final state?"));

SHAPE(static, kept_shape, "ConsoleKept",
      FIELD("first", SHAPE_INT, SHAPE_OPTIONAL, "the number of the first line that was sent"),
      FIELD("lines", SHAPE_INT, 0, "how many lines the run has now"),
      FIELD("repeated", SHAPE_BOOL, 0, "was this batch there already? Then nothing was done"),
      FIELD("full", SHAPE_BOOL, 0, "the run is at its limit: these lines were not kept"));

// ---- append ---------------------------------------------------------------------------------

struct line {
    uint64_t has;
    int64_t time_us, stream;
    str text;
};
static const msg_field line_fields[] = {
    MSG_FIELD(struct line, time_us, MSG_INT64, 0,
              .doc = "when it was printed; absent: now, by the server's clock"),
    MSG_FIELD(struct line, stream, MSG_ENUM, 0, .names = streams, .doc = "default: out"),
    MSG_FIELD(struct line, text, MSG_STRING, 0, .doc = "line ends in it make several lines"),
};
static const msg_type line_msg = MSG_TYPE(struct line, line_fields);

struct append {
    uint64_t has;
    str source;
    int64_t batch;
    msg_list lines;
};
static const msg_field append_fields[] = {
    MSG_FIELD(struct append, source, MSG_STRING, 0, .max = CONSOLE_SOURCE_MAX,
              .doc =
                  "who sends, such as a random text: with it a retried batch doubles nothing"),
    MSG_FIELD(struct append, batch, MSG_INT64, 0,
              .doc = "with source: a number that rises with each of its batches"),
    MSG_FIELD(struct append, lines, MSG_LIST, MSG_REQUIRED, .sub = &line_msg, .max = LINES_MAX),
};
static const msg_type append_msg = MSG_TYPE(struct append, append_fields);

static void add_line(console_batch *b, const struct line *l) {
    int64_t time = msg_has(&line_msg, l, "time_us") ? l->time_us : clock_now_us();
    console_batch_add(b, time, (console_stream)l->stream, l->text);
}

static void put_kept(json_writer *w, const console_kept *kept) {
    json_object(w);
    if (kept->first) json_m_i64(w, "first", kept->first);
    json_m_i64(w, "lines", kept->lines);
    json_m_bool(w, "repeated", kept->repeated);
    json_m_bool(w, "full", kept->full);
    json_object_end(w);
}

static bool append(call *k, void *msg, err *e) {
    struct append *q = msg;
    id run_id;
    console_kept kept;
    if (!native_path_run(k, &run_id, e)) return false;
    if (q->source.n && !msg_has(&append_msg, q, "batch"))
        return err_set(e, ERR_INVALID, "'batch' is required with 'source'");
    console_batch *b = console_batch_new(k->c.a);
    for (size_t i = 0; i < q->lines.n; i++)
        add_line(b, MSG_AT(struct line, q->lines, i));
    if (!console_append(&k->c, run_id, b, q->source, q->batch, &kept, e)) return false;
    put_kept(rpc_reply(k), &kept);
    return true;
}
const rpc native_console_append = {.msg = &append_msg, .fn = append, .reply = &kept_shape};

// ---- append a stream ------------------------------------------------------------------------

struct stream_query {
    uint64_t has;
    int64_t stream;
};
static const msg_field stream_fields[] = {
    MSG_FIELD(struct stream_query, stream, MSG_ENUM, 0, .names = streams,
              .doc = "of all lines of text/plain; default: out"),
};
static const msg_type stream_msg = MSG_TYPE(struct stream_query, stream_fields);
const native_stream native_console_stream_io = {.takes = "text/plain application/x-ndjson",
                                                .gives = "application/json",
                                                .query = &stream_msg};

// The lines of a body as they come; whole transactions of them are kept before it ends.
typedef struct streaming {
    ctx c; // its arena is the streaming's own, reset with each batch
    id run;
    bool json;
    console_stream stream;
    console_splitter text;
    buf line; // of JSON: the line that has no end yet
    console_batch *b;
    console_kept kept;
    uint64_t n; // lines of the body so far
    bool failed;
    err *e;
} streaming;

static bool is_full(const streaming *s) {
    return console_batch_lines(s->b) >= STREAM_LINES || arena_used(s->c.a) >= STREAM_BYTES;
}

static bool keep_batch(streaming *s) {
    if (!console_batch_lines(s->b)) return true;
    bool ok = console_append(&s->c, s->run, s->b, (str){0}, 0, &s->kept, s->e);
    arena_reset(s->c.a);
    s->b = console_batch_new(s->c.a);
    return ok;
}

static void add_text(void *arg, str text) {
    streaming *s = arg;
    s->n++;
    console_batch_add(s->b, clock_now_us(), s->stream, arena_str(s->c.a, text));
    if (is_full(s) && !s->failed) s->failed = !keep_batch(s);
}

static bool add_json(streaming *s, str text) {
    struct line l;
    msg_problem p;
    s->n++;
    if (!str_trim(text).n) return true;
    if (!msg_decode_json(&line_msg, s->c.a, arena_str(s->c.a, text), &l, &p)) {
        return err_set(
            s->e, ERR_INVALID,
            "line %llu is no {\"time_us\":...,\"stream\":...,\"text\":...}; the lines "
            "before it are kept",
            (unsigned long long)s->n);
    }
    add_line(s->b, &l);
    return !is_full(s) || keep_batch(s);
}

static bool add_json_piece(streaming *s, str piece) {
    while (piece.n) {
        size_t end = str_find(piece, '\n', 0);
        buf_str(&s->line, str_upto(piece, end));
        if (s->line.full)
            return err_set(s->e, ERR_TOO_LARGE, "line %llu is longer than %u bytes",
                           (unsigned long long)s->n + 1, (unsigned)s->line.max);
        if (end == SIZE_MAX) return true;
        bool ok = add_json(s, buf_view(&s->line));
        buf_clear(&s->line);
        if (!ok) return false;
        piece = str_from(piece, end + 1);
    }
    return true;
}

static bool take_body(http_req *r, streaming *s) {
    char *piece = arena_bytes(http_arena(r), STREAM_PIECE);
    ssize_t got;
    while ((got = http_read(r, piece, STREAM_PIECE, s->e)) > 0) {
        str bytes = str_n(piece, (size_t)got);
        if (s->json && !add_json_piece(s, bytes)) break;
        if (!s->json) console_feed(&s->text, bytes, add_text, s);
        if (s->failed) break;
    }
    bool whole = got == 0 && !s->failed;
    if (whole && !s->json) console_flush(&s->text, add_text, s);
    if (whole && s->json) whole = add_json(s, buf_view(&s->line));
    // What came before a body broke off is kept too: it was printed.
    err e = {0}, *told = s->e;
    if (!whole) s->e = &e;
    bool kept = !s->failed && keep_batch(s);
    s->e = told;
    return whole && kept;
}

void native_console_stream(http_req *r) {
    err e = {0};
    struct stream_query q;
    str type = http_media_type(r);
    streaming s = {.c = api_ctx(r),
                   .json = str_eq_nocase(type, STR("application/x-ndjson")),
                   .line = BUF_MAX(STREAM_PIECE),
                   .e = &e};
    call k = {.r = r, .c = s.c, .status = 200};
    bool ok = s.json || str_eq_nocase(type, STR("text/plain")) ||
              err_set(&e, ERR_INVALID,
                      "send text/plain or application/x-ndjson, and say so in Content-Type");
    ok = ok && native_path_run(&k, &s.run, &e);
    ok = ok && native_query(r, &stream_msg, &q, &e);
    if (ok) {
        s.stream = (console_stream)q.stream;
        s.c.a = arena_new();
        s.b = console_batch_new(s.c.a);
        console_splitter_init(&s.text);
        ok = take_body(r, &s);
        console_splitter_free(&s.text);
        arena_free(s.c.a);
    }
    buf_free(&s.line);
    if (!ok) {
        http_fail(r, &e);
        return;
    }
    put_kept(rpc_reply(&k), &s.kept);
    http_json_end(r);
}

// ---- read -----------------------------------------------------------------------------------

struct read_query {
    uint64_t has;
    int64_t after, before, tail, limit, stream;
    str search, match;
};
static const msg_field read_fields[] = {
    MSG_FIELD(struct read_query, after, MSG_INT64, 0, .doc = "lines with a greater number"),
    MSG_FIELD(struct read_query, before, MSG_INT64, 0,
              .doc = "lines with a smaller number, the last ones first to be found"),
    MSG_FIELD(struct read_query, tail, MSG_INT32, 0,
              .doc = "so many lines at the end; as `before` without a number"),
    MSG_FIELD(struct read_query, limit, MSG_INT32, 0, .doc = "lines of a page, 100 by default"),
    MSG_FIELD(struct read_query, stream, MSG_ENUM, 0, .names = streams,
              .doc = "only lines of this stream"),
    MSG_FIELD(struct read_query, search, MSG_STRING, 0, .max = 1000,
              .doc = "only lines with this text"),
    MSG_FIELD(struct read_query, match, MSG_STRING, 0, .max = 1000,
              .doc = "only lines that match this regular expression"),
};
static const msg_type read_msg = MSG_TYPE(struct read_query, read_fields);

static bool read_plan(const struct read_query *q, console_query *out, err *e) {
    bool tail = msg_has(&read_msg, q, "tail"), before = msg_has(&read_msg, q, "before");
    bool limit = msg_has(&read_msg, q, "limit");
    if (tail + before + msg_has(&read_msg, q, "after") > 1 || (tail && limit))
        return err_set(e, ERR_INVALID,
                       "give one of 'after', 'before' and 'tail', and 'limit' "
                       "only with the first two");
    if (q->search.n && q->match.n)
        return err_set(e, ERR_INVALID, "give 'search' or 'match', not both");
    *out = (console_query){.backward = tail || before,
                           .one_stream = msg_has(&read_msg, q, "stream"),
                           .stream = (console_stream)q->stream,
                           .search = q->match.n ? q->match : q->search,
                           .pattern = q->match.n > 0};
    out->from = tail     ? INT64_MAX
                : before ? q->before - (q->before > INT64_MIN)
                         : q->after + (q->after < INT64_MAX);
    return native_limit(tail || limit, tail ? q->tail : q->limit, &out->max, e);
}

static bool read(call *k, void *msg, err *e) {
    id run_id;
    console_query plan;
    console_page page;
    if (!native_path_run(k, &run_id, e) || !read_plan(msg, &plan, e) ||
        !console_read(&k->c, run_id, &plan, &page, e))
        return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    json_m_i64(w, "lines", page.total);
    json_m_bool(w, "ended", page.ended);
    json_m_array(w, "items");
    for (size_t i = 0; i < page.n; i++) {
        const console_line *l = &page.lines[i];
        json_object(w);
        json_m_i64(w, "number", l->number);
        json_m_i64(w, "time_us", l->time_us);
        json_m_string(w, "stream", msg_name_of(shown_streams, l->stream));
        json_m_string(w, "text", l->text);
        json_object_end(w);
    }
    str next = {0};
    if (page.next)
        next = arena_printf(k->c.a, "%lld", (long long)page.next + (plan.backward ? 1 : -1));
    native_list_end(w, next);
    return true;
}
const rpc native_console_read = {.msg = &read_msg, .fn = read, .reply = &page_shape};

// ---- signs of life --------------------------------------------------------------------------

struct beat_query {
    uint64_t has;
    double every_s;
    str from;
};
static const msg_field beat_fields[] = {
    MSG_FIELD(struct beat_query, every_s, MSG_DOUBLE, MSG_REQUIRED,
              .doc = "seconds to the next one, 0.1 to 86400; 0: none is promised any more"),
    MSG_FIELD(struct beat_query, from, MSG_STRING, 0, .max = BEAT_FROM_MAX,
              .doc = "who gives it, in words, for the reason when none comes"),
};
static const msg_type beat_msg = MSG_TYPE(struct beat_query, beat_fields);

static bool give_beat(call *k, void *msg, err *e) {
    struct beat_query *q = msg;
    id run_id;
    bool sane = q->every_s == 0 || (q->every_s >= 0.1 && q->every_s <= BEAT_MAX_S);
    if (!sane) return err_set(e, ERR_INVALID, "'every_s' is 0, or 0.1 to 86400");
    return native_path_run(k, &run_id, e) &&
           beat(&k->c, run_id, (int64_t)(q->every_s * 1e6), q->from, e);
}
const rpc native_beat = {.msg = &beat_msg, .fn = give_beat};
