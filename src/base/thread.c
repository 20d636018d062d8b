// SPDX-License-Identifier: Apache-2.0
// thread: starting threads and waiting for a condition with a time limit. Any thread.
#include "base/thread.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STACK_DEFAULT = 256 << 10 };

// The sanitizers' frames are several times larger.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_FACTOR = 8 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { STACK_FACTOR = 8 };
#else
enum { STACK_FACTOR = 1 };
#endif
#else
enum { STACK_FACTOR = 1 };
#endif

static size_t stack_size(size_t wanted) {
    size_t n = (wanted ? wanted : STACK_DEFAULT) * STACK_FACTOR;
    size_t least = (size_t)PTHREAD_STACK_MIN;
    if (n < least) n = least;
    return (n + 4095) & ~(size_t)4095;
}

// A thread is born with its maker's signal mask: block all meanwhile, so that no signal can
// arrive before its own code runs. Signals are for the thread that waits for them (signalfd or
// sigwait).
static int create(pthread_t *out, size_t stack, void *(*fn)(void *), void *arg) {
    pthread_attr_t attr;
    sigset_t all, old;
    BUG_ON(pthread_attr_init(&attr) != 0);
    BUG_ON(pthread_attr_setstacksize(&attr, stack_size(stack)) != 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(out, &attr, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

bool thread_start(pthread_t *out, const char *name, size_t stack, bool must,
                  void *(*fn)(void *), void *arg) {
    int rc = create(out, stack, fn, arg);
    if (rc) {
        if (!must) return false;
        fprintf(stderr, "stemma: can not start the thread %s: %s\n", name, strerror(rc));
        abort();
    }
    char shown[16]; // what the kernel keeps
    snprintf(shown, sizeof shown, "%s", name);
    pthread_setname_np(*out, shown);
    return true;
}

enum { GIVE_WAY_NICE = 10 };

// The kernel has no header for these: linux/ioprio.h is newer than the systems that we build
// on.
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13, IOPRIO_CLASS_IDLE = 3 };

// On Linux both are a thread's own. Refused (a container may), it works on at the usual one.
void thread_give_way(void) {
    setpriority(PRIO_PROCESS, 0, GIVE_WAY_NICE);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT);
}

void thread_cond_init(pthread_cond_t *c) {
    pthread_condattr_t attr;
    BUG_ON(pthread_condattr_init(&attr) != 0);
    BUG_ON(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0);
    BUG_ON(pthread_cond_init(c, &attr) != 0);
    pthread_condattr_destroy(&attr);
}

bool thread_cond_wait_us(pthread_cond_t *c, pthread_mutex_t *m, int64_t us) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (us < 0) us = 0;
    int64_t ns = until.tv_nsec + us % 1000000 * 1000;
    until.tv_sec += us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    int rc = pthread_cond_timedwait(c, m, &until);
    BUG_ON(rc && rc != ETIMEDOUT);
    return !rc;
}
