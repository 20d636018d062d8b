// SPDX-License-Identifier: Apache-2.0
// The way of a creating call that carries an Idempotency-Key. What is promised stands in
// core/once.h; here: claim the key, run the handler with its reply kept back, store the reply,
// and only then send it. A repeat that comes while the first is at work waits for it a little,
// then is told to try again (409 with Retry-After). Any thread.
#include "api/rpc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/once.h"

#include <time.h>

enum {
    WAIT_US = 2000000,
    LOOK_US = 20000,
    // What creates answers with one object. It tells what came in 1 MiB, some of it twice, and
    // six bytes for some of one.
    REPLY_MAX = 16 << 20,
};

// All that makes the request what it is.
static sha256 digest_of(http_req *r) {
    sha256_ctx *h = sha256_new();
    str parts[] = {http_path(r), http_query(r), http_body(r)};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t n = parts[i].n;
        sha256_add(h, &n, sizeof n);
        sha256_add(h, parts[i].p, parts[i].n);
    }
    sha256 d = sha256_end(h);
    sha256_free(h);
    return d;
}

static void rest(int64_t us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static bool claim(call *k, once *o, once_found *found, err *e) {
    int64_t until = clock_mono_us() + WAIT_US;
    for (;;) {
        if (!once_claim(&k->c, o, found, e)) return false;
        if (found->state != ONCE_BUSY) return true;
        if (clock_mono_us() > until) break;
        rest(LOOK_US);
    }
    http_set_header(k->r, "Retry-After", STR("1"));
    return err_set(e, ERR_BUSY,
                   "a request with this Idempotency-Key is being served: send it again soon");
}

static void send_kept(call *k) {
    http_reply(k->r, k->status, "application/json", buf_view(&k->kept->bytes));
}

static bool is_whole(const call *k, err *e) {
    return !k->kept->bytes.full || err_set(e, ERR_TOO_LARGE, "the reply would be too long");
}

// The first request, or the first one behind an attempt that created nothing.
static bool run_first(call *k, const rpc *row, const rpc_style *style, const once *o, err *e) {
    err why = {0};
    k->c.once = o;
    if (!rpc_run(k, row, style, e) || !is_whole(k, e)) {
        // P4; when something was created after all this changes nothing.
        if (!once_release(&k->c, o, &why)) log_msg(LOG_WARN, "once.release", "%s", why.msg);
        return false;
    }
    if (!k->w) buf_str(&k->kept->bytes, STR("{}"));
    if (!once_finish(&k->c, o, k->status, buf_view(&k->kept->bytes), &why))
        log_msg(LOG_WARN, "once.finish", "%s; a repeat is answered anew", why.msg);
    send_kept(k);
    return true;
}

static bool run_kept(call *k, const rpc *row, const rpc_style *style, once *o, err *e) {
    once_found found;
    if (!claim(k, o, &found, e)) return false;
    if (found.state == ONCE_OURS) return run_first(k, row, style, o, e);
    http_set_header(k->r, "Idempotency-Replayed", STR("true"));
    if (found.state == ONCE_DONE) {
        http_reply(k->r, found.status, "application/json", found.reply);
        return true;
    }
    if (!row->again(k, found.object, e) || !is_whole(k, e)) return false;
    send_kept(k);
    return true;
}

bool rpc_once(call *k, const rpc *row, const rpc_style *style, str key, err *e) {
    once o = {.key = key, .request = digest_of(k->r), .creates = row->creates};
    rpc_kept kept = {.bytes = BUF_MAX(REPLY_MAX)};
    kept.w = json_writer_new(&kept.bytes);
    k->kept = &kept;
    bool ok = run_kept(k, row, style, &o, e);
    buf_free(&kept.bytes);
    return ok;
}
