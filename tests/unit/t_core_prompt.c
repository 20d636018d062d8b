// SPDX-License-Identifier: Apache-2.0
// Prompts as files and as tags: one prompt is one content on every server, which file of a
// folder is the prompt, and what no tag can hold. With the real clients:
// tests/clients/test_prompts_sealed.py.
#include "core_help.h"

#include "core/prompt.h"
#include "core/repo.h"
#include "core/sql.h"

#define TAG(key, value)                                                                        \
    { STR(key), STR(value) }

static content seal(core_fix *x, const kv *tags, size_t n) {
    err e;
    content c;
    bool found = false;
    OK(prompt_seal(&x->c, tags, n, &c, &found, &e));
    assert_true(found);
    return c;
}

CORE_TEST(a_prompt_is_one_content) {
    err e;
    bool found = true;
    const kv tags[] = {TAG("k", "v"), TAG(PROMPT_TAG_TEXT, "not this"),
                       TAG(PROMPT_TAG_TYPE, "text"), TAG(PROMPT_TAG_TEXT, "Hello {{who}}"),
                       TAG(PROMPT_TAG_CONFIG, "{\"a\": 1}")};
    content c = seal(x, tags, 5), chat;
    assert_true(c.files == 2 && c.bytes == 21);
    // Frozen: as long as content/1 is read.
    SAME(sha256_str(x->c.a, c.digest), "fbaa7580d4c30c9a2106b28a893732747528c3ef0bbb632e193f15ba94eaf2f2");
    assert_true(sha256_eq(c.digest, seal(x, tags + 2, 3).digest));
    assert_false(sha256_eq(c.digest, seal(x, tags + 2, 2).digest));
    const kv as_chat[] = {TAG(PROMPT_TAG_TYPE, "chat"), TAG(PROMPT_TAG_TEXT, "[]"),
                          TAG(PROMPT_TAG_FORMAT, "{}")};
    content_entry *top;
    size_t n;
    chat = seal(x, as_chat, 3);
    OK(content_list(&x->c, chat.tree, STR(""), (str){0}, 9, &top, &n, &e));
    assert_int_equal(n, 2);
    SAME(top[0].name, "messages.json");
    SAME(top[1].name, "response_format.json");
    OK(prompt_seal(&x->c, as_chat, 1, &chat, &found, &e));
    assert_false(found);
}

// The value of a tag that these files make; p NULL: none.
static str told(core_fix *x, const content_text *files, size_t n, const char *key) {
    err e;
    content c;
    kv *tags;
    size_t n_tags;
    OK(content_seal_texts(&x->c, REPO_PROMPT, files, n, &c, &e));
    OK(prompt_tags(&x->c, c.tree, NULL, 0, &tags, &n_tags, &e));
    for (size_t i = 0; i < n_tags; i++)
        if (str_is(tags[i].key, key)) return tags[i].value;
    return (str){0};
}

static void tells(core_fix *x, const char *want, const char *key, const content_text *files,
                  size_t n) {
    str is = told(x, files, n, key);
    if (want ? !str_is(is, want) : is.p != NULL) fail_msg("%s: '%.*s'", key, STR_F(is));
}

#define TELLS(want, key, ...)                                                                  \
    tells(x, want, key, (const content_text[]){__VA_ARGS__},                                   \
          sizeof((const content_text[]){__VA_ARGS__}) / sizeof(content_text))

