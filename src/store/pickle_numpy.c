// SPDX-License-Identifier: Apache-2.0
// pickle_numpy: arrays as numpy.save writes them. Behind the header of one that holds objects
// stands a pickle; behind any other its bytes. The header is Python's text of a dictionary,
// which a hostile one writes as it likes: so no value of it is read, but every text in it is
// held against the names of the types that are objects. No state.
#include "store/pickle_internal.h"

#include "base/buf.h"

enum { MAGIC_N = 6, LENGTH_AT = 8 };

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// "|O", "O8", "f4,O", "object": a word of the text is O, T (texts of any length), or begins so.
static bool is_of_objects(str text) {
    for (size_t i = 0, n; i < text.n; i += n ? n : 1) {
        str rest = str_from(text, i);
        for (n = 0; n < rest.n && is_letter(rest.p[n]);)
            n++;
        str word = str_upto(rest, n);
        if (str_is(word, "O") || str_is(word, "T") ||
            (n >= 6 && str_eq_nocase(str_upto(word, 6), STR("object"))))
            return true;
    }
    return false;
}

// Texts with escapes, and texts side by side, which are one to Python, may say anything.
static bool may_say_objects(str header) {
    bool beside = false;
    if (str_find(header, '\\', 0) != SIZE_MAX) return true;
    for (size_t i = 0; i < header.n; i++) {
        char c = header.p[i];
        bool blank = c == ' ' || (c >= '\t' && c <= '\r');
        if (c == '\'' || c == '"') {
            size_t end = str_find(header, c, i + 1);
            if (end == SIZE_MAX || beside) return true;
            if (is_of_objects(str_upto(str_from(header, i + 1), end - i - 1))) return true;
            i = end;
        }
        beside = c == '\'' || c == '"' || (beside && blank);
    }
    return false;
}

bool pickle_numpy_has_objects(str first, uint64_t *at) {
    cur c = cur_of(first);
    cur_take(&c, MAGIC_N);
    uint8_t version = cur_u8(&c);
    cur_u8(&c);
    uint32_t n = version == 1 ? cur_u16(&c) : cur_u32(&c);
    *at = LENGTH_AT + (version == 1 ? 2u : 4u) + (uint64_t)n;
    str header = cur_take(&c, n);
    return c.bad || may_say_objects(header); // not all of it is here: it may say anything
}

bool pickle_numpy_walk(pickle_scanner *s) {
    pickle_source in = pickle_source_of(s, 0, s->file.size);
    size_t n = in.end < PICKLE_NUMPY_N ? (size_t)in.end : PICKLE_NUMPY_N;
    const uint8_t *p = pickle_peek(&in, 0, n);
    uint64_t at;
    if (in.why) pickle_problem(s, "%s", in.why);
    if (!p || !pickle_numpy_has_objects(str_n(p, n), &at)) return !in.failed;
    if (at >= in.end && in.file.cut) pickle_problem(s, "%s", in.file.cut);
    if (at >= in.end) return true; // to NumPy it is none
    in.at = at;
    return pickle_walk(s, &in, PICKLE_MAYBE_NAMED);
}
