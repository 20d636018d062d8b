// SPDX-License-Identifier: Apache-2.0
// A turn is had by one at a time, in the order in which they came, or not at all in time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/turn.h"

#include <unistd.h>

#define LONG_US INT64_C(60000000)

enum { THREADS = 8 };

static turn t;
static int order[THREADS], had; // guarded by the turn

static void *take_it(void *arg) {
    if (!turn_take(&t, clock_mono_us() + LONG_US)) return NULL;
    order[had++] = *(int *)arg;
    turn_leave(&t);
    return arg;
}

static struct turn_waiter *last(void) {
    pthread_mutex_lock(&t.m);
    struct turn_waiter *w = t.last;
    pthread_mutex_unlock(&t.m);
    return w;
}

static void in_the_order_of_coming(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    int number[THREADS];
    turn_init(&t);
    assert_true(turn_take(&t, 0));
    for (int i = 0; i < THREADS; i++) {
        struct turn_waiter *before = last();
        number[i] = i;
        thread_start(&threads[i], "turn", 0, true, take_it, &number[i]);
        while (last() == before)
            usleep(100);
    }
    turn_leave(&t);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(order[i], i);
    turn_destroy(&t);
}

// Who gives up is passed over, at whichever place it waits.
static void not_in_time(void **state) {
    (void)state;
    pthread_t after;
    int number = 1;
    had = 0;
    turn_init(&t);
    assert_true(turn_take(&t, 0));
    assert_false(turn_take(&t, clock_mono_us() + 1000));
    thread_start(&after, "turn", 0, true, take_it, &number);
    while (!last())
        usleep(100);
    assert_false(turn_take(&t, clock_mono_us() + 1000));
    turn_leave(&t);
    pthread_join(after, NULL);
    assert_int_equal(had, 1);
    assert_true(turn_take(&t, 0));
    turn_leave(&t);
    turn_destroy(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_order_of_coming),
        cmocka_unit_test(not_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
