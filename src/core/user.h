// SPDX-License-Identifier: Apache-2.0
// user: who may come in, and as what. A user has a name and tokens; in each workspace a role or
// none. Users are disabled, never deleted: events name them.
//
// A token is "stm_" and 256 random bits in hex. It is told once; kept is its SHA-256. A slow
// hash would guard nothing here: it is for secrets that people choose, which can be guessed by
// trying, and 2^256 values can not. So a request costs one fast hash and, once a second, a
// look-up by it.
//
// Users and tokens belong to the server, roles to workspaces (ctx->ws). Events of users and
// tokens are in the log of the default workspace, those of roles in that of theirs; no secret
// is in any. What a process knows of tokens it forgets after USER_FRESH_US, so that a
// revocation holds on every server within that. Any thread may call.
#ifndef STEMMA_CORE_USER_H
#define STEMMA_CORE_USER_H

#include "core/core.h"

// In the order of what they may do. X(name, text, what it may do); numbers are stored.
#define USER_ROLES(X)                                                                          \
    X(READER, "reader", "reads all that is in the workspace")                                  \
    X(WRITER, "writer", "also logs, publishes, moves aliases, deletes what can be restored")   \
    X(MAINTAINER, "maintainer", "also does what is irreversible or protected")                 \
    X(ADMIN, "admin", "also gives roles; in the default workspace: operates the server")
#define USER_ROLE_ENUM(name, text, doc) USER_##name,
typedef enum user_role { USER_NONE, USER_ROLES(USER_ROLE_ENUM) USER_ROLE_COUNT_ } user_role;
#undef USER_ROLE_ENUM
const char *user_role_name(user_role r); // "writer"; "none"

#define USER_TOKEN_PREFIX "stm_"
#define USER_NAME_MAX     100 // bytes
#define USER_LABEL_MAX    200
#define USER_FRESH_US     1000000

typedef struct user_account {
    id id;
    str name;
    bool enabled;
    user_role role; // in ctx->ws
    int64_t created_us;
} user_account;

typedef struct user_token {
    id id; // names it in lists; tells nothing about the secret
    str user, label;
    int64_t created_us;
    int64_t expires_us; // 0: never
    int64_t used_us;    // 0: never; written once in some minutes at most
} user_token;

// ---- users ----------------------------------------------------------------------------------
typedef struct user_new {
    str name;       // [A-Za-z0-9._@+-], unique: what Basic authentication can carry
    user_role role; // in ctx->ws; USER_NONE: none
    bool token;     // with a first token, so that who closes an open server is not locked out
    str label;      // its label
} user_new;
// *secret: of the first token, empty without one. ERR_EXISTS when the name is taken.
bool user_create(ctx *c, const user_new *n, user_account *out, str *secret, err *e);
bool user_get(ctx *c, str name, user_account *out, err *e); // ERR_NOT_FOUND
bool user_page(ctx *c, str after, size_t max, user_account **out, size_t *n, err *e); // by name
bool user_enable(ctx *c, str name, bool enabled, err *e);
// In ctx->ws. USER_NONE takes the role away.
bool user_set_role(ctx *c, str name, user_role role, err *e);

// ---- tokens ---------------------------------------------------------------------------------
// Fills *out; *secret is told this once. expires_us 0: never; a time that is past is
// ERR_INVALID.
bool user_token_create(ctx *c, str name, str label, int64_t expires_us, user_token *out,
                       str *secret, err *e);
// Those of a user, made first first; `after`: the last of the page before, or zero.
bool user_token_page(ctx *c, str name, id after, size_t max, user_token **out, size_t *n,
                     err *e);
bool user_token_revoke(ctx *c, str name, id token, err *e);

// ---- proof ----------------------------------------------------------------------------------
typedef struct user_proof {
    id user, token;
    int64_t expires_us; // of the token; 0: never
    char name[USER_NAME_MAX + 1];
    user_role role;       // in the workspace that was asked for
    user_role at_default; // in the default one
} user_proof;

// Does the secret look like a token of a user?
bool user_is_token(str secret);
// Whose token it is, and what they may do. ERR_UNAUTHENTICATED: unknown, expired, revoked, or
// its user is disabled.
bool user_prove(core *c, str secret, int64_t ws, user_proof *out, err *e);
// What is said of an unknown one, for a secret that can not be a token.
bool user_unknown(err *e);
// The role in a workspace of who proved themselves by this token, read anew. USER_NONE: there
// is none, or the token is revoked or has expired, or its user is disabled.
bool user_standing(core *c, id user, id token, int64_t ws, user_role *role, err *e);
// Must callers bring a token? Once there is a user they must.
bool user_needed(core *c, bool *needed, err *e);

extern const char user_schema[]; // migration 44

// What a process knows of tokens for a moment; core_open makes it.
typedef struct user_cache user_cache;
user_cache *user_cache_new(void);
void user_cache_free(user_cache *k);

#endif
