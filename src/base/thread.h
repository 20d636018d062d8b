// SPDX-License-Identifier: Apache-2.0
// Threads by name, and a latch to wait for. Locks are plain pthread mutexes; each struct says
// what its lock guards.
#ifndef STEMMA_BASE_THREAD_H
#define STEMMA_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Starts a joinable thread with a stack of `stack` bytes (0: 256 KiB) and all signals blocked;
// the kernel keeps 15 characters of the name. Aborts when the system has none left and `must`
// is set, else returns false.
bool thread_start(pthread_t *out, const char *name, size_t stack, bool must,
                  void *(*fn)(void *), void *arg);

// The calling thread gives way from now on to whoever wants a core or the disk: for long work
// beside requests. There is no way back without privileges: let a thread of its own do it.
void thread_give_way(void);

// Waits at most `us` microseconds from now, by the monotonic clock; the condition must come
// from thread_cond_init. False: time ran out. As with any condition it may wake for nothing:
// check what you wait for in a loop.
void thread_cond_init(pthread_cond_t *c);
bool thread_cond_wait_us(pthread_cond_t *c, pthread_mutex_t *m, int64_t us);

#endif
