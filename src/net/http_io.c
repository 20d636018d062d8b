// SPDX-License-Identifier: Apache-2.0
// The only file that touches a socket's bytes (I4). Everything is non-blocking; a thread that
// must wait does so in http_wait, until the peer has fallen below the minimum rate. Called by
// the thread that has the connection.
#include "net/http_internal.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

static ssize_t trouble(http_conn *c) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return HTTP_AGAIN;
    c->broken = true;
    return HTTP_GONE;
}

ssize_t http_recv(http_conn *c, void *p, size_t n) {
    if (c->broken) return HTTP_GONE;
    ssize_t got;
    do
        got = recv(c->fd, p, n, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0) return trouble(c);
    if (!got) c->eof = true;
    c->moved += (uint64_t)got;
    return got;
}

static void move_on(struct iovec *iov, int n, size_t sent) {
    for (int i = 0; i < n && sent; i++) {
        size_t part = sent < iov[i].iov_len ? sent : iov[i].iov_len;
        iov[i].iov_base = (char *)iov[i].iov_base + part;
        iov[i].iov_len -= part;
        sent -= part;
    }
}

ssize_t http_send(http_conn *c, struct iovec *iov, int n, bool more) {
    if (c->broken) return HTTP_GONE;
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    ssize_t sent;
    do
        sent = sendmsg(c->fd, &m, flags);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return trouble(c);
    c->moved += (uint64_t)sent;
    move_on(iov, n, (size_t)sent);
    return sent;
}

ssize_t http_send_file(http_conn *c, int fd, uint64_t at, size_t n) {
    if (c->broken) return HTTP_GONE;
    off_t off = (off_t)at;
    ssize_t sent;
    do
        sent = sendfile(c->fd, fd, &off, n);
    while (sent < 0 && errno == EINTR);
    if (sent < 0) return trouble(c);
    c->moved += (uint64_t)sent;
    return sent;
}

bool http_peer_left(const http_conn *c) {
    if (c->broken) return true;
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLERR | POLLHUP);
}

// A peer has the grace and then a second for every min_body_rate bytes, but never longer than
// idle_us at a time.
int64_t http_rate_deadline(const http_server *s, int64_t since, uint64_t moved, int64_t now) {
    int64_t rate = s->c.min_body_rate;
    int64_t seconds =
        moved / (uint64_t)rate > 1000000 ? 1000000 : (int64_t)(moved / (uint64_t)rate);
    int64_t by_rate = since + s->c.header_us + seconds * 1000000;
    int64_t by_idle = now + s->c.idle_us;
    return by_rate < by_idle ? by_rate : by_idle;
}

void http_note_unread(http_conn *c) {
    int n = 0;
    if (ioctl(c->fd, SIOCOUTQ, &n)) n = 0;
    c->unread = n;
}

// The kernel takes a megabyte or two ahead of a slow reader and then nothing for a long time,
// so what the peer reads is seen in the queue only.
bool http_reads_on(const http_server *s, http_conn *c) {
    int before = c->unread;
    int64_t least = s->c.min_body_rate * s->c.header_us / 1000000;
    http_note_unread(c);
    return before - c->unread >= (least > 0 ? least : 1);
}

bool http_wait(http_conn *c, short events, int64_t until) {
    int64_t left = until - clock_mono_us();
    if (left <= 0) return false;
    struct pollfd p = {.fd = c->fd, .events = events};
    int rc;
    do
        rc = poll(&p, 1, (int)(left / 1000 + 1));
    while (rc < 0 && errno == EINTR);
    return rc > 0;
}

static size_t total(const struct iovec *iov, int n) {
    size_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += iov[i].iov_len;
    return sum;
}

// Keeps what could not be sent; it goes out by events once the handler has returned.
static void keep(http_conn *c, const struct iovec *iov, int n) {
    size_t more = total(iov, n);
    if (c->out.max - c->out.n < more) c->out.max = c->out.n + more; // exactly: it may be long
    for (int i = 0; i < n; i++)
        buf_add(&c->out, iov[i].iov_base, iov[i].iov_len);
}

// False: the peer has read too little for too long.
static bool wait_for_room(http_req *r) {
    http_server *s = r->w->s;
    http_pool_lend(r->w);
    http_note_unread(r->c);
    do
        if (http_wait(r->c, POLLOUT, clock_mono_us() + s->c.header_us)) return true;
    while (http_reads_on(s, r->c));
    METRIC_ADD(http_refused_total, 1);
    return false;
}

static bool write_waiting(http_req *r, struct iovec *iov, int n) {
    while (total(iov, n)) {
        ssize_t sent = http_send(r->c, iov, n, false);
        if (sent == HTTP_GONE) return false;
        if (sent == HTTP_AGAIN && !wait_for_room(r)) {
            r->c->broken = true;
            return false;
        }
    }
    return true;
}

// What was kept before (a 100-continue that did not fit) goes first.
static bool write_kept(http_req *r) {
    http_conn *c = r->c;
    struct iovec iov = {c->out.p + c->out_at, c->out.n - c->out_at};
    bool ok = write_waiting(r, &iov, 1);
    buf_free(&c->out);
    c->out_at = 0;
    return ok;
}

bool http_write(http_req *r, struct iovec *iov, int n, bool last) {
    http_conn *c = r->c;
    r->bytes_out += total(iov, n);
    if (!last) return (!c->out.n || write_kept(r)) && write_waiting(r, iov, n);
    if (!c->out.n && http_send(c, iov, n, r->pump.on) == HTTP_GONE) return false;
    if (total(iov, n)) keep(c, iov, n);
    return true;
}