CORE_TEST(which_file_is_the_prompt) {
    TELLS("b", PROMPT_TAG_TEXT, TAG("a.txt", "a"), TAG("System.J2", "b"), TAG("z.txt", "c"));
    TELLS("a", PROMPT_TAG_TEXT, TAG("chat.md", "a"), TAG("prompt.txt", "b"));
    TELLS("a", PROMPT_TAG_TEXT, TAG("x", "a"), TAG("README.md", "r"), TAG("config.json", "{}"),
          TAG("response_format.json", "{}"), TAG("sub/y", "b"));
    TELLS(NULL, PROMPT_TAG_TEXT, TAG("x", "a"), TAG("y", "b"));
    TELLS("false", PROMPT_TAG_IS, TAG("x", "a"), TAG("prompt.txt.bak", "b"));
    TELLS("false", PROMPT_TAG_IS, TAG("sub/prompt.txt", "a"));
    TELLS("false", PROMPT_TAG_IS, TAG("prompt.txt", "\xff"));
    TELLS("true", PROMPT_TAG_IS, TAG("prompt.txt", ""));
    TELLS("{}", PROMPT_TAG_CONFIG, TAG("p", "a"), TAG("model_config.json", "{}"));
    TELLS(NULL, PROMPT_TAG_CONFIG, TAG("p", "a"), TAG("config.json", "{} {}"));
    TELLS(NULL, PROMPT_TAG_FORMAT, TAG("p", "a"), TAG("response_format.json", "[]"));
}

#define MESSAGE "{\"role\": \"user\", \"content\": \"x\"}"
#define PARTS   "{\"content\": [{\"type\": \"text\", \"text\": \"x\"}], \"role\": \"user\"}"

CORE_TEST(which_file_is_a_chat) {
    TELLS("chat", PROMPT_TAG_TYPE, TAG("x.JSON", "[" MESSAGE "," PARTS "]"));
    TELLS("text", PROMPT_TAG_TYPE, TAG("prompt.txt", "[" MESSAGE "]"));
    TELLS("text", PROMPT_TAG_TYPE, TAG("x.json", "[" MESSAGE ", 1]"));
    TELLS("text", PROMPT_TAG_TYPE, TAG("x.json", "[" MESSAGE));
    TELLS("text", PROMPT_TAG_TYPE, TAG("x.json", "[{\"role\": \"user\", \"content\": ["));
    TELLS("text", PROMPT_TAG_TYPE, TAG("x.json", MESSAGE));
    TELLS("text", PROMPT_TAG_TYPE, TAG("x.json", "[]"));
}

// ---- prompts of older servers ---------------------------------------------------------------

#define OLD_SQL(X)                                                                             \
    X(old_prompt, false,                                                                       \
      "INSERT INTO repo (ws, repo, name, kind, description, user_name, next_number, "          \
      "created_us, updated_us, deleted_us) VALUES (1, $1, 'greeting', 3, '', 'u', 1, 5, 5, 0)") \
    X(old_model, false,                                                                        \
      "INSERT INTO repo (ws, repo, name, kind, description, user_name, next_number, "          \
      "created_us, updated_us, deleted_us) VALUES (1, $1, 'bot', 1, '', 'u', 1, 5, 5, 0)")
OLD_SQL(SQL_QUERY)

static bool write_old(db_tx *tx, void *arg, err *e) {
    (void)arg;
    return db_do(tx, &Q_old_prompt, e, DB_ID(id_new())) > 0 &&
           db_do(tx, &Q_old_model, e, DB_ID(id_new())) > 0;
}

static void old_prompts_are_told_as_such(void **state) {
    (void)state;
    err e;
    core_fix x;
    repo r;
    core_fix_open_old(&x, 52, write_old, NULL);
    OK(repo_get(&x.c, STR("greeting"), &r, &e));
    assert_int_equal(r.n_tags, 1);
    assert_true(str_is(r.tags[0].key, PROMPT_TAG_IS) && str_is(r.tags[0].value, "true"));
    OK(repo_get(&x.c, STR("bot"), &r, &e));
    assert_int_equal(r.n_tags, 0);
    core_fix_close(&x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prompt_is_one_content),
        cmocka_unit_test(which_file_is_the_prompt),
        cmocka_unit_test(which_file_is_a_chat),
        cmocka_unit_test(old_prompts_are_told_as_such),
    };
    return core_fix_main("prompt", tests, sizeof tests / sizeof *tests);
}
