// SPDX-License-Identifier: Apache-2.0
// client: see client.h. libcurl's easy interface; one handle a client, so that it keeps its
// connections. One thread at a time.
#include "net/client.h"

#include "base/buf.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLY_MAX  (64u << 20)
#define FIELDS_MAX (64u << 10)
#define CONNECT_MS 10000L
#define STALL_US   INT64_C(60000000)

struct http_client {
    CURL *h;
    char *url; // without a slash at its end
    char *authorization, *user_password, *headers;
    long stall_s, within_ms;
    char why[CURL_ERROR_SIZE];
};

typedef struct exchange {
    http_client *c;
    http_exchange *x;
    buf kept, fields;
    bool gave_up;
} exchange;

static void start_curl(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *joined(str x, str y, str z) {
    size_t n = x.n + y.n + z.n + 1;
    char *out = mem_alloc(n);
    snprintf(out, n, "%.*s%.*s%.*s", STR_F(x), STR_F(y), STR_F(z));
    return out;
}

http_client *http_client_new(const http_client_config *config, err *e) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    str url = config->url;
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://"))) {
        err_set(e, ERR_INVALID,
                "'%.*s' is no address of a server: it begins with http:// or"
                " https://",
                STR_F(url));
        return NULL;
    }
    pthread_once(&once, start_curl);
    while (str_ends(url, STR("/")))
        url.n--;
    http_client *c = mem_alloc(sizeof *c);
    c->h = curl_easy_init();
    BUG_ON(!c->h);
    c->url = mem_strdup(url);
    c->stall_s = (long)((config->stall_us ? config->stall_us : STALL_US) / 1000000);
    c->within_ms = (long)(config->within_us / 1000);
    if (config->token.n)
        c->authorization = joined(STR("Authorization: Bearer "), config->token, (str){0});
    if (config->user.n) c->user_password = joined(config->user, STR(":"), config->password);
    c->headers = mem_strdup(config->headers);
    return c;
}

void http_client_set_headers(http_client *c, str headers) {
    free(c->headers);
    c->headers = mem_strdup(headers);
}

void http_client_free(http_client *c) {
    if (!c) return;
    curl_easy_cleanup(c->h);
    free(c->url);
    free(c->authorization);
    free(c->user_password);
    free(c->headers);
    free(c);
}

