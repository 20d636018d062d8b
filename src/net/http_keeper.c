// SPDX-License-Identifier: Apache-2.0
// The keeper, one thread: accepts connections and counts them by address, shuts those that are
// past their deadline, and looks whether pool 1 needs more threads. It never reads or writes a
// request and never frees a connection that a worker may have (I2).
#include "net/http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_BURST = 256,
    REFUSED_MAX = 256, // refused connections that may still read their 503
    ACCEPT_PAUSE_US = 100000,
    STOP_LINGER_US = 200000,
    POKE_US = 10000, // a nap this short needs no poke
};

// ---- addresses ------------------------------------------------------------------------
static struct in6_addr addr_of(const struct sockaddr *sa) {
    struct in6_addr ip = {0};
    if (sa->sa_family == AF_INET6) {
        ip = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    } else if (sa->sa_family == AF_INET) { // ::ffff:a.b.c.d
        ip.s6_addr[10] = ip.s6_addr[11] = 0xff;
        memcpy(ip.s6_addr + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    }
    return ip;
}

static bool is_v4(const struct in6_addr *ip) {
    return IN6_IS_ADDR_V4MAPPED(ip);
}

static bool is_loopback(const struct in6_addr *ip) {
    return IN6_IS_ADDR_LOOPBACK(ip) || IN6_IS_ADDR_UNSPECIFIED(ip) || // a socket pair
           (is_v4(ip) && ip->s6_addr[12] == 127);
}

str http_addr_text(arena *a, const struct in6_addr *ip) {
    char text[INET6_ADDRSTRLEN];
    if (is_v4(ip))
        inet_ntop(AF_INET, ip->s6_addr + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, ip, text, sizeof text);
    return arena_str(a, str_of(text));
}

// Under server->lock. One subscriber has a whole /64 of IPv6.
static http_addr *addr_take(http_server *s, struct in6_addr ip) {
    if (!is_v4(&ip)) memset(ip.s6_addr + 8, 0, 8);
    http_addr **slot = &s->addrs[map_hash(str_n(&ip, sizeof ip)) % HTTP_ADDR_SLOTS];
    for (http_addr *a = *slot; a; a = a->next) {
        if (memcmp(&a->ip, &ip, sizeof ip)) continue;
        a->n++;
        return a;
    }
    http_addr *a = mem_alloc(sizeof *a);
    *a = (http_addr){.ip = ip, .n = 1, .next = *slot};
    return *slot = a;
}

static void addr_drop(http_server *s, http_addr *gone) {
    if (--gone->n) return;
    http_addr **p = &s->addrs[map_hash(str_n(&gone->ip, sizeof gone->ip)) % HTTP_ADDR_SLOTS];
    while (*p != gone)
        p = &(*p)->next;
    *p = gone->next;
    free(gone);
}

// ---- the list of connections ----------------------------------------------------------
static bool may_stay(const http_server *s, const http_conn *c) {
    int most = s->c.max_per_address;
    if (!most) most = c->loopback ? s->c.max_connections : 4096;
    return s->n_conns <= s->c.max_connections && c->addr->n <= most;
}

static bool list_in(http_server *s, http_conn *c) { // true: within the limits
    pthread_mutex_lock(&s->lock);
    c->addr = addr_take(s, c->ip);
    c->next = s->conns;
    if (s->conns) s->conns->prev = c;
    s->conns = c;
    s->n_conns++;
    bool ok = may_stay(s, c);
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static void list_out(http_server *s, http_conn *c) {
    pthread_mutex_lock(&s->lock);
    if (c->prev)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next) c->next->prev = c->prev;
    addr_drop(s, c->addr);
    if (!--s->n_conns) pthread_cond_broadcast(&s->none);
    pthread_mutex_unlock(&s->lock);
}

void http_conn_close(http_conn *c, http_server *s) {
    BUG_ON(c->req);
    list_out(s, c);
    close(c->fd);
    atomic_fetch_sub_explicit(&s->held, c->held, memory_order_relaxed);
    free(c->saved);
    buf_free(&c->out);
    free(c);
    METRIC_ADD(http_connections, -1);
}

static void send_refusal(http_conn *c) {
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nServer: stemma\r\nRetry-After: 5\r\n"
        "Content-Type: text/plain\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
        "Too many connections.\n";
    struct iovec iov = {(void *)(uintptr_t)text, sizeof text - 1};
    http_send(c, &iov, 1, false);
    shutdown(c->fd, SHUT_WR);
    METRIC_ADD(http_refused_total, 1);
}

void http_conn_add(http_server *s, int fd, const struct sockaddr *sa) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    http_conn *c = mem_alloc(sizeof *c);
    int64_t now = clock_mono_us();
    c->fd = fd;
    c->ip = addr_of(sa);
    c->loopback = is_loopback(&c->ip);
    c->since = now;
    c->state = HTTP_READ;
    METRIC_ADD(http_connections, 1);
    bool refused = !list_in(s, c);
    if (refused) {
        send_refusal(c);
        c->state = HTTP_LINGER;
    }
    int64_t until = now + (refused ? HTTP_LINGER_US : s->c.idle_us);
    atomic_store_explicit(&c->deadline, until, memory_order_release);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};
    if (!epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev)) return;
    log_msg(LOG_ERROR, "http.epoll", "can not watch a connection: errno %d", errno);
    http_conn_close(c, s);
}

