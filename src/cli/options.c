// SPDX-License-Identifier: Apache-2.0
// options: from the table, the environment and the command line to cli_options. An option
// stands on the command line as
// --name VALUE or --name=VALUE, with '-' for '_'; the command line wins over the environment.
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

bool cli_seconds(str s, int64_t *out) {
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    int64_t unit = 1;
    const char *u = s.n ? memchr(units, s.p[s.n - 1], 4) : NULL;
    if (u) {
        unit = seconds[u - units];
        s.n--;
    }
    if (!cli_number(s, out) || *out > INT64_MAX / 1000000 / unit) return false;
    *out *= unit;
    return true;
}

static bool valid(const option *o, str value, err *e) {
    int64_t n;
    char name[32];
    print_name(name, o);
    if (o->kind == CLI_NUMBER && !cli_number(value, &n)) {
        return err_set(e, ERR_INVALID, "%s takes a number, not '%.*s'", name, STR_F(value));
    }
    if (o->kind == CLI_SECONDS && !cli_seconds(value, &n)) {
        return err_set(e, ERR_INVALID,
                       "%s takes a time such as 30d, 12h, 5m or 10s, not '%.*s'", name,
                       STR_F(value));
    }
    return true;
}

static bool from_environment(const cli_command *command, cli_options *out, err *e) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *value = *options[i].env ? getenv(options[i].env) : NULL;
        *slot(out, &options[i]) = str_of(value && *value ? value : options[i].fallback);
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

// One option at argv[*i]; moves past its value.
static bool take_option(arena *a, const cli_command *c, int argc, char **argv, int *i,
                        cli_options *out, err *e) {
    str word = str_of(argv[*i]), value;
    size_t equals = str_find(word, '=', 0);
    str name = str_upto(word, equals);
    const option *o = find(c, str_from(name, 2));
    if (!o) {
        return err_set(e, ERR_INVALID, "'stemma %s' has no option %.*s: see 'stemma help %s'",
                       c->name, STR_F(name), c->name);
    }
    if (o->kind == CLI_FLAG)
        value = STR("1");
    else if (equals != SIZE_MAX)
        value = str_from(word, equals + 1);
    else if (++*i < argc)
        value = str_of(argv[*i]);
    else
        return err_set(e, ERR_INVALID, "%.*s needs a value: %s", STR_F(word), o->placeholder);
    if (!valid(o, value, e)) return false;
    str *s = slot(out, o);
    const char *before = *o->env ? getenv(o->env) : NULL;
    bool more = o->kind == CLI_TEXTS && s->n && s->p != before; // the command line wins
    *s = more ? arena_printf(a, "%.*s\n%.*s", STR_F(*s), STR_F(value)) : value;
    return true;
}

static bool right_count(const cli_command *c, const cli_options *o, err *e) {
    if (o->n_words >= c->least && (c->most == CLI_MANY || o->n_words <= c->most)) return true;
    const char *usage = c->usage ? c->usage : "";
    if (o->n_words > c->most) {
        return err_set(e, ERR_INVALID,
                       "'%.*s' is too much: 'stemma %s' takes %s; see 'stemma help %s'",
                       STR_F(o->words[c->most]), c->name, *usage ? usage : "only options",
                       c->name);
    }
    return err_set(e, ERR_INVALID, "'stemma %s' needs %s: see 'stemma help %s'", c->name, usage,
                   c->name);
}

bool cli_parse(arena *a, const cli_command *c, int argc, char **argv, cli_options *out,
               err *e) {
    bool words_only = false;
    if (!from_environment(c, out, e)) return false;
    out->words = ARENA_ARRAY(a, str, (size_t)argc);
    out->n_words = 0;
    for (int i = strchr(c->name, ' ') ? 3 : 2; i < argc; i++) {
        str word = str_of(argv[i]);
        if (!words_only && str_is(word, "--"))
            words_only = true;
        else if (words_only || !str_starts(word, STR("--")))
            out->words[out->n_words++] = word;
        else if (!take_option(a, c, argc, argv, &i, out, e))
            return false;
    }
    return right_count(c, out, e);
}

// The defaults of the table are not copied: whoever gave a value gave another pointer.
bool cli_given(const cli_options *o, const char *name) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!strcmp(options[i].name, name))
            return slot((cli_options *)(uintptr_t)o, &options[i])->p != options[i].fallback;
    }
    return false;
}

void cli_options_help(const cli_command *command) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const option *o = &options[i];
        char name[32], head[64];
        if (!takes(o, command)) continue;
        print_name(name, o);
        snprintf(head, sizeof head, "%s %s", name, o->placeholder);
        printf("  %-24s %s", head, o->doc);
        if (*o->fallback) printf(" [%s]", o->fallback);
        printf("%s%s%s\n", *o->env ? " (" : "", o->env, *o->env ? ")" : "");
    }
}

void cli_options_markdown(const cli_command *command) {
    printf("| option | environment | default | what it does |\n|---|---|---|---|\n");
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const option *o = &options[i];
        char name[32];
        if (!takes(o, command)) continue;
        print_name(name, o);
        printf("| `%s%s%s` | %s%s%s | %s%s%s | %s |\n", name, *o->placeholder ? " " : "",
               o->placeholder, *o->env ? "`" : "", o->env, *o->env ? "`" : "",
               *o->fallback ? "`" : "", o->fallback, *o->fallback ? "`" : "", o->doc);
    }
}
