// SPDX-License-Identifier: Apache-2.0
// What tests of the scanner for pickles share: a scan of bytes in memory, and zip archives.
#ifndef STEMMA_TESTS_PICKLE_HELP_H
#define STEMMA_TESTS_PICKLE_HELP_H

#include "base/buf.h"
#include "store/pickle.h"
#include "weights_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static arena *A;

static inline pickle_report scan_named(str bytes, pickle_naming named) {
    pickle_report out;
    err e = {0};
    arena_reset(A);
    if (!pickle_scan(read_memory, &bytes, bytes.n, named, A, &out, &e)) fail_msg("%s", e.msg);
    return out;
}

static inline pickle_report scan(str bytes, bool surely) {
    return scan_named(bytes, surely ? PICKLE_NAMED : PICKLE_MAYBE_NAMED);
}

static inline void assert_text(str s, const char *expected) {
    if (!str_is(s, expected)) fail_msg("'%.*s' is not '%s'", STR_F(s), expected);
}

static inline void assert_only(const pickle_report *r, const char *name, pickle_verdict verdict) {
    if (r->problem.n) fail_msg("%.*s", STR_F(r->problem));
    assert_int_equal(r->n, 1);
    assert_text(r->imports[0].name, name);
    assert_int_equal(r->imports[0].verdict, verdict);
    assert_int_equal(r->verdict, verdict);
}

static inline void assert_problem(const pickle_report *r, const char *part) {
    assert_true(r->found);
    assert_true(r->verdict > PICKLE_HARMLESS);
    if (str_find_str(r->problem, str_of(part), 0) == SIZE_MAX)
        fail_msg("'%.*s' does not say '%s'", STR_F(r->problem), part);
}

// ---- archives -------------------------------------------------------------------------------

typedef struct zipped {
    const char *name;
    str bytes;
    bool deflated, large; // large: sizes and places stand in extra fields
} zipped;

static inline str deflated(str bytes) {
    static char out[4096];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes.p,
                  .avail_in = (uInt)bytes.n,
                  .next_out = (Bytef *)out,
                  .avail_out = sizeof out};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    str done = str_n(out, z.total_out);
    deflateEnd(&z);
    return done;
}

static inline void put_sizes(buf *b, const zipped *m, str packed) {
    buf_u16(b, 0); // flags
    buf_u16(b, m->deflated ? 8 : 0);
    buf_u32(b, 0); // time
    buf_u32(b, (uint32_t)crc32(0, (const Bytef *)m->bytes.p, (uInt)m->bytes.n));
    buf_u32(b, m->large ? UINT32_MAX : (uint32_t)packed.n);
    buf_u32(b, m->large ? UINT32_MAX : (uint32_t)m->bytes.n);
    buf_u16(b, (uint16_t)strlen(m->name));
}

static inline void put_member(buf *b, buf *list, const zipped *m) {
    str packed = m->deflated ? deflated(m->bytes) : m->bytes;
    uint32_t at = (uint32_t)b->n;
    buf_str(b, STR("PK\3\4\24\0"));
    put_sizes(b, m, packed);
    buf_u16(b, 0);
    buf_str(b, str_of(m->name));
    buf_str(b, packed);
    buf_str(list, STR("PK\1\2\24\0\24\0"));
    put_sizes(list, m, packed);
    buf_u16(list, m->large ? 28 : 0);
    buf_u16(list, 0), buf_u32(list, 0), buf_u32(list, 0);
    buf_u32(list, m->large ? UINT32_MAX : at);
    buf_str(list, str_of(m->name));
    if (!m->large) return;
    buf_u16(list, 1), buf_u16(list, 24);
    buf_u64(list, m->bytes.n), buf_u64(list, packed.n), buf_u64(list, at);
}

static inline void put_end(buf *b, uint64_t n, uint64_t list_n, bool large) {
    uint64_t at = b->n - list_n, end = b->n;
    if (large) {
        buf_str(b, STR("PK\6\6")), buf_u64(b, 44), buf_u32(b, 0), buf_u64(b, 0);
        buf_u64(b, n), buf_u64(b, n), buf_u64(b, list_n), buf_u64(b, at);
        buf_str(b, STR("PK\6\7")), buf_u32(b, 0), buf_u64(b, end), buf_u32(b, 1);
    }
    buf_str(b, STR("PK\5\6")), buf_u32(b, 0);
    buf_u16(b, (uint16_t)n), buf_u16(b, (uint16_t)n);
    buf_u32(b, large ? UINT32_MAX : (uint32_t)list_n);
    buf_u32(b, large ? UINT32_MAX : (uint32_t)at);
    buf_u16(b, 0);
}

// An archive in `b`, behind what is there already.
static inline str zip(buf *b, const zipped *m, size_t n) {
    buf list = BUF_MAX(1 << 20);
    bool large = false;
    for (size_t i = 0; i < n; i++) {
        put_member(b, &list, &m[i]);
        large |= m[i].large;
    }
    buf_str(b, buf_view(&list));
    put_end(b, n, list.n, large);
    buf_free(&list);
    return buf_view(b);
}

#define EVAL STR_K("cbuiltins\neval\n.")

static inline int set_up(void **state) {
    (void)state;
    A = arena_new();
    return 0;
}
static inline int tear_down(void **state) {
    (void)state;
    arena_free(A);
    return 0;
}

#endif
