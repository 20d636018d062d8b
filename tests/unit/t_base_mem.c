// SPDX-License-Identifier: Apache-2.0
// arena, buf, cur, vec and map: growth, limits, order, hooks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void arena_gives_zeroed_aligned_memory(void **state) {
    (void)state;
    arena *a = arena_new();
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 3000; n = n * 3 / 2 + 1) {
            arena_bytes(a, 3); // puts the next one off its alignment
            char *p = arena_alloc(a, n);
            assert_int_equal((uintptr_t)p % 16, 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, n); // must not show through after the reset
        }
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
    }
    arena_free(a);
    arena_free(NULL);
}

static void arena_keeps_allocations_apart(void **state) {
    (void)state;
    enum { N = 4000 };
    arena *a = arena_new();
    static unsigned char *p[N];
    static size_t n[N];
    size_t sum = 0;
    for (size_t i = 0; i < N; i++) {
        n[i] = i % 97 ? i * 7 % 301 : i * 90; // now and then one with a chunk of its own
        p[i] = i % 2 ? arena_alloc(a, n[i]) : (void *)arena_bytes(a, n[i]);
        memset(p[i], (int)(i % 251), n[i]);
        sum += n[i];
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < n[i]; k++)
            assert_int_equal(p[i][k], i % 251);
    }
    assert_int_equal(arena_used(a), sum);
    arena_free(a);
}

static void arena_copies_and_prints(void **state) {
    (void)state;
    arena *a = arena_new();
    str s = arena_str(a, STR("a\0b"));
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "a\0b", 4);
    assert_string_equal(arena_cstr(a, (str){0}), "");
    assert_string_equal(arena_printf(a, "%s-%d", "x", 7).p, "x-7");
    str pair = arena_pair(a, STR("a\0b"), STR("\0c"));
    assert_int_equal(pair.n, 6);
    assert_memory_equal(pair.p, "a\0b\0\0c", 6);
    assert_int_equal(arena_pair(a, (str){0}, (str){0}).n, 1);
    char big[1000];
    memset(big, 'y', sizeof big - 1);
    big[999] = 0;
    str t = arena_printf(a, "<%s>", big);
    assert_int_equal(t.n, 1001);
    assert_int_equal(t.p[1000], '>');
    assert_int_equal(t.p[1001], 0);
    for (size_t n = 250; n < 260; n++) { // around the size that is printed on the stack first
        t = arena_printf(a, "%.*s", (int)n, big);
        assert_int_equal(t.n, n);
        assert_int_equal(strlen(t.p), n);
    }
    arena_free(a);
}

static char hook_log[8];
static char letters[][2] = {"a", "b", "c", "d", "z"};
static arena *hook_arena;

static void hook(void *arg) {
    strcat(hook_log, arg);
}

static void hook_adds_hook(void *arg) {
    hook(arg);
    arena_on_reset(hook_arena, hook, letters[4]);
}

static void arena_runs_hooks_in_reverse_once(void **state) {
    (void)state;
    arena *a = hook_arena = arena_new();
    hook_log[0] = 0;
    arena_on_reset(a, hook, letters[0]);
    arena_on_reset(a, hook_adds_hook, letters[1]);
    arena_on_reset(a, hook, letters[2]);
    arena_reset(a);
    assert_string_equal(hook_log, "cbza");
    arena_reset(a);
    assert_string_equal(hook_log, "cbza");
    arena_on_reset(a, hook, letters[3]);
    arena_free(a);
    assert_string_equal(hook_log, "cbzad");
}

static void overflow_array(void) {
    arena_array(arena_new(), SIZE_MAX / 2, 3);
}

static void overflow_alloc(void) {
    arena_alloc(arena_new(), SIZE_MAX - 4);
}

// The function must end its process by abort.
static void assert_aborts(void (*fn)(void)) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        signal(SIGABRT, SIG_DFL);
        fn();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void drop_too_much(void) {
    buf b = BUF_MAX(10);
    buf_byte(&b, 'x');
    buf_drop(&b, 2);
}

static void impossible_sizes_abort(void **state) {
    (void)state;
    assert_aborts(overflow_array);
    assert_aborts(overflow_alloc);
    assert_aborts(drop_too_much);
}

static void buf_grows_to_its_maximum_and_no_further(void **state) {
    (void)state;
    buf b = BUF_MAX(1000);
    for (int i = 0; i < 1000; i++)
        buf_byte(&b, (char)i);
    assert_false(b.full);
    assert_int_equal(b.n, 1000);
    buf_byte(&b, 'x');
    assert_true(b.full);
    assert_int_equal(b.n, 1000);
    assert_null(buf_room(&b, 1));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(b.p[i], (char)i);
    buf_clear(&b);
    assert_false(b.full);
    buf_add(&b, "hello", 5);
    buf_drop(&b, 2);
    assert_true(str_is(buf_view(&b), "llo"));
    buf_free(&b);
    assert_int_equal(b.max, 1000);
    assert_null(b.p);
    buf_str(&b, STR("again"));
    assert_true(str_is(buf_view(&b), "again"));
    buf_free(&b);
}

static void buf_that_is_full_takes_nothing_that_grows_it(void **state) {
    (void)state;
    buf b = BUF_MAX(400);
    buf_add(&b, "abc", 3);
    char big[500] = {0};
    buf_add(&b, big, sizeof big);
    assert_true(b.full);
    assert_int_equal(b.n, 3);
    buf_free(&b);
}

