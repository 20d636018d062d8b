// SPDX-License-Identifier: Apache-2.0
// The route table as a tree of path segments, built at start and read-only afterwards (any
// thread). A segment is decoded once and then compared, so an encoded slash never splits. Runs
// of slashes count as one. A literal wins over a parameter, a parameter over {rest...}; when
// the better path does not take the method, the next one is asked, as the reference server's
// router does.
#include "base/msg.h"
#include "base/vec.h"
#include "net/http_internal.h"

enum { DEPTH = 48, METHODS = 5 };

typedef struct node node;
struct node {
    str name;
    VEC(node *) literals; // sorted by name
    node *param, *rest;
    http_bound *routes[METHODS];
};

struct http_router {
    arena *a;
    node *root;
    const http_dialect *const *dialects;
};

// ---- building -------------------------------------------------------------------------
static size_t place_of(const node *n, str name, bool *found) {
    size_t lo = 0, hi = n->literals.n;
    *found = false;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = str_cmp(n->literals.p[mid]->name, name);
        if (!c) {
            *found = true;
            return mid;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static node *literal(arena *a, node *n, str name) {
    bool found;
    size_t at = place_of(n, name, &found);
    if (found) return n->literals.p[at];
    node *child = ARENA_NEW(a, node);
    child->name = name;
    vec_push(a, &n->literals, child);
    memmove(n->literals.p + at + 1, n->literals.p + at,
            (n->literals.n - 1 - at) * sizeof *n->literals.p);
    return n->literals.p[at] = child;
}

static bool is_param(str s) {
    return s.n > 2 && *s.p == '{' && s.p[s.n - 1] == '}';
}

// The node of one segment of a pattern; notes the parameter's name.
static node *step(arena *a, node *n, str segment, http_bound *b) {
    if (!is_param(segment)) return literal(a, n, segment);
    BUG_ON(b->n_names == HTTP_PARAMS_MAX);
    str name = str_n(segment.p + 1, segment.n - 2);
    bool rest = str_ends(name, STR("..."));
    if (rest) name.n -= 3;
    b->has_rest = rest;
    b->names[b->n_names++] = name;
    node **child = rest ? &n->rest : &n->param;
    if (!*child) *child = ARENA_NEW(a, node);
    return *child;
}

// Segments of a path or pattern: runs of slashes count as one, a slash at the end makes an
// empty segment.
static bool next_segment(str *rest, str *out) {
    if (!rest->n) return false;
    while (rest->n && *rest->p == '/')
        *rest = str_from(*rest, 1);
    size_t at = str_find(*rest, '/', 0);
    *out = str_upto(*rest, at == SIZE_MAX ? rest->n : at);
    *rest = str_from(*rest, out->n);
    return true;
}

static bool add(http_router *r, str pattern, const http_route *route, const http_dialect *d,
                err *e) {
    http_bound *b = ARENA_NEW(r->a, http_bound);
    b->route = route;
    b->dialect = d;
    node *n = r->root;
    for (str segment; next_segment(&pattern, &segment);)
        n = step(r->a, n, segment, b);
    for (int i = 0; i < METHODS; i++) {
        if (!(route->methods & 1u << i)) continue;
        if (n->routes[i])
            return err_set(e, ERR_INTERNAL, "two routes for %s in %s", route->pattern, d->name);
        n->routes[i] = b;
    }
    return true;
}

typedef struct adding {
    http_router *r;
    const http_dialect *d;
    err *e;
    bool ok;
} adding;

static void add_one(void *arg, const char *full, const http_route *route) {
    adding *to = arg;
    bool stream = route->flags & HTTP_STREAM_BODY;
    BUG_ON(!route->perm || !route->handler || (!stream && route->max_body > HTTP_BODY_MAX));
    to->ok = to->ok && add(to->r, arena_str(to->r->a, str_of(full)), route, to->d, to->e);
}

http_router *http_router_new(arena *a, const http_dialect *const *dialects, err *e) {
    http_router *r = ARENA_NEW(a, http_router);
    r->a = a;
    r->root = ARENA_NEW(a, node);
    r->dialects = dialects;
    adding to = {.r = r, .e = e, .ok = true};
    for (size_t i = 0; dialects[i]; i++) {
        to.d = dialects[i];
        http_routes_each(to.d, add_one, &to);
    }
    return to.ok ? r : NULL;
}

void http_routes_each(const http_dialect *d,
                      void (*fn)(void *, const char *, const http_route *), void *arg) {
    for (size_t i = 0; i < d->n; i++) {
        const http_route *route = &d->routes[i];
        if (*route->pattern == '/') {
            fn(arg, route->pattern, route);
            continue;
        }
        for (const char *const *p = d->prefixes; p && *p; p++) {
            arena *a = arena_new();
            fn(arg, arena_printf(a, "%s%s", *p, route->pattern).p, route);
            arena_free(a);
        }
    }
}

// ---- finding --------------------------------------------------------------------------
typedef struct finding {
    str raw[DEPTH], text[DEPTH]; // segments as sent, and decoded
    size_t n;
    const char *end; // of the path: where {rest...} ends
    size_t broken;   // the first segment that is not text; n: none
    bool deep;       // more than DEPTH: only {rest...} can match
    int method;
    str values[HTTP_PARAMS_MAX];
    http_match *out;
} finding;

static const http_bound *here(finding *f, const node *n) {
    for (int i = 0; i < METHODS; i++)
        if (n->routes[i]) f->out->methods |= 1u << i;
    return f->method >= 0 ? n->routes[f->method] : NULL;
}

static const http_bound *find(finding *f, const node *n, size_t i, size_t n_values) {
    const http_bound *b = NULL;
    if (i == f->n) return f->deep ? NULL : here(f, n);
    bool found;
    size_t at = place_of(n, f->text[i], &found);
    if (found) b = find(f, n->literals.p[at], i + 1, n_values);
    if (!b && n->param && f->text[i].n) {
        f->values[n_values] = f->text[i];
        b = find(f, n->param, i + 1, n_values + 1);
    }
    if (!b && n->rest && f->raw[i].n) {
        f->values[n_values] = str_n(f->raw[i].p, (size_t)(f->end - f->raw[i].p));
        b = here(f, n->rest);
    }
    return b;
}

static int method_bit(http_method m) {
    for (int i = 0; i < METHODS; i++)
        if (m == 1u << i) return i;
    return -1;
}

static void split(finding *f, arena *a, str rest) {
    f->broken = DEPTH;
    for (str segment; next_segment(&rest, &segment); f->n++) {
        if (f->n == DEPTH) {
            f->deep = true;
            return;
        }
        f->raw[f->n] = f->text[f->n] = segment;
        if (!segment.n || !memchr(segment.p, '%', segment.n)) continue;
        bool ok = msg_unescape(a, segment, false, &f->text[f->n]) && str_is_text(f->text[f->n]);
        if (!ok && f->broken == DEPTH) f->broken = f->n;
    }
}

void http_router_find(const http_router *r, arena *a, str path, http_method m,
                      http_match *out) {
    finding f = {.out = out, .method = method_bit(m), .end = path.p + path.n};
    split(&f, a, path);
    out->bound = find(&f, r->root, 0, 0);
    if (!out->bound) return;
    size_t n = out->bound->n_names;
    memcpy(out->values, f.values, n * sizeof *f.values);
    if (f.broken == DEPTH) return;
    // What {rest...} holds is not decoded here, so it is not judged here either.
    out->broken = !out->bound->has_rest || f.raw[f.broken].p < f.values[n - 1].p;
}

const http_dialect *http_router_owner(const http_router *r, str path) {
    for (size_t i = 0; r->dialects[i]; i++)
        if (r->dialects[i]->owns && r->dialects[i]->owns(path)) return r->dialects[i];
    return r->dialects[0];
}
