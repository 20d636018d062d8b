// SPDX-License-Identifier: Apache-2.0
// access: who may come in. Three checks, before a body is read: the Host header (against DNS
// rebinding), the Origin of requests that change something (against other sites' scripts), and
// the token with what its user may do. Any thread.
//
// The rules are those of MLflow's security middleware (reference: mlflow.server.security, 3.5
// and later), applied to all routes and with the Host matched both with and without its port.
// Private addresses are told by their numbers, not by how their text begins, as there: a name
// such as 10.evil.example is none.
#include "api/api.h"

#include "base/buf.h"
#include "base/digest.h"

#include <arpa/inet.h>
#include <fnmatch.h>

static const char default_origins[] = "localhost,127.0.0.1,[::1]";

// fnmatch treats '[' as a set: escape it, so that IPv6 literals match as they are written.
static bool matches(arena *a, str pattern, str name) {
    char *p = arena_bytes(a, pattern.n * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '[' || pattern.p[i] == '\\') p[n++] = '\\';
        p[n++] = pattern.p[i];
    }
    p[n] = 0;
    return fnmatch(p, arena_cstr(a, name), FNM_CASEFOLD) == 0;
}

// "host:port" -> "host"; the brackets of an IPv6 literal stay.
static str without_port(str host) {
    size_t colon = SIZE_MAX;
    for (size_t i = host.n; i-- > 0 && host.p[i] != ']';) {
        if (host.p[i] == ':') {
            colon = i;
            break;
        }
    }
    return str_upto(host, colon);
}

static bool in_list(arena *a, str list, str name) {
    for (str item; str_split(&list, ',', &item);) {
        item = str_trim(item);
        if (item.n && (matches(a, item, name) || matches(a, item, without_port(name))))
            return true;
    }
    return false;
}

typedef enum nearness { ELSEWHERE, PRIVATE_NET, THIS_MACHINE } nearness;

// By number: loopback and "any", the private ranges of RFC 1918 and RFC 4193, or neither.
static nearness nearness_of(arena *a, str host) {
    struct in_addr v4;
    struct in6_addr v6;
    if (str_eq_nocase(host, STR("localhost"))) return THIS_MACHINE;
    if (inet_pton(AF_INET, arena_cstr(a, host), &v4) == 1) {
        uint32_t n = ntohl(v4.s_addr);
        if (!n || n >> 24 == 127) return THIS_MACHINE;
        bool is_private = n >> 24 == 10 || n >> 20 == 0xac1 || n >> 16 == 0xc0a8;
        return is_private ? PRIVATE_NET : ELSEWHERE;
    }
    if (host.n < 2 || host.p[0] != '[' || host.p[host.n - 1] != ']') return ELSEWHERE;
    str inner = str_n(host.p + 1, host.n - 2);
    if (inet_pton(AF_INET6, arena_cstr(a, inner), &v6) != 1) return ELSEWHERE;
    if (IN6_IS_ADDR_LOOPBACK(&v6)) return THIS_MACHINE;
    return (v6.s6_addr[0] & 0xfe) == 0xfc ? PRIVATE_NET : ELSEWHERE;
}

static bool host_allowed(http_req *r, const api *app, const http_route *route) {
    if (route && route->perm == PERM_PUBLIC && (route->flags & HTTP_NO_LOG))
        return true; // probes: /health, /version
    arena *a = http_arena(r);
    str host = http_header(r, "host");
    nearness near = nearness_of(a, without_port(host));
    if (near == THIS_MACHINE) return true; // no name that somebody could point here
    return app->allowed_hosts.n ? in_list(a, app->allowed_hosts, host) : near == PRIVATE_NET;
}

typedef enum trust {
    TRUST_NONE,
    TRUST_OWN,      // our own page: a browser sends what we were asked as
    TRUST_LOOPBACK, // a page of this machine
    TRUST_LISTED,   // the operator named it
} trust;

static trust trust_in(http_req *r, const api *app, str origin) {
    arena *a = http_arena(r);
    size_t scheme = str_find_str(origin, STR("://"), 0);
    str host = scheme == SIZE_MAX ? origin : str_from(origin, scheme + 3);
    if (in_list(a, app->allowed_origins, origin) || in_list(a, app->allowed_origins, host))
        return TRUST_LISTED;
    // Without the scheme, which ends at a proxy in front.
    if (str_eq_nocase(host, http_header(r, "host"))) return TRUST_OWN;
    return in_list(a, str_of(default_origins), host) ? TRUST_LOOPBACK : TRUST_NONE;
}

// Requests of pages come with an Origin, those of programs without. Lets pages of trusted
// origins read the reply (CORS); false when another site's page wants to change something.
// Credentials that the browser adds by itself are only for origins that the operator named.
static bool origin_allowed(http_req *r, const api *app) {
    str origin = http_header(r, "origin");
    if (!origin.n) return true;
    trust t = trust_in(r, app, origin);
    if (t == TRUST_NONE) return http_method_of(r) == HTTP_GET;
    if (t == TRUST_OWN) return true; // it may read without being told so
    http_set_header(r, "Access-Control-Allow-Origin", origin);
    http_set_header(r, "Vary", STR("Origin"));
    if (t == TRUST_LISTED) http_set_header(r, "Access-Control-Allow-Credentials", STR("true"));
    return true;
}

