// SPDX-License-Identifier: Apache-2.0
// session: see session.h.
#include "cli/session.h"

#include <signal.h>
#include <time.h>

// An expression with a caret below the place of its error.
static void point_at(const cli_session *s) {
    int64_t at = s->c ? cli_error_at(s->c) : -1;
    bool here = str_starts(str_of(s->e.msg), STR("'where'")); // not in --sort or --columns
    if (at < 0 || !here || !s->expression.n) return;
    bool utf8 = out_is_utf8();
    str before = out_escape(s->a, str_upto(s->expression, (size_t)at), utf8);
    str behind = out_escape(s->a, str_from(s->expression, (size_t)at), utf8);
    fprintf(stderr, "    %.*s%.*s\n    %*s^\n", STR_F(before), STR_F(behind), out_width(before),
            "");
}

int cli_talk(const cli_options *o, arena *a, bool (*fn)(cli_session *s)) {
    cli_session s = {.o = o, .a = a};
    err written = {0};
    bool ok = out_open(&s.t, o, a, &s.e) && (s.c = cli_connect(o, a, &s.e)) && fn(&s);
    bool wrote = out_close(&s.t, &written);
    if (!ok && s.e.code != ERR_NONE) {
        cli_fail(&s.e);
        point_at(&s);
    }
    cli_disconnect(s.c);
    if (!ok) return s.e.code != ERR_NONE ? cli_status_of(&s.e) : CLI_FAILED;
    return wrote ? s.code : cli_fail(&written);
}

// What the server, or somebody's name within its sentence, says moves no cursor either.
void cli_warn(str sentence) {
    arena *a = arena_new();
    bool utf8 = out_is_utf8();
    fprintf(stderr, "stemma: ");
    for (str line; str_split(&sentence, '\n', &line);)
        fprintf(stderr, "%.*s\n", STR_F(out_escape(a, line, utf8)));
    arena_free(a);
}

int cli_fail(const err *e) {
    cli_warn(str_of(e->msg));
    return cli_status_of(e);
}

void cli_put_json(cli_session *s, str json) {
    out_json(&s->t, json);
    out_add(&s->t, STR("\n"));
}

bool cli_write_out(void *session, const void *p, size_t n) {
    cli_session *s = session;
    out_add(&s->t, str_n(p, n));
    return !s->t.gone;
}

void cli_line(cli_session *s, const char *label, str text, out_style style) {
    if (!text.n) return;
    out_printf(&s->t, "%s%-10s%s", out_begin(&s->t, OUT_DIM), label, out_end(&s->t));
    out_add(&s->t, str_of(out_begin(&s->t, style)));
    out_safe(&s->t, text);
    if (style != OUT_PLAIN) out_add(&s->t, str_of(out_end(&s->t)));
    out_add(&s->t, STR("\n"));
}

// ---- values of replies ----------------------------------------------------------------------

str cli_value_text(const json_value *v) {
    if (!v) return (str){0};
    switch (v->type) {
    case JSON_TRUE: return STR("true");
    case JSON_FALSE: return STR("false");
    case JSON_INT:
    case JSON_DOUBLE:
    case JSON_STRING: return v->text;
    default: return (str){0};
    }
}

str cli_text(const json_value *object, const char *key) {
    return cli_value_text(object ? json_get(object, key) : NULL);
}

int64_t cli_int(const json_value *object, const char *key, int64_t none) {
    const json_value *v = object ? json_get(object, key) : NULL;
    return v && v->type == JSON_INT ? v->i : none;
}

bool cli_true(const json_value *object, const char *key) {
    const json_value *v = object ? json_get(object, key) : NULL;
    return v && v->type == JSON_TRUE;
}

str cli_json_text(arena *a, str s) {
    buf b = BUF_MAX(SIZE_MAX / 2);
    json_writer w = json_writer_new(&b);
    json_string(&w, s);
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

str cli_json_with(arena *a, str object, const char *name, str value) {
    str open = str_upto(object, str_behind_last(object, '}') - 1);
    return arena_printf(a, "%.*s,\"%s\":%.*s}", STR_F(open), name, STR_F(value));
}

str cli_lines_json(arena *a, str lines) {
    str out = STR("["), line;
    for (str rest = lines; lines.n && str_split(&rest, '\n', &line);)
        out = arena_printf(a, "%.*s%s%.*s", STR_F(out), out.n > 1 ? "," : "",
                           STR_F(cli_json_text(a, line)));
    return arena_printf(a, "%.*s]", STR_F(out));
}

str cli_run_path(arena *a, str run_id, const char *rest) {
    return arena_printf(a, "/runs/%.*s%s", STR_F(run_id), rest);
}

str cli_project_path(arena *a, str project, const char *rest) {
    return arena_printf(a, "/projects/%.*s%s", STR_F(http_client_escape(a, project)), rest);
}

// ---- signals --------------------------------------------------------------------------------

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

void cli_catch_interrupt(void) {
    struct sigaction act = {.sa_handler = on_interrupt}; // no SA_RESTART: waits end
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

bool cli_interrupted(void *unused) {
    (void)unused;
    return interrupted;
}

void cli_wait(int64_t us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    if (!interrupted) nanosleep(&t, NULL);
}
