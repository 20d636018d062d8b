// SPDX-License-Identifier: Apache-2.0
// The compact forms of the native API by their golden bytes (other programs write and read
// them: they never change), frames that are wrong, points as text, and tar headers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/native/chart_bytes.h"
#include "api/native/point_text.h"
#include "api/native/points.h"
#include "api/tar.h"
#include "base/digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static str hex(arena *a, const char *text) {
    char *out = arena_bytes(a, strlen(text) / 2 + 1);
    size_t n = 0;
    unsigned v;
    for (; *text; text++) {
        if (*text == ' ') continue;
        assert_int_equal(sscanf(text, "%2x", &v), 1);
        out[n++] = (char)v;
        text++;
    }
    return str_n(out, n);
}

static void is_hex(str got, const char *want) {
    arena *a = arena_new();
    char *text = arena_bytes(a, got.n * 2 + 1);
    for (size_t i = 0; i < got.n; i++)
        snprintf(text + 2 * i, 3, "%02x", (uint8_t)got.p[i]);
    str w = hex(a, want);
    if (!str_eq(got, w)) fail_msg("%s\nis not %s", text, want);
    arena_free(a);
}

// ---- points ---------------------------------------------------------------------------------

static const char golden_payload[] =
    "01 000102030405060708090a0b0c0d0e0f" // one run
    "02 016b 04 c3a42f6c"                 // keys "k", "ä/l"
    "02 00 00 01 03 20 00 01 00 02 0e"    // k: wide, 3 points, 32 bytes; ä/l: 2, 14
    "00 0a 02 01 00 c801 01"              // steps 5, 6, 7; times 0, 100, 99
    "000000000000f83f 000000000000f87f 9a9999999999b93f" // 1.5, NaN, 0.1
    "00 00 02 00 00 00 0000803e 0000003f";               // steps 0, 1; time 0; 0.25, 0.5

static void head_of(str payload, uint8_t head[POINTS_FRAME_HEAD]) {
    uint32_t v[2] = {(uint32_t)payload.n, crc32c(0, payload.p, payload.n)};
    for (int i = 0; i < 8; i++)
        head[i] = (uint8_t)(v[i / 4] >> (8 * (i % 4)));
}

static void golden_points(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    uint8_t head[POINTS_FRAME_HEAD];
    str p = hex(a, golden_payload), record, record_of_points;
    points_frame f;
    size_t n;
    head_of(p, head);
    assert_true(points_frame_length(head, &n, &e));
    assert_int_equal(n, p.n);
    if (!points_frame_read(a, head, p, &f, &e)) fail_msg("%s", e.msg);
    assert_true(f.n == 1 && f.points == 5 && f.runs[0].n == 2 && f.runs[0].run.b[15] == 15);
    assert_true(str_is(f.runs[0].series[1].key, "ä/l"));
    if (!series_record_columns(a, f.runs[0].series, f.runs[0].n, &record, &e))
        fail_msg("%s", e.msg);
    // The same record as of the same points.
    str k = STR("k"), l = STR("ä/l");
    point list[] = {{.key = k, .step = 5, .time_ms = 0, .value = 1.5},
                    {.key = k, .step = 6, .time_ms = 100, .value = (double)NAN},
                    {.key = k, .step = 7, .time_ms = 99, .value = 0.1},
                    {.key = l, .step = 0, .time_ms = 0, .value = 0.25},
                    {.key = l, .step = 1, .time_ms = 0, .value = 0.5}};
    record_of_points = series_record(a, list, 5);
    assert_true(str_eq(record, record_of_points));
    arena_free(a);
}

static void wrong_frames(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    uint8_t head[POINTS_FRAME_HEAD];
    points_frame f;
    str good = hex(a, golden_payload);
    for (size_t i = 0; i < good.n; i++) { // every prefix, and every byte changed
        head_of(str_upto(good, i), head);
        assert_false(points_frame_read(a, head, str_upto(good, i), &f, &e));
        str bad = arena_str(a, good);
        ((char *)(uintptr_t)bad.p)[i] ^= 1;
        head_of(good, head);
        assert_false(points_frame_read(a, head, bad, &f, &e));
        assert_int_equal(e.code, ERR_MALFORMED);
    }
    size_t n;
    static const uint8_t large[] = {1, 0, 0x40, 0, 0, 0, 0, 0}, none[8] = {0};
    assert_false(points_frame_length(large, &n, &e));
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_false(points_frame_length(none, &n, &e));
    arena_free(a);
}

