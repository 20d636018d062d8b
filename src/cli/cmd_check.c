// SPDX-License-Identifier: Apache-2.0
// check: reads everything and names what is damaged: the engine's own check, events, series,
// search columns, objects.
#include "cli/cli_internal.h"
#include "core/check.h"

#include "base/json.h"
#include "cli/out.h"

#include <stdio.h>

cli_findings cli_findings_new(const cli_options *o) {
    return (cli_findings){.quiet = o->json.n > 0, .list = BUF_MAX(SIZE_MAX / 2)};
}

void cli_list_damage(buf *list, str of, str where, str what) {
    json_writer w = json_writer_new(list);
    if (list->n) buf_byte(list, ',');
    json_object(&w);
    if (of.n) json_m_string(&w, "of", of);
    if (where.n) json_m_string(&w, "where", where);
    json_m_string(&w, "what", what);
    json_object_end(&w);
}

// Names in it are somebody's.
static void print_damage(str where, str what) {
    arena *a = arena_new();
    bool utf8 = out_is_utf8();
    printf("damaged: %.*s: %.*s\n", STR_F(out_escape(a, where, utf8)),
           STR_F(out_escape(a, what, utf8)));
    arena_free(a);
}

void cli_found(void *findings, const char *where, const char *what) {
    cli_findings *f = findings;
    if (f->n++ >= CLI_FOUND_MAX) return;
    if (f->quiet)
        cli_list_damage(&f->list, (str){0}, str_of(where), str_of(what));
    else
        print_damage(str_of(where), str_of(what));
}

int cli_findings_end(cli_findings *f, const char *counts) {
    unsigned long long n = f->n;
    if (f->quiet)
        printf("{\"whole\":%s,\"damaged\":%llu,%s,\"damage\":[%.*s]}\n", n ? "false" : "true",
               n, counts, STR_F(buf_view(&f->list)));
    else
        printf("%s: %llu damaged; %s\n", n ? "not whole" : "whole", n, counts);
    buf_free(&f->list);
    return n ? CLI_UNSOUND : CLI_OK;
}

static bool check_engine(cli_data *d, arena *a, cli_findings *f, err *e) {
    str report;
    if (!db_integrity(d->db, a, &report, e)) return false;
    for (str line; str_split(&report, '\n', &line);) {
        if (str_trim(line).n) cli_found(f, "database", arena_cstr(a, line));
    }
    return true;
}

static const char *counts_of(arena *a, const check_report *r, bool json) {
    return arena_printf(a,
                        json ? "\"events\":%llu,\"blocks\":%llu,\"consoles\":%llu,"
                               "\"objects\":%llu,\"bytes\":%llu"
                             : "%llu events, %llu blocks of points, %llu records of consoles, "
                               "%llu objects with %llu bytes",
                        (unsigned long long)r->events, (unsigned long long)r->blocks,
                        (unsigned long long)r->consoles, (unsigned long long)r->objects.objects,
                        (unsigned long long)r->objects.bytes)
        .p;
}

int cli_check(const cli_options *o, arena *a, cli_data *d) {
    err e = {0};
    cli_findings f = cli_findings_new(o);
    check_watch w = {.bad = cli_found, .arg = &f};
    check_report r;
    if (!check_engine(d, a, &f, &e) || !core_check(d->core, o->deep.n > 0, &w, &r, &e)) {
        buf_free(&f.list);
        return cli_fail(&e);
    }
    if (r.objects.orphan_files && !f.quiet) {
        printf("%llu files that no record names (stemma gc removes them once they are old)\n",
               (unsigned long long)r.objects.orphan_files);
    }
    return cli_findings_end(&f, counts_of(a, &r, f.quiet));
}

int cmd_check(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    if (o->n_words) return cmd_check_backup(o, a);
    if (!cli_data_there(o, a, &e) || !cli_open(o, a, false, &d, &e)) return cli_fail(&e);
    int code = cli_check(o, a, &d);
    cli_close(&d);
    return code;
}
