// SPDX-License-Identifier: Apache-2.0
// diff_text: the difference of two texts by lines, after Myers ("An O(ND) difference
// algorithm", 1986) in its linear-space form: the middle of a shortest edit is sought from both
// ends at once, and what lies before and behind it is compared likewise. Lines are numbers,
// equal lines the same one. Where an edit is longer than `most` the furthest point reached is
// taken for the middle: the result is right still, but may be longer than need be, and time is
// bounded. Any thread.
#include "core/diff_internal.h"

#include "base/map.h"

enum { AROUND = 3, LINE_MAX_SHOWN = 2000, SNIFF = 8192 };
enum { EDIT_MIN = 50, EDIT_MAX = 1500, WORK = 20000000 }; // steps of an edit; lines x steps

typedef struct lines {
    str *text; // with their ends
    int *id;
    bool *changed; // removed of the first, added in the second
    int n;
} lines;

// A part of both: [from, to) each.
typedef struct box {
    int a0, a1, b0, b1;
} box;

typedef struct compare {
    lines a, b;
    int *forward, *backward; // furthest places by diagonal, offset by `middle`
    int middle;
    int most; // steps of an edit that are tried
} compare;

#define NOWHERE (-(1 << 30))

// ---- the middle of an edit ------------------------------------------------------------------

// The furthest place on diagonal k after one more step, within n x m; below 0: none.
static int step(const int *v, int k, int n, int m) {
    int right = v[k - 1] + 1, down = v[k + 1];
    if (right > n) right = NOWHERE;
    if (down - k > m) down = NOWHERE;
    return right > down ? right : down;
}

static int slide(const compare *c, const box *q, bool back, int x, int k) {
    int n = q->a1 - q->a0, m = q->b1 - q->b0, y = x - k;
    const int *a = back ? c->a.id + q->a1 - 1 : c->a.id + q->a0;
    const int *b = back ? c->b.id + q->b1 - 1 : c->b.id + q->b0;
    if (back)
        while (x < n && y < m && a[-x] == b[-y])
            x++, y++;
    else
        while (x < n && y < m && a[x] == b[y])
            x++, y++;
    return x;
}

// All diagonals with an edit of d steps; true when the other direction is met on one, *at its
// place as seen from the beginning.
static bool advance(compare *c, const box *q, bool back, int d, int *at_x, int *at_y) {
    int n = q->a1 - q->a0, m = q->b1 - q->b0, delta = n - m;
    int *v = (back ? c->backward : c->forward) + c->middle;
    const int *other = (back ? c->forward : c->backward) + c->middle;
    int low = d > m ? d - 2 * m : -d, high = d > n ? 2 * n - d : d;
    int reach = back ? d : d - 1; // how far the other direction has come
    bool meets = (delta & 1) != back;
    v[-d - 1] = v[d + 1] = NOWHERE;
    for (int k = low; k <= high; k += 2) {
        int x = d ? step(v, k, n, m) : 0;
        v[k] = x < 0 ? NOWHERE : slide(c, q, back, x, k);
        if (x < 0 || !meets || delta - k < -reach || delta - k > reach) continue;
        if (other[delta - k] < 0 || v[k] + other[delta - k] < n) continue;
        *at_x = back ? n - v[k] : v[k];
        *at_y = back ? m - (v[k] - k) : v[k] - k;
        return true;
    }
    return false;
}

static void furthest(const compare *c, const box *q, int d, int *at_x, int *at_y) {
    int n = q->a1 - q->a0, m = q->b1 - q->b0, best = -1;
    const int *v = c->forward + c->middle;
    int low = d > m ? d - 2 * m : -d, high = d > n ? 2 * n - d : d;
    for (int k = low; k <= high; k += 2) {
        if (v[k] < 0 || 2 * v[k] - k <= best) continue;
        best = 2 * v[k] - k;
        *at_x = v[k];
        *at_y = v[k] - k;
    }
}

