// SPDX-License-Identifier: Apache-2.0
// pickle_walk: the opcodes. A stack and a memo are kept as an unpickler keeps them, but of a
// value only this is known: a mark, a text (where it stands in the file), or anything else. So
// STACK_GLOBAL finds its names however they came to lie there; names that were computed are
// told as hidden.
//
// I1  Where an unpickler goes on, the walk goes on from the same state, or gives up, which is
//     always told. "An unpickler" is any of Python's: the one in C, the one in Python (which
//     takes the end of the file for that of a line or a frame, and imports before it looks
//     for a mark), and old ones, to which a mark was a value like others.
//     Where all of them stop the walk may go on: then it tells more than would be imported.
// I2  Stack and memo have maxima, and grow only with what is put there.
//
// Pickletools of Python's library documents the opcodes. Any thread.
#include "store/pickle_internal.h"

#include <stdio.h>
#include <stdlib.h>

// ---- the opcodes ----------------------------------------------------------------------------

typedef enum argument {
    NOTHING,
    BYTES_1,
    BYTES_2,
    BYTES_4,
    BYTES_8,
    COUNTED_1, // a length of one byte, then so many bytes
    COUNTED_4,
    COUNTED_8,
    LINE,
    LINES_2,
} argument;

typedef enum action {
    NO_OPCODE,
    PLAIN,   // pops `pops`, pushes `pushes` unknown values
    SLICED,  // the same; to Python 2 fewer did
    MARKED,  // pops down to the mark and it, then as SLICED
    MARKING, // pushes a mark
    TEXT,    // pushes a text
    QUOTED,  // a text between quotes, with escapes
    ESCAPED, // a text with other escapes
    IMPORT,
    IMPORT_MARKED,
    IMPORT_STACK,
    IMPORT_NUMBER, // of the registry of extensions
    PUT,
    MEMOIZE,
    GET,
    POP,
    DUP,
    BUILD,
    PROTO,
    FRAME,
    STOP,
} action;

typedef struct opcode {
    uint8_t action, argument, pops, pushes;
} opcode;

