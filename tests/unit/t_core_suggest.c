// SPDX-License-Identifier: Apache-2.0
// Suggested versions from inside: what keys tell, and repos with more tags and longer lines of
// descent than are read at once. What differs is in tests/native/test_suggested.py.
#include "core_help.h"

#include "core/ref.h"
#include "core/suggest_internal.h"

static void keys_by_their_last_part(void **state) {
    (void)state;
    static const struct {
        const char *key;
        int fact; // -1: none
    } cases[] = {{"hidden_size", SUGGEST_ARCHITECTURE},
                 {"text_config.hidden_size", SUGGEST_ARCHITECTURE},
                 {"model/n_layer", SUGGEST_ARCHITECTURE},
                 {"architectures[0]", SUGGEST_ARCHITECTURE},
                 {"parts[1].loss", SUGGEST_OBJECTIVE},
                 {"Loss", SUGGEST_OBJECTIVE},
                 {"train.dataset", SUGGEST_DATA},
                 {"loss_scale", -1},
                 {"loss/scale", -1},
                 {"lr", -1},
                 {"[0]", -1},
                 {"]", -1},
                 {"", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        suggest_fact fact;
        int got = suggest_key(str_of(cases[i].key), &fact) ? (int)fact : -1;
        if (got != cases[i].fact) fail_msg("'%s': %d", cases[i].key, got);
    }
}

static void make_repo(core_fix *x, const char *name) {
    err e;
    repo r;
    repo_new new = {.name = str_of(name), .kind = REPO_MODEL};
    OK(repo_create(&x->c, &new, &r, &e));
}

// An external version, of `relation` to a parent when there is one.
static version publish(core_fix *x, const char *name, const version *parent,
                       version_relation relation) {
    err e;
    version v;
    version_parent p = {.relation = relation};
    version_new new = {.source = STR("s3://b/m"), .parents = &p, .n_parents = parent != NULL};
    if (parent) p.version = parent->id;
    OK(version_create(&x->c, str_of(name), &new, &v, &e));
    return v;
}

static void seal(core_fix *x, int64_t number, str name) {
    err e;
    ref_change tag = {
        .repo = STR("bot"), .kind = REF_TAG, .name = name, .number = number, .expected = REF_ANY};
    OK(ref_set(&x->c, &tag, NULL, &e));
}

CORE_TEST(more_tags_than_a_page) {
    err e;
    suggestion s;
    make_repo(x, "bot");
    publish(x, "bot", NULL, RELATION_NEXT);
    version second = publish(x, "bot", NULL, RELATION_NEXT);
    for (int i = 0; i < 510; i++)
        seal(x, 1, arena_printf(x->c.a, "0.%d.0", i));
    OK(suggest_version(&x->c, &second, &s, &e));
    SAME(s.name, "0.509.1");
    SAME(s.against_tag, "0.509.0");
}

// 110 versions, each made from the one before, the first from a base.
CORE_TEST(a_long_line_to_one_base) {
    err e;
    suggestion s;
    make_repo(x, "base");
    make_repo(x, "bot");
    version base = publish(x, "base", NULL, RELATION_NEXT);
    version last = publish(x, "bot", &base, RELATION_FINE_TUNE);
    for (int i = 1; i < 110; i++)
        last = publish(x, "bot", &last, RELATION_NEXT);
    OK(suggest_version(&x->c, &last, &s, &e)); // against the one before
    assert_true(s.step == SUGGEST_PATCH && s.against == 109);
    seal(x, 1, STR("1.0.0"));
    OK(suggest_version(&x->c, &last, &s, &e)); // too far to tell: no difference is claimed
    assert_true(s.step == SUGGEST_PATCH && s.against == 1);
    version other = publish(x, "bot", NULL, RELATION_NEXT);
    OK(suggest_version(&x->c, &other, &s, &e));
    assert_int_equal(s.step, SUGGEST_MAJOR);
    SAME(s.reasons[0].text, "base@1 -> none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_by_their_last_part),
        cmocka_unit_test(more_tags_than_a_page),
        cmocka_unit_test(a_long_line_to_one_base),
    };
    return core_fix_main("suggest", tests, sizeof tests / sizeof *tests);
}
