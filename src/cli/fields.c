// SPDX-License-Identifier: Apache-2.0
// fields: see fields.h.
#include "cli/fields.h"

#include "base/clock.h"

str cli_field_name(str text) {
    static const char *const ends[] = {" desc", " asc", " DESC", " ASC"};
    text = str_trim(text);
    for (size_t i = 0; i < 4; i++) {
        if (str_ends(text, str_of(ends[i])))
            return str_trim(str_upto(text, text.n - strlen(ends[i])));
    }
    return text;
}

void cli_fields_add(arena *a, cli_fields *to, str list) {
    char quote = 0;
    size_t from = 0;
    for (size_t i = 0; i <= list.n; i++) {
        char c = i < list.n ? list.p[i] : ',';
        if (i < list.n && quote) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'' || c == '`') {
            quote = c;
        } else if (c == ',' || c == '\n') {
            str one = str_trim((str){list.p + from, i - from});
            if (one.n) vec_push(a, to, one);
            from = i + 1;
        }
    }
}

bool cli_field_is_number(str field) {
    return str_starts(field, STR("metrics.")) || str_is(field, "duration");
}

out_style cli_status_style(str status) {
    if (str_is(status, "running")) return OUT_CYAN;
    if (str_is(status, "finished") || str_is(status, "done")) return OUT_GREEN;
    if (str_is(status, "failed") || str_is(status, "crashed")) return OUT_RED;
    if (str_is(status, "killed")) return OUT_YELLOW;
    return OUT_PLAIN;
}

str cli_time_cell(cli_session *s, int64_t us, bool exact) {
    if (us == INT64_MIN) return (str){0};
    return exact ? clock_rfc3339(s->a, us) : out_time(&s->t, us);
}

str cli_project_cell(const json_value *of) {
    str name = cli_text(of, "project_name");
    return name.n ? name : cli_text(of, "project");
}

int64_t cli_run_ms(const json_value *run) {
    int64_t start = cli_int(run, "start_ms", INT64_MIN);
    int64_t end = cli_int(run, "end_ms", INT64_MIN);
    if (start == INT64_MIN) return -1;
    if (end == INT64_MIN && str_is(cli_text(run, "status"), "running"))
        end = clock_now_us() / 1000;
    return end == INT64_MIN || end < start ? -1 : end - start;
}

// ---- metrics, config, tags ------------------------------------------------------------------

static str unquoted(str key) {
    bool quoted = key.n > 1 && key.p[0] == key.p[key.n - 1] && strchr("\"'`", key.p[0]);
    return quoted ? str_n(key.p + 1, key.n - 2) : key;
}

static const json_value *member(const json_value *object, str key) {
    for (const json_value *v = object ? object->child : NULL; v; v = v->next) {
        if (str_eq(v->key, key)) return v;
    }
    return NULL;
}

// The value of "KEY", "KEY.max" ...; a key that ends so itself needs quotes, as in a search.
static const json_value *metric(const json_value *run, str name) {
    static const char *const parts[] = {"last", "first", "min", "max"};
    const json_value *all = json_get(run, "metrics");
    const char *part = "last";
    for (size_t i = 0; i < 4; i++) {
        size_t n = strlen(parts[i]);
        if (name.n <= n + 1 || name.p[name.n - n - 1] != '.') continue;
        if (!str_ends(name, str_of(parts[i]))) continue;
        part = parts[i];
        name.n -= n + 1;
        break;
    }
    const json_value *m = member(all, unquoted(name));
    const json_value *v = m ? json_get(m, part) : NULL;
    return v && v->type == JSON_OBJECT ? json_get(v, "value") : v;
}

static int64_t ms_to_us(int64_t ms) {
    if (ms == INT64_MIN || ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000) return INT64_MIN;
    return ms * 1000;
}

static str attribute(cli_session *s, const json_value *run, str field, bool exact) {
    if (str_is(field, "start"))
        return cli_time_cell(s, ms_to_us(cli_int(run, "start_ms", INT64_MIN)), exact);
    if (str_is(field, "end"))
        return cli_time_cell(s, ms_to_us(cli_int(run, "end_ms", INT64_MIN)), exact);
    if (str_is(field, "created"))
        return cli_time_cell(s, cli_int(run, "created_us", INT64_MIN), exact);
    if (str_is(field, "duration")) {
        int64_t ms = cli_run_ms(run);
        if (ms < 0) return (str){0};
        return exact ? arena_printf(s->a, "%.3f", (double)ms / 1000) : out_duration(s->a, ms);
    }
    if (str_is(field, "project")) return cli_project_cell(run);
    return cli_value_text(member(run, field));
}

out_cell cli_field_cell(cli_session *s, const json_value *run, str field, bool exact) {
    if (str_starts(field, STR("metrics."))) {
        const json_value *v = metric(run, str_from(field, 8));
        return (out_cell){exact ? cli_value_text(v) : out_number(s->a, v), OUT_PLAIN};
    }
    if (str_starts(field, STR("config.")))
        return (out_cell){
            cli_value_text(member(json_get(run, "config"), unquoted(str_from(field, 7)))),
            OUT_PLAIN};
    if (str_starts(field, STR("tags.")))
        return (out_cell){
            cli_value_text(member(json_get(run, "tags"), unquoted(str_from(field, 5)))),
            OUT_PLAIN};
    str text = attribute(s, run, field, exact);
    return (out_cell){text, str_is(field, "status") ? cli_status_style(text) : OUT_PLAIN};
}

bool cli_series_order(cli_session *s, str *by) {
    *by = s->o->by.n ? s->o->by : STR("step");
    if (str_is(*by, "step") || str_is(*by, "time")) return true;
    return err_set(&s->e, ERR_INVALID, "--by is step or time, not '%.*s'", STR_F(*by));
}

void cli_put_tags(cli_session *s, const json_value *tags) {
    static const out_column columns[] = {{STR_K("tag"), 0, 0}, {STR_K("value"), 0, 0}};
    if (!tags || !tags->child) return;
    out_add(&s->t, STR("\n"));
    out_table *b = out_table_new(&s->t, columns, 2, false);
    for (const json_value *v = tags->child; v; v = v->next)
        out_row(b, (out_cell[]){{v->key, OUT_PLAIN}, {cli_value_text(v), OUT_PLAIN}});
    out_table_end(b);
}
