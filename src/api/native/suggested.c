// SPDX-License-Identifier: Apache-2.0
// suggested: the semantic version that a version could be sealed under, and why. Any thread.
#include "api/native/repos.h"
#include "core/suggest.h"

static const msg_name steps[] = {{"same", SUGGEST_SAME},   {"first", SUGGEST_FIRST},
                                 {"patch", SUGGEST_PATCH}, {"minor", SUGGEST_MINOR},
                                 {"major", SUGGEST_MAJOR}, {NULL, 0}};

#define FACT_ROW(name, text, step, doc) {(text), SUGGEST_##name},
static const msg_name facts[] = {SUGGEST_FACTS(FACT_ROW){NULL, 0}};

SHAPE(static, reason_shape, "SuggestedReason",
      FIELD("fact", SHAPE_ENUM, 0,
            "what differs: base, architecture, tokenizer (major); data, objective (minor); "
            "training: anything else (patch)",
            .names = facts),
      FIELD("step", SHAPE_ENUM, 0, "what follows from it", .names = steps),
      FIELD("text", SHAPE_TEXT, 0, "how it differs, in words"));

SHAPE(static, suggested_shape, "Suggested",
      FIELD("version", SHAPE_TEXT, SHAPE_OPTIONAL,
            "the semantic version to seal it under, written as the repo's others are; absent: "
            "none is suggested"),
      FIELD("step", SHAPE_ENUM, 0,
            "which part rises; first: the repo has no version before it; same: its content has "
            "a semantic tag already, or is that of the version before it",
            .names = steps),
      FIELD("against", SHAPE_INT, SHAPE_OPTIONAL,
            "the number of the version that it was compared with, or that is the same"),
      FIELD("against_tag", SHAPE_TEXT, SHAPE_OPTIONAL, "the semantic tag of that version"),
      FIELD("reasons", SHAPE_OBJECT, SHAPE_LIST,
            "what differs, the weightiest first; at most 10 of each fact",
            .sub = &reason_shape));

static bool suggested(call *k, void *msg, err *e) {
    version v;
    suggestion s;
    (void)msg;
    if (!versions_of_path(k, &v, e) || !suggest_version(&k->c, &v, &s, e)) return false;
    json_writer *w = rpc_reply(k);
    json_object(w);
    if (s.name.p) json_m_string(w, "version", s.name);
    json_m_string(w, "step", msg_name_of(steps, s.step));
    if (s.against) json_m_i64(w, "against", s.against);
    if (s.against_tag.p) json_m_string(w, "against_tag", s.against_tag);
    json_m_array(w, "reasons");
    for (size_t i = 0; i < s.n_reasons; i++) {
        const suggest_reason *r = &s.reasons[i];
        json_object(w);
        json_m_string(w, "fact", msg_name_of(facts, r->fact));
        json_m_string(w, "step", msg_name_of(steps, suggest_step_of(r->fact)));
        json_m_string(w, "text", r->text);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    return true;
}
const rpc native_version_suggested = {.fn = suggested, .reply = &suggested_shape};