static const opcode opcodes[256] = {
    ['('] = {MARKING, NOTHING, 0, 0},
    ['.'] = {STOP, NOTHING, 0, 0},
    ['0'] = {POP, NOTHING, 0, 0},
    ['1'] = {MARKED, NOTHING, 0, 0},
    ['2'] = {DUP, NOTHING, 0, 0},
    ['B'] = {PLAIN, COUNTED_4, 0, 1},
    ['C'] = {PLAIN, COUNTED_1, 0, 1},
    ['F'] = {PLAIN, LINE, 0, 1},
    ['G'] = {PLAIN, BYTES_8, 0, 1},
    ['I'] = {PLAIN, LINE, 0, 1},
    ['J'] = {PLAIN, BYTES_4, 0, 1},
    ['K'] = {PLAIN, BYTES_1, 0, 1},
    ['L'] = {PLAIN, LINE, 0, 1},
    ['M'] = {PLAIN, BYTES_2, 0, 1},
    ['N'] = {PLAIN, NOTHING, 0, 1},
    ['P'] = {PLAIN, LINE, 0, 1},
    ['Q'] = {PLAIN, NOTHING, 1, 1},
    ['R'] = {PLAIN, NOTHING, 2, 1},
    ['S'] = {QUOTED, LINE, 0, 0},
    ['T'] = {TEXT, COUNTED_4, 0, 0},
    ['U'] = {TEXT, COUNTED_1, 0, 0},
    ['V'] = {ESCAPED, LINE, 0, 0},
    ['X'] = {TEXT, COUNTED_4, 0, 0},
    ['a'] = {PLAIN, NOTHING, 2, 1},
    ['b'] = {BUILD, NOTHING, 2, 1},
    ['c'] = {IMPORT, LINES_2, 0, 1},
    ['d'] = {MARKED, NOTHING, 0, 1},
    ['e'] = {MARKED, NOTHING, 1, 1},
    ['g'] = {GET, LINE, 0, 0},
    ['h'] = {GET, BYTES_1, 0, 0},
    ['i'] = {IMPORT_MARKED, LINES_2, 0, 1},
    ['j'] = {GET, BYTES_4, 0, 0},
    ['l'] = {MARKED, NOTHING, 0, 1},
    ['o'] = {MARKED, NOTHING, 0, 1},
    ['p'] = {PUT, LINE, 0, 0},
    ['q'] = {PUT, BYTES_1, 0, 0},
    ['r'] = {PUT, BYTES_4, 0, 0},
    ['s'] = {PLAIN, NOTHING, 3, 1},
    ['t'] = {MARKED, NOTHING, 0, 1},
    ['u'] = {MARKED, NOTHING, 1, 1},
    [')'] = {PLAIN, NOTHING, 0, 1},
    [']'] = {PLAIN, NOTHING, 0, 1},
    ['}'] = {PLAIN, NOTHING, 0, 1},
    [0x80] = {PROTO, BYTES_1, 0, 0},
    [0x81] = {PLAIN, NOTHING, 2, 1},
    [0x82] = {IMPORT_NUMBER, BYTES_1, 0, 1},
    [0x83] = {IMPORT_NUMBER, BYTES_2, 0, 1},
    [0x84] = {IMPORT_NUMBER, BYTES_4, 0, 1},
    [0x85] = {PLAIN, NOTHING, 1, 1},
    [0x86] = {SLICED, NOTHING, 2, 1},
    [0x87] = {SLICED, NOTHING, 3, 1},
    [0x88] = {PLAIN, NOTHING, 0, 1},
    [0x89] = {PLAIN, NOTHING, 0, 1},
    [0x8a] = {PLAIN, COUNTED_1, 0, 1},
    [0x8b] = {PLAIN, COUNTED_4, 0, 1},
    [0x8c] = {TEXT, COUNTED_1, 0, 0},
    [0x8d] = {TEXT, COUNTED_8, 0, 0},
    [0x8e] = {PLAIN, COUNTED_8, 0, 1},
    [0x8f] = {PLAIN, NOTHING, 0, 1},
    [0x90] = {MARKED, NOTHING, 1, 1},
    [0x91] = {MARKED, NOTHING, 0, 1},
    [0x92] = {PLAIN, NOTHING, 3, 1},
    [0x93] = {IMPORT_STACK, NOTHING, 2, 1},
    [0x94] = {MEMOIZE, NOTHING, 0, 0},
    [0x95] = {FRAME, BYTES_8, 0, 0},
    [0x96] = {PLAIN, COUNTED_8, 0, 1},
    [0x97] = {PLAIN, NOTHING, 0, 1},
    [0x98] = {PLAIN, NOTHING, 1, 1},
};

// ---- values ---------------------------------------------------------------------------------

// 3 bits of kind, 9 of a text's length, 52 of where it stands. 0 in the memo: nothing.
typedef uint64_t value;
enum { UNSET, OTHER, MARK, A_TEXT, A_QUOTED, AN_ESCAPED, TOO_LONG };

static value text_value(unsigned kind, uint64_t at, uint64_t n) {
    if (n > PICKLE_NAME_MAX || at >> 52) return TOO_LONG;
    return at << 12 | n << 3 | kind;
}
static unsigned kind_of(value v) {
    return (unsigned)(v & 7);
}

typedef struct values {
    value *p;
    size_t n, cap; // beyond n all are zero
} values;

static void reserve(values *v, size_t n, size_t max) {
    if (n <= v->cap) return;
    size_t cap = v->cap ? v->cap * 2 : 256;
    while (cap < n)
        cap *= 2;
    if (cap > max) cap = max;
    v->p = mem_realloc(v->p, cap * sizeof *v->p);
    memset(v->p + v->cap, 0, (cap - v->cap) * sizeof *v->p);
    v->cap = cap;
}

typedef struct machine {
    pickle_scanner *s;
    pickle_source *in;
    values stack, memo;
    size_t memo_set;   // how many of the memo's are set: where MEMOIZE puts the next
    bool imported;     // something, in this pickle
    bool numpy_joblib; // an array as joblib keeps them
    uint64_t at;       // where the opcode stands
    uint64_t frame_end;
    bool ended;
} machine;

