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

static bool takes(const option *o, const char *command) {
    for (str rest = str_of(o->commands), word; str_split(&rest, ' ', &word);) {
        if (str_is(word, command)) return true;
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

static bool from_environment(const char *command, cli_options *out, err *e) {
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

static const option *find(const char *command, str word) {
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (takes(&options[i], command) && named(&options[i], word)) return &options[i];
    }
    return NULL;
}

bool cli_parse(arena *a, const char *command, int argc, char **argv, cli_options *out, err *e) {
    (void)a;
    if (!from_environment(command, out, e)) return false;
    for (int i = 2; i < argc; i++) {
        str word = str_of(argv[i]), value = {0};
        if (!str_starts(word, STR("--"))) {
            return err_set(e, ERR_INVALID,
                           "'%s' is not an option of 'stemma %s': see 'stemma help %s'",
                           argv[i], command, command);
        }
        size_t equals = str_find(word, '=', 0);
        const option *o = find(command, str_from(str_upto(word, equals), 2));
        if (!o) {
            return err_set(e, ERR_INVALID,
                           "'stemma %s' has no option %.*s: see 'stemma help %s'", command,
                           STR_F(str_upto(word, equals)), command);
        }
        if (o->kind == CLI_FLAG)
            value = STR("1");
        else if (equals != SIZE_MAX)
            value = str_from(word, equals + 1);
        else if (++i < argc)
            value = str_of(argv[i]);
        else
            return err_set(e, ERR_INVALID, "%.*s needs a value: %s", STR_F(word),
                           o->placeholder);
        if (!valid(o, value, e)) return false;
        *slot(out, o) = value;
    }
    return true;
}

void cli_options_help(const char *command) {
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

void cli_options_markdown(const char *command) {
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
