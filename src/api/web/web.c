// SPDX-License-Identifier: Apache-2.0
// web: the page at / and its assets. All places of the page are behind the # of its address, so
// these two rows are all of it, and as it refers to everything by relative addresses it works
// below any path of a proxy. Any thread.
#include "api/web/web.h"
#include "api/web/bundle.h"

// Scripts and styles come from this server only and none stand in the page, so that a name or a
// text that somebody logged can not become one. blob: is what the page itself made of a file
// that it fetched with its token.
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const web_file *find(str folder, str name) {
    for (size_t i = 0; i < web_n_files; i++) {
        str have = str_of(web_files[i].name);
        if (str_starts(have, folder) && str_eq(str_from(have, folder.n), name))
            return &web_files[i];
    }
    return NULL;
}

static ssize_t read_bytes(void *arg, uint64_t offset, void *p, size_t n, err *e) {
    const str *bytes = arg;
    (void)e;
    memcpy(p, bytes->p + offset, n);
    return (ssize_t)n;
}

static void send_file(http_req *r, const web_file *f) {
    bool packed = f->packed.n && http_takes_gzip(r);
    const str *bytes = packed ? &f->packed : &f->plain;
    if (f->packed.n) http_set_header(r, "Vary", STR("Accept-Encoding"));
    if (packed) http_set_header(r, "Content-Encoding", STR("gzip"));
    http_source s = {
        .length = bytes->n,
        .etag = arena_printf(http_arena(r), "\"%s%s\"", f->digest, packed ? "-gzip" : ""),
        .content_type = f->type,
        .fd = -1,
        .read = read_bytes,
        .arg = (void *)(uintptr_t)bytes};
    http_reply_source(r, &s);
}

static void page(http_req *r) {
    http_set_header(r, "Cache-Control", STR("no-cache"));
    http_set_header(r, "Content-Security-Policy", STR(policy));
    http_set_header(r, "Referrer-Policy", STR("no-referrer"));
    http_set_header(r, "Cross-Origin-Opener-Policy", STR("same-origin"));
    send_file(r, find(STR(""), STR("index.html")));
}

static void asset(http_req *r) {
    str name = http_param(r, "name");
    const web_file *f = find(STR("assets/"), name);
    err e = {0};
    if (!f) {
        err_set(&e, ERR_NOT_FOUND, "The page has no file '%.*s'.",
                STR_F(str_upto_code_points(name, 100)));
        http_fail(r, &e);
        return;
    }
    // A changed file has another name.
    http_set_header(r, "Cache-Control", STR("public, max-age=31536000, immutable"));
    http_set_header(r, "Content-Security-Policy", STR(policy)); // an SVG that is opened itself
    send_file(r, f);
}

static const http_route routes[] = {
    ROUTE(HTTP_GET, "/", PUBLIC, page, "the web interface; it holds no data"),
    ROUTE(HTTP_GET, "/assets/{name}", PUBLIC, asset, "its scripts, styles and pictures"),
};

const http_dialect web_dialect = {
    .name = "web", .routes = routes, .n = sizeof routes / sizeof *routes};