// What an opcode's argument was: of a line or of counted bytes where they stand.
typedef struct operand {
    uint64_t number, at, n, at_2, n_2;
} operand;

static bool push(machine *m, value v) {
    if (m->stack.n == PICKLE_STACK_MAX)
        return pickle_give_up(m->in, "it keeps too many values at once: it was not read on");
    reserve(&m->stack, m->stack.n + 1, PICKLE_STACK_MAX);
    m->stack.p[m->stack.n++] = v;
    return true;
}

// The value n below the top; UNSET when a mark, or nothing, is there or above it.
static value below(const machine *m, size_t n) {
    if (n >= m->stack.n) return UNSET;
    for (size_t i = 0; i <= n; i++)
        if (kind_of(m->stack.p[m->stack.n - 1 - i]) == MARK) return UNSET;
    return m->stack.p[m->stack.n - 1 - n];
}

#define LACKING "it takes values that are not there"

// n values that are not there: to old unpicklers the marks between are some.
static bool lacks(machine *m, size_t n) {
    return m->stack.n < n ? pickle_stop(m->in, LACKING) : pickle_give_up(m->in, LACKING);
}

static bool pop(machine *m, size_t n) {
    if (n && below(m, n - 1) == UNSET) return lacks(m, n);
    m->stack.n -= n;
    return true;
}

static bool pop_mark(machine *m) {
    values *v = &m->stack;
    while (v->n && kind_of(v->p[v->n - 1]) != MARK)
        v->n--;
    if (!v->n) return pickle_stop(m->in, LACKING);
    v->n--;
    return true;
}

static bool pop_and_push(machine *m, const opcode *op) {
    return pop(m, op->pops) && (!op->pushes || push(m, OTHER));
}

static bool slice_and_push(machine *m, const opcode *op) {
    if (op->pops && below(m, op->pops - 1u) == UNSET) return pickle_give_up(m->in, LACKING);
    return pop_and_push(m, op);
}

// ---- names ----------------------------------------------------------------------------------

typedef struct name_text {
    char p[PICKLE_NAME_MAX];
    size_t n;
} name_text;

static bool read_name(machine *m, uint64_t at, uint64_t n, name_text *out) {
    const uint8_t *p = pickle_peek(m->in, at, (size_t)n);
    if (!p) return false;
    memcpy(out->p, p, (size_t)n);
    out->n = (size_t)n;
    return true;
}

// Valid text that shows on one line.
static bool is_name(const name_text *t) {
    for (size_t i = 0; i < t->n; i++)
        if ((uint8_t)t->p[i] < ' ' || t->p[i] == 0x7f) return false;
    return t->n && str_is_text(str_n(t->p, t->n));
}

// Would an unpickler import a module of this name, whatever it wants of it?
static bool may_import(machine *m, uint64_t at, uint64_t n) {
    name_text module;
    if (n > PICKLE_NAME_MAX) return true;
    return n && read_name(m, at, n, &module) && str_is_text(str_n(module.p, module.n));
}

// ---- arguments ------------------------------------------------------------------------------

#define CUT_LINE "it is cut: it ends within a line"

static bool take_number(machine *m, size_t n, uint64_t *out) {
    const uint8_t *p = pickle_take(m->in, n);
    *out = 0;
    for (size_t i = p ? n : 0; i-- > 0;)
        *out = *out << 8 | p[i];
    return p != NULL;
}

static bool take_counted(machine *m, size_t width, operand *o) {
    pickle_source *in = m->in;
    if (!take_number(m, width, &o->n)) return false;
    if (o->n > in->end - in->at) return pickle_ends(in, "it is cut: it ends within a value");
    o->at = in->at;
    in->at += o->n;
    return true;
}

