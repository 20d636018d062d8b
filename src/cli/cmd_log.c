// SPDX-License-Identifier: Apache-2.0
// log: metrics, configuration and tags of a run from the command line, or from a stream of JSON
// objects on standard input, a line each: {"step": 3, "loss": 0.5, "acc": 0.9}. With a repo and
// nothing to log it shows the repo's history (cmd_history.c). One thread.
#include "base/clock.h"
#include "base/num.h"
#include "cli/pairs.h"
#include "cli/session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH_POINTS 1000
#define BATCH_MAX    (1u << 20)
#define BATCH_BYTES  (BATCH_MAX / 4) // then it is sent: a point with the longest key still fits
#define LINE_MOST    (256u << 10)
#define QUIET_MS     1000 // a stream that pauses: what is there is sent

typedef struct logging {
    const cli_options *o;
    arena *a;
    cli_client *client;
    str path;
    int64_t step, time_ms; // of points that do not say; time 0: now
    buf body;
    json_writer w;
    size_t n;        // points in it
    uint64_t points; // in all
    bool bad_line;   // of standard input: those before it are logged
} logging;

static void begin(logging *l) {
    buf_clear(&l->body);
    l->w = json_writer_new(&l->body);
    l->n = 0;
    json_object(&l->w);
}

static bool send(logging *l, err *e) {
    json_object_end(&l->w);
    if (l->body.full) return err_set(e, ERR_TOO_LARGE, "this is too much for one request");
    return cli_call(l->client, "POST", l->path, buf_view(&l->body), NULL, e) != NULL;
}

static void put_point(logging *l, str key, int64_t step, int64_t time_ms, double value) {
    if (!l->n++) json_m_array(&l->w, "points");
    l->points++;
    json_object(&l->w);
    json_m_string(&l->w, "key", key);
    json_m_i64(&l->w, "step", step);
    json_m_i64(&l->w, "time_ms", time_ms ? time_ms : clock_now_us() / 1000);
    json_m_f64(&l->w, "value", value);
    json_object_end(&l->w);
}

static bool send_points(logging *l, err *e) {
    if (l->n) {
        json_array_end(&l->w);
        if (!send(l, e)) return false;
    }
    begin(l);
    return true;
}

// ---- from the command line ------------------------------------------------------------------

static bool put_words(logging *l, size_t from, err *e) {
    for (size_t i = from; i < l->o->n_words; i++) {
        kv p;
        double value;
        if (str_is(l->o->words[i], "-")) continue;
        if (!cli_key_value(l->o->words[i], &p.key, &p.value, e)) return false;
        if (!num_parse_f64(p.value, &value))
            return err_set(e, ERR_INVALID,
                           "'%.*s' is no number; texts are logged with --config "
                           "or --tag",
                           STR_F(p.value));
        if (!cli_check_range(p.value, value, e)) return false;
        put_point(l, p.key, l->step, l->time_ms, value);
    }
    if (l->n) json_array_end(&l->w);
    return true;
}

static bool put_list(logging *l, const char *option, const char *quoted, size_t n_quoted,
                     str texts, err *e) {
    kv *v;
    size_t n;
    if (!cli_pairs(l->a, option, texts, &v, &n, e)) return false;
    if (!n) return true;
    json_key_lit(&l->w, quoted, n_quoted);
    json_array(&l->w);
    cli_put_pairs(&l->w, v, n);
    json_array_end(&l->w);
    return true;
}

static bool log_words(logging *l, size_t from, err *e) {
    begin(l);
    return put_words(l, from, e) &&
           put_list(l, "--config", "\"config\":", 9, l->o->config, e) &&
           put_list(l, "--tag", "\"tags\":", 7, l->o->tag, e) && send(l, e);
}

// ---- from standard input --------------------------------------------------------------------

static bool bad_line(logging *l, err *e, uint64_t number, str why) {
    l->bad_line = true;
    return err_set(e, ERR_INVALID,
                   "line %llu: %.*s; a line is an object such as {\"step\":3,\"loss\":0.5}",
                   (unsigned long long)number, STR_F(why));
}

// A number, or a text that is one; else the sentence is in e.
static bool value_of(const json_value *v, double *out, err *e) {
    bool number = v->type == JSON_INT || v->type == JSON_DOUBLE;
    if (number) *out = v->f;
    if (!number && (v->type != JSON_STRING || !num_parse_f64(v->text, out)))
        return err_set(e, ERR_INVALID, "a value is no number");
    return cli_check_range(v->text, *out, e);
}

// The member's value; `usual` when there is none.
static bool whole_of(const json_value *line, const char *key, int64_t usual, int64_t *out,
                     err *e) {
    const json_value *v = json_get(line, key);
    bool there = v && v->type != JSON_NULL;
    *out = there ? v->i : usual;
    return !there || v->type == JSON_INT ||
           err_set(e, ERR_INVALID, "'%s' is no whole number", key);
}

static bool is_point(const json_value *v) {
    return v->type != JSON_NULL && !str_is(v->key, "step") && !str_is(v->key, "time_ms");
}

// Every member but step and time_ms is a metric. All of them are points, or none is put.
static bool check_members(const logging *l, const json_value *line, int64_t *step,
                          int64_t *time_ms, err *e) {
    if (line->type != JSON_OBJECT) return err_set(e, ERR_INVALID, "it is no object");
    if (!whole_of(line, "step", l->step, step, e) ||
        !whole_of(line, "time_ms", l->time_ms, time_ms, e))
        return false;
    double value;
    for (const json_value *v = line->child; v; v = v->next)
        if (is_point(v) && !value_of(v, &value, e)) return false;
    return true;
}

