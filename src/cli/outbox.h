// SPDX-License-Identifier: Apache-2.0
// outbox: requests that a thread sends in order, while the program goes on. They wait in a file
// without a name, so that a server that is away costs neither memory nor time; what is left at
// the end can be kept in a named file, which `stemma send` sends later. Every request must be
// one that may be sent twice. One thread puts, another of ours sends.
#ifndef STEMMA_CLI_OUTBOX_H
#define STEMMA_CLI_OUTBOX_H

#include "base/arena.h"
#include "base/err.h"
#include "net/client.h"

#define OUTBOX_MAX (64u << 20) // bytes that wait

typedef struct outbox outbox;

typedef struct outbox_config {
    http_client_config server;
    str folder;    // where the file lies: TMPDIR, or /tmp
    str beat_path; // a POST of beat_body goes there every beat_us; empty: none
    str beat_body;
    int64_t beat_us;
} outbox_config;

// Texts of the configuration must outlive it.
outbox *outbox_new(const outbox_config *c, err *e);

// `path` begins behind "/api/v1". False: it does not fit (the server is away for long), or the
// disk is full.
bool outbox_put(outbox *o, const char *method, str path, const char *type, str body);

typedef struct outbox_report {
    uint64_t left;    // requests that were not sent, or not wholly
    uint64_t refused; // requests that the server refused
    err why;          // why the last one was not sent, or the first one was refused
} outbox_report;

// Waits until all is sent, or until nothing could be sent for wait_us. Then nothing is sent any
// more.
void outbox_end(outbox *o, int64_t wait_us, outbox_report *out);
// What is left, as a new file beside the first. *path in the arena.
bool outbox_keep(outbox *o, arena *a, str *path, err *e);
void outbox_free(outbox *o); // after outbox_end

// Sends what a kept file holds, in this thread; *out as above. False: it is no such file, or
// the server is away or takes nothing from us. What it refused is nowhere but in the file.
bool outbox_send_file(http_client *c, const char *file, outbox_report *out, err *e);

#endif