void api_preflight(http_req *r) {
    str asked = http_header(r, "access-control-request-headers");
    if (!http_header(r, "origin").n || !origin_allowed(r, http_app(r))) return;
    http_set_header(r, "Access-Control-Allow-Methods", STR("GET, POST, PUT, PATCH, DELETE"));
    if (asked.n) http_set_header(r, "Access-Control-Allow-Headers", asked);
    http_set_header(r, "Access-Control-Max-Age", STR("600"));
}

static int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// The decoded bytes; what is behind padding or a foreign character is dropped.
static str base64_decode(arena *a, str s) {
    char *out = arena_bytes(a, s.n);
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < s.n && base64_value(s.p[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_value(s.p[i]);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have);
        }
    }
    return (str){out, n};
}

// The user and secret that an Authorization header carries.
static void credentials(http_req *r, str *user, str *secret) {
    str h = http_header(r, "authorization");
    size_t space = str_find(h, ' ', 0);
    str scheme = str_upto(h, space), rest = str_trim(str_from(h, space));
    *user = *secret = (str){0};
    if (str_eq_nocase(scheme, STR("bearer"))) {
        *secret = rest;
    } else if (str_eq_nocase(scheme, STR("basic"))) {
        str pair = base64_decode(http_arena(r), rest);
        size_t colon = str_find(pair, ':', 0);
        *user = str_upto(pair, colon);
        *secret = colon == SIZE_MAX ? (str){0} : str_from(pair, colon + 1);
    }
}

// ---- who may do what ------------------------------------------------------------------------

// The least role that a permission takes; of OPERATE in the default workspace.
static user_role needed_role(http_perm p) {
    switch (p) {
    case PERM_READ: return USER_READER;
    case PERM_WRITE: return USER_WRITER;
    case PERM_MAINTAIN: return USER_MAINTAINER;
    case PERM_ADMIN:
    case PERM_OPERATE: return USER_ADMIN;
    case PERM_NONE_:
    case PERM_PUBLIC:
    case PERM_KNOWN: break;
    }
    return USER_NONE;
}

// An admin of the default workspace operates the server: makes the first admin of any other.
static bool may(const api_caller *who, http_perm p) {
    if (p == PERM_PUBLIC || who->operator) return true;
    if (!who->known) return false;
    bool operates = who->at_default >= USER_ADMIN;
    if (p == PERM_OPERATE) return operates;
    return who->role >= needed_role(p) || (p == PERM_ADMIN && operates);
}

bool api_may(http_req *r, http_perm p, err *e) {
    const api_caller *who = api_caller_of(r);
    if (may(who, p)) return true;
    bool proven, operate = p == PERM_OPERATE;
    str name = str_upto_code_points(http_user(r, &proven), USER_NAME_MAX);
    user_role role = operate ? who->at_default : who->role;
    str where = operate ? STR(WORKSPACE_DEFAULT_NAME) : who->workspace;
    bool elsewhere = !str_is(where, WORKSPACE_DEFAULT_NAME);
    return err_set(
        e, ERR_FORBIDDEN,
        "This needs the role %s in the workspace '%.*s'; the role of '%.*s' there is "
        "%s. An admin can give it: stemma user role %.*s %s%s%.*s",
        user_role_name(needed_role(p)), STR_F(where), STR_F(name), user_role_name(role),
        STR_F(name), user_role_name(needed_role(p)), elsewhere ? " --workspace " : "",
        STR_F(elsewhere ? where : STR("")));
}

// In the words of who asks: our own command line and API, or MLflow's clients.
static bool refuse_stranger(http_req *r, err *e) {
    if (str_starts(http_path(r), STR("/api/v1/")))
        return err_set(
            e, ERR_UNAUTHENTICATED,
            "You are not authenticated. Send a token: set STEMMA_TOKEN (in a request "
            "of your own: Authorization: Bearer TOKEN).");
    return err_set(
        e, ERR_UNAUTHENTICATED,
        "You are not authenticated. Send a token: set MLFLOW_TRACKING_TOKEN, or"
        " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD with the token as password.");
}

// The server's own token: the operator, who may say for whom (Basic's user).
static bool is_operator(const api *app, str secret) {
    return app->token.n && secret_eq(secret, app->token);
}

static void let_all(api_caller *who) {
    who->known = who->operator= true;
    who->role = who->at_default = USER_ADMIN;
}

