// SPDX-License-Identifier: Apache-2.0
// pages: lists of the API a page at a time, each page in memory of its own. One thread.
#include "cli/session.h"

#define PAGE_MAX 1000 // what the server gives at most

int64_t cli_limit(const cli_options *o) {
    int64_t n = 0;
    cli_number(o->limit, &n);
    return n;
}

static int64_t page_size(const cli_list *l) {
    int64_t n = l->page ? l->page : PAGE_MAX;
    return l->limit && l->limit - l->seen < n ? l->limit - l->seen : n;
}

static str request_path(arena *a, const cli_list *l, int64_t n) {
    if (!strcmp(l->method, "POST")) return l->path;
    char join = str_find(l->path, '?', 0) == SIZE_MAX ? '?' : '&';
    str path = arena_printf(a, "%.*s%climit=%lld", STR_F(l->path), join, (long long)n);
    if (!l->next.n) return path;
    return arena_printf(a, "%.*s&after=%.*s", STR_F(path),
                        STR_F(http_client_escape(a, l->next)));
}

static str request_body(arena *a, const cli_list *l, int64_t n) {
    if (strcmp(l->method, "POST")) return (str){0};
    str after = l->next.n ? arena_printf(a, ",\"after\":%.*s", STR_F(cli_json_text(a, l->next)))
                          : (str){0};
    return arena_printf(a, "{%.*s\"limit\":%lld%.*s}", STR_F(l->body), (long long)n,
                        STR_F(after));
}

// Splits a page into the text of its items and its cursor without making a tree of it.
static bool split_page(arena *a, str page, str *items, str *next) {
    json_reader r;
    json_reader_init(&r, a, page, 0);
    *items = *next = (str){0};
    if (json_next(&r) != JSON_OBJECT) return false;
    for (json_type t; (t = json_next(&r)) != JSON_END;) {
        if (t == JSON_ERROR) return false;
        bool is_items = str_is(r.key, "items") && t == JSON_ARRAY;
        if (str_is(r.key, "next") && t == JSON_STRING) *next = r.text;
        if (is_items)
            *items = json_raw(&r, t, json_offset(&r));
        else if (!json_skip(&r, t))
            return false;
    }
    return items->n >= 2;
}

// One page, in the arena; l->next moves on (it is in the session's arena).
static bool fetch(cli_session *s, arena *a, cli_list *l, int64_t n, str *items) {
    arena *before = cli_use_arena(s->c, a);
    http_exchange x = {.method = l->method};
    x.path = arena_printf(a, "/api/v1%.*s", STR_F(request_path(a, l, n)));
    x.body = request_body(a, l, n);
    x.content_type = x.body.n ? "application/json" : NULL;
    bool ok = cli_exchange(s->c, &x, &s->e);
    str next = {0};
    if (ok && !split_page(a, x.reply, items, &next))
        ok = err_set(&s->e, ERR_UNAVAILABLE, "the server's answer is no list: is it a Stemma?");
    cli_use_arena(s->c, before);
    l->next = arena_str(s->a, next);
    return ok;
}

// Calls page(arg, text of the items with brackets, *count) for each page.
static bool walk(cli_session *s, cli_list *l,
                 bool (*page)(void *arg, arena *a, str items, int64_t *count), void *arg) {
    arena *a = arena_new();
    bool ok = true, more = true;
    l->seen = 0;
    l->next = l->after;
    while (ok && more) {
        str items;
        int64_t count = 0;
        ok = fetch(s, a, l, page_size(l), &items) && page(arg, a, items, &count);
        l->seen += count;
        more = l->next.n && !(l->limit && l->seen >= l->limit);
        arena_reset(a);
    }
    arena_free(a);
    return ok || s->e.code == ERR_NONE;
}

// ---- items ----------------------------------------------------------------------------------

struct each {
    bool (*fn)(void *arg, const json_value *item);
    void *arg;
};

static bool each_page(void *arg, arena *a, str items, int64_t *count) {
    struct each *k = arg;
    const json_value *list = json_parse(a, items, 0, NULL);
    if (!list) return false;
    for (const json_value *v = list->child; v; v = v->next, ++*count) {
        if (!k->fn(k->arg, v)) return false;
    }
    return true;
}

bool cli_each(cli_session *s, cli_list *l, bool (*each)(void *arg, const json_value *item),
              void *arg) {
    struct each k = {each, arg};
    return walk(s, l, each_page, &k);
}

// ---- one document ---------------------------------------------------------------------------

struct document {
    cli_out *t;
    bool begun, some;
};

static int64_t count_items(arena *a, str items) {
    json_reader r;
    int64_t n = 0;
    json_reader_init(&r, a, items, 0);
    json_next(&r);
    for (json_type t; (t = json_next(&r)) > JSON_END; n++) {
        if (!json_skip(&r, t)) break;
    }
    return n;
}

static bool json_page(void *arg, arena *a, str items, int64_t *count) {
    struct document *d = arg;
    str inner = str_trim((str){items.p + 1, items.n - 2});
    *count = count_items(a, items);
    // Not before a page came: an error of the first leaves no half document.
    if (!d->begun) out_add(d->t, STR("{\"items\":["));
    d->begun = true;
    if (!inner.n) return true;
    if (d->some) out_add(d->t, STR(","));
    out_json(d->t, inner);
    d->some = true;
    return true;
}

bool cli_show_list(cli_session *s, cli_list *l, bool (*each)(void *arg, const json_value *item),
                   void *arg) {
    if (!s->o->json.n) return cli_each(s, l, each, arg);
    struct document d = {.t = &s->t};
    if (!walk(s, l, json_page, &d)) return false;
    out_add(&s->t, STR("]"));
    if (l->next.n) {
        out_add(&s->t, STR(",\"next\":"));
        out_json(&s->t, cli_json_text(s->a, l->next));
    }
    out_add(&s->t, STR("}\n"));
    return true;
}

void cli_say_more(cli_session *s, const cli_list *l) {
    if (!l->next.n || !s->t.terminal || s->o->csv.n || s->o->json.n) return;
    out_printf(&s->t, "%sthe first %lld; more with --limit N (0: all)%s\n",
               out_begin(&s->t, OUT_DIM), (long long)l->limit, out_end(&s->t));
}

bool cli_show_table(cli_session *s, str path, const out_column *columns, size_t n,
                    bool (*put)(void *listing, const json_value *item)) {
    cli_listing l = {s, out_table_new(&s->t, columns, n, s->o->csv.n > 0)};
    cli_list pages = {
        .method = "GET", .path = path, .limit = cli_limit(s->o), .after = s->o->after};
    if (!cli_show_list(s, &pages, put, &l)) return false;
    if (!pages.seen && s->none.n) cli_warn(s->none);
    if (s->o->json.n) return true;
    out_table_end(l.table);
    cli_say_more(s, &pages);
    return true;
}
