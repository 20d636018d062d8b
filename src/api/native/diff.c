// SPDX-License-Identifier: Apache-2.0
// diff: what changed between two versions or runs, all but their tensors (diff_tensors.c), as
// one JSON reply of the parts that were asked for. Lists are cut at `limit`, say how many there
// are, and go on behind `skip`: what is listed of sealed files stands still. Any thread.
#include "api/native/diff.h"

#include <math.h>

enum { TEXTS_MAX = 100, TEXT_BYTES = 1 << 20, WHOLE_MAX = 300 }; // digits: all are doubles

#define PARTS(X)                                                                               \
    X(FILES, "files")                                                                          \
    X(CONFIG, "config")                                                                        \
    X(TOKENIZER, "tokenizer")                                                                  \
    X(TEXT, "text")                                                                            \
    X(PARAMETERS, "parameters")                                                                \
    X(METRICS, "metrics")                                                                      \
    X(EVALUATIONS, "evaluations")                                                              \
    X(TAGS, "tags")                                                                            \
    X(DATA, "data")                                                                            \
    X(CODE, "code")                                                                            \
    X(ENVIRONMENT, "environment")
#define PART_NUMBER(name, text) PART_##name,
enum { PARTS(PART_NUMBER) PARTS_N };
#undef PART_NUMBER
#define PART_NAME(name, text) {(text), PART_##name},
static const msg_name parts[] = {PARTS(PART_NAME){NULL, 0}};
enum {
    OF_FILES = 1 << PART_FILES | 1 << PART_CONFIG | 1 << PART_TOKENIZER | 1 << PART_TEXT,
    ALL = (1 << PARTS_N) - 1
};

const msg_name diff_whats[] = {{"added", DIFF_ADDED},
                               {"removed", DIFF_REMOVED},
                               {"changed", DIFF_CHANGED},
                               {"renamed", DIFF_RENAMED},
                               {"reshaped", DIFF_RESHAPED},
                               {"retyped", DIFF_RETYPED},
                               {NULL, 0}};
static const msg_name sides_names[] = {{"from", 0}, {"to", 1}, {NULL, 0}};

// ---- shapes ---------------------------------------------------------------------------------

SHAPE(static, side_shape, "DiffSide",
      FIELD("name", SHAPE_TEXT, 0, "REPO@NUMBER, or the id of a run"),
      FIELD("repo", SHAPE_TEXT, SHAPE_OPTIONAL, "of a version: its repo"),
      FIELD("number", SHAPE_INT, SHAPE_OPTIONAL, "of a version: its number"),
      FIELD("run", SHAPE_ID, SHAPE_OPTIONAL, "the run, or the one that made the version"),
      FIELD("external", SHAPE_BOOL, SHAPE_OPTIONAL, "of a version: are its files elsewhere?"));

SHAPE(static, row_shape, "DiffRow",
      FIELD("in", SHAPE_TEXT, SHAPE_OPTIONAL, "the file, or the group"),
      FIELD("key", SHAPE_TEXT, 0, "what differs; in JSON its path: rope_scaling.factor"),
      FIELD("was", SHAPE_ANY, SHAPE_OPTIONAL, "its value; absent: it was not there"),
      FIELD("is", SHAPE_ANY, SHAPE_OPTIONAL, "its value; absent: it is there no more"),
      FIELD("delta", SHAPE_NUMBER, SHAPE_OPTIONAL, "of numbers: is - was"),
      FIELD("percent", SHAPE_NUMBER, SHAPE_OPTIONAL, "the same of |was|"));
SHAPE(static, rows_shape, "DiffRows",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the first of them", .sub = &row_shape),
      FIELD("total", SHAPE_INT, 0, "how many differ"));

