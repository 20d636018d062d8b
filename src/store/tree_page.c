// SPDX-License-Identifier: Apache-2.0
// tree_page: tree/1, byte by byte.
//
// A page ends by a rule that reads nothing but the page itself and the path of its last item:
// that makes the split the same whatever the order of edits was, and lets an edit keep every
// page that it does not touch. The hash of a path decides, seven bits of it a level; a page has
// two items at least before the hash counts, so that a tree over paths that somebody chose has
// at most half as many pages a level as items, and above level 8, where the hash has no bits
// left, 1,024 items a page: fewer than 20 levels for all that fits into 64 bits.
#include "store/tree_internal.h"

#include <xxhash.h>

enum { HEADER = 16, BITS = 7, HASHED_LEVELS = 9 };

// ---- paths ----------------------------------------------------------------------------------

static bool check_name(str name, err *e) {
    if (!name.n || str_is(name, ".") || str_is(name, ".."))
        return err_set(e, ERR_INVALID, "a path has a part that is empty, '.' or '..'");
    if (name.n > TREE_NAME_MAX)
        return err_set(e, ERR_INVALID, "a name in a path is longer than %u bytes",
                       TREE_NAME_MAX);
    return true;
}

bool tree_check_path(str path, err *e) {
    if (path.n > TREE_PATH_MAX)
        return err_set(e, ERR_INVALID, "a path is longer than %u bytes", TREE_PATH_MAX);
    if (!str_is_text(path)) return err_set(e, ERR_INVALID, "a path is not valid UTF-8");
    for (size_t i = 0; i < path.n; i++)
        if ((unsigned char)path.p[i] < 0x20 || path.p[i] == 0x7f)
            return err_set(e, ERR_INVALID, "a path has a control character");
    str rest = {path.n ? path.p : "", path.n};
    for (str name; str_split(&rest, '/', &name);)
        if (!check_name(name, e)) return false;
    return true;
}

static unsigned rank(char c) {
    return c == '/' ? 0 : (unsigned char)c;
}

