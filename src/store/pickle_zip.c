// SPDX-License-Identifier: Apache-2.0
// pickle_zip: the files in a zip archive that may be pickles, as torch.save and numpy.savez
// write one: its list of files stands at its end, each file's own head must say the same, and
// it is stored or deflated. What does not fit together is a problem, for two readers might see
// two archives. Any thread.
#include "store/pickle_internal.h"

#include "base/buf.h"

enum { END_N = 22, END64_N = 56, LOCATOR_N = 20, ENTRY_N = 46, HEAD_N = 30 };
enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1 };
#define COMMENT_MAX 65535
#define IN_EXTRA    UINT32_MAX // of a size: it stands in the entry's extra field

static uint64_t number(const uint8_t *p, size_t n) {
    uint64_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

// ---- the end --------------------------------------------------------------------------------

// The last place where the end's record may begin; *p is what stands there.
static bool find_end(pickle_source *in, uint64_t size, uint64_t *at, const uint8_t **p) {
    size_t n = size < END_N + COMMENT_MAX ? (size_t)size : END_N + COMMENT_MAX;
    *p = NULL;
    if (n < END_N) return true;
    const uint8_t *tail = pickle_peek(in, size - n, n);
    for (size_t i = n - END_N + 1; tail && i-- > 0;) {
        if (memcmp(tail + i, "PK\5\6", 4) != 0) continue;
        *at = size - n + i;
        *p = tail + i;
        return true;
    }
    return !in->failed;
}

// The record of large archives, when one stands before the end's.
static bool read_end64(pickle_source *in, uint64_t *at, pickle_zip *out, uint64_t *list_n) {
    if (*at < LOCATOR_N + END64_N) return true;
    const uint8_t *p = pickle_peek(in, *at - LOCATOR_N - END64_N, LOCATOR_N + END64_N);
    if (!p) return !in->failed;
    if (memcmp(p + END64_N, "PK\6\7", 4) != 0) return true;
    *at -= LOCATOR_N + END64_N;
    if (memcmp(p, "PK\6\6", 4) != 0 || number(p + END64_N + 8, 8) != *at)
        return pickle_stop(in, "its end does not hold together");
    out->members = number(p + 32, 8);
    *list_n = number(p + 40, 8);
    out->at = number(p + 48, 8);
    return true;
}

bool pickle_zip_find(pickle_scanner *s, pickle_zip *out, bool *found) {
    pickle_source in = pickle_source_of(s, 0, s->file.size);
    uint64_t at = 0, list_n;
    const uint8_t *p;
    *found = false;
    if (!find_end(&in, s->file.size, &at, &p)) return false;
    if (!p) return true;
    out->members = number(p + 10, 2);
    list_n = number(p + 12, 4);
    out->at = number(p + 16, 4);
    bool ok = read_end64(&in, &at, out, &list_n);
    if (in.failed) return false;
    out->end = at;
    *found = ok && out->at <= at && list_n == at - out->at;
    return true;
}

// ---- a file of the archive ------------------------------------------------------------------

typedef struct member {
    str name;
    pickle_naming named; // PICKLE_NOT_NAMED: it is passed over, and has no name
    unsigned flags, method;
    uint64_t packed, size, head;
} member;

// Sizes and places of large files stand in an extra field, in this order.
static bool read_extra(pickle_source *in, const uint8_t *p, size_t n, member *m) {
    uint64_t *large[] = {&m->size, &m->packed, &m->head};
    cur c = cur_of(str_n(p, n));
    str field = {0};
    for (bool found = false; !found && !c.bad && cur_left(&c) >= 4;) {
        found = cur_u16(&c) == 1;
        str some = cur_take(&c, cur_u16(&c));
        if (found) field = some;
    }
    c = c.bad ? c : cur_of(field);
    for (size_t i = 0; i < 3; i++)
        if (*large[i] == IN_EXTRA) *large[i] = cur_u64(&c);
    return !c.bad || pickle_stop(in, "its list of files does not hold together");
}

// Loaders know files of an archive by their names; the only one some take whatever its name is.
static pickle_naming naming_in(const pickle_scanner *s, const pickle_zip *z, str name) {
    size_t nul = str_find(name, 0, 0); // where it ends to Python's zipfile
    pickle_naming named = pickle_naming_of(str_upto(name, nul < name.n ? nul : name.n));
    bool only = z->members == 1;
    if (only && s->named == PICKLE_NAMED && named < PICKLE_MAYBE_NAMED)
        return PICKLE_MAYBE_NAMED;
    return only || named >= PICKLE_MAYBE_NAMED ? named : PICKLE_NOT_NAMED;
}

static bool next_member(pickle_scanner *s, const pickle_zip *z, pickle_source *list,
                        member *m) {
    const uint8_t *p = pickle_take(list, ENTRY_N);
    if (!p) return false;
    if (memcmp(p, "PK\1\2", 4) != 0)
        return pickle_stop(list, "its list of files does not hold together");
    *m = (member){.flags = (unsigned)number(p + 8, 2),
                  .method = (unsigned)number(p + 10, 2),
                  .packed = number(p + 20, 4),
                  .size = number(p + 24, 4),
                  .head = number(p + 42, 4)};
    size_t name_n = (size_t)number(p + 28, 2), extra_n = (size_t)number(p + 30, 2);
    uint64_t comment_n = number(p + 32, 2);
    p = pickle_take(list, name_n);
    if (!p) return false;
    m->name = str_n(p, name_n);
    m->named = naming_in(s, z, m->name);
    m->name = m->named ? arena_str(s->a, m->name) : (str){0};
    p = pickle_take(list, extra_n);
    if (!p || !read_extra(list, p, extra_n, m)) return false;
    list->at += comment_n; // what is behind the list's end fails at the next entry
    return true;
}

// Its own head says the same; *at is where its bytes begin.
static bool read_head(pickle_source *in, const member *m, uint64_t *at) {
    const uint8_t *p = pickle_peek(in, m->head, HEAD_N);
    if (!p) return false;
    uint64_t name_n = number(p + 26, 2), extra_n = number(p + 28, 2);
    bool same = !memcmp(p, "PK\3\4", 4) && number(p + 8, 2) == m->method &&
                name_n == m->name.n && ((number(p + 6, 2) | m->flags) & ENCRYPTED) == 0;
    p = same ? pickle_peek(in, m->head + HEAD_N, m->name.n) : NULL;
    if (in->failed) return false;
    if (!p || !str_eq(str_n(p, m->name.n), m->name))
        return pickle_stop(in, "its head is not what the archive's list says, or is encrypted");
    *at = m->head + HEAD_N + name_n + extra_n;
    return (*at <= in->end && m->packed <= in->end - *at) ||
           pickle_stop(in, "it lies beyond the archive's files");
}

// ---- the archive ----------------------------------------------------------------------------

// Bytes of a file that begin at a place of it.
typedef struct shifted {
    pickle_file of;
    uint64_t by;
} shifted;

static bool read_shifted(void *arg, uint64_t at, void *p, size_t n, err *e) {
    const shifted *f = arg;
    return f->of.read(f->of.arg, f->by + at, p, n, e);
}

static void scan_stored(pickle_scanner *s, pickle_source *in, const member *m) {
    shifted f = {s->file, in->at};
    pickle_file stored = {read_shifted, &f, m->size, NULL};
    if (m->packed != m->size)
        pickle_stop(in, "it has two sizes");
    else
        in->failed = !pickle_scan_inner(s, &stored, m->name, m->named);
}

static void scan_member(pickle_scanner *s, pickle_source *in, const member *m) {
    if (!read_head(in, m, &in->at)) return;
    in->end = in->at + m->packed;
    if (m->method == STORED)
        scan_stored(s, in, m);
    else if (m->method == DEFLATED)
        pickle_unpack(s, in, PICKLE_DEFLATE, m->size, m->name, m->named);
    else
        pickle_stop(in, "it is compressed in a way that is not read");
}

static bool walk_member(pickle_scanner *s, const pickle_zip *z, const member *m) {
    pickle_source in = pickle_source_of(s, 0, z->at);
    scan_member(s, &in, m);
    if (in.why) pickle_problem(s, "%.*s: %s", STR_F(m->name), in.why);
    return !in.failed;
}

bool pickle_zip_walk(pickle_scanner *s, const pickle_zip *z) {
    pickle_source list = pickle_source_of(s, z->at, z->end);
    uint64_t n = 0;
    member m;
    while (list.at < list.end && next_member(s, z, &list, &m)) {
        if (++n > PICKLE_MEMBERS_MAX) pickle_stop(&list, "it holds too many files");
        if (!m.named) continue;
        if (!walk_member(s, z, &m)) return false;
        list.window_n = 0; // the member has used the window
    }
    if (!list.why && !list.failed && n != z->members)
        pickle_stop(&list, "it does not hold as many files as it says");
    if (list.why) pickle_problem(s, "the archive: %s", list.why);
    return !list.failed;
}