SHAPE(static, file_shape, "DiffFile",
      FIELD("what", SHAPE_ENUM, 0, "what became of it", .names = diff_whats),
      FIELD("path", SHAPE_TEXT, 0, "where it is, or was"),
      FIELD("before", SHAPE_TEXT, SHAPE_OPTIONAL, "where a renamed one was"),
      FIELD("was_size", SHAPE_INT, SHAPE_OPTIONAL, "its bytes before"),
      FIELD("is_size", SHAPE_INT, SHAPE_OPTIONAL, "its bytes after"),
      FIELD("was_digest", SHAPE_TEXT, SHAPE_OPTIONAL, "its SHA-256 before"),
      FIELD("is_digest", SHAPE_TEXT, SHAPE_OPTIONAL, "its SHA-256 after"),
      FIELD("executable", SHAPE_BOOL, SHAPE_OPTIONAL, "is it now? Only where that changed"));
SHAPE(static, files_shape, "DiffFiles",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "in the order of paths", .sub = &file_shape),
      FIELD("total", SHAPE_INT, 0, "how many differ"), FIELD("added", SHAPE_INT, 0, "of these"),
      FIELD("removed", SHAPE_INT, 0, "of these"), FIELD("changed", SHAPE_INT, 0, "of these"),
      FIELD("renamed", SHAPE_INT, 0, "of these"));

SHAPE(static, text_shape, "DiffText",
      FIELD("path", SHAPE_TEXT, 0, "the file, or the text in it"),
      FIELD("added", SHAPE_INT, 0, "lines"), FIELD("removed", SHAPE_INT, 0, "lines"),
      FIELD("unified", SHAPE_TEXT, 0, "hunks as 'diff -u' writes them, without its head"),
      FIELD("cut", SHAPE_BOOL, 0, "are there more hunks?"));
SHAPE(static, texts_shape, "DiffTexts",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST, "the first of them", .sub = &text_shape),
      FIELD("total", SHAPE_INT, 0, "how many differ"));

SHAPE(static, token_shape, "DiffToken", FIELD("in", SHAPE_TEXT, 0, "the file"),
      FIELD("token", SHAPE_TEXT, 0, "the token"),
      FIELD("was", SHAPE_INT, SHAPE_OPTIONAL, "its number before"),
      FIELD("is", SHAPE_INT, SHAPE_OPTIONAL, "its number after"));
SHAPE(static, tokenizer_shape, "DiffTokenizer",
      FIELD("was_size", SHAPE_INT, 0, "tokens of the vocabulary before"),
      FIELD("is_size", SHAPE_INT, 0, "and after"), FIELD("added", SHAPE_INT, 0, "tokens"),
      FIELD("removed", SHAPE_INT, 0, "tokens"),
      FIELD("moved", SHAPE_INT, 0, "tokens with another number"),
      FIELD("merges_added", SHAPE_INT, 0, "merges"),
      FIELD("merges_removed", SHAPE_INT, 0, "merges"),
      FIELD("merges_reordered", SHAPE_BOOL, 0, "are the same merges in another order?"),
      FIELD("tokens", SHAPE_OBJECT, SHAPE_LIST, "the first of each kind", .sub = &token_shape),
      FIELD("scores", SHAPE_OBJECT, 0, "scores of tokens that are in both", .sub = &rows_shape),
      FIELD("values", SHAPE_OBJECT, 0, "all else, by its paths", .sub = &rows_shape),
      FIELD("templates", SHAPE_OBJECT, 0, "chat templates", .sub = &texts_shape));

SHAPE(static, note_shape, "DiffNote",
      FIELD("side", SHAPE_ENUM, 0, "whose file it is", .names = sides_names),
      FIELD("path", SHAPE_TEXT, 0, "the file; empty: all of them"),
      FIELD("why", SHAPE_TEXT, 0, "why it was not compared"));

