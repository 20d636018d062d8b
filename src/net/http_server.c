// SPDX-License-Identifier: Apache-2.0
// Start and stop. http_server_new makes everything but sockets and threads (what the fuzzer
// drives); http_server_start adds them. Start and stop are called by one thread.
#include "net/http_internal.h"

#include "base/thread.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILES_ASIDE = 256 }; // descriptors that are not connections

static void defaults(http_server *s, const http_config *c) {
    s->c = *c;
    s->cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (s->cores < 2) s->cores = 2;
    if (s->c.workers < 1) s->c.workers = 128;
    if (s->c.long_workers < 1) s->c.long_workers = 1024;
    if (s->cores > s->c.workers) s->cores = s->c.workers;
    if (s->c.max_connections < 1) s->c.max_connections = 20000;
    if (s->c.header_us < 1) s->c.header_us = 10000000;
    if (s->c.idle_us < 1) s->c.idle_us = 60000000;
    if (s->c.min_body_rate < 1) s->c.min_body_rate = 1024;
    if (s->c.stream_beat_us < 1) s->c.stream_beat_us = 15000000;
    if (s->c.stream_stall_us < 1) s->c.stream_stall_us = 30000000;
}

static void raise_files(http_server *s) {
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l)) return;
    l.rlim_cur = l.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == RLIM_INFINITY) return;
    if (l.rlim_cur > FILES_ASIDE && l.rlim_cur - FILES_ASIDE < (rlim_t)s->c.max_connections)
        s->c.max_connections = (int)(l.rlim_cur - FILES_ASIDE);
}

static bool open_files(http_server *s, err *e) {
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->quit = eventfd(0, EFD_CLOEXEC);
    s->reserve = eventfd(0, EFD_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    if (s->epoll < 0 || s->wake < 0 || s->quit < 0 || s->reserve < 0 ||
        epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->quit, &ev))
        return err_errno(e, "The server can not watch connections");
    return true;
}

static void close_file(int fd) {
    if (fd >= 0) close(fd);
}

void http_server_free(http_server *s) {
    http_hub_free(s->hub);
    close_file(s->epoll);
    close_file(s->listen);
    close_file(s->wake);
    close_file(s->quit);
    close_file(s->reserve);
    pthread_cond_destroy(&s->none);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->bench);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->pool_lock);
    arena_free(s->a);
    free(s);
}

http_server *http_server_new(const http_config *c, err *e) {
    http_server *s = mem_alloc(sizeof *s);
    s->epoll = s->listen = s->wake = s->quit = s->reserve = -1;
    s->a = arena_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->pool_lock, NULL);
    thread_cond_init(&s->none);
    thread_cond_init(&s->work);
    thread_cond_init(&s->bench);
    defaults(s, c);
    s->router = http_router_new(s->a, c->dialects, e);
    if (s->router && open_files(s, e) && (s->hub = http_hub_new(s, e))) return s;
    http_server_free(s);
    return NULL;
}

// ---- listening ------------------------------------------------------------------------
static int bound_port(int fd) {
    struct sockaddr_storage sa;
    socklen_t n = sizeof sa;
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&sa, &n) ||
        getnameinfo((struct sockaddr *)&sa, n, NULL, 0, port, sizeof port, NI_NUMERICSERV))
        return 0;
    return atoi(port);
}

static bool try_listen(http_server *s, const struct addrinfo *ai) {
    int one = 1;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, 4096)) {
        int keep = errno;
        close(fd);
        errno = keep;
        return false;
    }
    s->listen = fd;
    s->port = bound_port(fd);
    return true;
}

static bool start_listening(http_server *s, err *e) {
    char port[16];
    snprintf(port, sizeof port, "%d", s->c.port);
    char *host = arena_cstr(s->a, s->c.host);
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_PASSIVE};
    int rc = getaddrinfo(host, port, &hints, &found);
    if (rc)
        return err_set(e, ERR_INVALID, "\"%s\" is not a numeric address to listen on (%s).",
                       host, gai_strerror(rc));
    bool ok = try_listen(s, found);
    freeaddrinfo(found);
    return ok || err_errno(e, "Can not listen on %s port %d", host, s->c.port);
}

// ---- start and stop -------------------------------------------------------------------
http_server *http_server_start(const http_config *c, err *e) {
    http_server *s = http_server_new(c, e);
    if (!s) return NULL;
    signal(SIGPIPE, SIG_IGN); // sendfile has no flag against it
    raise_files(s);
    if (s->c.max_streams < 1) s->c.max_streams = s->c.max_connections / 2;
    if (!start_listening(s, e)) {
        http_server_free(s);
        return NULL;
    }
    if (!http_pool_start(s) ||
        !thread_start(&s->keeper, "http-keeper", 0, false, http_keeper, s)) {
        err_set(e, ERR_INTERNAL, "The system has no threads left for the server.");
        http_pool_stop(s);
        http_server_free(s);
        return NULL;
    }
    return s;
}

int http_server_port(const http_server *s) {
    return s->port;
}

// Until no connection is left, or until `until`. Connections that were busy and became idle
// meanwhile are cut as we go.
static bool drain(http_server *s, int64_t until, bool all) {
    for (;;) {
        http_keeper_cut(s, all);
        pthread_mutex_lock(&s->lock);
        if (s->n_conns) thread_cond_wait_us(&s->none, &s->lock, 10000);
        bool empty = !s->n_conns;
        pthread_mutex_unlock(&s->lock);
        if (empty || clock_mono_us() >= until) return empty;
    }
}

void http_server_stop(http_server *s, int64_t grace_us) {
    s->stopping = true;
    http_hub_stop(s->hub);
    shutdown(s->listen, SHUT_RD); // refuses from now on
    if (!drain(s, clock_mono_us() + grace_us, false)) drain(s, INT64_MAX, true);
    s->quitting = true;
    atomic_store(&s->keeper_asleep, true);
    http_keeper_poke(s);
    pthread_join(s->keeper, NULL);
    http_pool_stop(s);
    http_server_free(s);
}
