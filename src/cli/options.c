// SPDX-License-Identifier: Apache-2.0
// options: from the table, the environment and the command line to cli_options. An option
// stands on the command line as --name VALUE or --name=VALUE, with '-' for '_', some also as
// one letter: -n VALUE or -nVALUE. The command line wins over the environment.
#include "cli/cli_internal.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct option {
    const char *name, *env;
    cli_kind kind;
    const char *placeholder, *fallback, *commands, *doc;
    size_t offset;
} option;

#define OPTION_ROW(name, env, kind, placeholder, fallback, commands, doc)                      \
    {#name, env, kind, placeholder, fallback, commands, doc, offsetof(cli_options, name)},
static const option options[] = {CLI_OPTIONS(OPTION_ROW)};
#define N_OPTIONS (sizeof options / sizeof *options)

enum { BY_ENVIRONMENT = 1, BY_COMMAND_LINE }; // cli_options.given

// The options that people type often, by one letter.
static const struct {
    char letter;
    const char *name;
} letters[] = {{'n', "limit"}, {'o', "output"}, {'p', "project"},
               {'j', "json"},  {'y', "yes"},    {'f', "follow"},
               {'a', "all"},   {'s', "sort"},   {'m', "message"}};
#define N_LETTERS (sizeof letters / sizeof *letters)

static char letter_of(const char *name) {
    for (size_t i = 0; i < N_LETTERS; i++) {
        if (!strcmp(letters[i].name, name)) return letters[i].letter;
    }
    return 0;
}

// "runs_search" for "runs search", as the table of options names commands.
static bool is_command(str word, const char *name) {
    if (word.n != strlen(name)) return false;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] != (name[i] == ' ' ? '_' : name[i])) return false;
    }
    return true;
}

static bool takes(const option *o, const cli_command *c) {
    str name = str_of(c->name), first = str_upto(name, str_find(name, ' ', 0));
    str rest = str_of(o->commands);
    for (str word; str_split(&rest, ' ', &word);) {
        if (is_command(word, c->name) || (first.n < name.n && str_eq(word, first))) return true;
        if (str_is(word, "@client") && c->flags & CLI_CLIENT) return true;
        if (str_is(word, "@list") && c->flags & CLI_LIST) return true;
        if (str_is(word, "@select") && c->flags & CLI_SELECT) return true;
    }
    return false;
}

// "dry_run" is written "dry-run".
static bool named(const option *o, str word) {
    if (word.n != strlen(o->name)) return false;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i] == '-' ? '_' : word.p[i];
        if (word.p[i] == '_' || c != o->name[i]) return false;
    }
    return true;
}

static void print_name(char out[32], const option *o) {
    snprintf(out, 32, "--%s", o->name);
    for (char *c = out + 2; *c; c++) {
        if (*c == '_') *c = '-';
    }
}

static str *slot(cli_options *out, const option *o) {
    return (str *)(void *)((char *)out + o->offset);
}

bool cli_number(str s, int64_t *out) {
    return str_to_i64(s, out) && *out >= 0;
}

// A number with the letter of a unit behind it, or none.
static bool with_unit(str s, const char *units, const int64_t *sizes, int64_t most,
                      int64_t *out) {
    int64_t unit = 1;
    const char *u = s.n ? memchr(units, s.p[s.n - 1], strlen(units)) : NULL;
    if (u) {
        unit = sizes[u - units];
        s.n--;
    }
    if (!cli_number(s, out) || *out > most / unit) return false;
    *out *= unit;
    return true;
}

bool cli_seconds(str s, int64_t *out) {
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    return with_unit(s, "smhd", seconds, INT64_MAX / 1000000, out);
}

bool cli_bytes(str s, int64_t *out) {
    static const int64_t bytes[] = {1000, 1000000, 1000000000};
    return with_unit(s, "KMG", bytes, INT64_MAX, out);
}

