// SPDX-License-Identifier: Apache-2.0
// address: reads the text; pure. Resolving is address_resolve.c's.
#include "core/address.h"

#include "base/hex.h"
#include "base/when.h"

enum { DIGEST_LEAST = 8, DIGEST_MOST = 64, SHOWN = 300 };

static bool invalid(str text, const char *why, err *e) {
    return err_set(e, ERR_INVALID,
                   "'%.*s' is no address: %s. One is [WORKSPACE/]REPO[@WHAT][@{TIME}], with an "
                   "alias, a tag, a number, 'latest' or sha256:... as WHAT",
                   STR_F(str_upto_code_points(text, SHOWN)), why);
}

// ---- what -----------------------------------------------------------------------------------

// "3" or "v3"; a number beyond all is the greatest, which no version has.
static bool read_number(str what, int64_t *number) {
    str digits = what.n && (what.p[0] | 0x20) == 'v' ? str_from(what, 1) : what;
    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9') return false;
    if (digits.n && !str_to_i64(digits, number)) *number = INT64_MAX;
    return digits.n > 0;
}

// The least and the greatest digest that begin so.
static bool read_digest(str text, str hex, address *out, err *e) {
    char low[DIGEST_MOST], high[DIGEST_MOST];
    if (hex.n < DIGEST_LEAST || hex.n > DIGEST_MOST)
        return invalid(text, "of a digest 8 to 64 hex digits are given", e);
    memset(low, '0', sizeof low);
    memset(high, 'f', sizeof high);
    memcpy(low, hex.p, hex.n);
    memcpy(high, hex.p, hex.n);
    return (hex_get(str_n(low, sizeof low), out->low.b, sizeof out->low.b) &&
            hex_get(str_n(high, sizeof high), out->high.b, sizeof out->high.b)) ||
           invalid(text, "a digest has hex digits only", e);
}

static bool read_what(str text, str what, address *out, err *e) {
    str sha = STR("sha256:");
    if (str_eq_nocase(what, STR("latest"))) return true;
    if (read_number(what, &out->number)) {
        out->kind = ADDRESS_NUMBER;
        out->ref = what;
        return true;
    }
    if (str_starts(what, sha)) {
        out->kind = ADDRESS_DIGEST;
        return read_digest(text, str_from(what, sha.n), out, e);
    }
    out->kind = ADDRESS_REF;
    out->ref = what;
    return ref_check_name(what, true, e);
}

// ---- when -----------------------------------------------------------------------------------

static bool read_time(str text, str braces, int64_t now_us, address *out, err *e) {
    when_span span;
    if (out->kind == ADDRESS_NUMBER || out->kind == ADDRESS_DIGEST)
        return invalid(text, "a number or a digest means the same at any time", e);
    if (braces.n < 2 || braces.p[braces.n - 1] != '}')
        return invalid(text, "a time stands at the end, in '{' and '}'", e);
    if (!when_read(str_n(braces.p + 1, braces.n - 2), now_us, &span))
        return invalid(text,
                       "its time can not be read; write {2026-11-01}, {2026-11-01T12:30:00Z}, "
                       "{3 days ago} or {yesterday}",
                       e);
    out->has_time = true;
    out->at_us = span.to_ms * 1000 - 1;
    return true;
}

// ---- the whole ------------------------------------------------------------------------------

static bool read_repo(str text, str name, address *out, err *e) {
    size_t slash = str_find(name, '/', 0);
    if (slash != SIZE_MAX) {
        out->workspace = str_upto(name, slash);
        name = str_from(name, slash + 1);
        if (!out->workspace.n) return invalid(text, "the name before '/' is empty", e);
    }
    out->repo = name;
    if (!name.n) return invalid(text, "it names no repo", e);
    if (str_find(name, ':', 0) != SIZE_MAX)
        return invalid(text, "a version follows '@', not ':'", e);
    return str_find(name, '/', 0) == SIZE_MAX || invalid(text, "it has more than one '/'", e);
}

bool address_parse(str text, int64_t now_us, address *out, err *e) {
    size_t at = str_find(text, '@', 0);
    *out = (address){0};
    if (!str_is_text(text)) return err_set(e, ERR_INVALID, "an address is UTF-8 text");
    if (!read_repo(text, str_upto(text, at), out, e)) return false;
    if (at == SIZE_MAX) return true;
    str what = str_from(text, at + 1), braces = what;
    if (!what.n || what.p[0] != '{') {
        size_t next = str_find(what, '@', 0);
        braces = next == SIZE_MAX ? (str){0} : str_from(what, next + 1);
        if (!read_what(text, str_upto(what, next), out, e)) return false;
        if (next == SIZE_MAX) return true;
        if (!braces.n || braces.p[0] != '{')
            return invalid(text, "behind the second '@' stands a time in '{' and '}'", e);
    }
    return read_time(text, braces, now_us, out, e);
}
