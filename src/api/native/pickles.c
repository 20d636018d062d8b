// SPDX-License-Identifier: Apache-2.0
// pickles: what the pickles among a version's files would import. Any thread.
#include "core/pickles.h"

#include "api/native/repos.h"

static const msg_name verdicts[] = {{"harmless", PICKLE_HARMLESS},
                                    {"unknown", PICKLE_UNKNOWN},
                                    {"dangerous", PICKLE_DANGEROUS},
                                    {NULL, 0}};

SHAPE(
    static, import_shape, "PickleImport",
    FIELD("name", SHAPE_TEXT, 0, "module and name; in parentheses why it cannot be told"),
    FIELD("verdict", SHAPE_ENUM, 0,
          "harmless: known, and makes nothing but values; dangerous: known to run commands or "
          "code, or to reach what does",
          .names = verdicts));

SHAPE(static, pickle_shape, "Pickle", FIELD("path", SHAPE_TEXT, 0, "of the file"),
      FIELD("size", SHAPE_INT, 0, "its bytes"),
      FIELD("verdict", SHAPE_ENUM, 0,
            "the worst of its imports; never harmless when it has a "
            "problem",
            .names = verdicts),
      FIELD("pickles", SHAPE_INT, 0, "how many were read in it"),
      FIELD("problem", SHAPE_TEXT, SHAPE_OPTIONAL, "why it was not read to its end"),
      FIELD("imports", SHAPE_OBJECT, SHAPE_LIST,
            "what loading it would import, the worst first", .sub = &import_shape));

SHAPE(static, pickles_shape, "Pickles",
      FIELD("items", SHAPE_OBJECT, SHAPE_LIST,
            "the files that are pickles or should be, by path; there may be a next page after "
            "an empty one",
            .sub = &pickle_shape),
      FIELD("next", SHAPE_TEXT, SHAPE_OPTIONAL, "the cursor of the next page"));

static void begin(call *k) {
    if (k->w) return;
    json_object(rpc_reply(k));
    json_m_array(k->w, "items");
}

static bool put(void *arg, const tree_file *f, const pickle_report *r) {
    call *k = arg;
    begin(k);
    json_writer *w = k->w;
    json_object(w);
    json_m_string(w, "path", f->path);
    json_m_i64(w, "size", (int64_t)f->size);
    json_m_string(w, "verdict", msg_name_of(verdicts, r->verdict));
    json_m_i64(w, "pickles", (int64_t)r->pickles);
    if (r->problem.n) json_m_string(w, "problem", r->problem);
    json_m_array(w, "imports");
    for (size_t i = 0; i < r->n; i++) {
        json_object(w);
        json_m_string(w, "name", r->imports[i].name);
        json_m_string(w, "verdict", msg_name_of(verdicts, r->imports[i].verdict));
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    return !http_gone(k->r);
}

static bool pickles(call *k, void *msg, err *e) {
    const struct native_page *q = msg;
    version v;
    size_t limit;
    str next = {0};
    if (!versions_of_path(k, &v, e) || !native_page_limit(q, &limit, e)) return false;
    if (v.has_content && !pickles_step(&k->c, &v.content, q->after.n ? q->after : (str){0},
                                       limit, put, k, &next, e))
        return false;
    begin(k);
    native_list_end(k->w, next);
    return true;
}
const rpc native_version_pickles = {
    .msg = &native_page_msg, .fn = pickles, .reply = &pickles_shape};