// *whole: it ends before the part does.
static bool find_line(machine *m, uint64_t *at, uint64_t *n, bool *whole) {
    pickle_source *in = m->in;
    *at = in->at;
    *whole = true;
    while (in->at < in->end) {
        size_t some = in->end - in->at < 256 ? (size_t)(in->end - in->at) : 256;
        const uint8_t *p = pickle_peek(in, in->at, some);
        const uint8_t *end = p ? memchr(p, '\n', some) : NULL;
        if (!p) return false;
        if (end) {
            *n = in->at + (uint64_t)(end - p) - *at;
            in->at = *at + *n + 1;
            return true;
        }
        in->at += some;
    }
    *whole = false;
    *n = in->end - *at;
    return true;
}

static bool take_line(machine *m, operand *o) {
    bool whole;
    return find_line(m, &o->at, &o->n, &whole) && (whole || pickle_ends(m->in, CUT_LINE));
}

// Of a line that the file's end ends, Python's own unpickler drops the last byte, and imports.
static bool take_lines(machine *m, operand *o) {
    bool whole, whole_2 = false;
    if (!find_line(m, &o->at, &o->n, &whole) ||
        (whole && !find_line(m, &o->at_2, &o->n_2, &whole_2)))
        return false;
    if (whole_2) return true;
    bool imports = o->n && may_import(m, o->at, o->n - !whole);
    return imports ? pickle_give_up(m->in, CUT_LINE) : pickle_ends(m->in, CUT_LINE);
}

static bool take_operand(machine *m, unsigned kind, operand *o) {
    switch (kind) {
    case BYTES_1: return take_number(m, 1, &o->number);
    case BYTES_2: return take_number(m, 2, &o->number);
    case BYTES_4: return take_number(m, 4, &o->number);
    case BYTES_8: return take_number(m, 8, &o->number);
    case COUNTED_1: return take_counted(m, 1, o);
    case COUNTED_4: return take_counted(m, 4, o);
    case COUNTED_8: return take_counted(m, 8, o);
    case LINE: return take_line(m, o);
    case LINES_2: return take_lines(m, o);
    default: return true;
    }
}

// ---- imports --------------------------------------------------------------------------------

static bool hidden(machine *m, const char *how) {
    m->imported = true;
    pickle_import_hidden(m->s, how);
    return true;
}

#define NO_NAME "it imports what is no name"

static bool import(machine *m, const name_text *module, const name_text *name) {
    str of = str_n(module->p, module->n), is = str_n(name->p, name->n);
    if (!is_name(module) || !is_name(name)) return pickle_give_up(m->in, NO_NAME);
    m->imported = true;
    m->numpy_joblib |= str_is(str_from(is, str_behind_last(is, '.')), "NumpyArrayWrapper");
    if (pickle_import_add(m->s, of, is)) return true;
    pickle_import_hidden(m->s, "(more names than are listed)");
    return pickle_stop(m->in, "it imports more names than are listed: it was not read on");
}

static bool import_lines(machine *m, const operand *o) {
    name_text module, name;
    if (o->n > PICKLE_NAME_MAX || o->n_2 > PICKLE_NAME_MAX)
        return hidden(m, "(a name that is too long)");
    if (!may_import(m, o->at, o->n)) return pickle_stop(m->in, NO_NAME);
    return read_name(m, o->at, o->n, &module) && read_name(m, o->at_2, o->n_2, &name) &&
           import(m, &module, &name);
}

static bool is_ascii(const name_text *t) {
    for (size_t i = 0; i < t->n; i++)
        if ((uint8_t)t->p[i] > 0x7f) return false;
    return true;
}

// The text of a value as an unpickler has it. *told is false for other values, and for texts
// with escapes or of an encoding that the reader chooses: no pickler writes names so.
static bool value_name(machine *m, value v, name_text *out, bool *told) {
    unsigned kind = kind_of(v);
    *told = kind == A_TEXT || kind == A_QUOTED || kind == AN_ESCAPED;
    if (!*told) return true;
    if (!read_name(m, v >> 12, v >> 3 & 511, out)) return false;
    if (kind == A_TEXT) return true;
    bool quotes = out->n >= 2 && out->p[0] == out->p[out->n - 1] &&
                  (out->p[0] == '\'' || out->p[0] == '"');
    *told = !memchr(out->p, '\\', out->n) && is_ascii(out) && (kind == AN_ESCAPED || quotes);
    if (!*told || kind == AN_ESCAPED) return true;
    out->n -= 2;
    memmove(out->p, out->p + 1, out->n);
    return true;
}

