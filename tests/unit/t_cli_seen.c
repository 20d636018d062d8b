// SPDX-License-Identifier: Apache-2.0
// Which of many things are equal: each is found again under the number that it had first, also
// when halves of hashes are equal and when the table grows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/seen.h"

enum { MANY = 20000 };

typedef struct things {
    uint32_t what[2 * MANY];
    uint32_t is;      // what is looked for
    unsigned compared; // so often
} things;

static things t;

static bool same(void *arg, uint32_t earlier) {
    things *all = arg;
    all->compared++;
    return all->what[earlier] == all->is;
}

static uint32_t add(seen *s, uint64_t hash, uint32_t number, uint32_t is) {
    t.what[number] = t.is = is;
    return seen_add(s, hash, number, same, &t);
}

static uint64_t mixed(uint32_t v) {
    return (v + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static void found_under_the_first_number(void **state) {
    (void)state;
    seen s = {0};
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(add(&s, mixed(i), i, i), i);
    for (uint32_t i = 0; i < MANY; i++)
        assert_int_equal(add(&s, mixed(i), MANY + i, i), i);
    assert_int_equal(s.n, MANY);
    assert_true(s.room >= 2 * MANY && s.room <= 8 * MANY);
    seen_free(&s);
    assert_null(s.slots);
}

// Of equal hashes what the things are decides; of others nobody asks.
static void equal_hashes(void **state) {
    (void)state;
    seen s = {0};
    for (uint32_t i = 0; i < 500; i++)
        assert_int_equal(add(&s, UINT64_MAX - (i & 1), i, i), i); // the lower half is not kept
    for (uint32_t i = 0; i < 500; i++)
        assert_int_equal(add(&s, UINT64_MAX, 500 + i, i), i);
    t.compared = 0;
    assert_int_equal(add(&s, UINT64_C(1) << 40, 1000, 7), 1000);
    assert_int_equal(t.compared, 0);
    assert_int_equal(add(&s, UINT64_MAX, 1001, 1001), 1001);
    assert_int_equal(t.compared, 500);
    seen_free(&s);
}

static void the_last_number(void **state) {
    (void)state;
    seen s = {0};
    t.is = 1;
    assert_int_equal(seen_add(&s, 0, UINT32_MAX - 1, same, &t), UINT32_MAX - 1);
    assert_int_equal(s.n, 1);
    seen_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_under_the_first_number),
        cmocka_unit_test(equal_hashes),
        cmocka_unit_test(the_last_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