// What a value of a kind must be.
static const struct {
    bool (*read)(str s, int64_t *out); // NULL: anything
    const char *what;
} kinds[] = {[CLI_NUMBER] = {cli_number, "a number"},
             [CLI_SECONDS] = {cli_seconds, "a time such as 30d, 12h, 5m or 10s"},
             [CLI_BYTES] = {cli_bytes, "a number of bytes such as 800K, 50M or 2G"}};

static bool valid(const option *o, str value, err *e) {
    int64_t n;
    char name[32];
    if (!kinds[o->kind].read || kinds[o->kind].read(value, &n)) return true;
    print_name(name, o);
    return err_set(e, ERR_INVALID, "%s takes %s, not '%.*s'", name, kinds[o->kind].what,
                   STR_F(value));
}

static bool from_environment(const cli_command *command, cli_options *out, err *e) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *value = *options[i].env ? getenv(options[i].env) : NULL;
        *slot(out, &options[i]) = str_of(value && *value ? value : options[i].fallback);
        out->given[i] = value && *value ? BY_ENVIRONMENT : 0;
        if (takes(&options[i], command) && options[i].kind != CLI_FLAG &&
            !valid(&options[i], *slot(out, &options[i]), e)) {
            return false;
        }
    }
    return true;
}

static const option *find(const cli_command *command, str word) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (takes(&options[i], command) && named(&options[i], word)) return &options[i];
    }
    return NULL;
}

static const option *find_letter(const cli_command *command, char letter) {
    for (size_t i = 0; i < N_LETTERS; i++) {
        if (letters[i].letter == letter) return find(command, str_of(letters[i].name));
    }
    return NULL;
}

static bool unknown(const cli_command *c, str name, err *e) {
    char names[N_OPTIONS][32];
    const char *words[N_OPTIONS];
    size_t n = 0;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!takes(&options[i], c)) continue;
        print_name(names[n], &options[i]);
        words[n] = names[n];
        n++;
    }
    const char *near = cli_nearest(name, words, n);
    return err_set(e, ERR_INVALID, "'stemma %s' has no option %.*s%s%s%s: see 'stemma help %s'",
                   c->name, STR_F(name), near ? " (did you mean " : "", near ? near : "",
                   near ? "?)" : "", c->name);
}

static void give(arena *a, cli_options *out, const option *o, str value) {
    str *s = slot(out, o);
    bool more = o->kind == CLI_TEXTS && out->given[o - options] == BY_COMMAND_LINE;
    *s = more ? arena_printf(a, "%.*s\n%.*s", STR_F(*s), STR_F(value)) : value;
    out->given[o - options] = BY_COMMAND_LINE;
    out->order =
        arena_printf(a, "%.*s%s%s", STR_F(out->order), out->order.n ? "\n" : "", o->name);
}

// One option at argv[*i]; moves past its value.
static bool take_option(arena *a, const cli_command *c, int argc, char **argv, int *i,
                        cli_options *out, err *e) {
    str word = str_of(argv[*i]), value = {0}, name = word;
    const option *o;
    if (str_starts(word, STR("--"))) {
        name = str_upto(word, str_find(word, '=', 0));
        if (name.n < word.n) value = str_from(word, name.n + 1);
        o = find(c, str_from(name, 2));
    } else {
        o = find_letter(c, word.p[1]);
        if (word.n > 2) value = str_from(word, 2);
    }
    if (!o) return unknown(c, name, e);
    if (o->kind == CLI_FLAG) {
        if (value.p) return err_set(e, ERR_INVALID, "%.*s takes no value", STR_F(name));
        value = STR("1");
    } else if (!value.p && ++*i < argc) {
        value = str_of(argv[*i]);
    } else if (!value.p) {
        return err_set(e, ERR_INVALID, "%.*s needs a value: %s", STR_F(word), o->placeholder);
    }
    if (!value.n && o->kind != CLI_ANY_TEXT)
        return err_set(e, ERR_INVALID, "%.*s is empty: say which %s, or leave it out",
                       STR_F(name), o->placeholder);
    if (!valid(o, value, e)) return false;
    give(a, out, o, value);
    return true;
}

