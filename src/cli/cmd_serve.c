// SPDX-License-Identifier: Apache-2.0
// serve: the server from its start to SIGTERM. Order at the end: jobs are told to end, no new
// requests, those at work end, streams close, background threads stop within a step, the
// database closes with its log truncated.
#include "api/api.h"
#include "api/native/feed.h"
#include "base/log.h"
#include "cli/cli_internal.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STOP_GRACE_US 20000000

// "HOST:PORT", "[::1]:5000", ":5000" or "5000".
static bool parse_listen(str s, str *host, int *port, err *e) {
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    int64_t number;
    *host = colon ? str_upto(s, colon - 1) : STR("127.0.0.1");
    if (!host->n) *host = STR("127.0.0.1");
    if (host->p[0] == '[' && host->p[host->n - 1] == ']')
        *host = str_n(host->p + 1, host->n - 2);
    if (!str_to_i64(str_from(s, colon), &number) || number < 0 || number > 65535) {
        return err_set(e, ERR_INVALID, "--listen takes HOST:PORT, not '%.*s'", STR_F(s));
    }
    *port = (int)number;
    if (str_is(*host, "localhost")) *host = STR("127.0.0.1");
    return true;
}

static bool is_loopback(arena *a, str host) {
    struct in_addr v4;
    if (str_is(host, "::1")) return true;
    return inet_pton(AF_INET, arena_cstr(a, host), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static bool refuse_host(str host, err *e) {
    return err_set(
        e, ERR_FORBIDDEN,
        "refusing to listen on %.*s without a token, because anybody could read and change the"
        " data: set STEMMA_TOKEN, make a user, or listen on 127.0.0.1",
        STR_F(host));
}

// Before anything is made: a server without a token needs data with users in it.
static bool may_open(const cli_options *o, arena *a, str host, err *e) {
    err unread = {0};
    return o->token.n || o->db.n || is_loopback(a, host) || cli_data_there(o, a, &unread) ||
           refuse_host(host, e);
}

static bool may_listen(const cli_options *o, arena *a, const cli_data *d, str host, err *e) {
    bool needed;
    if (o->token.n || is_loopback(a, host)) return true;
    return user_needed(d->core, &needed, e) && (needed || refuse_host(host, e));
}

// An address that clients can use: one that stands for all of a machine's is told by its name.
static str reachable(arena *a, str host) {
    char name[256] = "";
    if (!str_is(host, "0.0.0.0") && !str_is(host, "::"))
        return str_find(host, ':', 0) == SIZE_MAX ? host
                                                  : arena_printf(a, "[%.*s]", STR_F(host));
    gethostname(name, sizeof name - 1);
    return arena_str(a, *name ? str_of(name) : host);
}

static void print_banner(const cli_options *o, arena *a, str host, int port) {
    str name = reachable(a, host);
    printf("Stemma %s listens on http://%.*s:%d\n", STEMMA_VERSION, STR_F(name), port);
    printf("data: %.*s%s\n\n", STR_F(o->data), o->db.n ? " (records in PostgreSQL)" : "");
    printf("    import mlflow\n    mlflow.set_tracking_uri(\"http://%.*s:%d\")\n\n",
           STR_F(name), port);
    if (o->token.n) printf("with the token in the variable MLFLOW_TRACKING_TOKEN\n\n");
    fflush(stdout);
}

// Tells whoever started it what it does: systemd's protocol (sd_notify(3)), one datagram.
// Nobody asked where NOTIFY_SOCKET is not set; one that can not be told must not keep the
// server down.
static void tell_starter(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof to.sun_path) return;
    memcpy(to.sun_path, path, n);
    if (to.sun_path[0] == '@') to.sun_path[0] = 0; // an abstract name
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0)
        log_msg(LOG_WARN, "start", "Can not send %s to NOTIFY_SOCKET: %m", state);
    close(fd);
}

static int wait_for_signal(void) {
    sigset_t set;
    int sig = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigwait(&set, &sig);
    return sig;
}

// Threads inherit the mask, so that the signals wait for wait_for_signal.
static void block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(const cli_options *o, arena *a, cli_data *d, str host, int port, err *e) {
    api app = {.core = d->core,
               .token = o->token,
               .allowed_hosts = o->allowed_hosts,
               .allowed_origins = o->allowed_origins,
               .feed = native_feed_start(d->core)};
    int64_t workers = 0;
    cli_number(o->workers, &workers);
    http_config c = {.host = host,
                     .port = port,
                     .dialects = api_dialects,
                     .app = &app,
                     .authorise = api_authorise,
                     .preflight = api_preflight,
                     .workers = (int)workers};
    http_server *s = http_server_start(&c, e);
    if (!s) {
        native_feed_stop(app.feed);
        return cli_fail(e);
    }
    print_banner(o, a, host, http_server_port(s));
    tell_starter("READY=1");
    int sig = wait_for_signal();
    tell_starter("STOPPING=1");
    log_msg(LOG_INFO, "stop", "stopping on signal %d", sig);
    core_stop(d->core);
    http_server_stop(s, STOP_GRACE_US);
    native_feed_stop(app.feed);
    return CLI_OK;
}

int cmd_serve(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    str host = {0};
    int port = 0;
    if (!parse_listen(o->listen, &host, &port, &e) || !may_open(o, a, host, &e)) {
        cli_fail(&e);
        return CLI_USAGE;
    }
    block_signals();
    if (!cli_open(o, a, true, &d, &e)) return cli_fail(&e);
    bool may = may_listen(o, a, &d, host, &e);
    int code = may ? serve(o, a, &d, host, port, &e) : cli_fail(&e);
    cli_close(&d);
    return code;
}
