// SPDX-License-Identifier: Apache-2.0
// pickle: a file as a bounded stream, and the list of what was found in it. pickle_walk.c has
// the opcodes, pickle_form.c what names and first bytes say, pickle_zip.c the archives,
// pickle_numpy.c the arrays, pickle_unpack.c what is compressed, pickle_names.c what is known
// of names. Any thread.
#include "store/pickle_internal.h"

#include <stdlib.h>

// What is read behind a jump, and the least that a read counts: so many jumps are no free ride.
#define JUMP ((size_t)16 << 10)

// ---- the stream -----------------------------------------------------------------------------

pickle_source pickle_source_of(pickle_scanner *s, uint64_t at, uint64_t end) {
    pickle_source in = {.file = s->file,
                        .at = at,
                        .end = end,
                        .window = s->window,
                        .left = &s->left,
                        .e = s->e};
    if (end < s->file.size) in.file.cut = NULL;
    return in;
}

bool pickle_stop(pickle_source *in, const char *why) {
    if (!in->failed && !in->why) in->why = why;
    return false;
}

bool pickle_give_up(pickle_source *in, const char *why) {
    in->gave_up |= !in->failed && !in->why;
    return pickle_stop(in, why);
}

bool pickle_ends(pickle_source *in, const char *why) {
    return in->file.cut ? pickle_give_up(in, in->file.cut) : pickle_stop(in, why);
}

bool pickle_pay(pickle_source *in, size_t n) {
    size_t cost = n < JUMP ? JUMP : n;
    if (cost > *in->left)
        return pickle_give_up(in, "too much of it would have to be read: it was not read on");
    *in->left -= cost;
    return true;
}

static bool fill(pickle_source *in, uint64_t at, size_t n) {
    bool goes_on = at >= in->window_at && at - in->window_at <= in->window_n && in->window_n;
    size_t want = goes_on ? PICKLE_WINDOW : JUMP;
    if (want < n) want = n;
    if (want > in->end - at) want = (size_t)(in->end - at);
    in->window_n = 0;
    if (!pickle_pay(in, want)) return false;
    in->failed = !in->file.read(in->file.arg, at, in->window, want, in->e);
    if (in->failed) return false;
    in->window_at = at;
    in->window_n = want;
    return true;
}

const uint8_t *pickle_peek(pickle_source *in, uint64_t at, size_t n) {
    if (in->failed || in->why) return NULL;
    if (at > in->end || n > in->end - at) {
        pickle_ends(in, "it is cut: it ends within a value");
        return NULL;
    }
    bool there = at >= in->window_at && at - in->window_at <= in->window_n &&
                 n <= in->window_n - (at - in->window_at);
    if (!there && !fill(in, at, n)) return NULL;
    return (const uint8_t *)in->window + (at - in->window_at);
}

const uint8_t *pickle_take(pickle_source *in, size_t n) {
    const uint8_t *p = pickle_peek(in, in->at, n);
    if (p) in->at += n;
    return p;
}

// ---- numbers --------------------------------------------------------------------------------

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static str without_blanks(str text) {
    while (text.n && is_blank(text.p[0]))
        text = str_from(text, 1);
    while (text.n && is_blank(text.p[text.n - 1]))
        text.n--;
    return text;
}

// To the unpickler in C a zero byte ends the number.
bool pickle_number(str text, unsigned base, uint64_t *out) {
    size_t nul = str_find(text, 0, 0);
    str rest = without_blanks(nul == SIZE_MAX ? text : str_upto(text, nul));
    bool negative = rest.n && rest.p[0] == '-', digit = false;
    if (rest.n && (negative || rest.p[0] == '+')) rest = str_from(rest, 1);
    if (base == 8 && rest.n > 2 && rest.p[0] == '0' && (rest.p[1] | 32) == 'o') {
        rest = str_from(rest, 2);
        digit = true;
    }
    *out = 0;
    for (size_t i = 0; i < rest.n; i++) {
        unsigned n = (unsigned)(rest.p[i] - '0');
        bool between = rest.p[i] == '_' && digit;
        digit = n < base;
        if (!digit && !between) return false;
        if (digit && __builtin_mul_overflow(*out, base, out)) *out = UINT64_MAX;
        if (digit && __builtin_add_overflow(*out, n, out)) *out = UINT64_MAX;
    }
    return digit && !(negative && *out);
}