// Programs that this one starts do not inherit the connection.
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose) {
    (void)arg, (void)purpose;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

static size_t on_read(char *p, size_t size, size_t n, void *arg) {
    exchange *k = arg;
    ssize_t got = k->x->read(k->x->arg, p, size * n);
    if (got >= 0) return (size_t)got;
    k->gave_up = true;
    return CURL_READFUNC_ABORT;
}

// A line of a header; each reply of a chain of redirects begins anew.
static size_t on_field(char *p, size_t size, size_t n, void *arg) {
    exchange *k = arg;
    if (str_starts(str_n(p, size * n), STR("HTTP/"))) buf_clear(&k->fields);
    buf_add(&k->fields, p, size * n);
    return k->fields.full ? 0 : size * n;
}

static int on_progress(void *arg, curl_off_t down, curl_off_t down_now, curl_off_t up,
                       curl_off_t up_now) {
    exchange *k = arg;
    (void)down, (void)down_now, (void)up, (void)up_now;
    if (!k->x->stop(k->x->arg)) return 0;
    k->gave_up = true;
    return 1;
}

static size_t on_write(char *p, size_t size, size_t n, void *arg) {
    exchange *k = arg;
    long status = 0;
    curl_easy_getinfo(k->c->h, CURLINFO_RESPONSE_CODE, &status);
    k->x->status = (int)status;
    k->x->reply_fields = buf_view(&k->fields);
    if (!k->x->write || status < 200 || status > 299) {
        buf_add(&k->kept, p, size * n);
        return k->kept.full ? 0 : size * n;
    }
    if (k->x->write(k->x->arg, p, size * n)) return size * n;
    k->gave_up = true;
    return 0;
}

static struct curl_slist *add_header(struct curl_slist *list, str name, str value) {
    char *line = joined(name, value, (str){0});
    list = curl_slist_append(list, line);
    free(line);
    BUG_ON(!list);
    return list;
}

static struct curl_slist *add_lines(struct curl_slist *list, str lines) {
    for (str line; str_split(&lines, '\n', &line);)
        if (line.n) list = add_header(list, line, (str){0});
    return list;
}

static struct curl_slist *headers_of(const http_client *c, const http_exchange *x) {
    // No waiting for 100-continue.
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (c->authorization) list = add_header(list, str_of(c->authorization), (str){0});
    if (x->content_type)
        list = add_header(list, STR("Content-Type: "), str_of(x->content_type));
    if (x->accept) list = add_header(list, STR("Accept: "), str_of(x->accept));
    return add_lines(add_lines(list, str_of(c->headers)), x->headers);
}

static void set_body(CURL *h, exchange *k) {
    const http_exchange *x = k->x;
    if (x->read) {
        curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(h, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(h, CURLOPT_READDATA, k);
        curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->length);
    } else if (strcmp(x->method, "GET")) {
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.n);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, x->body.n ? x->body.p : "");
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_up(http_client *c, exchange *k, const char *url, struct curl_slist *headers) {
    CURL *h = c->h;
    curl_easy_reset(h); // keeps the connections
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L); // a name may be ".."
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(h, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME,
                     k->x->stall_us ? (long)(k->x->stall_us / 1000000) : c->stall_s);
    curl_easy_setopt(h, CURLOPT_BUFFERSIZE, 512L << 10);
    curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "stemma/" STEMMA_VERSION);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->why);
    if (c->user_password) curl_easy_setopt(h, CURLOPT_USERPWD, c->user_password);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, k);
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_field);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, k);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, c->within_ms);
    if (k->x->stop) {
        curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(h, CURLOPT_XFERINFODATA, k);
    }
    set_body(h, k);
}

static bool failed(const http_client *c, const exchange *k, CURLcode code, err *e) {
    const char *why = *c->why ? c->why : curl_easy_strerror(code);
    if (k->gave_up) return err_set(e, ERR_CANCELLED, "the exchange was broken off");
    if (k->kept.full) return err_set(e, ERR_TOO_LARGE, "the reply of %s is too long", c->url);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(e, ERR_DEADLINE, "%s does not answer: %s", c->url, why);
    return err_set(e, ERR_UNAVAILABLE, "%s can not be reached: %s", c->url, why);
}

bool http_client_do(http_client *c, arena *a, http_exchange *x, err *e) {
    exchange k = {.c = c, .x = x, .kept = BUF_MAX(REPLY_MAX), .fields = BUF_MAX(FIELDS_MAX)};
    char *url = joined(str_of(c->url), x->path, (str){0});
    struct curl_slist *headers = headers_of(c, x);
    *c->why = 0;
    set_up(c, &k, url, headers);
    CURLcode code = curl_easy_perform(c->h);
    bool ok = code == CURLE_OK || failed(c, &k, code, e);
    long status = 0;
    const char *type = NULL;
    curl_easy_getinfo(c->h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->h, CURLINFO_CONTENT_TYPE, &type);
    x->status = (int)status;
    x->reply_type = arena_str(a, str_of(type));
    x->reply = arena_str(a, buf_view(&k.kept));
    x->reply_fields = arena_str(a, buf_view(&k.fields));
    curl_slist_free_all(headers);
    buf_free(&k.kept);
    buf_free(&k.fields);
    free(url);
    return ok;
}

str http_exchange_field(const http_exchange *x, const char *name) {
    str rest = x->reply_fields;
    for (str line; str_split(&rest, '\n', &line);) {
        size_t colon = str_find(line, ':', 0);
        if (colon != SIZE_MAX && str_eq_nocase(str_upto(line, colon), str_of(name)))
            return str_trim(str_from(line, colon + 1));
    }
    return (str){0};
}

static bool is_plain(unsigned char c) {
    unsigned char low = c | 32;
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

str http_client_escape(arena *a, str s) {
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_bytes(a, s.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_plain(c)) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    return (str){out, n};
}