// By a token of a user. Basic's user must be the token's own, or empty: whoever mixes two up
// shall not act as somebody else.
static bool prove(http_req *r, api_caller *who, str user, str secret, err *e) {
    user_proof p;
    const api *app = http_app(r);
    if (!user_prove(app->core, secret, who->ws, &p, e)) return false;
    if (user.n && !str_is(user, p.name))
        return err_set(e, ERR_UNAUTHENTICATED,
                       "This token is not that of '%.*s': leave the user's name empty, or send "
                       "the token's own.",
                       STR_F(str_upto_code_points(user, USER_NAME_MAX)));
    who->known = true;
    who->user = p.user;
    who->token = p.token;
    who->expires_us = p.expires_us;
    who->role = p.role;
    who->at_default = p.at_default;
    http_set_user(r, str_of(p.name), true);
    return true;
}

static void claim_user(http_req *r, str user, bool proven) {
    if (user.n && str_is_text(user))
        http_set_user(r, str_upto_code_points(user, 250), proven);
    else
        http_set_user(r, proven ? STR("token") : STR(""), proven);
}

bool api_needs_token(const api *app, bool *needed, err *e) {
    *needed = app->token.n > 0;
    return *needed || user_needed(app->core, needed, e);
}

// Finds out who asks; false: nobody who may come in.
static bool recognise(http_req *r, api_caller *who, bool is_public, err *e) {
    const api *app = http_app(r);
    str user, secret;
    bool needed;
    credentials(r, &user, &secret);
    bool proven = is_operator(app, secret);
    claim_user(r, user, proven);
    if (is_public) return true; // answers without a look into the database
    if (!proven && !api_needs_token(app, &needed, e)) return false;
    if (proven || !needed) {
        who->anybody = !proven;
        let_all(who);
        return true;
    }
    if (user_is_token(secret)) return prove(r, who, user, secret, e);
    return secret.n ? user_unknown(e) : refuse_stranger(r, e);
}

static bool read_workspace(http_req *r, api_caller *who, bool is_public, err *e) {
    const api *app = http_app(r);
    str name = str_trim(http_header(r, API_WORKSPACE_HEADER));
    who->workspace = name.n ? arena_str(http_arena(r), name) : STR(WORKSPACE_DEFAULT_NAME);
    who->ws = WORKSPACE_DEFAULT;
    return is_public || !name.n || workspace_find(app->core, name, &who->ws, e);
}

// A workspace in which the caller has no role is answered as one that is not there.
static bool sees_workspace(const api_caller *who, err *e) {
    bool sees = who->ws == WORKSPACE_DEFAULT ||
                (who->ws != WORKSPACE_NONE && (who->role || may(who, PERM_OPERATE)));
    return sees || err_set(e, ERR_NOT_FOUND, "Workspace '%.*s' not found",
                           STR_F(str_upto_code_points(who->workspace, WORKSPACE_NAME_MAX)));
}

bool api_authorise(http_req *r, const http_route *route, err *e) {
    const api *app = http_app(r);
    api_caller *who = ARENA_NEW(http_arena(r), api_caller);
    http_keep(r, who);
    if (!host_allowed(r, app, route)) {
        return err_set(e, ERR_FORBIDDEN,
                       "Invalid Host header - possible DNS rebinding attack detected: this"
                       " server does not know the name '%.*s'. Start it with"
                       " STEMMA_ALLOWED_HOSTS naming it.",
                       STR_F(str_upto_code_points(http_header(r, "host"), 100)));
    }
    if (!origin_allowed(r, app))
        return err_set(e, ERR_FORBIDDEN, "Cross-origin request blocked");
    http_perm perm = route ? route->perm : PERM_PUBLIC;
    bool is_public = perm == PERM_PUBLIC;
    return read_workspace(r, who, is_public, e) && recognise(r, who, is_public, e) &&
           (is_public || sees_workspace(who, e)) && api_may(r, perm, e);
}

const api_caller *api_caller_of(http_req *r) {
    return http_kept(r);
}

api_seat api_seat_of(http_req *r) {
    const api_caller *who = api_caller_of(r);
    return (api_seat){.ws = who->ws,
                      .user = who->user,
                      .token = who->token,
                      .expires_us = who->expires_us,
                      .anybody = who->anybody};
}

bool api_seat_holds(core *c, const api_seat *s, bool *holds, err *e) {
    bool needed = false;
    api_caller now = {.known = true};
    *holds = true;
    if (s->anybody) {
        if (!user_needed(c, &needed, e)) return false;
        *holds = !needed;
    }
    if (id_is_zero(s->token)) return true;
    if (!user_standing(c, s->user, s->token, s->ws, &now.role, e)) return false;
    *holds = may(&now, PERM_READ);
    return true;
}

ctx api_ctx(http_req *r) {
    const api *app = http_app(r);
    bool proven;
    str user = http_user(r, &proven);
    return (ctx){.core = app->core,
                 .a = http_arena(r),
                 .ws = api_caller_of(r)->ws,
                 .user = user,
                 .proven = proven,
                 .maintains = may(api_caller_of(r), PERM_MAINTAIN)};
}
