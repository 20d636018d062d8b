// SPDX-License-Identifier: Apache-2.0
// search: how long a page of runs/search takes to its last byte: the first page of the given
// filter and order, and the pages behind it by next_page_token. The names of what was found go
// into a digest, so that two servers with the same data can be compared.
#include "load/load.h"

#include <stdio.h>

typedef struct chain { // a connection's own
    int64_t page;
    char token[4096];
    uint64_t rows, names;
    hist first, deep;
    buf body;
} chain;

typedef struct search {
    const load_options *o;
    int64_t until_us, chains; // atomic: chains begun
} search;

static void put_body(chain *c, const search *q) {
    const load_options *o = q->o;
    c->body.max = 1 << 20;
    buf_clear(&c->body);
    json_writer w = json_writer_new(&c->body);
    json_object(&w);
    json_m_array(&w, "experiment_ids");
    json_string(&w, str_of(o->experiment));
    json_array_end(&w);
    json_m_string(&w, "run_view_type", STR("ACTIVE_ONLY"));
    if (*o->filter) json_m_string(&w, "filter", str_of(o->filter));
    json_m_i64(&w, "max_results", o->max_results);
    json_m_array(&w, "order_by");
    str rest = str_of(o->order_by);
    for (str part; rest.n && str_split(&rest, ',', &part);)
        json_string(&w, str_trim(part));
    json_array_end(&w);
    if (*c->token) json_m_string(&w, "page_token", str_of(c->token));
    json_object_end(&w);
}

static bool search_next(void *arg, slot *s) {
    search *q = arg;
    chain *c = s->state;
    if (!c->page) {
        int64_t begun = __atomic_fetch_add(&q->chains, 1, __ATOMIC_RELAXED);
        bool more = q->o->count ? begun < q->o->count : clock_mono_us() < q->until_us || !begun;
        if (!more) return false;
        snprintf(c->token, sizeof c->token, "%s", q->o->page_token);
        c->names = 0;
    }
    put_body(c, q);
    request(s, q->o, "POST", STR("/api/2.0/mlflow/runs/search"), buf_view(&c->body));
    return true;
}

static size_t count_rows(chain *c, str text) {
    size_t n = 0;
    str name;
    for (size_t at = 0; (at = str_find_str(text, STR("\"run_name\""), at)) != SIZE_MAX;
         at++, n++) {
        if (!find_string(str_upto(str_from(text, at), 600), "run_name", &name)) continue;
        for (size_t i = 0; i < name.n; i++)
            c->names = mix64(c->names ^ (uint8_t)name.p[i]);
    }
    return n;
}

static bool search_done(void *arg, slot *s) {
    search *q = arg;
    chain *c = s->state;
    str text = buf_view(&s->kept), token;
    if (s->status != 200) return false;
    hist_add(c->page ? &c->deep : &c->first, (uint64_t)s->took_us);
    c->rows += count_rows(c, text);
    // The token stands behind the runs: what looks like it in a tag stands before.
    size_t at = text.n > 8192 ? text.n - 8192 : 0;
    bool more = find_string(str_from(text, at), "next_page_token", &token) && token.n;
    if (!more || ++c->page >= q->o->pages)
        c->page = 0;
    else
        snprintf(c->token, sizeof c->token, "%.*s", STR_F(token));
    return true;
}

int cmd_search(const load_options *o, arena *a, report *r) {
    search q = {.o = o, .until_us = clock_mono_us() + o->seconds * 1000000};
    load *l = arena_alloc(a, sizeof *l);
    chain *chains = ARENA_ARRAY(a, chain, (size_t)o->conns), *all = ARENA_NEW(a, chain);
    *l = (load){.o = o,
                .conns = (size_t)o->conns,
                .keep = 64 << 20,
                .arg = &q,
                .next = search_next,
                .done = search_done};
    bool ok = load_run(l, chains, sizeof *chains);
    for (size_t i = 0; i < l->conns; i++) {
        hist_merge(&all->first, &chains[i].first);
        hist_merge(&all->deep, &chains[i].deep);
        all->rows += chains[i].rows;
        buf_free(&chains[i].body);
    }
    report_i64(r, "first_pages", (int64_t)all->first.n);
    hist_report(&all->first, r, "first_");
    report_i64(r, "deep_pages", (int64_t)all->deep.n);
    if (all->deep.n) hist_report(&all->deep, r, "deep_");
    report_i64(r, "rows", (int64_t)all->rows);
    char digest[20];
    report_text(r, "names",
                str_n(digest, (size_t)snprintf(digest, sizeof digest, "%016llx",
                                               (unsigned long long)chains[0].names)));
    report_load(r, l);
    load_close(l);
    return ok ? 0 : failed(r, l->error);
}
