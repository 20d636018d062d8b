// SPDX-License-Identifier: Apache-2.0
// events: the log, newest first, and live what comes: a stream that broke goes on behind the
// last number that was shown. One thread.
#include "base/clock.h"
#include "cli/fields.h"

#define FOLLOW_BACK 10 // events shown before new ones
#define LINE_MAX    (64u << 10)
#define PATIENCE    10 // tries in a row that may fail
#define PAUSE_US    1000000

static str project_query(cli_session *s) {
    if (!s->o->project.n) return (str){0};
    return arena_printf(s->a, "&project=%.*s", STR_F(http_client_escape(s->a, s->o->project)));
}

// ---- a list ---------------------------------------------------------------------------------

static bool put_event(void *arg, const json_value *e) {
    cli_listing *l = arg;
    cli_session *s = l->s;
    bool exact = s->o->csv.n > 0;
    out_row(l->table,
            (out_cell[]){{cli_text(e, "number"), OUT_DIM},
                         {cli_time_cell(s, cli_int(e, "time_us", 0), exact), OUT_PLAIN},
                         {cli_text(e, "kind"), OUT_PLAIN},
                         {cli_project_cell(e), OUT_PLAIN},
                         {cli_text(e, "object"), OUT_PLAIN},
                         {cli_text(e, "user"), cli_true(e, "proven") ? OUT_BOLD : OUT_PLAIN}});
    return true;
}

// "/events?order=newest&project=..."
static str list_path(cli_session *s, bool oldest) {
    return arena_printf(s->a, "/events?order=%s%.*s", oldest ? "oldest" : "newest",
                        STR_F(project_query(s)));
}

static bool list(cli_session *s) {
    static const out_column columns[] = {
        {STR_K("number"), OUT_RIGHT, 4}, {STR_K("time"), OUT_WHOLE, 0},
        {STR_K("event"), OUT_WHOLE, 0},  {STR_K("project"), 0, 3},
        {STR_K("object"), 0, 1},         {STR_K("user"), 0, 2}};
    return cli_show_table(s, list_path(s, s->o->oldest.n > 0), columns, 6, put_event);
}

// ---- live -----------------------------------------------------------------------------------

struct follow {
    cli_session *s;
    arena *event;    // of the one being shown
    buf line, data;  // of the stream
    char number[24]; // of the last one
    bool moved;      // something came over this connection
};

static void show_event(struct follow *f, str data) {
    cli_session *s = f->s;
    arena *own = s->a, *own_of_out = s->t.a;
    s->a = s->t.a = f->event;
    const json_value *e = json_parse(f->event, data, 0, NULL);
    if (e && s->o->json.n) {
        cli_put_json(s, data);
    } else if (e) {
        str time = clock_rfc3339(f->event, cli_int(e, "time_us", 0));
        out_printf(&s->t, "%.19sZ  %-16.*s  ", time.p, STR_F(cli_text(e, "kind")));
        out_safe(&s->t, cli_text(e, "object"));
        out_add(&s->t, STR("  "));
        out_safe(&s->t, cli_text(e, "user"));
        out_add(&s->t, STR("\n"));
    }
    fflush(s->t.to);
    s->a = own;
    s->t.a = own_of_out;
    arena_reset(f->event);
}

// A line of the stream: "id: 17", "data: {...}", or the empty one that ends an event.
static void take_line(struct follow *f, str line) {
    if (str_ends(line, STR("\r"))) line.n--;
    if (str_starts(line, STR("id:")))
        snprintf(f->number, sizeof f->number, "%.*s", STR_F(str_trim(str_from(line, 3))));
    else if (str_starts(line, STR("data:")))
        buf_str(&f->data, str_trim(str_from(line, 5)));
    else if (!line.n && f->data.n) {
        show_event(f, buf_view(&f->data));
        buf_clear(&f->data);
    }
}

static bool on_bytes(void *arg, const void *p, size_t n) {
    struct follow *f = arg;
    str rest = str_n(p, n);
    f->moved = true;
    for (size_t end; (end = str_find(rest, '\n', 0)) != SIZE_MAX;
         rest = str_from(rest, end + 1)) {
        buf_str(&f->line, str_upto(rest, end));
        take_line(f, buf_view(&f->line));
        buf_clear(&f->line);
    }
    buf_str(&f->line, rest);
    return !f->line.full && !f->data.full && !f->s->t.gone;
}

static bool may_come(const err *e) {
    return e->code == ERR_NONE || e->code == ERR_UNAVAILABLE || e->code == ERR_DEADLINE;
}

static bool follow(cli_session *s, int64_t after) {
    struct follow f = {
        .s = s, .event = arena_new(), .line = BUF_MAX(LINE_MAX), .data = BUF_MAX(LINE_MAX)};
    snprintf(f.number, sizeof f.number, "%lld", (long long)after);
    out_live(&s->t);
    cli_catch_interrupt();
    for (int failed = 0; failed < PATIENCE && !cli_interrupted(NULL) && !s->t.gone;) {
        http_exchange x = {.method = "GET",
                           .accept = "text/event-stream",
                           .write = on_bytes,
                           .stop = cli_interrupted,
                           .arg = &f};
        x.path = arena_printf(s->a, "/api/v1/events/stream?after=%s%.*s", f.number,
                              STR_F(project_query(s)));
        s->e = (err){0};
        f.moved = false;
        cli_exchange(s->c, &x, &s->e);
        if (!may_come(&s->e)) break;
        failed = f.moved ? 0 : failed + 1;
        cli_wait(PAUSE_US);
    }
    bool left = cli_interrupted(NULL) || s->t.gone;
    if (left) s->e = (err){0};
    arena_free(f.event);
    buf_free(&f.line);
    buf_free(&f.data);
    return left;
}

static bool note_number(void *arg, const json_value *event) {
    *(int64_t *)arg = cli_int(event, "number", 1) - 1;
    return true;
}

// Behind which number the newest n events begin; n 0: all.
static bool newest(cli_session *s, int64_t n, int64_t *after) {
    cli_list l = {.method = "GET", .path = list_path(s, false), .limit = n};
    *after = 0;
    return !n || cli_each(s, &l, note_number, after);
}

static bool events(cli_session *s) {
    int64_t after = 0;
    if (str_find(s->o->project, '\n', 0) != SIZE_MAX)
        return err_set(&s->e, ERR_INVALID, "events can be of one --project only");
    if (s->o->after.n && !str_to_i64(s->o->after, &after))
        return err_set(&s->e, ERR_INVALID, "--after takes the number of an event, not '%.*s'",
                       STR_F(s->o->after));
    if (!s->o->follow.n) return list(s);
    int64_t back = cli_given(s->o, "limit") ? cli_limit(s->o) : FOLLOW_BACK;
    return (s->o->after.n || newest(s, back, &after)) && follow(s, after);
}

int cmd_events(const cli_options *o, arena *a) {
    err e = {0};
    // With PostgreSQL others write too; a folder with SQLite is this command's alone.
    if (o->follow.n && cli_is_within(o) && !o->db.n) {
        err_set(&e, ERR_INVALID,
                "--follow needs a server: nobody writes to '%.*s' while a command has it open; "
                "start 'stemma serve' on it and name that with --url",
                STR_F(o->data));
        return cli_fail(&e);
    }
    return cli_talk(o, a, events);
}