// ---- accepting ------------------------------------------------------------------------
// When descriptors run out the peer would wait in the queue for ever and poll would spin: give
// up the one in reserve to tell it, then rest.
static void shed(http_server *s) {
    close(s->reserve);
    int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    s->reserve = eventfd(0, EFD_CLOEXEC);
    METRIC_ADD(http_refused_total, 1);
}

static int64_t accept_some(http_server *s, int64_t now) { // when to accept again
    for (int i = 0; i < ACCEPT_BURST; i++) {
        struct sockaddr_storage from;
        socklen_t n = sizeof from;
        int fd = accept4(s->listen, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
            shed(s);
            return now + ACCEPT_PAUSE_US;
        }
        if (fd < 0) return errno == ENOBUFS || errno == ENOMEM ? now + ACCEPT_PAUSE_US : now;
        if (s->n_conns < s->c.max_connections + REFUSED_MAX)
            http_conn_add(s, fd, (struct sockaddr *)&from);
        else
            close(fd);
    }
    return now;
}

// ---- deadlines ------------------------------------------------------------------------
// Shutting wakes the worker that epoll picks; it sees `expired` and does what the state asks
// for.
static void cut(http_conn *c) {
    c->expired = true;
    shutdown(c->fd, c->state == HTTP_WRITE ? SHUT_RDWR : SHUT_RD);
}

// A slow reader gets another term as long as it reads. (A worker may take the connection
// meanwhile; then that counts.)
static bool reads_on(http_server *s, http_conn *c, int64_t d, int64_t now) {
    if (c->state != HTTP_WRITE || !http_reads_on(s, c)) return false;
    atomic_compare_exchange_strong(&c->deadline, &d, now + s->c.header_us);
    return true;
}

static void cut_late(http_server *s, int64_t now) {
    pthread_mutex_lock(&s->lock);
    for (http_conn *c = s->conns; c; c = c->next) {
        int64_t d = atomic_load_explicit(&c->deadline, memory_order_acquire);
        if (d && d < now && !reads_on(s, c, d, now)) cut(c);
    }
    pthread_mutex_unlock(&s->lock);
}

// Of those that are parked, what a stopping server need not wait for: idle ones, and lingering
// ones soon.
static bool may_go(const http_conn *c, int64_t now) {
    int64_t d = atomic_load_explicit(&c->deadline, memory_order_acquire);
    if (!d) return false;
    return c->state == HTTP_READ ||
           (c->state == HTTP_LINGER && d - now < HTTP_LINGER_US - STOP_LINGER_US);
}

void http_keeper_cut(http_server *s, bool all) {
    int64_t now = clock_mono_us();
    pthread_mutex_lock(&s->lock);
    for (http_conn *c = s->conns; c; c = c->next) {
        if (all)
            shutdown(c->fd, SHUT_RDWR);
        else if (may_go(c, now))
            cut(c);
    }
    pthread_mutex_unlock(&s->lock);
}

// ---- the thread -----------------------------------------------------------------------
void http_keeper_poke(http_server *s) {
    uint64_t one = 1;
    if (!atomic_load_explicit(&s->keeper_asleep, memory_order_relaxed)) return;
    if (atomic_exchange(&s->keeper_asleep, false)) (void)!write(s->wake, &one, sizeof one);
}

static int64_t tick_us(const http_server *s) {
    int64_t least = s->c.header_us < s->c.idle_us ? s->c.header_us : s->c.idle_us;
    int64_t t = least / 8;
    return t < 10000 ? 10000 : t > 1000000 ? 1000000 : t;
}

static void rest(http_server *s, int64_t us, bool accepting) {
    struct pollfd p[2] = {{.fd = s->wake, .events = POLLIN},
                          {.fd = accepting ? s->listen : -1, .events = POLLIN}};
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    ppoll(p, 2, &t, NULL);
    uint64_t n;
    if (p[0].revents) (void)!read(s->wake, &n, sizeof n);
}

void *http_keeper(void *arg) {
    http_server *s = arg;
    int64_t tick = tick_us(s), next = clock_mono_us() + tick, accept_at = 0;
    while (!s->quitting) {
        int64_t now = clock_mono_us();
        if (now >= next) {
            cut_late(s, now);
            http_pool_reap(s);
            next = now + tick;
        }
        bool accepting = !s->stopping && now >= accept_at;
        if (accepting) accept_at = accept_some(s, now);
        atomic_store(&s->keeper_asleep, true);
        int64_t hurry = http_pool_grow(s, clock_mono_us());
        if (hurry >= 0 && hurry < POKE_US) atomic_store(&s->keeper_asleep, false);
        int64_t us = next - now;
        if (accept_at > now && accept_at - now < us) us = accept_at - now;
        if (hurry >= 0 && hurry < us) us = hurry;
        rest(s, us, !s->stopping && accept_at <= now);
    }
    return NULL;
}
