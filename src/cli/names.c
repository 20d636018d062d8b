// SPDX-License-Identifier: Apache-2.0
// names: which run is meant by a beginning of its id or by "latest", and words "KEY=VALUE". One
// thread.
#include "cli/session.h"

#define PREFIX_LEAST 6
#define SHOWN        5 // of several runs that one beginning could mean

static bool is_hex(str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (!strchr("0123456789abcdefABCDEF", s.p[i]) || !s.p[i]) return false;
    }
    return s.n > 0;
}

bool cli_is_run_name(str text) {
    return str_is(text, "latest") || (is_hex(text) && text.n >= PREFIX_LEAST && text.n <= 32);
}

static json_value *search(cli_session *s, str where, const char *rest, int limit) {
    str body = arena_printf(
        s->a, "{\"projects\":%.*s,\"where\":%.*s%s,\"limit\":%d,\"columns\":[\"name\"]}",
        STR_F(cli_lines_json(s->a, s->o->project)), STR_F(cli_json_text(s->a, where)), rest,
        limit);
    const json_value *page = cli_call(s->c, "POST", STR("/runs/search"), body, NULL, &s->e);
    json_value *items = page ? json_get(page, "items") : NULL;
    if (page && !items) err_set(&s->e, ERR_UNAVAILABLE, "the server's answer is no list");
    return items;
}

static bool latest(cli_session *s, str *run_id) {
    const json_value *items = search(s, (str){0}, ",\"sort\":[\"start desc\"]", 1);
    if (!items) return false;
    if (!items->child) {
        return err_set(&s->e, ERR_NOT_FOUND, "there is no latest run: %s",
                       s->o->project.n ? "the project has none" : "there are no runs");
    }
    *run_id = cli_text(items->child, "id");
    return true;
}

static bool several(cli_session *s, str text, const json_value *items) {
    str list = {0};
    size_t n = 0;
    for (const json_value *r = items->child; r && n < SHOWN; r = r->next, n++) {
        str name = out_escape(s->a, str_upto_code_points(cli_text(r, "name"), 60), true);
        list = arena_printf(s->a, "%.*s\n    %.*s  %.*s", STR_F(list), STR_F(cli_text(r, "id")),
                            STR_F(name));
    }
    return err_set(&s->e, ERR_INVALID, "'%.*s' is the beginning of several runs:%.*s",
                   STR_F(text), STR_F(list));
}

static bool by_prefix(cli_session *s, str text, str *run_id) {
    char low[33] = {0};
    for (size_t i = 0; i < text.n; i++)
        low[i] = (char)(text.p[i] | (text.p[i] >= 'A' && text.p[i] <= 'F' ? 32 : 0));
    str where = arena_printf(s->a, "id like '%s%%'", low);
    const json_value *items = search(s, where, ",\"view\":\"all\"", SHOWN + 1);
    if (!items) return false;
    if (!items->child)
        return err_set(&s->e, ERR_NOT_FOUND, "there is no run '%.*s'", STR_F(text));
    if (items->child->next) return several(s, text, items);
    *run_id = cli_text(items->child, "id");
    return true;
}

bool cli_run_named(cli_session *s, str text, str *run_id) {
    if (str_is(text, "latest")) return latest(s, run_id);
    if (is_hex(text) && text.n == 32) {
        *run_id = text;
        return true;
    }
    if (cli_is_run_name(text)) return by_prefix(s, text, run_id);
    return err_set(
        &s->e, ERR_INVALID,
        "'%.*s' names no run: that is an id of 32 hex digits, a beginning of at least "
        "%d, or 'latest'; 'stemma runs list' shows them",
        STR_F(str_upto_code_points(text, 100)), PREFIX_LEAST);
}

// ---- tags -----------------------------------------------------------------------------------

bool cli_key_value(str word, str *key, str *value, err *e) {
    size_t equals = str_find(word, '=', 0);
    if (equals == SIZE_MAX || !equals)
        return err_set(e, ERR_INVALID, "'%.*s' is no KEY=VALUE", STR_F(word));
    *key = str_upto(word, equals);
    *value = str_from(word, equals + 1);
    return true;
}

bool cli_tags_json(cli_session *s, const str *words, size_t n, str *out) {
    buf b = BUF_MAX(16u << 20);
    json_writer w = json_writer_new(&b);
    bool ok = true;
    json_array(&w);
    for (size_t i = 0; ok && i < n; i++) {
        str key, value;
        ok = cli_key_value(words[i], &key, &value, &s->e);
        if (!ok) break;
        json_object(&w);
        json_m_string(&w, "key", key);
        json_m_string(&w, "value", value);
        json_object_end(&w);
    }
    str rest = s->o->remove, key;
    while (ok && s->o->remove.n && str_split(&rest, '\n', &key)) {
        json_object(&w);
        json_m_string(&w, "key", key);
        json_object_end(&w);
    }
    json_array_end(&w);
    *out = arena_str(s->a, buf_view(&b));
    buf_free(&b);
    return ok;
}

bool cli_tag_body(cli_session *s, str *body) {
    str tags;
    if (s->o->n_words < 2 && !s->o->remove.n)
        return err_set(&s->e, ERR_INVALID, "which tags? Say KEY=VALUE, or --remove KEY");
    if (!cli_tags_json(s, s->o->words + 1, s->o->n_words - 1, &tags)) return false;
    *body = arena_printf(s->a, "{\"tags\":%.*s}", STR_F(tags));
    return true;
}