// ---- what was found -------------------------------------------------------------------------

void pickle_problem(pickle_scanner *s, const char *fmt, ...) {
    pickle_report *out = s->out;
    if (out->verdict < PICKLE_UNKNOWN) out->verdict = PICKLE_UNKNOWN;
    if (out->problem.n) return;
    va_list ap;
    va_start(ap, fmt);
    str text = arena_vprintf(s->a, fmt, ap);
    va_end(ap);
    if (s->of.n) text = arena_printf(s->a, "%.*s: %.*s", STR_F(s->of), STR_F(text));
    out->problem = str_is_text(text) ? text : STR("a file of the archive has no proper name");
}

static void add(pickle_scanner *s, str name, pickle_verdict verdict) {
    bool added;
    map_at(&s->names, name, &added);
    if (!added) return;
    vec_push(s->a, &s->imports, (pickle_import){name, verdict});
    if (verdict > s->out->verdict) s->out->verdict = verdict;
}

bool pickle_import_add(pickle_scanner *s, str module, str name) {
    char text[2 * PICKLE_NAME_MAX + 1];
    size_t n = module.n;
    memcpy(text, module.p, n);
    text[n++] = '.';
    memcpy(text + n, name.p, name.n);
    str whole = str_n(text, n + name.n);
    if (map_get(&s->names, whole)) return true;
    if (s->imports.n >= PICKLE_IMPORTS_MAX) return false;
    add(s, arena_str(s->a, whole), pickle_judge(whole, module.n));
    return true;
}

void pickle_import_hidden(pickle_scanner *s, const char *how) {
    add(s, str_of(how), PICKLE_DANGEROUS);
}

static int worst_first(const void *a, const void *b) {
    const pickle_import *x = a, *y = b;
    if (x->verdict != y->verdict) return x->verdict > y->verdict ? -1 : 1;
    return str_cmp(x->name, y->name);
}

// ---- a file ---------------------------------------------------------------------------------

// PyTorch's first releases wrote tar archives, and it reads them still, as Python's tarfile
// does: of the first block nothing counts but that its sum (with blanks for itself) is right.
static bool begins_as_tar(pickle_source *in) {
    enum { BLOCK = 512, SUM = 148, SUM_N = 8 };
    const uint8_t *p = in->end >= BLOCK ? pickle_peek(in, 0, BLOCK) : NULL;
    uint64_t told = 0, sum = SUM_N * ' ', with_signs = SUM_N * ' ';
    if (!p) return false;
    for (size_t i = 0; i < BLOCK; i++) {
        if (i >= SUM && i < SUM + SUM_N) continue;
        sum += p[i];
        with_signs += (uint64_t)(int64_t)(int8_t)p[i];
    }
    if (p[SUM] == 0x80) // then it is no text
        for (size_t i = 1; i < SUM_N; i++)
            told = told << 8 | p[SUM + i];
    else if (!pickle_number(str_n(p + SUM, SUM_N), 8, &told))
        return false;
    return told == sum || told == with_signs;
}

// Two bytes are no proof of how a file is compressed: its name has to say more.
static pickle_form form_of(const pickle_scanner *s, pickle_source *in) {
    size_t n = in->end < PICKLE_FORM_N ? (size_t)in->end : PICKLE_FORM_N;
    const uint8_t *p = n ? pickle_peek(in, 0, n) : NULL;
    pickle_form form = p ? pickle_form_of(str_n(p, n)) : PICKLE_NO_FORM;
    bool weak = form == PICKLE_ZLIB || form == PICKLE_LZMA;
    return weak && s->named != PICKLE_NAMED ? PICKLE_NO_FORM : form;
}