static void find_middle(compare *c, const box *q, int *x, int *y) {
    for (int d = 0;; d++) {
        if (advance(c, q, false, d, x, y)) return;
        if (d == c->most) {
            furthest(c, q, d, x, y);
            return;
        }
        if (advance(c, q, true, d, x, y)) return;
    }
}

static void mark(bool *changed, int from, int to) {
    if (to > from) memset(changed + from, 1, (size_t)(to - from));
}

// The part before the middle is compared by a call, the part behind it by the loop: either
// edit is half as long, or at most `most`, so calls do not go deep.
static void compare_box(compare *c, box q) {
    for (;;) {
        while (q.a0 < q.a1 && q.b0 < q.b1 && c->a.id[q.a0] == c->b.id[q.b0])
            q.a0++, q.b0++;
        while (q.a0 < q.a1 && q.b0 < q.b1 && c->a.id[q.a1 - 1] == c->b.id[q.b1 - 1])
            q.a1--, q.b1--;
        if (q.a0 == q.a1 || q.b0 == q.b1) break;
        int x = 0, y = 0;
        find_middle(c, &q, &x, &y);
        BUG_ON(x + y == 0 || (x == q.a1 - q.a0 && y == q.b1 - q.b0));
        compare_box(c, (box){q.a0, q.a0 + x, q.b0, q.b0 + y});
        q.a0 += x;
        q.b0 += y;
    }
    mark(c->a.changed, q.a0, q.a1);
    mark(c->b.changed, q.b0, q.b1);
}

// ---- lines ----------------------------------------------------------------------------------

static lines split(arena *a, map *ids, str text) {
    VEC(str) v = {0};
    while (text.n) {
        size_t end = str_find(text, '\n', 0);
        str line = str_upto(text, end == SIZE_MAX ? text.n : end + 1);
        vec_push(a, &v, line);
        text = str_from(text, line.n);
    }
    lines out = {v.p, ARENA_ARRAY(a, int, v.n + 1), ARENA_ARRAY(a, bool, v.n + 1), (int)v.n};
    for (size_t i = 0; i < v.n; i++) {
        bool added;
        void **at = map_at(ids, v.p[i], &added);
        if (added) *at = (void *)(uintptr_t)ids->n;
        out.id[i] = (int)(uintptr_t)*at;
    }
    return out;
}

// ---- hunks ----------------------------------------------------------------------------------

typedef struct hunk {
    int a0, a1, b0, b1; // with the lines around
} hunk;

// The next hunk at or behind (i, j), which are at the same place of both; false: none.
static bool next_hunk(const compare *c, int i, int j, hunk *h) {
    const lines *a = &c->a, *b = &c->b;
    while (i < a->n && j < b->n && !a->changed[i] && !b->changed[j])
        i++, j++;
    if (i == a->n && j == b->n) return false;
    *h = (hunk){i > AROUND ? i - AROUND : 0, i, j > AROUND ? j - AROUND : 0, j};
    for (int same = 0; i < a->n || j < b->n;) {
        if (i < a->n && a->changed[i]) {
            i++, same = 0;
        } else if (j < b->n && b->changed[j]) {
            j++, same = 0;
        } else {
            if (same == 2 * AROUND) break;
            i++, j++, same++;
        }
        if (!same) h->a1 = i, h->b1 = j;
    }
    int left = a->n - h->a1 < AROUND ? a->n - h->a1 : AROUND;
    h->a1 += left;
    h->b1 += left;
    return true;
}

static void put_line(buf *out, char sign, str line) {
    bool ends = str_ends(line, STR("\n"));
    str shown = str_upto(line, ends ? line.n - 1 : line.n);
    if (shown.n > LINE_MAX_SHOWN) {
        shown = str_upto(shown, LINE_MAX_SHOWN);
        shown.n = str_text_prefix(shown);
    }
    buf_byte(out, sign);
    buf_str(out, shown);
    if (shown.n < line.n - ends) buf_str(out, STR("..."));
    buf_str(out, ends ? STR("\n") : STR("\n\\ No newline at end of file\n"));
}

