// SPDX-License-Identifier: Apache-2.0
// id: UUID version 7 (RFC 9562, sections 5.7 and 6.2, "monotonic random"): the first id of a
// millisecond is random, each further one adds a random step to the one before, so that ids of
// one process rise. When the clock stands still or goes back, the last millisecond goes on;
// when the 74 random bits run over, the next one begins.
//
// `ids.lock` guards everything in `ids`. Randomness is fetched from the kernel for many ids at
// once; a child process throws away what it inherited, or parent and child would make the same
// ids.
#include "base/id.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

enum { POOL = 512 };

static struct {
    pthread_mutex_t lock;
    uint64_t ms;   // of the last id
    uint64_t high; // its 12 bits of rand_a
    uint64_t low;  // its 62 bits of rand_b
    size_t left;   // unused bytes at the end of `pool`
    unsigned char pool[POOL];
} ids = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t ids_once = PTHREAD_ONCE_INIT;

#define LOW_MASK  ((1ull << 62) - 1)
#define HIGH_MASK 0xfffull

void random_bytes(void *p, size_t n) {
    char *to = p;
    while (n) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno == EINTR) continue;
        BUG_ON(got <= 0);
        to += got;
        n -= (size_t)got;
    }
}

static void before_fork(void) {
    pthread_mutex_lock(&ids.lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&ids.lock);
}

static void in_child(void) {
    ids.left = 0;
    ids.ms = 0;
    pthread_mutex_unlock(&ids.lock);
}

static void watch_forks(void) {
    BUG_ON(pthread_atfork(before_fork, after_fork, in_child) != 0);
}

// Holds the lock.
static uint64_t random_u64(void) {
    if (ids.left < 8) {
        random_bytes(ids.pool, POOL);
        ids.left = POOL;
    }
    uint64_t v;
    memcpy(&v, ids.pool + POOL - ids.left, 8);
    ids.left -= 8;
    return v;
}

// Holds the lock.
static void fresh(uint64_t ms) {
    ids.ms = ms;
    ids.high = random_u64() & HIGH_MASK;
    ids.low = random_u64() & LOW_MASK;
}

// Holds the lock. The step keeps the next id from being guessed by who knows the last.
static void step(void) {
    uint64_t r = random_u64();
    ids.low += (r & 0xffffffffull) + 1;
    if (ids.low <= LOW_MASK) return;
    ids.low &= LOW_MASK;
    if (++ids.high > HIGH_MASK) fresh(ids.ms + 1);
}

static void put_be(uint8_t *p, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

id id_new(void) {
    pthread_once(&ids_once, watch_forks);
    uint64_t now = (uint64_t)clock_now_us() / 1000;
    pthread_mutex_lock(&ids.lock);
    if (now > ids.ms)
        fresh(now);
    else
        step();
    uint64_t ms = ids.ms, high = ids.high, low = ids.low;
    pthread_mutex_unlock(&ids.lock);
    id i;
    put_be(i.b, ms, 6);
    put_be(i.b + 6, 0x7000 | high, 2);
    put_be(i.b + 8, 2ull << 62 | low, 8);
    return i;
}

int64_t id_ms(id i) {
    int64_t ms = 0;
    for (size_t k = 0; k < 6; k++)
        ms = ms << 8 | i.b[k];
    return ms;
}

id id_least_at(int64_t ms) {
    id i = {{0}};
    put_be(i.b, (uint64_t)ms, 6);
    return i;
}

void id_hex(id i, char out[ID_HEX]) {
    hex_put(out, i.b, sizeof i.b);
    out[ID_HEX - 1] = 0;
}

str id_str(arena *a, id i) {
    char *p = arena_bytes(a, ID_HEX);
    id_hex(i, p);
    return (str){p, ID_HEX - 1};
}

bool id_parse(str s, id *out) {
    return hex_get(s, out->b, sizeof out->b);
}