static bool import_stack(machine *m, const opcode *op) {
    value of = below(m, 1), is = below(m, 0);
    name_text module, name;
    bool told_module, told_name;
    if (!pop_and_push(m, op)) return false;
    // The window goes back to where the names stand; the walk goes on where it was.
    if (!value_name(m, of, &module, &told_module) || !value_name(m, is, &name, &told_name))
        return false;
    if (kind_of(of) == TOO_LONG || kind_of(is) == TOO_LONG)
        return hidden(m, "(a name that is too long)");
    if (!told_module || !told_name) return hidden(m, "(a name that is computed)");
    return import(m, &module, &name);
}

static bool import_number(machine *m, uint64_t number) {
    name_text module = {"copyreg", 7}, name;
    name.n =
        (size_t)snprintf(name.p, sizeof name.p, "extension %llu", (unsigned long long)number);
    return import(m, &module, &name);
}

// ---- the memo -------------------------------------------------------------------------------

static bool put(machine *m, uint64_t key) {
    if (key >= PICKLE_MEMO_MAX)
        return pickle_give_up(m->in, "it keeps too many values for later: it was not read on");
    reserve(&m->memo, (size_t)key + 1, PICKLE_MEMO_MAX);
    m->memo_set += m->memo.p[key] == UNSET;
    m->memo.p[key] = below(m, 0);
    return true;
}

static bool get(machine *m, uint64_t key) {
    if (key >= m->memo.cap || m->memo.p[key] == UNSET)
        return pickle_stop(m->in, "it gets a value that it did not keep");
    return push(m, m->memo.p[key]);
}

// The number of PUT and GET: of bytes, or of a line. To Python 2 any line was a key.
static bool memo_key(machine *m, const opcode *op, const operand *o, uint64_t *out) {
    name_text text;
    const char *why = "it keeps a value by what is no number";
    *out = o->number;
    if (op->argument != LINE) return true;
    if (o->n > PICKLE_NAME_MAX) return pickle_give_up(m->in, why);
    if (!read_name(m, o->at, o->n, &text)) return false;
    if (pickle_number(str_n(text.p, text.n), 10, out)) return true;
    return op->action == PUT ? pickle_give_up(m->in, why) : pickle_stop(m->in, why);
}

static bool memo(machine *m, const opcode *op, const operand *o) {
    uint64_t key = m->memo_set;
    if (op->action != GET && below(m, 0) == UNSET) return lacks(m, 1);
    if (op->action != MEMOIZE && !memo_key(m, op, o, &key)) return false;
    return op->action == GET ? get(m, key) : put(m, key);
}

// ---- the walk -------------------------------------------------------------------------------

static bool drop(machine *m) {
    if (!m->stack.n) return pickle_stop(m->in, LACKING);
    m->stack.n--;
    return true;
}

static bool dup(machine *m) {
    value v = below(m, 0);
    return v == UNSET ? lacks(m, 1) : push(m, v);
}

// joblib writes an array's bytes behind the opcode that makes it.
static bool build(machine *m, const opcode *op) {
    if (m->numpy_joblib)
        return pickle_stop(m->in, "arrays as joblib keeps them stand there: what is behind "
                                  "them was not read");
    return pop_and_push(m, op);
}

// An unpickler reads a whole frame at once. What is left of it when a value goes beyond, or
// when the pickle ends, the one in C drops: it and the walk would read on at different places.
// No pickler writes such frames.
#define LEFT "a frame of it does not end where a value ends"

// One that is longer than the file does not stop all unpicklers.
static bool frame(machine *m, uint64_t n) {
    uint64_t left = m->in->end - m->in->at;
    uint64_t end = m->in->at + (n < left ? n : left);
    if (m->in->at < m->frame_end) return end <= m->frame_end || pickle_give_up(m->in, LEFT);
    m->frame_end = end;
    return true;
}