static bool right_count(const cli_command *c, const cli_options *o, err *e) {
    if (o->n_words >= c->least && (c->most == CLI_MANY || o->n_words <= c->most)) return true;
    const char *usage = c->usage ? c->usage : "";
    if (o->n_words > c->most) {
        return err_set(
            e, ERR_INVALID, "'%.*s' is too much: 'stemma %s' takes %s; see 'stemma help %s'",
            STR_F(o->words[c->most]), c->name, *usage ? usage : "only options", c->name);
    }
    return err_set(e, ERR_INVALID, "'stemma %s' needs %s: see 'stemma help %s'", c->name, usage,
                   c->name);
}

static bool none_empty(const cli_command *c, const cli_options *o, err *e) {
    for (size_t i = 0; i < o->n_words; i++)
        if (!o->words[i].n && !(c->flags & CLI_EMPTY))
            return err_set(e, ERR_INVALID,
                           "a word of 'stemma %s' is empty: it takes %s; see 'stemma help %s'",
                           c->name, c->usage ? c->usage : "only options", c->name);
    return true;
}

// A server, or a folder.
static bool one_place(const cli_options *o, err *e) {
    const char *folder = cli_said(o, "data") ? "--data" : cli_said(o, "db") ? "--db" : NULL;
    return !folder || !cli_said(o, "url") ||
           err_set(e, ERR_INVALID,
                   "--url names a server, and %s what a command opens itself: say one of them",
                   folder);
}

bool cli_parse(arena *a, const cli_command *c, int argc, char **argv, cli_options *out,
               err *e) {
    bool words_only = false;
    memset(out->given, 0, sizeof out->given);
    out->order = (str){0};
    if (!from_environment(c, out, e)) return false;
    out->words = ARENA_ARRAY(a, str, (size_t)argc);
    out->n_words = 0;
    for (int i = strchr(c->name, ' ') ? 3 : 2; i < argc; i++) {
        str word = str_of(argv[i]);
        if (!words_only && str_is(word, "--"))
            words_only = true;
        else if (words_only || word.n < 2 || word.p[0] != '-')
            out->words[out->n_words++] = word;
        else if (!take_option(a, c, argc, argv, &i, out, e))
            return false;
    }
    return right_count(c, out, e) && none_empty(c, out, e) && one_place(out, e);
}

static uint8_t given_by(const cli_options *o, const char *name) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!strcmp(options[i].name, name)) return o->given[i];
    }
    return 0;
}

bool cli_given(const cli_options *o, const char *name) {
    return given_by(o, name) != 0;
}

bool cli_said(const cli_options *o, const char *name) {
    return given_by(o, name) == BY_COMMAND_LINE;
}

bool cli_option_at(const cli_command *c, size_t at, cli_option_about *out) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const option *o = &options[i];
        if (!takes(o, c) || at--) continue;
        print_name(out->name, o);
        out->letter = letter_of(o->name);
        out->kind = o->kind;
        out->env = o->env;
        out->placeholder = o->placeholder;
        out->fallback = o->fallback;
        out->doc = o->doc;
        return true;
    }
    return false;
}

void cli_options_markdown(const cli_command *command) {
    printf("| option | environment | default | what it does |\n|---|---|---|---|\n");
    cli_option_about o;
    for (size_t i = 0; cli_option_at(command, i, &o); i++) {
        char letter[] = {'`', '-', o.letter, '`', ',', ' ', 0};
        printf("| %s`%s%s%s` | %s%s%s | %s%s%s | %s |\n", o.letter ? letter : "", o.name,
               *o.placeholder ? " " : "", o.placeholder, *o.env ? "`" : "", o.env,
               *o.env ? "`" : "", *o.fallback ? "`" : "", o.fallback, *o.fallback ? "`" : "",
               o.doc);
    }
}
