// SPDX-License-Identifier: Apache-2.0
// turn: a lock that is given in the order in which it was asked for, with a deadline. (A mutex
// may be given to whoever comes by, so that somebody waits for ever.) Any thread.
#ifndef STEMMA_BASE_TURN_H
#define STEMMA_BASE_TURN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct turn {
    pthread_mutex_t m; // guards what follows
    bool taken;
    struct turn_waiter *first, *last; // on the stacks of who waits
} turn;

void turn_init(turn *t);
void turn_destroy(turn *t); // nobody has it, or waits
// By `until` (clock_mono_us); false: the time is over.
bool turn_take(turn *t, int64_t until);
void turn_leave(turn *t);

#endif
