// SPDX-License-Identifier: Apache-2.0
// Errors: a code from one table and a sentence that tells the user what to do. Functions that
// can fail for a reason that a caller must know return false and fill `*e`; each dialect
// renders codes in its own shape.
#ifndef STEMMA_BASE_ERR_H
#define STEMMA_BASE_ERR_H

#include "base/str.h"

// X(name, HTTP status, gRPC status, does a retry help, what it means)
#define ERR_TABLE(X)                                                                           \
    X(NONE, 200, 0, false, "no error")                                                         \
    X(INVALID, 400, 3, false,                                                                  \
      "a value in the request is missing, of the wrong type or not allowed")                   \
    X(MALFORMED, 400, 3, false, "the request can not be read at all")                          \
    X(STATE, 400, 9, false, "the object is not in a state that allows this")                   \
    X(EXISTS, 400, 6, false, "an object of this name is there already")                        \
    X(UNAUTHENTICATED, 401, 16, false, "no token, or not the right one")                       \
    X(FORBIDDEN, 403, 7, false, "the actor may not do this")                                   \
    X(NOT_FOUND, 404, 5, false, "there is no such object")                                     \
    X(NO_ENDPOINT, 404, 12, false, "there is no such route")                                   \
    X(METHOD, 405, 12, false, "the route does not take this method")                           \
    X(TIMEOUT, 408, 4, true, "the client was too slow")                                        \
    X(CONFLICT, 409, 10, false, "somebody else changed the object meanwhile")                  \
    X(BUSY, 409, 10, true, "the same request is being served already")                         \
    X(KEY_REUSED, 422, 3, false, "the Idempotency-Key was sent with another request before")   \
    X(TOO_LARGE, 413, 8, false, "more than the limit of this field or body")                   \
    X(RANGE, 416, 11, false, "the bytes asked for are not there")                              \
    X(EXHAUSTED, 429, 8, true, "too much at once")                                             \
    X(CANCELLED, 499, 1, false, "the client went away")                                        \
    X(INTERNAL, 500, 13, false, "a bug")                                                       \
    X(CORRUPT, 500, 15, false, "stored bytes do not match their checksum")                     \
    X(UNIMPLEMENTED, 501, 12, false, "known, and not served yet")                              \
    X(UNAVAILABLE, 503, 14, true, "the database or the disk can not be reached now")           \
    X(DEADLINE, 504, 4, true, "the work did not end in its time")                              \
    X(NO_SPACE, 507, 8, false, "the disk is full")

#define ERR_ENUM(name, http, grpc, retry, doc) ERR_##name,
typedef enum err_code { ERR_TABLE(ERR_ENUM) ERR_COUNT_ } err_code;
#undef ERR_ENUM

typedef struct err {
    err_code code;
    uint32_t place; // 1 + the byte of a query's text that the message is about; 0: none
    char msg[1000]; // UTF-8, cut at a code point when too long
} err;

typedef struct err_info {
    const char *name;
    int http, grpc;
    bool retry;
    const char *doc;
} err_info;
const err_info *err_about(err_code code);

// Always returns false, so that callers write `return err_set(e, ...)`. `e` may be NULL.
bool err_set(err *e, err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// The same with the place: the byte `at` of the text that the caller knows.
bool err_set_at(err *e, err_code code, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
// The same for a failed system call: appends strerror(errno). ENOSPC and EDQUOT become
// NO_SPACE; EIO, EROFS, ENOMEM, EMFILE and ENFILE become UNAVAILABLE; all others INTERNAL.
// errno keeps its value.
bool err_errno(err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// A broken invariant: prints where and aborts, in release builds too.
#define BUG_ON(cond) ((cond) ? err_bug(__FILE__, __LINE__, #cond) : (void)0)
_Noreturn void err_bug(const char *file, int line, const char *what);

#endif