#define ROWS_FIELD(name, doc) FIELD(name, SHAPE_OBJECT, SHAPE_OPTIONAL, doc, .sub = &rows_shape)
SHAPE(static, diff_shape, "Diff", FIELD("from", SHAPE_OBJECT, 0, "before", .sub = &side_shape),
      FIELD("to", SHAPE_OBJECT, 0, "after", .sub = &side_shape),
      FIELD("differs", SHAPE_BOOL, 0, "does any of the parts that follow?"),
      FIELD("files", SHAPE_OBJECT, SHAPE_OPTIONAL, "files", .sub = &files_shape),
      ROWS_FIELD("config", "values of JSON files"),
      FIELD("tokenizer", SHAPE_OBJECT, SHAPE_OPTIONAL, "vocabulary, merges, templates",
            .sub = &tokenizer_shape),
      FIELD("text", SHAPE_OBJECT, SHAPE_OPTIONAL, "text files", .sub = &texts_shape),
      ROWS_FIELD("parameters", "of the runs"), ROWS_FIELD("metrics", "last values of the runs"),
      ROWS_FIELD("evaluations", "what was measured of the versions (in evals.SUITE)"),
      ROWS_FIELD("tags", "of the versions, but those by which MLflow keeps a prompt"),
      ROWS_FIELD("data", "data sets that the runs read"),
      ROWS_FIELD("code", "commit, command and the like of the runs"),
      ROWS_FIELD("environment", "machine, Python and packages of the runs"),
      FIELD("notes", SHAPE_OBJECT, SHAPE_LIST, "what could not be compared",
            .sub = &note_shape));

// ---- rendering ------------------------------------------------------------------------------

static void put_side(json_writer *w, const char *name, const diff_side *s) {
    json_key(w, str_of(name));
    json_object(w);
    json_m_string(w, "name", s->name);
    if (!s->is_run) {
        json_m_string(w, "repo", s->version.repo_name);
        json_m_i64(w, "number", s->version.number);
        json_m_bool(w, "external", !s->version.has_content);
    }
    if (!id_is_zero(s->run)) native_m_id(w, "run", s->run);
    json_object_end(w);
}

// Whole ones as they are written: a double may not hold them.
static void put_number(json_writer *w, const diff_value *v) {
    size_t sign = v->text.n && v->text.p[0] == '-', digits = 0;
    while (sign + digits < v->text.n && v->text.p[sign + digits] >= '0' &&
           v->text.p[sign + digits] <= '9')
        digits++;
    bool whole = digits && sign + digits == v->text.n && digits <= WHOLE_MAX &&
                 (digits == 1 || v->text.p[sign] != '0');
    if (whole)
        json_put(w, v->text);
    else
        json_f64(w, v->number);
}

static double delta_of(const diff_value *was, const diff_value *is) {
    int64_t a, b;
    return str_to_i64(was->text, &a) && str_to_i64(is->text, &b) ? (double)((__int128)b - a)
                                                                 : is->number - was->number;
}

static void put_value(json_writer *w, const char *name, const diff_value *v) {
    if (v->type == DIFF_ABSENT) return;
    json_key(w, str_of(name));
    switch (v->type) {
    case DIFF_NULL: json_null(w); break;
    case DIFF_TRUTH: json_bool(w, str_is(v->text, "true")); break;
    case DIFF_NUMBER: put_number(w, v); break;
    case DIFF_LIST: json_put(w, STR("[]")); break;
    case DIFF_OBJECT: json_put(w, STR("{}")); break;
    default: json_string(w, v->text); break;
    }
}

static void put_row(json_writer *w, const diff_row *r) {
    json_object(w);
    if (r->in.n) json_m_string(w, "in", r->in);
    json_m_string(w, "key", r->key);
    put_value(w, "was", &r->was);
    put_value(w, "is", &r->is);
    double was = r->was.number, is = r->is.number;
    if (r->was.type == DIFF_NUMBER && r->is.type == DIFF_NUMBER && isfinite(was) &&
        isfinite(is)) {
        double d = delta_of(&r->was, &r->is);
        json_m_f64(w, "delta", d);
        if (was != 0) json_m_f64(w, "percent", d / fabs(was) * 100);
    }
    json_object_end(w);
}