int tree_order(str a, str b) {
    size_t n = a.n < b.n ? a.n : b.n, i = 0;
    while (i < n && a.p[i] == b.p[i])
        i++;
    if (i < n) return rank(a.p[i]) < rank(b.p[i]) ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool tree_is_in(str path, str folder) {
    return !folder.n ||
           (path.n > folder.n && path.p[folder.n] == '/' && str_starts(path, folder));
}

bool tree_may_follow(str a, str b) {
    return tree_order(a, b) < 0 && !(a.n && tree_is_in(b, a));
}

// ---- the rule -------------------------------------------------------------------------------

bool tree_ends_page(unsigned level, str path, size_t n, size_t bytes) {
    if (n >= TREE_ITEMS_MAX || bytes >= TREE_PAGE_FULL) return true;
    if (n < 2 || level >= HASHED_LEVELS) return false;
    return !(XXH3_64bits(path.p, path.n) >> (BITS * level) & ((1 << BITS) - 1));
}

// ---- writing --------------------------------------------------------------------------------

void tree_page_begin(buf *out, unsigned level) {
    buf_clear(out);
    buf_add(out, TREE_MAGIC, 8);
    buf_u32(out, level);
    buf_u32(out, 0); // the number of items
}

static size_t common(str a, str b) {
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

void tree_page_add(buf *out, unsigned level, str before, const tree_item *i) {
    size_t same = common(before, i->path);
    buf_uvar(out, same);
    buf_uvar(out, i->path.n - same);
    buf_str(out, str_from(i->path, same));
    if (level)
        buf_uvar(out, i->sum.files);
    else
        buf_byte(out, i->executable ? 1 : 0);
    buf_uvar(out, i->sum.bytes);
    buf_add(out, i->digest.b, sizeof i->digest.b);
}

void tree_page_finish(buf *out, size_t n) {
    for (int i = 0; i < 4; i++)
        out->p[12 + i] = (char)(n >> (8 * i));
}

// ---- reading --------------------------------------------------------------------------------

static bool corrupt(err *e, const char *what) {
    return err_set(e, ERR_CORRUPT, "a page of a tree is damaged: %s", what);
}

static str read_path(cur *c, arena *a, str before) {
    uint64_t same = cur_uvar(c), n = cur_uvar(c);
    str rest = n <= TREE_PATH_MAX ? cur_take(c, (size_t)n) : (str){0};
    if (c->bad || same > before.n || same + n > TREE_PATH_MAX || n > TREE_PATH_MAX) {
        c->bad = true;
        return (str){0};
    }
    char *p = arena_bytes(a, (size_t)(same + n) + 1);
    memcpy(p, before.p ? before.p : "", (size_t)same);
    memcpy(p + same, rest.p ? rest.p : "", (size_t)n);
    str path = str_n(p, (size_t)(same + n));
    if (common(before, path) != same) c->bad = true; // written longer than need be
    return path;
}

static bool read_item(cur *c, unsigned level, arena *a, str before, tree_item *i) {
    i->path = read_path(c, a, before);
    uint64_t first = level ? cur_uvar(c) : cur_u8(c);
    i->executable = !level && first;
    i->sum = (tree_sum){level ? first : 1, cur_uvar(c)};
    if (!sha256_copy(cur_take(c, sizeof i->digest.b), &i->digest)) c->bad = true;
    if (level ? !first : first > 1) c->bad = true;
    return !c->bad;
}

// Sums of all items fit 63 bits, so that nobody who adds them overflows.
static bool fits(tree_sum *all, tree_sum more) {
    all->files += more.files & INT64_MAX;
    all->bytes += more.bytes & INT64_MAX;
    return !(more.files >> 63 || more.bytes >> 63 || all->files >> 63 || all->bytes >> 63);
}

static bool read_items(cur *c, arena *a, unsigned level, tree_item *items, size_t n, err *e) {
    str before = {0};
    tree_sum all = {0};
    const uint8_t *begin = c->p - HEADER;
    for (size_t k = 0; k < n; k++) {
        tree_item *i = &items[k];
        if (!read_item(c, level, a, before, i) || !fits(&all, i->sum))
            return corrupt(e, "an item of it cannot be read");
        if (!tree_check_path(i->path, e)) return corrupt(e, "a path in it is not allowed");
        if (k && !tree_may_follow(before, i->path)) return corrupt(e, "it is not in order");
        if (k + 1 < n && tree_ends_page(level, i->path, k + 1, (size_t)(c->p - begin)))
            return corrupt(e, "it goes on behind its end");
        before = i->path;
    }
    return cur_left(c) == 0 || corrupt(e, "something stands behind its items");
}

bool tree_page_read(str bytes, arena *a, tree_page *out, err *e) {
    cur c = cur_of(bytes);
    str magic = cur_take(&c, 8);
    uint32_t level = cur_u32(&c), n = cur_u32(&c);
    if (c.bad || bytes.n > TREE_PAGE_MAX || !str_is(magic, TREE_MAGIC))
        return corrupt(e, "it is no page of a tree");
    if (level >= TREE_LEVELS || n > TREE_ITEMS_MAX || (level && !n))
        return corrupt(e, "its level or number of items cannot be");
    tree_item *items = ARENA_ARRAY(a, tree_item, n);
    *out = (tree_page){level, n, items, bytes.n};
    return read_items(&c, a, level, items, n, e);
}

bool tree_page_get(const tree_pages *p, sha256 digest, arena *a, tree_page *out, err *e) {
    str bytes;
    if (!p->get(p->arg, digest, a, &bytes, e)) return false;
    if (!sha256_eq(sha256_of(bytes.p, bytes.n), digest))
        return corrupt(e, "its bytes are not those of its digest");
    return tree_page_read(bytes, a, out, e);
}

static tree_sum sum_of(const tree_page *page) {
    tree_sum all = {0};
    for (size_t k = 0; k < page->n; k++) {
        all.files += page->items[k].sum.files;
        all.bytes += page->items[k].sum.bytes;
    }
    return all;
}

static bool is_child(const tree_page *page, unsigned level, const tree_item *i, bool last) {
    tree_sum sum = sum_of(page);
    return page->level + 1 == level && page->n &&
           str_eq(page->items[page->n - 1].path, i->path) && sum.files == i->sum.files &&
           sum.bytes == i->sum.bytes &&
           (last || tree_ends_page(page->level, i->path, page->n, page->bytes));
}

bool tree_page_child(const tree_pages *p, unsigned level, const tree_item *i, bool last,
                     arena *a, tree_page *out, err *e) {
    if (!tree_page_get(p, i->digest, a, out, e)) return false;
    return is_child(out, level, i, last) || corrupt(e, "it is not what the page above it says");
}
