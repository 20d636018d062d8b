// SPDX-License-Identifier: Apache-2.0
// findings: see findings.h.
#include "cli/findings.h"

#include "base/json.h"
#include "cli/out.h"

#include <stdio.h>

static void print_line(void *unused, str line) {
    (void)unused;
    fwrite(line.p, 1, line.n, stdout);
}

findings findings_new(const cli_options *o, void (*print)(void *arg, str line), void *arg) {
    return (findings){.json = o->json.n > 0,
                      .list = BUF_MAX(SIZE_MAX / 2),
                      .print = print ? print : print_line,
                      .arg = arg};
}

void findings_free(findings *f) {
    buf_free(&f->list);
}

static void gather(buf *list, str of, str where, str what) {
    json_writer w = json_writer_new(list);
    if (list->n) buf_byte(list, ',');
    json_object(&w);
    if (of.n) json_m_string(&w, "of", of);
    if (where.n) json_m_string(&w, "where", where);
    json_m_string(&w, "what", what);
    json_object_end(&w);
}

// Names in it are somebody's.
static void print(const findings *f, str of, str where, str what) {
    arena *a = arena_new();
    str line = arena_printf(a, "%.*s%s%.*s: %.*s", STR_F(of), of.n && where.n ? " " : "",
                            STR_F(where), STR_F(what));
    line = out_escape(a, line, out_is_utf8());
    f->print(f->arg, arena_printf(a, "damaged: %.*s\n", STR_F(line)));
    arena_free(a);
}

void findings_tell(findings *f, str of, str where, str what) {
    if (f->told++ >= FINDINGS_TOLD) return;
    if (f->json)
        gather(&f->list, of, where, what);
    else
        print(f, of, where, what);
}

void findings_bad(void *found, const char *where, const char *what) {
    findings *f = found;
    f->n++;
    findings_tell(f, (str){0}, str_of(where), str_of(what));
}

str findings_json(arena *a, const findings *f, const char *counts) {
    return arena_printf(a, "{\"whole\":%s,\"damaged\":%llu,%s,\"damage\":[%.*s]}",
                        f->n ? "false" : "true", (unsigned long long)f->n, counts,
                        STR_F(buf_view(&f->list)));
}

int findings_end(findings *f, const char *counts) {
    arena *a = arena_new();
    if (f->json)
        printf("%s\n", findings_json(a, f, counts).p);
    else
        printf("%s: %llu damaged; %s\n", f->n ? "not whole" : "whole", (unsigned long long)f->n,
               counts);
    arena_free(a);
    findings_free(f);
    return f->n ? CLI_UNSOUND : CLI_OK;
}
