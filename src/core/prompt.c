// SPDX-License-Identifier: Apache-2.0
// prompt: see prompt.h. All files and tags are anybody's: what does not fit is left out, never
// refused, so that no folder is too odd to be pushed. Any thread.
#include "core/prompt.h"

#include "base/json.h"
#include "base/vec.h"
#include "core/repo.h"

#define UTF8_MAX  4    // bytes of a code point
#define TOP_MAX   1000 // names at the top among which the prompt is looked for
#define FILES_MAX 3    // that a prompt's tags make

// ---- tags to files --------------------------------------------------------------------------

// p NULL: there is none.
static str tag_of(const kv *tags, size_t n, const char *key) {
    for (size_t i = n; i--;)
        if (str_is(tags[i].key, key)) return str_or_empty(tags[i].value);
    return (str){0};
}

bool prompt_is(const kv *tags, size_t n) {
    return str_eq_nocase(tag_of(tags, n, PROMPT_TAG_IS), STR("true"));
}

bool prompt_seal(ctx *c, const kv *tags, size_t n, content *out, bool *found, err *e) {
    bool chat = str_is(tag_of(tags, n, PROMPT_TAG_TYPE), "chat");
    const content_text all[FILES_MAX] = {
        {chat ? STR("messages.json") : STR("prompt.txt"), tag_of(tags, n, PROMPT_TAG_TEXT)},
        {STR("config.json"), tag_of(tags, n, PROMPT_TAG_CONFIG)},
        {STR("response_format.json"), tag_of(tags, n, PROMPT_TAG_FORMAT)},
    };
    content_text files[FILES_MAX];
    size_t k = 0;
    *found = all[0].text.p != NULL;
    if (!*found) return true;
    for (size_t i = 0; i < FILES_MAX; i++)
        if (all[i].text.p) files[k++] = all[i];
    return content_seal_texts(c, REPO_PROMPT, files, k, out, e);
}

// ---- which file is the prompt ---------------------------------------------------------------

static bool is_any_of(str name, const char *const *of) {
    while (*of && !str_eq_nocase(name, str_of(*of)))
        of++;
    return *of != NULL;
}

static bool has_prompt_name(str name) {
    static const char *const stems[] = {"prompt", "template", "messages",
                                        "chat",   "system",   NULL};
    static const char *const ends[] = {"txt", "md",   "json",   "jinja", "jinja2",
                                       "j2",  "tmpl", "prompt", NULL};
    size_t dot = str_find(name, '.', 0);
    return dot != SIZE_MAX && is_any_of(str_upto(name, dot), stems) &&
           is_any_of(str_from(name, dot + 1), ends);
}

static bool is_config(str name) {
    return str_is(name, "config.json") || str_is(name, "model_config.json");
}

static bool is_beside(str name) {
    return is_config(name) || str_is(name, "response_format.json") || str_is(name, "README.md");
}

typedef struct prompt_files { // NULL: there is none
    const content_entry *prompt, *config, *format;
} prompt_files;

static prompt_files files_of(const content_entry *top, size_t n) {
    prompt_files f = {0};
    const content_entry *other = NULL;
    size_t others = 0;
    for (size_t i = 0; i < n; i++) {
        const content_entry *at = &top[i];
        if (at->is_dir) continue;
        if (!f.prompt && has_prompt_name(at->name)) f.prompt = at;
        if (!f.config && is_config(at->name)) f.config = at;
        if (str_is(at->name, "response_format.json")) f.format = at;
        if (is_beside(at->name)) continue;
        other = at;
        others++;
    }
    if (!f.prompt && others == 1) f.prompt = other;
    return f;
}

// ---- what MLflow's client takes for messages ------------------------------------------------
// It refuses a chat whose messages are others than these, so that such a file is told as text.

static bool is_json(str name) {
    return name.n > 5 && str_eq_nocase(str_from(name, name.n - 5), STR(".json"));
}

