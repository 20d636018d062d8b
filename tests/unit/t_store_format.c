// SPDX-License-Identifier: Apache-2.0
// The formats of packs and object files: there and back, fixed bytes, and every single flipped
// bit is noticed.
#include "store_help.h"

static const char abc_hex[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static sha256 abc(void) {
    return sha256_of("abc", 3);
}

static id id_of(const char *hex) {
    id i;
    assert_true(id_parse(str_of(hex), &i));
    return i;
}

// Each bit of the n bytes at p, flipped, makes `reads` say no.
static void assert_guarded(uint8_t *p, size_t n, bool (*reads)(str)) {
    assert_true(reads(str_n(p, n)));
    for (size_t bit = 0; bit < n * 8; bit++) {
        p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_false(reads(str_n(p, n)));
        p[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    for (size_t k = 0; k < n; k++)
        assert_false(reads(str_n(p, k)));
}

static bool reads_header(str s) {
    id i;
    return store_pack_header_get(s, &i);
}

static bool reads_record(str s) {
    store_record r;
    return store_record_get(s, &r);
}

static bool reads_trailer(str s) {
    sha256 d;
    uint64_t n;
    return store_trailer_get(s, &d, &n);
}

static bool reads_page(str s) {
    uint32_t crcs[STORE_PAGE_CRCS];
    size_t n;
    return store_page_get(s, 7, crcs, &n);
}

static void pack_headers(void **state) {
    (void)state;
    uint8_t b[STORE_PACK_HEADER];
    id in = id_of("000102030405060708090a0b0c0d0e0f"), out;
    store_pack_header_put(b, in);
    assert_memory_equal(b, "stmpack1\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\0\0\0\0", 28);
    assert_true(store_pack_header_get(str_n(b, sizeof b), &out));
    assert_true(id_eq(in, out));
    assert_guarded(b, sizeof b, reads_header);
}

static void records(void **state) {
    (void)state;
    uint8_t b[STORE_RECORD];
    store_record in = {abc(), 3, 0x01020304}, out;
    store_record_put(b, &in);
    assert_memory_equal(b, "stmr\3\0\0\0", 8);
    assert_memory_equal(b + 8, in.digest.b, 32);
    assert_memory_equal(b + 40, "\4\3\2\1", 4);
    assert_true(store_record_get(str_n(b, sizeof b), &out));
    assert_true(sha256_eq(in.digest, out.digest));
    assert_int_equal(out.n, 3);
    assert_int_equal(out.crc, 0x01020304);
    assert_guarded(b, sizeof b, reads_record);
    in.n = STORE_PACKED + 1; // whole, and yet nothing that we write
    store_record_put(b, &in);
    assert_false(store_record_get(str_n(b, sizeof b), &out));
}

static void trailers(void **state) {
    (void)state;
    uint8_t b[STORE_TRAILER];
    sha256 d;
    uint64_t n;
    store_trailer_put(b, abc(), 0x1122334455);
    assert_memory_equal(b, "stmfile1\x55\x44\x33\x22\x11\0\0\0", 16);
    assert_true(store_trailer_get(str_n(b, sizeof b), &d, &n));
    assert_true(sha256_eq(d, abc()));
    assert_int_equal(n, 0x1122334455);
    assert_guarded(b, sizeof b, reads_trailer);
    store_trailer_put(b, abc(), STORE_OBJECT_MAX + 1);
    assert_false(store_trailer_get(str_n(b, sizeof b), &d, &n));
}

static void pages(void **state) {
    (void)state;
    uint32_t in[STORE_PAGE_CRCS], out[STORE_PAGE_CRCS];
    for (uint32_t i = 0; i < STORE_PAGE_CRCS; i++)
        in[i] = i * 2654435761u;
    size_t n;
    for (size_t count = 1; count <= STORE_PAGE_CRCS; count += 511) {
        buf b = BUF_MAX(STORE_PAGE);
        store_page_put(&b, in, count, 7);
        assert_false(b.full);
        assert_int_equal(b.n, count * 4 + 4);
        assert_true(store_page_get(buf_view(&b), 7, out, &n));
        assert_int_equal(n, count);
        assert_memory_equal(in, out, count * 4);
        assert_false(store_page_get(buf_view(&b), 8, out, &n)); // at the wrong place
        if (count == 1) assert_guarded((uint8_t *)b.p, b.n, reads_page);
        buf_free(&b);
    }
    char junk[STORE_PAGE + 4] = {0};
    for (size_t k = 0; k <= sizeof junk;
         k++) // nothing is read past the end, no length is taken for granted
        store_page_get(str_n(junk, k), 0, out, &n);
    assert_false(store_page_get(str_n(junk, sizeof junk), 0, out, &n));
}

static void sizes(void **state) {
    (void)state;
    const uint64_t b = STORE_BLOCK, p = STORE_PAGE_CRCS;
    assert_int_equal(store_blocks(0), 0);
    assert_int_equal(store_blocks(1), 1);
    assert_int_equal(store_blocks(b), 1);
    assert_int_equal(store_blocks(b + 1), 2);
    assert_int_equal(store_file_size(b + 1), b + 1 + 2 * 4 + 4 + STORE_TRAILER);
    assert_int_equal(store_file_size(b * p), b * p + STORE_PAGE + STORE_TRAILER);
    assert_int_equal(store_file_size(b * p + 1), b * p + 1 + STORE_PAGE + 8 + STORE_TRAILER);
    size_t n;
    assert_int_equal(store_page_at(b * p + 1, 0, &n), b * p + 1);
    assert_int_equal(n, STORE_PAGE);
    assert_int_equal(store_page_at(b * p + 1, 1, &n), b * p + 1 + STORE_PAGE);
    assert_int_equal(n, 8);
    assert_int_equal(store_page_at(b * p, 0, &n), b * p);
    assert_int_equal(n, STORE_PAGE);
    assert_true(store_file_size(STORE_OBJECT_MAX) > STORE_OBJECT_MAX);
}

static void names(void **state) {
    (void)state;
    char path[STORE_PATH_MAX];
    id i = id_of("00112233445566778899aabbccddeeff"), j;
    sha256 d;
    store_file_path(path, abc(), i);
    char want[STORE_PATH_MAX];
    snprintf(want, sizeof want, "objects/ba/78/%s.00112233445566778899aabbccddeeff", abc_hex);
    assert_string_equal(path, want);
    assert_true(store_file_name(str_of(path + 14), &d, &j));
    assert_true(sha256_eq(d, abc()) && id_eq(i, j));
    store_pack_path(path, i);
    assert_string_equal(path, "packs/00112233445566778899aabbccddeeff.pack");
    assert_true(store_pack_name(str_of(path + 6), &j));
    static const char *const not_ours[] = {"",
                                           ".",
                                           ".pack",
                                           "x.pack",
                                           "00112233445566778899aabbccddeeff",
                                           "00112233445566778899aabbccddeef.pack",
                                           "a.00112233445566778899aabbccddeeff"};
    for (size_t k = 0; k < sizeof not_ours / sizeof *not_ours; k++) {
        assert_false(store_pack_name(str_of(not_ours[k]), &j));
        assert_false(store_file_name(str_of(not_ours[k]), &d, &j));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack_headers), cmocka_unit_test(records), cmocka_unit_test(trailers),
        cmocka_unit_test(pages),        cmocka_unit_test(sizes),   cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