// ---- charts ---------------------------------------------------------------------------------

static void golden_chart(void **state) {
    (void)state;
    buf out = BUF_MAX(1 << 16);
    series_bucket b[] = {
        {.first = {10, 1000, 0.5}, .last = {12, 1002, 0.25}, .min = 0.25, .max = 0.5, .n = 3},
        {.first = {20, 1000, 2}, .last = {20, 1000, 2}, .min = 2, .max = 2, .n = 1}};
    series_line l = {.run = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
                     .key = STR("loss"),
                     .buckets = b,
                     .n = 2};
    chart_begin(&out, -1, 99, 1000);
    chart_line(&out, &l);
    b[1].first.value = 0.1;
    b[1].nan = 1;
    b[1].last.step = INT64_MAX;
    l.n = 2;
    l.key = STR("a longer k");
    chart_line(&out, &l);
    chart_end(&out);
    is_hex(buf_view(&out),
           "53544d434854310a ffffffffffffffff 6300000000000000 e8030000 00000000"
           // floats, places behind bases: 48 + 8 + 9 columns of 8
           "80000000 00000000 000102030405060708090a0b0c0d0e0f 04000000 02000000"
           "0a00000000000000 e803000000000000 6c6f737300000000"
           "00000000 0a000000" // first step
           "02000000 0a000000" // last step
           "00000000 00000000" // first time
           "02000000 00000000" // last time
           "0000003f 00000040" // first
           "0000803e 00000040" // last
           "0000803e 00000040" // min
           "0000003f 00000040" // max
           "03000000 01000000" // n
           // all wide, with NaN: 48 + 16 + 8 columns of 16 + 2 of 8
           "d0000000 07000000 000102030405060708090a0b0c0d0e0f 0a000000 02000000"
           "0a00000000000000 e803000000000000 61206c6f6e676572206b000000000000"
           "0a00000000000000 1400000000000000 0c00000000000000 ffffffffffffff7f"
           "e803000000000000 e803000000000000 ea03000000000000 e803000000000000"
           "000000000000e03f 9a9999999999b93f 000000000000d03f 0000000000000040"
           "000000000000d03f 0000000000000040 000000000000e03f 0000000000000040"
           "03000000 01000000 00000000 01000000"
           "00000000 00000000");
    buf_free(&out);
}

// ---- text -----------------------------------------------------------------------------------

static void text(void **state) {
    (void)state;
    arena *a = arena_new();
    err e = {0};
    buf out = BUF_MAX(1 << 16);
    static const series_value v[] = {{INT64_MIN, INT64_MAX, -0.0}, {0, -1, 0.1}, {1, 2, 1e300}};
    for (size_t i = 0; i < 3; i++) {
        series_value back;
        point_csv(&out, &v[i]);
        point_line(&out, &v[i]);
        assert_true(point_cursor_read(point_cursor(a, &v[i]), &back, &e));
        assert_memory_equal(&back, &v[i], sizeof back);
    }
    series_value odd[] = {
        {1, 2, (double)NAN}, {1, 2, (double)INFINITY}, {1, 2, -(double)INFINITY}};
    for (size_t i = 0; i < 3; i++) {
        point_csv(&out, &odd[i]);
        point_line(&out, &odd[i]);
    }
    buf_byte(&out, 0);
    assert_string_equal(
        out.p,
        "-9223372036854775808,9223372036854775807,-0.0\n"
        "{\"step\":-9223372036854775808,\"time_ms\":9223372036854775807,\"value\":-0.0}\n"
        "0,-1,0.1\n{\"step\":0,\"time_ms\":-1,\"value\":0.1}\n"
        "1,2,1e+300\n{\"step\":1,\"time_ms\":2,\"value\":1e+300}\n"
        "1,2,NaN\n{\"step\":1,\"time_ms\":2,\"value\":\"NaN\"}\n"
        "1,2,Infinity\n{\"step\":1,\"time_ms\":2,\"value\":\"Infinity\"}\n"
        "1,2,-Infinity\n{\"step\":1,\"time_ms\":2,\"value\":\"-Infinity\"}\n");
    static const char *const wrong[] = {"",
                                        "1",
                                        "1.2",
                                        "1.2.",
                                        "1.2.3ff000",
                                        "x.2.3ff0000000000000",
                                        "1.2.3FF0000000000000",
                                        "1.2.3ff0000000000000.4"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        series_value back;
        if (point_cursor_read(str_of(wrong[i]), &back, &e)) fail_msg("'%s' was read", wrong[i]);
    }
    buf_free(&out);
    arena_free(a);
}

