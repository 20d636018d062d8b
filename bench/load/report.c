// SPDX-License-Identifier: Apache-2.0
// report: a command's result, kept in both spellings until it is printed.
#include "load/load.h"

#include <inttypes.h>
#include <stdio.h>

void report_init(report *r, arena *a) {
    r->a = a;
    r->json = BUF_MAX(16 << 20);
    r->text = BUF_MAX(16 << 20);
    r->w = json_writer_new(&r->json);
    json_object(&r->w);
}

void report_i64(report *r, const char *name, int64_t v) {
    json_key(&r->w, str_of(name));
    json_i64(&r->w, v);
    buf_printf(&r->text, "%-24s %" PRId64 "\n", name, v);
}

void report_f64(report *r, const char *name, double v) {
    json_key(&r->w, str_of(name));
    json_f64(&r->w, v);
    buf_printf(&r->text, "%-24s %.4f\n", name, v);
}

void report_text(report *r, const char *name, str v) {
    json_key(&r->w, str_of(name));
    json_string(&r->w, v);
    buf_printf(&r->text, "%-24s %.*s\n", name, STR_F(v));
}

void report_json(report *r, const char *name, str ready_made) {
    json_key(&r->w, str_of(name));
    json_put(&r->w, ready_made);
    buf_printf(&r->text, "%-24s %.*s\n", name, STR_F(ready_made));
}

void report_print(const report *r, bool as_json) {
    if (as_json)
        printf("%.*s}\n", STR_F(buf_view(&r->json)));
    else
        printf("%.*s", STR_F(buf_view(&r->text)));
    fflush(stdout);
}

int failed(report *r, const char *error) {
    report_text(r, "error", str_of(error));
    fprintf(stderr, "b_load: %s\n", error);
    return 1;
}
