// SPDX-License-Identifier: Apache-2.0
// diff_tensors: how far the tensors of two versions are apart, a line of JSON each as it is
// found, then a line with the sum of all. Each second what was found is sent, with a line that
// says how far it is, so that nobody takes a long comparison for a dead one. Any thread.
#include "api/native/diff.h"
#include "base/clock.h"

#define TYPE "application/x-ndjson"
enum { METADATA_MAX = 1000, SEND_EVERY_US = 1000000 };

typedef struct sending {
    call *k;
    int64_t sent_us;
} sending;

struct query {
    uint64_t has;
    str from, to;
    bool names_only;
};
static const msg_field query_fields[] = {
    MSG_FIELD(struct query, from, MSG_STRING, MSG_REQUIRED, .max = DIFF_ADDRESS_MAX,
              .doc = DIFF_DOC),
    MSG_FIELD(struct query, to, MSG_STRING, MSG_REQUIRED, .max = DIFF_ADDRESS_MAX,
              .doc = DIFF_DOC),
    MSG_FIELD(struct query, names_only, MSG_BOOL, 0,
              .doc = "read nothing but headers: no measures, and `changed` are those that may "
                     "be"),
};
static const msg_type query_msg = MSG_TYPE(struct query, query_fields);

static void put_half(json_writer *w, const char *name, const weights_tensor *t, str file) {
    if (!t) return;
    json_key(w, str_of(name));
    json_object(w);
    json_m_string(w, "file", file);
    json_m_string(w, "type", str_of(weights_type_about(t->type)->name));
    json_m_array(w, "shape");
    for (unsigned i = 0; i < t->n_dims; i++)
        json_i64(w, (int64_t)t->shape[i]);
    json_array_end(w);
    json_m_i64(w, "bytes", (int64_t)t->bytes);
    json_object_end(w);
}

static void put_odd(json_writer *w, const diff_odd *o) {
    if (o->nan_was || o->nan_is) {
        json_m_i64(w, "nan_was", (int64_t)o->nan_was);
        json_m_i64(w, "nan_is", (int64_t)o->nan_is);
    }
    if (o->inf_was || o->inf_is) {
        json_m_i64(w, "inf_was", (int64_t)o->inf_was);
        json_m_i64(w, "inf_is", (int64_t)o->inf_is);
    }
}

static void put_measure(json_writer *w, const diff_measure *m) {
    json_m_f64(w, "change", m->change);
    json_m_f64(w, "cosine", m->cosine);
    json_m_f64(w, "largest", m->largest);
    json_m_f64(w, "norm_was", m->norm_was);
    json_m_f64(w, "norm_is", m->norm_is);
    json_m_i64(w, "elements", (int64_t)m->elements);
    json_m_i64(w, "equal", (int64_t)m->equal);
    put_odd(w, &m->odd);
}

static void end_line(call *k) {
    buf_byte(k->w->out, '\n');
    k->w->comma = false;
    http_json_flush(k->r);
}

static void begin(call *k) {
    if (!k->w) k->w = http_json(k->r, 200, TYPE);
}

static bool put_tensor(void *arg, const diff_tensor *t) {
    call *k = ((sending *)arg)->k;
    begin(k);
    json_writer *w = k->w;
    json_object(w);
    json_m_object(w, "tensor");
    json_m_string(w, "what", msg_name_of(diff_whats, t->what));
    json_m_string(w, "name", t->name);
    json_m_string(w, "layer", t->layer);
    put_half(w, "was", t->was, t->file_was);
    put_half(w, "is", t->is, t->file_is);
    if (t->measured) put_measure(w, &t->m);
    if (t->bytes_differ) json_m_i64(w, "bytes_differ", (int64_t)t->bytes_differ);
    json_object_end(w);
    json_object_end(w);
    end_line(k);
    return !http_gone(k->r);
}

static bool put_progress(void *arg, uint64_t read, uint64_t of) {
    sending *s = arg;
    call *k = s->k;
    int64_t now = clock_mono_us();
    if (now - s->sent_us < SEND_EVERY_US) return !http_gone(k->r);
    s->sent_us = now;
    begin(k);
    json_object(k->w);
    json_m_object(k->w, "progress");
    json_m_i64(k->w, "bytes_read", (int64_t)read);
    json_m_i64(k->w, "bytes", (int64_t)of);
    json_object_end(k->w);
    json_object_end(k->w);
    end_line(k);
    http_json_send(k->r);
    return !http_gone(k->r);
}

static void put_layers(json_writer *w, const diff_tensors *t) {
    json_m_array(w, "layers");
    for (size_t i = 0; i < t->n_layers; i++) {
        const diff_layer *l = &t->layers[i];
        json_object(w);
        json_m_string(w, "name", l->name);
        json_m_i64(w, "tensors", (int64_t)l->tensors);
        json_m_i64(w, "differ", (int64_t)l->changed);
        json_m_f64(w, "change", l->change);
        json_m_f64(w, "largest", l->largest);
        put_odd(w, &l->odd);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_sum(call *k, const diff_tensors *t, const diff_notes *notes) {
    begin(k);
    json_writer *w = k->w;
    json_object(w);
    json_m_object(w, "summary");
    json_m_bool(w, "differs",
                t->added + t->removed + t->changed + t->reshaped + t->retyped + t->rows.total >
                    0);
    json_m_i64(w, "same", (int64_t)t->same);
    json_m_i64(w, "added", (int64_t)t->added);
    json_m_i64(w, "removed", (int64_t)t->removed);
    json_m_i64(w, "changed", (int64_t)t->changed);
    json_m_i64(w, "reshaped", (int64_t)t->reshaped);
    json_m_i64(w, "retyped", (int64_t)t->retyped);
    json_m_i64(w, "bytes_read", (int64_t)t->bytes_read);
    json_m_i64(w, "elements", (int64_t)t->elements);
    json_m_i64(w, "elements_equal", (int64_t)t->elements_equal);
    put_odd(w, &t->odd);
    put_layers(w, t);
    diff_put_rows(w, "metadata", &t->rows);
    diff_put_notes(w, notes);
    json_object_end(w);
    json_object_end(w);
    end_line(k);
}

static bool tensors(call *k, void *msg, err *e) {
    struct query *q = msg;
    diff_side s[2];
    diff_files files;
    diff_tensors out = {.rows.max = METADATA_MAX};
    diff_notes notes = {0};
    sending to = {k, clock_mono_us()};
    diff_tensors_ask ask = {q->names_only, put_tensor, put_progress, &to};
    if (!diff_find_sides(k, q->from, q->to, s, e) ||
        !diff_files_of(&k->c, &s[0], &s[1], &files, e) ||
        !diff_tensors_of(&k->c, &files, &ask, &out, &notes, e))
        return false;
    put_sum(k, &out, &notes);
    return true;
}
const rpc native_diff_tensors = {.msg = &query_msg, .fn = tensors, .gives = TYPE};
