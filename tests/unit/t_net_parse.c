// SPDX-License-Identifier: Apache-2.0
// Heads, chunks, lists and compression, without sockets. What is refused over a connection is
// in tests/fault/test_http_refusals.py; here: that where a piece ends changes nothing.
#include "net/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void parse(arena *a, const char *text, bool ok, http_head *h) {
    *h = (http_head){0};
    size_t line = 0, n = strlen(text);
    const char *why = NULL;
    assert_int_equal(http_head_end(text, n, &line, &why), n);
    assert_null(why);
    assert_int_equal(http_head_parse(a, arena_cstr(a, str_of(text)), n, h), ok);
}

static void test_head(void **state) {
    (void)state;
    arena *a = arena_new();
    http_head h;
    parse(a, "GET /a/b?c=d&e HTTP/1.1\r\nHOST: x\r\nX-Y: \t 1 2 \r\nEmpty:\r\n\r\n", true, &h);
    assert_int_equal(h.method, HTTP_GET);
    assert_true(h.keep_alive && !h.is_head && !h.old && !h.expects);
    assert_true(str_is(h.path, "/a/b") && str_is(h.query, "c=d&e"));
    assert_int_equal(h.n_fields, 3);
    assert_true(str_is(http_head_field(&h, "x-y"), "1 2"));
    assert_non_null(http_head_field(&h, "empty").p);
    assert_int_equal(http_head_field(&h, "empty").n, 0);
    assert_null(http_head_field(&h, "absent").p);
    assert_int_equal(h.framing, HTTP_NO_BODY);

    parse(a, "POST / HTTP/1.0\r\nContent-Length: 007\r\n\r\n", true, &h);
    assert_true(h.old && !h.keep_alive);
    assert_int_equal(h.framing, HTTP_LENGTH);
    assert_int_equal(h.length, 7);

    parse(a,
          "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: CHUNKED\r\nExpect: "
          "100-Continue\r\n\r\n",
          true, &h);
    assert_int_equal(h.framing, HTTP_CHUNKED);
    assert_true(h.expects);

    parse(a, "GET / HTTP/1.1\r\n\r\n", false, &h);
    assert_int_equal(h.refuse, 400);
    arena_free(a);
}

static void test_head_in_pieces(void **state) {
    (void)state;
    const char *text = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\nGET";
    size_t whole = strlen(text) - 3;
    const char *bad = "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n";
    size_t line = 0;
    const char *why = NULL;
    for (size_t n = 1; n < whole; n++)
        assert_int_equal(http_head_end(text, n, &line, &why), 0);
    assert_int_equal(http_head_end(text, whole, &line, &why), whole);
    line = 0;
    assert_int_equal(http_head_end(text, whole + 3, &line, &why), whole);
    assert_null(why);
    line = 0;
    for (size_t n = 1; n <= strlen(bad) && !why; n++)
        assert_int_equal(http_head_end(bad, n, &line, &why), 0);
    assert_non_null(why);
}

static void test_list(void **state) {
    (void)state;
    assert_true(http_list_has(STR("gzip"), STR("gzip")));
    assert_true(http_list_has(STR("br, GZIP ;q=0.5"), STR("gzip")));
    assert_true(http_list_has(STR("gzip;x=0;q=1"), STR("gzip")));
    assert_false(http_list_has(STR("gzip;q=0"), STR("gzip")));
    assert_false(http_list_has(STR("gzip; Q=0.000"), STR("gzip")));
    assert_true(http_list_has(STR("gzip;q=0.001"), STR("gzip")));
    assert_false(http_list_has(STR("x-gzip, gzipped"), STR("gzip")));
    assert_false(http_list_has(STR(""), STR("gzip")));
}

// ---- chunks ---------------------------------------------------------------------------
static void give(void *arg, str bytes) {
    buf_str(arg, bytes);
}