static bool scan_compressed(pickle_scanner *s, pickle_form form) {
    static const char *const others[] = {[PICKLE_BZIP2] = "bzip2",
                                         [PICKLE_XZ] = "xz",
                                         [PICKLE_LZMA] = "lzma",
                                         [PICKLE_LZ4] = "lz4"};
    pickle_source in = pickle_source_of(s, 0, s->file.size);
    if (form < PICKLE_BZIP2) {
        pickle_unpack(s, &in, form, UINT64_MAX, (str){0}, s->named);
        if (in.why) pickle_problem(s, "%s", in.why);
        return !in.failed;
    }
    if (s->named >= PICKLE_MAYBE_NAMED)
        pickle_problem(s, "it is compressed with %s: it was not looked into", others[form]);
    return true;
}

// A file may be several: a pickle to whoever begins at its first byte, an archive to whoever
// looks for its end, compressed to whoever looks what it begins with.
static bool scan_as(pickle_scanner *s, pickle_form form) {
    pickle_zip zip;
    bool is_zip, compressed = form >= PICKLE_DEFLATE;
    if (form == PICKLE_NUMPY && s->depth) // .npz: of each the end would have to be read
        return pickle_numpy_walk(s);
    if (!pickle_zip_find(s, &zip, &is_zip) || (is_zip && !pickle_zip_walk(s, &zip)))
        return false;
    if (form == PICKLE_ZIP && !is_zip && s->named >= PICKLE_MAYBE_NAMED)
        pickle_problem(s, "%s",
                       s->file.cut
                           ? s->file.cut
                           : "it begins as a zip archive, but its end does not hold together");
    if (form == PICKLE_ZIP) return true;
    if (form == PICKLE_NUMPY) return pickle_numpy_walk(s);
    if (compressed && !scan_compressed(s, form)) return false;
    pickle_source in = pickle_source_of(s, 0, s->file.size); // others have used the window
    bool other = (is_zip || compressed) && s->named == PICKLE_NAMED;
    return pickle_walk(s, &in, other ? PICKLE_MAYBE_NAMED : s->named);
}

static bool scan(pickle_scanner *s) {
    pickle_source in = pickle_source_of(s, 0, s->file.size);
    pickle_form form = form_of(s, &in);
    if (in.failed) return false;
    if (form == PICKLE_NO_FORM && s->named < PICKLE_MAYBE_NAMED) return true;
    if (begins_as_tar(&in))
        pickle_problem(s, "it is a tar archive, as old PyTorch wrote them: it was not opened");
    return !in.failed && scan_as(s, form);
}

bool pickle_scan_inner(pickle_scanner *s, const pickle_file *f, str name, pickle_naming named) {
    pickle_scanner outer = *s;
    bool ok = true;
    s->file = *f;
    s->named = named;
    if (name.n && s->of.n)
        s->of = arena_printf(s->a, "%.*s: %.*s", STR_F(s->of), STR_F(name));
    else if (name.n)
        s->of = name;
    if (++s->depth <= PICKLE_DEPTH_MAX)
        ok = scan(s);
    else if (named >= PICKLE_MAYBE_NAMED)
        pickle_problem(s, "it stands too deep in other files: it was not looked into");
    s->file = outer.file;
    s->named = outer.named;
    s->of = outer.of;
    s->depth = outer.depth;
    return ok;
}

bool pickle_scan(pickle_read read, void *arg, uint64_t size, pickle_naming named, arena *a,
                 pickle_report *out, err *e) {
    *out = (pickle_report){.problem = STR("")};
    pickle_scanner s = {.a = a,
                        .file = {.read = read, .arg = arg, .size = size},
                        .named = named,
                        .left = PICKLE_READ_MAX,
                        .window = mem_alloc(PICKLE_WINDOW),
                        .e = e,
                        .out = out,
                        .names = map_new(a)};
    bool ok = scan(&s);
    free(s.window);
    if (ok && named == PICKLE_NAMED && !out->pickles && !s.imports.n)
        pickle_problem(&s, "it is no pickle, and holds none");
    if (s.imports.n) qsort(s.imports.p, s.imports.n, sizeof *s.imports.p, worst_first);
    out->imports = s.imports.p;
    out->n = s.imports.n;
    out->found = out->pickles || out->n || out->problem.n;
    return ok;
}