static void put_hunk(buf *out, const compare *c, const hunk *h) {
    int i = h->a0, j = h->b0;
    buf_printf(out, "@@ -%d,%d +%d,%d @@\n", h->a0 + (h->a1 > h->a0), h->a1 - h->a0,
               h->b0 + (h->b1 > h->b0), h->b1 - h->b0);
    while (!out->full && (i < h->a1 || j < h->b1)) {
        if (i < h->a1 && c->a.changed[i])
            put_line(out, '-', c->a.text[i++]);
        else if (j < h->b1 && c->b.changed[j])
            put_line(out, '+', c->b.text[j++]);
        else
            put_line(out, ' ', c->a.text[i++]), j++;
    }
}

static uint64_t count(const lines *l) {
    uint64_t n = 0;
    for (int i = 0; i < l->n; i++)
        n += l->changed[i];
    return n;
}

// What of the hunks fits into max, as whole lines.
static void put_hunks(arena *a, const compare *c, size_t max, diff_text *out) {
    buf b = BUF_MAX(max + LINE_MAX_SHOWN + 64);
    hunk h = {0};
    while (!b.full && next_hunk(c, h.a1, h.b1, &h))
        put_hunk(&b, c, &h);
    str all = buf_view(&b);
    out->cut = b.full || all.n > max;
    if (out->cut) all = str_upto(all, str_behind_last(str_upto(all, max), '\n'));
    out->unified = arena_str(a, all);
    buf_free(&b);
}

diff_text diff_lines(arena *a, str was, str is, size_t max) {
    diff_text out = {0};
    arena *own = arena_new();
    map ids = map_new(own);
    compare c = {.a = split(own, &ids, was), .b = split(own, &ids, is)};
    c.most = WORK / (c.a.n + c.b.n + 1);
    c.most = c.most < EDIT_MIN ? EDIT_MIN : c.most > EDIT_MAX ? EDIT_MAX : c.most;
    size_t diagonals = (size_t)c.most + 2;
    c.middle = (int)diagonals;
    c.forward = ARENA_ARRAY(own, int, 2 * diagonals + 1);
    c.backward = ARENA_ARRAY(own, int, 2 * diagonals + 1);
    compare_box(&c, (box){0, c.a.n, 0, c.b.n});
    out.removed = count(&c.a);
    out.added = count(&c.b);
    put_hunks(a, &c, max, &out);
    arena_free(own);
    return out;
}

// ---- files ----------------------------------------------------------------------------------

void diff_texts_add(ctx *c, diff_texts *t, str path, str was, str is) {
    if (t->total++ < t->skip || t->n == t->max || t->bytes >= t->max_bytes) return;
    diff_text d = diff_lines(c->a, was, is, t->max_bytes - t->bytes);
    d.path = arena_str(c->a, path);
    t->bytes += d.unified.n;
    vec_push(c->a, t, d);
}

// As git tells: no NUL byte near the beginning; and all of it is valid text.
static bool is_text(str s) {
    return str_find(str_upto(s, SNIFF), '\0', 0) == SIZE_MAX && str_is_text(s);
}

bool diff_text_files(ctx *c, const diff_files *f, diff_texts *out, diff_notes *notes, err *e) {
    arena *a = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < f->n; i++) {
        const diff_file *one = &f->p[i];
        str texts[2];
        bool read;
        if (one->what != DIFF_CHANGED || diff_kind_of(one->path) != DIFF_OF_TEXT ||
            one->was.size > DIFF_TEXT_MAX || one->is.size > DIFF_TEXT_MAX ||
            sha256_eq(one->was.digest, one->is.digest))
            continue;
        arena_reset(a);
        ok = diff_load_both(c, a, one, DIFF_TEXT_MAX, texts, &read, notes, e);
        if (ok && read && is_text(texts[0]) && is_text(texts[1]))
            diff_texts_add(c, out, one->path, texts[0], texts[1]);
    }
    arena_free(a);
    return ok;
}
