// SPDX-License-Identifier: Apache-2.0
// sink: a server that reads requests, throws their bodies away and answers what keeps the
// generator going: what is measured against it is the generator itself. One thread a
// connection.
#include "load/load.h"

#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (256u << 10)

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
    "{\"experiment_id\":\"1\",\"run_id\":\"0123456789abcdef\"}\n";

// Bytes of the request that begins at p, 0 when its head is not whole yet.
static uint64_t request_bytes(str text) {
    size_t end = str_find_str(text, STR("\r\n\r\n"), 0);
    int64_t body = 0;
    if (end == SIZE_MAX) return 0;
    size_t at = str_find_str(str_upto(text, end), STR("Content-Length: "), 0);
    if (at != SIZE_MAX) {
        str line = str_from(text, at + 16);
        str_to_i64(str_upto(line, str_find(line, '\r', 0)), &body);
    }
    return end + 4 + (uint64_t)body;
}

static void *serve(void *arg) {
    int fd = (int)(intptr_t)arg;
    char *p = mem_alloc(CHUNK);
    size_t n = 0;
    uint64_t skip = 0;
    for (ssize_t got; (got = recv(fd, p + n, CHUNK - n, 0)) > 0;) {
        n += (size_t)got;
        if (!skip) skip = request_bytes(str_n(p, n));
        if (!skip) continue; // a head that is not whole
        size_t part = skip < n ? (size_t)skip : n;
        skip -= part;
        memmove(p, p + part, n - part);
        n -= part;
        if (!skip && send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) break;
    }
    free(p);
    close(fd);
    return NULL;
}

int cmd_sink(const load_options *o, arena *a, report *r) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)a;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || inet_pton(AF_INET, o->host, &at.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 128))
        return failed(r, strerror(errno));
    for (int c; (c = accept(fd, NULL, NULL)) >= 0;) {
        pthread_t t;
        setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (thread_start(&t, "sink", 0, false, serve, (void *)(intptr_t)c))
            pthread_detach(t);
        else
            close(c);
    }
    return failed(r, strerror(errno));
}