// ---- tar ------------------------------------------------------------------------------------

static uint64_t octal_at(const buf *b, size_t at) {
    return strtoull(b->p + at, NULL, 8);
}

static void tar_of(buf *out, const char *path, bool is_dir, uint64_t size) {
    buf_clear(out);
    tar_header(out, &(tar_entry){str_of(path), is_dir, size, 1700000000});
    assert_int_equal(out->n % TAR_BLOCK, 0);
    for (size_t at = 0; at < out->n; at += TAR_BLOCK) {
        if (memcmp(out->p + at + 257,
                   "ustar\0"
                   "00",
                   8))
            continue; // data of a pax record
        unsigned sum = 0;
        for (size_t i = 0; i < TAR_BLOCK; i++)
            sum += i >= 148 && i < 156 ? ' ' : (uint8_t)out->p[at + i];
        assert_int_equal(octal_at(out, at + 148), sum);
    }
}

static void tar_headers(void **state) {
    (void)state;
    buf b = BUF_MAX(1 << 16);
    char path[400];
    tar_of(&b, "a/b.txt", false, 1234);
    assert_int_equal(b.n, TAR_BLOCK);
    assert_string_equal(b.p, "a/b.txt");
    assert_int_equal(octal_at(&b, 124), 1234);
    assert_int_equal(octal_at(&b, 136), 1700000000);
    assert_int_equal(b.p[156], '0');
    tar_of(&b, "a", true, 0);
    assert_string_equal(b.p, "a/");
    assert_int_equal(b.p[156], '5');

    memset(path, 'x', sizeof path); // 150/100: a prefix and a name
    path[150] = '/';
    path[251] = 0;
    tar_of(&b, path, false, 1);
    assert_int_equal(b.n, TAR_BLOCK);
    assert_memory_equal(b.p + 345, path, 150);
    assert_memory_equal(b.p, path + 151, 100);

    path[150] = 'x'; // nowhere to cut: a pax record
    tar_of(&b, path, false, 1);
    assert_int_equal(b.n, 3 * TAR_BLOCK);
    assert_int_equal(b.p[156], 'x');
    assert_memory_equal(b.p + TAR_BLOCK, "261 path=xxx", 12);
    assert_int_equal(octal_at(&b, 124), 261);

    tar_of(&b, "n\xc3\xa4me", false, 1);
    assert_memory_equal(b.p + TAR_BLOCK, "14 path=n\xc3\xa4me\n", 15);
    assert_memory_equal(b.p + 2 * TAR_BLOCK, "n__me", 6);
    tar_of(&b, "big", false, 1ull << 33);
    assert_memory_equal(b.p + TAR_BLOCK, "19 size=8589934592\n", 19);
    assert_int_equal(octal_at(&b, 2 * TAR_BLOCK + 124), 0);
    tar_of(&b, "big", false, (1ull << 33) - 1);
    assert_int_equal(b.n, TAR_BLOCK);
    buf_clear(&b);
    tar_padding(&b, 513);
    assert_int_equal(b.n, 511);
    tar_padding(&b, 1024);
    assert_int_equal(b.n, 511);
    buf_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_points), cmocka_unit_test(wrong_frames),
        cmocka_unit_test(golden_chart), cmocka_unit_test(text), cmocka_unit_test(tar_headers)};
    return cmocka_run_group_tests_name("native formats", tests, NULL, NULL);
}