void diff_put_rows(json_writer *w, const char *name, const diff_rows *rows) {
    json_key(w, str_of(name));
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < rows->n; i++)
        put_row(w, &rows->p[i]);
    json_array_end(w);
    json_m_i64(w, "total", (int64_t)rows->total);
    json_object_end(w);
}

static void put_digest(json_writer *w, const char *name, sha256 digest) {
    char hex[SHA256_HEX];
    sha256_hex(digest, hex);
    json_key(w, str_of(name));
    json_string(w, str_of(hex));
}

static void put_file(json_writer *w, const diff_file *f) {
    json_object(w);
    json_m_string(w, "what", msg_name_of(diff_whats, f->what));
    json_m_string(w, "path", f->path);
    if (f->what == DIFF_RENAMED) json_m_string(w, "before", f->before);
    if (f->what != DIFF_ADDED) {
        json_m_i64(w, "was_size", (int64_t)f->was.size);
        put_digest(w, "was_digest", f->was.digest);
    }
    if (f->what != DIFF_REMOVED) {
        json_m_i64(w, "is_size", (int64_t)f->is.size);
        put_digest(w, "is_digest", f->is.digest);
    }
    if (f->what != DIFF_ADDED && f->what != DIFF_REMOVED &&
        f->was.executable != f->is.executable)
        json_m_bool(w, "executable", f->is.executable);
    json_object_end(w);
}

static void put_files(json_writer *w, const diff_files *f, size_t limit, size_t skip) {
    json_m_object(w, "files");
    json_m_array(w, "items");
    for (size_t i = skip; i < f->n && i - skip < limit; i++)
        put_file(w, &f->p[i]);
    json_array_end(w);
    json_m_i64(w, "total", (int64_t)f->total);
    json_m_i64(w, "added", (int64_t)f->added);
    json_m_i64(w, "removed", (int64_t)f->removed);
    json_m_i64(w, "changed", (int64_t)f->changed);
    json_m_i64(w, "renamed", (int64_t)f->renamed);
    json_object_end(w);
}

static void put_texts(json_writer *w, const char *name, const diff_texts *t) {
    json_key(w, str_of(name));
    json_object(w);
    json_m_array(w, "items");
    for (size_t i = 0; i < t->n; i++) {
        json_object(w);
        json_m_string(w, "path", t->p[i].path);
        json_m_i64(w, "added", (int64_t)t->p[i].added);
        json_m_i64(w, "removed", (int64_t)t->p[i].removed);
        json_m_string(w, "unified", t->p[i].unified);
        json_m_bool(w, "cut", t->p[i].cut);
        json_object_end(w);
    }
    json_array_end(w);
    json_m_i64(w, "total", (int64_t)t->total);
    json_object_end(w);
}

static void put_tokenizer(json_writer *w, const diff_tokenizer *t) {
    json_m_object(w, "tokenizer");
    json_m_i64(w, "was_size", (int64_t)t->size_was);
    json_m_i64(w, "is_size", (int64_t)t->size_is);
    json_m_i64(w, "added", (int64_t)t->added);
    json_m_i64(w, "removed", (int64_t)t->removed);
    json_m_i64(w, "moved", (int64_t)t->moved);
    json_m_i64(w, "merges_added", (int64_t)t->merges_added);
    json_m_i64(w, "merges_removed", (int64_t)t->merges_removed);
    json_m_bool(w, "merges_reordered", t->merges_reordered);
    json_m_array(w, "tokens");
    for (size_t i = 0; i < t->tokens.n; i++) {
        const diff_token *k = &t->tokens.p[i];
        json_object(w);
        json_m_string(w, "in", k->in);
        json_m_string(w, "token", k->token);
        if (k->was >= 0) json_m_i64(w, "was", k->was);
        if (k->is >= 0) json_m_i64(w, "is", k->is);
        json_object_end(w);
    }
    json_array_end(w);
    diff_put_rows(w, "scores", &t->scores);
    diff_put_rows(w, "values", &t->rows);
    put_texts(w, "templates", &t->texts);
    json_object_end(w);
}