static void buf_prints(void **state) {
    (void)state;
    buf b = BUF_MAX(600);
    buf_printf(&b, "%d %s", 5, "five");
    assert_true(str_is(buf_view(&b), "5 five"));
    buf_printf(&b, "%500d", 1);
    assert_int_equal(b.n, 506);
    assert_false(b.full);
    buf_printf(&b, "%94d", 1); // does not need the stack's 256 bytes, fits exactly
    assert_int_equal(b.n, 600);
    assert_false(b.full);
    buf_printf(&b, "%s", "x");
    assert_true(b.full);
    buf_free(&b);
    b = BUF_MAX(300);
    buf_printf(&b, "%400d", 1);
    assert_true(b.full);
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void integers_survive(void **state) {
    (void)state;
    static const uint64_t values[] = {
        0,         1, 127, 128, 16383, 16384, 1 << 20, UINT32_MAX, 1ull << 62, UINT64_MAX - 1,
        UINT64_MAX};
    buf b = BUF_MAX(10000);
    size_t n = sizeof values / sizeof *values;
    for (size_t i = 0; i < n; i++) {
        buf_u16(&b, (uint16_t)values[i]);
        buf_u32(&b, (uint32_t)values[i]);
        buf_u64(&b, values[i]);
        buf_uvar(&b, values[i]);
        buf_ivar(&b, (int64_t)values[i]);
        buf_ivar(&b, -(int64_t)(values[i] >> 1));
    }
    buf_ivar(&b, INT64_MIN);
    buf_byte(&b, (char)200);
    buf_str(&b, STR("tail"));
    cur c = cur_of(buf_view(&b));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(cur_u16(&c), (uint16_t)values[i]);
        assert_int_equal(cur_u32(&c), (uint32_t)values[i]);
        assert_true(cur_u64(&c) == values[i]);
        assert_true(cur_uvar(&c) == values[i]);
        assert_true(cur_ivar(&c) == (int64_t)values[i]);
        assert_true(cur_ivar(&c) == -(int64_t)(values[i] >> 1));
    }
    assert_true(cur_ivar(&c) == INT64_MIN);
    assert_int_equal(cur_u8(&c), 200);
    assert_true(str_is(cur_take(&c, 4), "tail"));
    assert_int_equal(cur_left(&c), 0);
    assert_false(c.bad);
    buf_free(&b);
}

static void fixed_width_is_little_endian(void **state) {
    (void)state;
    buf b = BUF_MAX(64);
    buf_u32(&b, 0x11223344);
    buf_uvar(&b, 300);
    buf_ivar(&b, -2);
    assert_memory_equal(b.p, "\x44\x33\x22\x11\xac\x02\x03", 7);
    assert_int_equal(b.n, 7);
    buf_free(&b);
}

static void bad_bytes_are_refused(void **state) {
    (void)state;
    static const str bad[] = {
        STR_K(""),
        STR_K("\x80"),                                     // ends within
        STR_K("\x80\x00"),                                 // longer than need be
        STR_K("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), // 65 bits
        STR_K("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cur c = cur_of(bad[i]);
        assert_int_equal(cur_uvar(&c), 0);
        assert_true(c.bad);
        assert_int_equal(cur_u8(&c), 0); // stays bad
        assert_int_equal(cur_take(&c, 0).n, 0);
        assert_true(c.bad);
    }
    cur c = cur_of(STR("abc"));
    assert_int_equal(cur_u32(&c), 0);
    assert_true(c.bad);
    c = cur_of(STR("abc"));
    assert_null(cur_take(&c, SIZE_MAX).p);
    assert_true(c.bad);
}

static void vec_grows(void **state) {
    (void)state;
    arena *a = arena_new();
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        vec_push(a, &v, i * 3);
    assert_int_equal(v.n, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.p[i], i * 3);
    arena_free(a);
}

static void map_finds_what_was_put(void **state) {
    (void)state;
    enum { N = 5000 };
    arena *a = arena_new();
    map m = map_new(a);
    assert_null(map_get(&m, STR("nothing")));
    static int values[N];
    bool added;
    for (int i = 0; i < N; i++) {
        *map_at(&m, arena_printf(a, "key%d", i), &added) = &values[i];
        assert_true(added);
    }
    for (int i = 0; i < N; i++) {
        str key = arena_printf(a, "key%d", i);
        assert_ptr_equal(map_get(&m, key), &values[i]);
        assert_ptr_equal(*map_at(&m, key, &added), &values[i]);
        assert_false(added);
        assert_true(str_eq(m.entries[i].key, key)); // the order of insertion
    }
    assert_int_equal(m.n, N);
    assert_null(map_get(&m, STR("key5000")));
    assert_null(*map_at(&m, (str){0}, &added)); // the empty key is a key
    assert_true(added);
    *map_at(&m, STR(""), &added) = a;
    assert_false(added);
    assert_ptr_equal(map_get(&m, (str){0}), a);
    assert_true(map_hash(STR("x")) == map_hash(STR("x")));
    assert_true(map_hash(STR("x")) != map_hash(STR("y")));
    arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_keeps_allocations_apart),
        cmocka_unit_test(arena_copies_and_prints),
        cmocka_unit_test(arena_runs_hooks_in_reverse_once),
        cmocka_unit_test(impossible_sizes_abort),
        cmocka_unit_test(buf_grows_to_its_maximum_and_no_further),
        cmocka_unit_test(buf_that_is_full_takes_nothing_that_grows_it),
        cmocka_unit_test(buf_prints),
        cmocka_unit_test(integers_survive),
        cmocka_unit_test(fixed_width_is_little_endian),
        cmocka_unit_test(bad_bytes_are_refused),
        cmocka_unit_test(vec_grows),
        cmocka_unit_test(map_finds_what_was_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
