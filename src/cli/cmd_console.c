// SPDX-License-Identifier: Apache-2.0
// console: prints the lines of a run, follows them while it runs; send: sends what `stemma run`
// had to keep. One thread.
#include "base/clock.h"
#include "cli/outbox.h"
#include "cli/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE      1000
#define FOLLOW_US 500000

typedef struct reading {
    const cli_options *o;
    arena *a;
    cli_client *client;
    str path;   // with the query, up to the place of a page
    int64_t at; // the number of the last line that was looked at
    bool ended; // the run
    bool plain; // to a terminal: only colours may control it
} reading;

// ---- a line ---------------------------------------------------------------------------------

// The length of a colour (ESC [ digits and ; m) at p, 0 when there is none.
static size_t colour(str s) {
    size_t n = 2;
    if (!str_starts(s, STR("\x1b["))) return 0;
    while (n < s.n && ((s.p[n] >= '0' && s.p[n] <= '9') || s.p[n] == ';'))
        n++;
    return n < s.n && s.p[n] == 'm' ? n + 1 : 0;
}

// What a program printed may hold anything; a terminal must not obey it.
static void print_plain(str text) {
    bool coloured = false;
    for (size_t i = 0; i < text.n;) {
        size_t n = colour(str_from(text, i));
        unsigned char c = (unsigned char)text.p[i];
        bool c1 = c == 0xc2 && i + 1 < text.n && (unsigned char)text.p[i + 1] < 0xa0;
        coloured = coloured || n;
        if (n) {
            fwrite(text.p + i, 1, n, stdout);
        } else if (c1 || ((c < 32 || c == 127) && c != '\t')) {
            printf("\\x%02x", c1 ? (unsigned char)text.p[i + 1] : c);
            n = c1 ? 2 : 1;
        } else {
            putchar(c);
            n = 1;
        }
        i += n;
    }
    if (coloured) fputs("\x1b[m", stdout);
}

static void print_line(const reading *r, const json_value *line) {
    str text = cli_text(line, "text");
    if (r->plain)
        print_plain(text);
    else
        fwrite(text.n ? text.p : "", 1, text.n, stdout);
    putchar('\n');
}

// ---- pages ----------------------------------------------------------------------------------

// The page at `place`; *next, when there is one, is in the arena.
static json_value *get_page(reading *r, arena *a, str place, str *next, err *e) {
    str text, path = arena_printf(a, "%.*s%.*s", STR_F(r->path), STR_F(place));
    json_value *page = cli_call(r->client, "GET", path, (str){0}, &text, e);
    if (!page) return NULL;
    const json_value *more = json_get(page, "next");
    const json_value *lines = json_get(page, "lines");
    r->ended = cli_true(page, "ended");
    r->at = lines ? lines->i : 0;
    *next = more ? more->text : (str){0};
    if (r->o->json.n) printf("%.*s\n", STR_F(text));
    return page;
}

static void print_page(const reading *r, const json_value *page) {
    const json_value *items = json_get(page, "items");
    for (const json_value *l = items && !r->o->json.n ? items->child : NULL; l; l = l->next)
        print_line(r, l);
    fflush(stdout);
}

// Everything behind line r->at; every page has an arena of its own.
static bool print_on(reading *r, err *e) {
    str next;
    bool ok;
    do {
        arena *a = arena_new(), *before = cli_use_arena(r->client, a);
        str place = arena_printf(a, "&after=%lld&limit=%d", (long long)r->at, PAGE);
        json_value *page = get_page(r, a, place, &next, e);
        ok = page != NULL;
        if (ok) print_page(r, page);
        if (next.n) str_to_i64(next, &r->at);
        cli_use_arena(r->client, before);
        arena_free(a);
    } while (ok && next.n);
    return ok;
}

// The last lines: pages from the end, printed from the first one found.
static bool print_tail(reading *r, int64_t want, err *e) {
    json_value *pages[1000];
    size_t n = 0;
    int64_t end = 0;
    str place = arena_printf(r->a, "&before=%lld", (long long)INT64_MAX);
    while (want > 0 && n < sizeof pages / sizeof *pages) {
        int64_t limit = want < PAGE ? want : PAGE;
        str next;
        place = arena_printf(r->a, "%.*s&limit=%lld", STR_F(place), (long long)limit);
        if (!(pages[n] = get_page(r, r->a, place, &next, e))) return false;
        if (!n) end = r->at;
        const json_value *items = json_get(pages[n++], "items");
        want -= items ? (int64_t)items->n : 0;
        if (!next.n) break;
        place = arena_printf(r->a, "&before=%.*s", STR_F(next));
    }
    while (n)
        print_page(r, pages[--n]);
    r->at = end;
    return true;
}

static bool follow(reading *r, err *e) {
    while (!r->ended) {
        usleep(FOLLOW_US);
        if (!print_on(r, e)) return false;
    }
    return print_on(r, e); // what came with the end
}

static bool plan(reading *r, int64_t *tail, err *e) {
    const cli_options *o = r->o;
    cli_session s = {.o = o, .a = r->a, .c = r->client};
    str run_id;
    if (!cli_number(o->tail, tail)) return err_set(e, ERR_INVALID, "--tail takes a number");
    if (o->search.n && o->match.n)
        return err_set(e, ERR_INVALID, "give --search or --match, not both");
    if (!cli_run_named(&s, o->words[0], &run_id)) {
        *e = s.e;
        return false;
    }
    r->path =
        arena_printf(r->a, "%.*s?%s%.*s%s%.*s", STR_F(cli_run_path(r->a, run_id, "/console")),
                     o->search.n  ? "search="
                     : o->match.n ? "match="
                                  : "",
                     STR_F(http_client_escape(r->a, o->search.n ? o->search : o->match)),
                     o->stream.n ? "&stream=" : "", STR_F(http_client_escape(r->a, o->stream)));
    return true;
}

int cmd_console(const cli_options *o, arena *a) {
    err e = {0};
    int64_t tail = 0;
    reading r = {.o = o, .a = a, .plain = isatty(1)};
    bool ok = (r.client = cli_connect(o, a, &e)) != NULL && plan(&r, &tail, &e);
    ok = ok && (tail ? print_tail(&r, tail, &e) : print_on(&r, &e));
    if (ok && o->follow.n) ok = follow(&r, &e);
    cli_disconnect(r.client);
    return ok ? CLI_OK : cli_fail(&e);
}

// ---- send -----------------------------------------------------------------------------------

// The file goes when the server has all of it; *refused when it has not.
static bool send_file(http_client *http, const char *file, bool *refused, err *e) {
    outbox_report report;
    if (!outbox_send_file(http, file, &report, e)) return false;
    if (!report.refused) {
        unlink(file);
        return true;
    }
    *refused = true;
    fprintf(stderr, "stemma: the server refused %llu requests of %s, which stays: %s\n",
            (unsigned long long)report.refused, file, report.why.msg);
    return true;
}

int cmd_send(const cli_options *o, arena *a) {
    err e = {0};
    bool refused = false;
    cli_client *c = cli_connect(o, a, &e);
    http_client *http = NULL;
    if (c) {
        http_client_config config = cli_http_config(c, a);
        http = http_client_new(&config, &e);
    }
    bool ok = http != NULL;
    for (size_t i = 0; ok && i < o->n_words; i++)
        ok = send_file(http, arena_cstr(a, o->words[i]), &refused, &e);
    http_client_free(http);
    cli_disconnect(c);
    if (!ok) return cli_fail(&e);
    return refused ? CLI_FAILED : CLI_OK;
}