void diff_put_notes(json_writer *w, const diff_notes *notes) {
    json_m_array(w, "notes");
    for (size_t i = 0; i < notes->n; i++) {
        json_object(w);
        json_m_string(w, "side", msg_name_of(sides_names, notes->p[i].of_is));
        json_m_string(w, "path", notes->p[i].path);
        json_m_string(w, "why", notes->p[i].why);
        json_object_end(w);
    }
    json_array_end(w);
}

// ---- the call -------------------------------------------------------------------------------

struct query {
    uint64_t has;
    str from, to;
    msg_list part;
    int64_t limit, skip;
};
static const msg_field query_fields[] = {
    MSG_FIELD(struct query, from, MSG_STRING, MSG_REQUIRED, .max = DIFF_ADDRESS_MAX,
              .doc = DIFF_DOC),
    MSG_FIELD(struct query, to, MSG_STRING, MSG_REQUIRED, .max = DIFF_ADDRESS_MAX,
              .doc = DIFF_DOC),
    MSG_FIELD(struct query, part, MSG_STRINGS, 0, .max = PARTS_N,
              .doc = "only this one, may be repeated: files, config, tokenizer, text, "
                     "parameters, metrics, evaluations, tags, data, code, environment"),
    MSG_FIELD(struct query, limit, MSG_INT32, 0,
              .doc = "items of each list, 100 by default; of texts 100 at most"),
    MSG_FIELD(struct query, skip, MSG_INT32, 0,
              .doc = "items of each list that are not told, as a page before had them: 0 to "
                     "20000"),
};
static const msg_type query_msg = MSG_TYPE(struct query, query_fields);

typedef struct answer {
    unsigned parts;
    size_t limit, skip;
    diff_files files;
    diff_rows rows[PARTS_N];
    diff_tokenizer tokenizer;
    diff_texts texts;
    diff_notes notes;
} answer;

static bool parts_of(const struct query *q, unsigned *out, err *e) {
    *out = q->part.n ? 0 : ALL;
    for (size_t i = 0; i < q->part.n; i++) {
        str name = *MSG_AT(str, q->part, i);
        const msg_name *p = msg_name_find(parts, name);
        if (!p)
            return err_set(e, ERR_INVALID, "there is no part '%.*s'",
                           STR_F(str_upto_code_points(name, 100)));
        *out |= 1u << p->value;
    }
    return true;
}

bool diff_find_sides(call *k, str from, str to, diff_side sides[2], err *e) {
    return diff_side_find(&k->c, from, &sides[0], e) && diff_side_find(&k->c, to, &sides[1], e);
}

// Files that are not here end the call only when they were asked for by name.
static bool find_files(call *k, const struct query *q, const diff_side s[2], answer *a,
                       err *e) {
    err why = {0};
    if (!(a->parts & OF_FILES) || diff_files_of(&k->c, &s[0], &s[1], &a->files, &why))
        return true;
    if (q->part.n || why.code != ERR_STATE) return err_set(e, why.code, "%s", why.msg);
    a->parts &= ~(unsigned)OF_FILES;
    if (s[0].is_run && s[1].is_run) return true;
    bool of_is = !s[0].is_run && s[0].version.has_content;
    diff_note_add(&k->c, &a->notes, of_is, STR(""), why.msg);
    return true;
}

