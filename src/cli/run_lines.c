// SPDX-License-Identifier: Apache-2.0
// run_lines: from what the program prints to batches for its run's console. A batch is closed
// every second, or when it is large. A line without an end waits: a progress bar for
// PATIENCE_US, so that its states do not become lines, any other for a while in case its end
// still comes.
#include "cli/run_cmd.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_US    1000000
#define BATCH_BYTES (256u << 10)
#define BATCH_LINES 8000
#define BATCH_MAX   (2u << 20)
#define OPEN_US     2000000  // how long a line may wait for its end
#define PATIENCE_US 30000000 // the same, when it is drawn again and again

struct run_lines {
    outbox *box;
    char path[64];
    char source[ID_HEX];
    int64_t number; // of the batch
    buf body;       // of the batch being filled; empty: it has no line yet
    json_writer w;
    uint64_t n;            // its lines
    int64_t due;           // when it is closed
    console_stream stream; // of what is being fed
    struct {
        console_splitter s;
        int64_t since; // when its open line began; 0: none is open
    } of[2];
    uint64_t lost;
};

run_lines *run_lines_new(outbox *o, str run_id) {
    run_lines *l = mem_alloc(sizeof *l);
    l->box = o;
    snprintf(l->path, sizeof l->path, "/runs/%.*s/console", STR_F(run_id));
    id_hex(id_new(), l->source);
    l->body = BUF_MAX(BATCH_MAX);
    for (int i = 0; i < 2; i++)
        console_splitter_init(&l->of[i].s);
    return l;
}

static void begin_batch(run_lines *l) {
    l->w = json_writer_new(&l->body);
    l->due = clock_mono_us() + BATCH_US;
    json_object(&l->w);
    json_m_string(&l->w, "source", str_of(l->source));
    json_m_i64(&l->w, "batch", ++l->number);
    json_m_array(&l->w, "lines");
}

static void end_batch(run_lines *l) {
    if (!l->n) return;
    json_array_end(&l->w);
    json_object_end(&l->w);
    if (l->body.full ||
        !outbox_put(l->box, "POST", str_of(l->path), "application/json", buf_view(&l->body)))
        l->lost += l->n;
    l->n = 0;
    buf_clear(&l->body);
}

static void add_line(void *arg, str text) {
    run_lines *l = arg;
    if (!l->n++) begin_batch(l);
    json_object(&l->w);
    json_m_i64(&l->w, "time_us", clock_now_us());
    if (l->stream == CONSOLE_ERR) json_m_string(&l->w, "stream", STR("err"));
    json_m_string(&l->w, "text", text);
    json_object_end(&l->w);
    if (l->body.n >= BATCH_BYTES || l->n >= BATCH_LINES) end_batch(l);
}

void run_lines_feed(run_lines *l, console_stream s, str bytes) {
    bool ends = memrchr(bytes.p, '\n', bytes.n) != NULL;
    l->stream = s;
    console_feed(&l->of[s].s, bytes, add_line, l);
    if (!l->of[s].s.line.n)
        l->of[s].since = 0;
    else if (ends || !l->of[s].since)
        l->of[s].since = clock_mono_us();
}

int64_t run_lines_flush(run_lines *l, bool end) {
    int64_t now = clock_mono_us(), next = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        int64_t wait = l->of[i].s.redrawn ? PATIENCE_US : OPEN_US;
        int64_t due = l->of[i].since ? l->of[i].since + wait : INT64_MAX;
        if (end || due <= now) {
            l->stream = (console_stream)i;
            console_flush(&l->of[i].s, add_line, l);
            l->of[i].since = 0;
        } else if (due < next) {
            next = due;
        }
    }
    if (l->n && (end || l->due <= now)) end_batch(l);
    if (l->n && l->due < next) next = l->due;
    return next;
}

uint64_t run_lines_lost(const run_lines *l) {
    return l->lost;
}

void run_lines_free(run_lines *l) {
    for (int i = 0; i < 2; i++)
        console_splitter_free(&l->of[i].s);
    buf_free(&l->body);
    free(l);
}