// Fed in pieces of `piece`: what comes out, and how many bytes were taken.
static size_t feed(arena *a, str wire, size_t piece, buf *out, http_chunks **c) {
    size_t at = 0;
    *c = http_chunks_new(a);
    while (at < wire.n && !http_chunks_done(*c) && !http_chunks_bad(*c)) {
        size_t n = wire.n - at < piece ? wire.n - at : piece;
        // A copy, so that the sanitizer sees a read past the piece.
        char *copy = malloc(n);
        memcpy(copy, wire.p + at, n);
        at += http_chunks_feed(*c, copy, n, give, out);
        free(copy);
    }
    return at;
}

static void test_chunks_in_pieces(void **state) {
    (void)state;
    str wire = STR(
        "5;x=y\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\n");
    for (size_t piece = 1; piece <= wire.n; piece++) {
        arena *a = arena_new();
        buf out = BUF_MAX(1000);
        http_chunks *c;
        size_t taken = feed(a, wire, piece, &out, &c);
        assert_true(http_chunks_done(c));
        assert_null(http_chunks_bad(c));
        assert_int_equal(taken, wire.n - strlen("GET / HTTP/1.1\r\n"));
        assert_true(str_is(buf_view(&out), "hello 0123456789"));
        buf_free(&out);
        arena_free(a);
    }
}

static void test_bad_chunks_in_pieces(void **state) {
    (void)state;
    static const char *const all[] = {
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhellooo\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\rC: d\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "5;\nx\r\nhello\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t piece = 1; piece <= strlen(all[i]); piece++) {
            arena *a = arena_new();
            buf out = BUF_MAX(1000);
            http_chunks *c;
            feed(a, str_of(all[i]), piece, &out, &c);
            assert_non_null(http_chunks_bad(c));
            buf_free(&out);
            arena_free(a);
        }
    }
}

// ---- compression ----------------------------------------------------------------------
static buf packed(str text) {
    buf out = BUF_MAX(1 << 20);
    http_deflate *z = http_deflate_new();
    http_deflate_add(z, str_upto(text, text.n / 2), false, &out);
    http_deflate_add(z, str_from(text, text.n / 2), true, &out);
    http_deflate_free(z);
    assert_false(out.full);
    return out;
}

// Unpacks with small steps on both sides; -1 when it is damaged.
static ssize_t unpack(str z, size_t in_step, size_t out_step, buf *out) {
    http_inflate *i = http_inflate_new();
    ssize_t n = 0;
    for (size_t at = 0; at < z.n && n >= 0; at += in_step) {
        str in = str_upto(str_from(z, at), in_step);
        do {
            char *to = buf_room(out, out_step);
            n = http_inflate_some(i, &in, to, out_step);
            if (n > 0) out->n += (size_t)n;
        } while (n > 0 || (n == 0 && in.n));
    }
    if (n == 0 && !http_inflate_ended(i)) n = -2;
    http_inflate_free(i);
    return n;
}

static void test_gzip_in_pieces(void **state) {
    (void)state;
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    buf z = packed(str_n(text, sizeof text));
    static const size_t steps[] = {1, 2, 7, 100, 10000};
    for (size_t i = 0; i < 25; i++) {
        buf out = BUF_MAX(100000);
        assert_int_equal(unpack(buf_view(&z), steps[i / 5], steps[i % 5], &out), 0);
        assert_true(str_eq(buf_view(&out), str_n(text, sizeof text)));
        buf_clear(&out);
        assert_int_equal(
            unpack(str_upto(buf_view(&z), z.n - 1), steps[i / 5], steps[i % 5], &out), -2);
        buf_free(&out);
    }
    z.p[z.n - 1] = (char)(z.p[z.n - 1] ^ 1); // the checksum of its length
    buf out = BUF_MAX(100000);
    assert_int_equal(unpack(buf_view(&z), 100, 100, &out), -1);
    buf_free(&out);
    buf_free(&z);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_in_pieces),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_chunks_in_pieces),
        cmocka_unit_test(test_bad_chunks_in_pieces),
        cmocka_unit_test(test_gzip_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