// A wide line is more than one request: what is there is sent in between.
static bool put_members(logging *l, const json_value *line, int64_t step, int64_t time_ms,
                        err *e) {
    double value;
    for (const json_value *v = line->child; v; v = v->next) {
        if (!is_point(v) || !value_of(v, &value, e)) continue;
        put_point(l, v->key, step, time_ms, value);
        if ((l->n >= BATCH_POINTS || l->body.n >= BATCH_BYTES) && !send_points(l, e))
            return false;
    }
    return true;
}

static bool put_line(logging *l, str text, uint64_t number, err *e) {
    str why = {0};
    err wrong = {0};
    if (!str_trim(text).n) return true;
    int64_t step, time_ms;
    arena *a = arena_new();
    const json_value *line = json_parse(a, text, JSON_NAN, &why);
    bool good = line && check_members(l, line, &step, &time_ms, &wrong);
    if (line && !good) why = str_of(wrong.msg);
    bool ok = good ? put_members(l, line, step, time_ms, e) : bad_line(l, e, number, why);
    arena_free(a);
    return ok;
}

static bool put_lines(logging *l, buf *b, bool end, uint64_t *number, err *e) {
    size_t from = 0;
    for (size_t newline; (newline = str_find(buf_view(b), '\n', from)) != SIZE_MAX;) {
        if (!put_line(l, str_from(str_upto(buf_view(b), newline), from), ++*number, e))
            return false;
        from = newline + 1;
    }
    buf_drop(b, from);
    return !end || put_line(l, buf_view(b), ++*number, e);
}

static bool log_input(logging *l, err *e) {
    buf b = BUF_MAX(LINE_MOST);
    uint64_t number = 0;
    bool ok = true;
    begin(l);
    while (ok) {
        struct pollfd f = {0, POLLIN, 0};
        if (l->n && poll(&f, 1, QUIET_MS) == 0) ok = send_points(l, e);
        char *room = buf_room(&b, 16u << 10);
        if (!room) ok = bad_line(l, e, number + 1, STR("it is too long"));
        ssize_t n = ok ? read(0, room, 16u << 10) : 0;
        if (n > 0) b.n += (size_t)n;
        ok = ok && put_lines(l, &b, n <= 0, &number, e);
        if (n <= 0) break;
    }
    buf_free(&b);
    err late = {0};
    if (l->bad_line && !send_points(l, &late)) *e = late;
    return ok && send_points(l, e);
}

// ---- the command ----------------------------------------------------------------------------

// The run is the first word, when that is no KEY=VALUE; else that of `stemma run` around us.
static bool first_is_run(const cli_options *o) {
    str word = o->n_words ? o->words[0] : (str){0};
    return word.n && !str_is(word, "-") && str_find(word, '=', 0) == SIZE_MAX;
}

static bool find_run(logging *l, err *e) {
    cli_session s = {.o = l->o, .a = l->a, .c = l->client};
    str word = first_is_run(l->o) ? l->o->words[0] : str_of(getenv("STEMMA_RUN_ID")), run_id;
    bool ok = word.n
                  ? cli_run_named(&s, word, &run_id)
                  : err_set(&s.e, ERR_INVALID,
                            "name the run: stemma log RUN key=value (within 'stemma run' it is "
                            "known)");
    if (ok) l->path = cli_run_path(l->a, run_id, "/log");
    if (!ok) *e = s.e;
    return ok;
}

static bool read_options(logging *l, err *e) {
    if (l->o->step.n && !str_to_i64(l->o->step, &l->step))
        return err_set(e, ERR_INVALID, "--step takes a whole number, not '%.*s'",
                       STR_F(l->o->step));
    if (l->o->time.n && !str_to_i64(l->o->time, &l->time_ms))
        return err_set(e, ERR_INVALID, "--time takes milliseconds since 1970, not '%.*s'",
                       STR_F(l->o->time));
    return true;
}

static bool has_input(const cli_options *o) {
    for (size_t i = 0; i < o->n_words; i++) {
        if (str_is(o->words[i], "-")) return true;
    }
    return false;
}

// A word that can not be a run, and nothing to log: the history of a repo is asked for.
static bool is_repo(const cli_options *o) {
    return o->n_words == 1 && first_is_run(o) && !cli_is_run_name(o->words[0]) &&
           !o->config.n && !o->tag.n;
}

int cmd_log(const cli_options *o, arena *a) {
    if (is_repo(o)) return cmd_log_repo(o, a);
    err e = {0};
    size_t from = first_is_run(o);
    logging l = {.o = o, .a = a, .body = BUF_MAX(BATCH_MAX)};
    bool input = has_input(o), words = o->n_words > from + input || o->config.n || o->tag.n;
    bool ok = read_options(&l, &e);
    if (ok && !words && !input)
        ok =
            err_set(&e, ERR_INVALID,
                    "nothing to log: give KEY=VALUE, --config, --tag, or - for standard input");
    ok = ok && (l.client = cli_connect(o, a, &e)) != NULL && find_run(&l, &e);
    ok = ok && (!words || log_words(&l, from, &e)) && (!input || log_input(&l, &e));
    cli_disconnect(l.client);
    buf_free(&l.body);
    if (!ok) return cli_fail(&e);
    if (o->json.n) printf("{\"points\":%llu}\n", (unsigned long long)l.points);
    return CLI_OK;
}