static bool find_parts(call *k, const diff_side s[2], answer *a, err *e) {
    ctx *c = &k->c;
    const diff_side *was = &s[0], *is = &s[1];
#define HAS(name)  (a->parts & 1u << PART_##name)
#define ROWS(name) &a->rows[PART_##name]
    return (!HAS(CONFIG) || diff_config(c, &a->files, ROWS(CONFIG), &a->notes, e)) &&
           (!HAS(TOKENIZER) || diff_tokenizer_of(c, &a->files, &a->tokenizer, &a->notes, e)) &&
           (!HAS(TEXT) || diff_text_files(c, &a->files, &a->texts, &a->notes, e)) &&
           (!HAS(PARAMETERS) || diff_parameters(c, was, is, ROWS(PARAMETERS), e)) &&
           (!HAS(METRICS) || diff_metrics(c, was, is, ROWS(METRICS), e)) &&
           (!HAS(EVALUATIONS) || diff_evaluations(c, was, is, ROWS(EVALUATIONS), e)) &&
           (!HAS(TAGS) || diff_tags(c, was, is, ROWS(TAGS), e)) &&
           (!HAS(DATA) || diff_data(c, was, is, ROWS(DATA), e)) &&
           (!HAS(CODE) || diff_code(c, was, is, ROWS(CODE), e)) &&
           (!HAS(ENVIRONMENT) || diff_environment(c, was, is, ROWS(ENVIRONMENT), &a->notes, e));
}

static bool differs(const answer *a) {
    const diff_tokenizer *t = &a->tokenizer;
    bool any = (HAS(FILES) && a->files.total) || a->texts.total || t->added || t->removed ||
               t->moved || t->scores.total || t->merges_added || t->merges_removed ||
               t->merges_reordered || t->rows.total || t->texts.total;
    for (int i = 0; i < PARTS_N; i++)
        any |= a->rows[i].total > 0;
    return any;
}

static void put(json_writer *w, const diff_side s[2], const answer *a) {
    json_object(w);
    put_side(w, "from", &s[0]);
    put_side(w, "to", &s[1]);
    json_m_bool(w, "differs", differs(a));
    for (int i = 0; i < PARTS_N; i++) {
        if (!(a->parts & 1u << i)) continue;
        switch (i) {
        case PART_FILES: put_files(w, &a->files, a->limit, a->skip); break;
        case PART_TOKENIZER: put_tokenizer(w, &a->tokenizer); break;
        case PART_TEXT: put_texts(w, "text", &a->texts); break;
        default: diff_put_rows(w, parts[i].name, &a->rows[i]); break;
        }
    }
    diff_put_notes(w, &a->notes);
    json_object_end(w);
}

static bool take_page(const struct query *q, answer *a, err *e) {
    if (!native_limit(msg_has(&query_msg, q, "limit"), q->limit, &a->limit, e)) return false;
    if (q->skip < 0 || q->skip > DIFF_FILES_MAX)
        return err_set(e, ERR_INVALID, "'skip' is 0 to %d, not %lld", DIFF_FILES_MAX,
                       (long long)q->skip);
    a->skip = (size_t)q->skip;
    diff_rows rows = {.max = a->limit, .skip = a->skip};
    diff_texts texts = {.max = a->limit < TEXTS_MAX ? a->limit : TEXTS_MAX,
                        .max_bytes = TEXT_BYTES,
                        .skip = a->skip};
    for (int i = 0; i < PARTS_N; i++)
        a->rows[i] = rows;
    a->texts = texts;
    a->tokenizer = (diff_tokenizer){
        .max = a->limit, .skip = a->skip, .scores = rows, .rows = rows, .texts = texts};
    return true;
}

static bool diff(call *k, void *msg, err *e) {
    struct query *q = msg;
    diff_side s[2];
    answer *a = ARENA_NEW(k->c.a, answer);
    if (!take_page(q, a, e) || !parts_of(q, &a->parts, e) ||
        !diff_find_sides(k, q->from, q->to, s, e) || !find_files(k, q, s, a, e) ||
        !find_parts(k, s, a, e))
        return false;
    put(rpc_reply(k), s, a);
    return true;
}
const rpc native_diff = {.msg = &query_msg, .fn = diff, .reply = &diff_shape};