static bool keeps_frame(machine *m) {
    return m->at >= m->frame_end || m->in->at <= m->frame_end || pickle_give_up(m->in, LEFT);
}

static bool end(machine *m) {
    if (m->in->at < m->frame_end) return pickle_give_up(m->in, LEFT);
    m->ended = pop(m, 1);
    return m->ended;
}

static bool act(machine *m, const opcode *op, const operand *o) {
    switch (op->action) {
    case PLAIN: return pop_and_push(m, op);
    case SLICED: return slice_and_push(m, op);
    case MARKED: return pop_mark(m) && slice_and_push(m, op);
    case MARKING: return push(m, MARK);
    case TEXT: return push(m, text_value(A_TEXT, o->at, o->n));
    case QUOTED: return push(m, text_value(A_QUOTED, o->at, o->n));
    case ESCAPED: return push(m, text_value(AN_ESCAPED, o->at, o->n));
    case IMPORT: return import_lines(m, o) && pop_and_push(m, op);
    case IMPORT_MARKED: return import_lines(m, o) && pop_mark(m) && pop_and_push(m, op);
    case IMPORT_STACK: return import_stack(m, op);
    case IMPORT_NUMBER: return import_number(m, o->number) && pop_and_push(m, op);
    case PUT:
    case MEMOIZE:
    case GET: return memo(m, op, o);
    case POP: return drop(m);
    case DUP: return dup(m);
    case BUILD: return build(m, op);
    case PROTO:
        return o->number <= 5 || pickle_stop(m->in, "it is of a protocol that is not known");
    case FRAME: return frame(m, o->number);
    case STOP: return end(m);
    default: return pickle_stop(m->in, "what stands there is no opcode");
    }
}

static bool walk_one(machine *m) {
    while (!m->ended) {
        operand o = {0};
        m->at = m->in->at;
        const uint8_t *p = pickle_take(m->in, 1);
        if (!p) return false;
        const opcode *op = &opcodes[*p];
        if (!take_operand(m, op->argument, &o) || !keeps_frame(m) || !act(m, op, &o))
            return false;
    }
    return true;
}

// ---- several --------------------------------------------------------------------------------

// PyTorch's files before 1.6 begin with this number, and have raw bytes behind five pickles.
#define OLD_TORCH   "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define OLD_TORCH_N 5

static bool is_old_torch(pickle_source *in) {
    size_t n = sizeof OLD_TORCH - 1;
    const uint8_t *p = in->end - in->at >= n ? pickle_peek(in, in->at, n) : NULL;
    return p && !memcmp(p, OLD_TORCH, n);
}

static bool begins_as_pickle(pickle_source *in) {
    const uint8_t *p = in->end - in->at >= 2 ? pickle_peek(in, in->at, 2) : NULL;
    return p && p[0] == 0x80 && p[1] <= 5;
}

static bool walk_next(pickle_scanner *s, pickle_source *in, bool surely) {
    machine m = {.s = s, .in = in};
    bool ok = walk_one(&m);
    free(m.stack.p);
    free(m.memo.p);
    s->out->pickles += ok;
    if (ok || in->failed || (!surely && !m.imported && !in->gave_up)) return ok;
    pickle_problem(s, "at byte %llu: %s", (unsigned long long)m.at, in->why);
    return false;
}

bool pickle_walk(pickle_scanner *s, pickle_source *in, pickle_naming named) {
    uint64_t max = is_old_torch(in) ? OLD_TORCH_N : UINT64_MAX, n = 0;
    bool ok = true, first = named == PICKLE_NAMED;
    for (; ok && n < max && (in->at < in->end || first); n++) {
        bool surely = first || (named > PICKLE_UNNAMED && begins_as_pickle(in));
        ok = walk_next(s, in, surely);
        first = false;
    }
    if (ok && n && n < max && in->file.cut) pickle_problem(s, "%s", in->file.cut);
    return !in->failed;
}