// Parts of a message: texts.
static bool are_parts(json_reader *r) {
    json_type t;
    while ((t = json_next(r)) == JSON_OBJECT) {
        bool is_text = false, has_text = false;
        while ((t = json_next(r)) != JSON_END) {
            if (str_is(r->key, "type")) is_text = t == JSON_STRING && str_is(r->text, "text");
            if (str_is(r->key, "text")) has_text = t == JSON_STRING;
            if (!json_skip(r, t)) return false;
        }
        if (!is_text || !has_text) return false;
    }
    return t == JSON_END;
}

// The rest of a message that was entered.
static bool is_message(json_reader *r) {
    bool has_role = false, has_content = false;
    for (json_type t; (t = json_next(r)) != JSON_END;) {
        if (str_is(r->key, "role")) has_role = t == JSON_STRING;
        if (str_is(r->key, "tool_calls") && t != JSON_NULL) return false;
        if (str_is(r->key, "content")) {
            has_content = t == JSON_STRING || t == JSON_ARRAY;
            if (t == JSON_ARRAY && !are_parts(r)) return false;
            if (t == JSON_ARRAY) continue;
        }
        if (!json_skip(r, t)) return false;
    }
    return has_role && has_content;
}

static bool is_chat(arena *a, str name, str text) {
    json_reader r;
    json_type t;
    size_t n = 0;
    json_reader_init(&r, a, text, 0);
    if (!is_json(name) || json_next(&r) != JSON_ARRAY) return false;
    for (; (t = json_next(&r)) == JSON_OBJECT; n++)
        if (!is_message(&r)) return false;
    return n && t == JSON_END && json_next(&r) == JSON_END;
}

static bool is_object(arena *a, str text) {
    json_reader r;
    json_reader_init(&r, a, text, 0);
    return json_next(&r) == JSON_OBJECT && json_skip(&r, JSON_OBJECT) &&
           json_next(&r) == JSON_END;
}

// ---- files to tags --------------------------------------------------------------------------

// out->p NULL: there is no such file, or no tag can hold it.
static bool read_text(ctx *c, const content_entry *f, str *out, err *e) {
    err none = {0};
    *out = (str){0};
    if (!f || f->size > (uint64_t)PROMPT_TEXT_MAX * UTF8_MAX) return true;
    size_t n = (size_t)f->size;
    char *p = arena_alloc(c->a, n + 1);
    store_object *o = store_get(core_store(c->core), f->digest, e);
    bool ok = o && store_object_read_all(o, 0, p, n, e);
    store_object_close(o);
    if (ok && core_check_text(str_n(p, n), PROMPT_TEXT_MAX, "prompt", &none))
        *out = str_n(p, n);
    return ok;
}

bool prompt_tags(ctx *c, sha256 tree, const kv *tags, size_t n, kv **out, size_t *n_out,
                 err *e) {
    content_entry *top;
    size_t n_top;
    str text, config, format;
    VEC(kv) v = {0};
    if (!content_list(c, tree, STR(""), (str){0}, TOP_MAX, &top, &n_top, e)) return false;
    prompt_files f = files_of(top, n_top);
    if (!read_text(c, f.prompt, &text, e) || !read_text(c, f.config, &config, e) ||
        !read_text(c, f.format, &format, e))
        return false;
    for (size_t i = 0; i < n; i++)
        vec_push(c->a, &v, tags[i]);
    bool is = text.p || tag_of(tags, n, PROMPT_TAG_TEXT).p;
    vec_push(c->a, &v, (kv){STR(PROMPT_TAG_IS), is ? STR("true") : STR("false")});
    if (text.p) {
        str type = is_chat(c->a, f.prompt->name, text) ? STR("chat") : STR("text");
        vec_push(c->a, &v, (kv){STR(PROMPT_TAG_TEXT), text});
        vec_push(c->a, &v, (kv){STR(PROMPT_TAG_TYPE), type});
    }
    if (config.p && is_object(c->a, config))
        vec_push(c->a, &v, (kv){STR(PROMPT_TAG_CONFIG), config});
    if (format.p && is_object(c->a, format))
        vec_push(c->a, &v, (kv){STR(PROMPT_TAG_FORMAT), format});
    *out = v.p;
    *n_out = v.n;
    return true;
}
