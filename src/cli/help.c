// SPDX-License-Identifier: Apache-2.0
// help: the overview, the help of a command or a group, and the commands' part of the
// reference, all from the tables. One thread.
#include "cli/cli_internal.h"

#include <stdio.h>
#include <stdlib.h>

static str first_word(const char *name) {
    return str_upto(str_of(name), str_find(str_of(name), ' ', 0));
}

static bool is_two_words(const cli_command *c) {
    return strchr(c->name, ' ') != NULL;
}

const cli_command *cli_find(int argc, char **argv) {
    const cli_command *one = NULL;
    for (size_t i = 0; argc > 1 && i < cli_n_commands; i++) {
        const cli_command *c = &cli_commands[i];
        str first = first_word(c->name);
        if (!str_is(first, argv[1])) continue;
        if (!is_two_words(c))
            one = c;
        else if (argc > 2 && !strcmp(c->name + first.n + 1, argv[2]))
            return c;
    }
    return one;
}

// The group of a command of two words, or NULL.
static const cli_group *group_of(const cli_command *c) {
    for (size_t i = 0; i < cli_n_groups; i++) {
        if (str_is(first_word(c->name), cli_groups[i].name)) return &cli_groups[i];
    }
    return NULL;
}

bool cli_is_group(const char *word) {
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (is_two_words(&cli_commands[i]) && str_is(first_word(cli_commands[i].name), word))
            return true;
    }
    return false;
}

// ---- what was meant -------------------------------------------------------------------------

const char *cli_nearest(str word, const char *const *words, size_t n) {
    const char *best = NULL;
    size_t least = word.n / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = str_distance(word, str_of(words[i]));
        bool longer = word.n > 3 && str_starts(str_of(words[i]), word);
        if (d <= least && (!best || d < least)) {
            best = words[i];
            least = d;
        } else if (longer && !best) {
            best = words[i];
        }
    }
    return best;
}

// The second words of a group, or all first words when group is NULL; room for all commands.
static size_t words_of(arena *a, const char *group, const char **words) {
    size_t n = 0;
    for (size_t i = 0; i < cli_n_commands; i++) {
        const cli_command *c = &cli_commands[i];
        str first = first_word(c->name);
        if (!c->summary) continue;
        if (!group)
            words[n++] = arena_cstr(a, first);
        else if (is_two_words(c) && str_is(first, group))
            words[n++] = c->name + first.n + 1;
    }
    return n;
}

int cli_no_command(int argc, char **argv) {
    arena *a = arena_new();
    const char **words = ARENA_ARRAY(a, const char *, cli_n_commands);
    bool in_group = cli_is_group(argv[1]);
    if (in_group && argc < 3) {
        arena_free(a);
        cli_print_help(argc, argv);
        return CLI_USAGE;
    }
    const char *word = in_group ? argv[2] : argv[1];
    const char *near =
        cli_nearest(str_of(word), words, words_of(a, in_group ? argv[1] : NULL, words));
    fprintf(stderr, "stemma: there is no command '%s%s%s'", in_group ? argv[1] : "",
            in_group ? " " : "", word);
    if (near) fprintf(stderr, " (did you mean '%s'?)", near);
    fprintf(stderr, ": see 'stemma help%s%s'\n", in_group ? " " : "", in_group ? argv[1] : "");
    arena_free(a);
    return CLI_USAGE;
}

// ---- pages ----------------------------------------------------------------------------------

void cli_print_overview(void) {
    printf("Stemma: version control for language models.\n\n"
           "usage: stemma COMMAND [OPTION...]\n\n");
    const cli_group *shown = NULL;
    for (size_t i = 0; i < cli_n_commands; i++) {
        const cli_command *c = &cli_commands[i];
        const cli_group *g = group_of(c);
        if (!c->summary || (g && g == shown)) continue;
        shown = g;
        printf("  %-12s %s\n", g ? g->name : c->name, g ? g->summary : c->summary);
    }
    printf("\n'stemma help COMMAND' tells a command's options; most are variables of the "
           "environment too.\n\nExit codes:\n");
#define EXIT_LINE(name, number, doc) printf("  %d  %s\n", number, doc);
    CLI_EXITS(EXIT_LINE)
}

// The documentation of an option under its name, broken at words to fit 80 columns.
static void print_wrapped(int indent, str text) {
    int at = indent;
    str rest = text;
    for (str word; str_split(&rest, ' ', &word);) {
        if (at > indent && at + 1 + (int)word.n > 80) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            printf(" ");
            at++;
        }
        printf("%.*s", STR_F(word));
        at += (int)word.n;
    }
    printf("\n");
}

static void print_options(const cli_command *c) {
    arena *a = arena_new();
    cli_option_about o;
    for (size_t i = 0; cli_option_at(c, i, &o); i++) {
        char letter[] = {'-', o.letter, ',', 0}, head[80];
        snprintf(head, sizeof head, "  %3s %s %s", o.letter ? letter : "", o.name,
                 o.placeholder);
        str doc =
            arena_printf(a, "%s%s%s%s%s%s%s", o.doc, *o.fallback ? " [" : "", o.fallback,
                         *o.fallback ? "]" : "", *o.env ? " (" : "", o.env, *o.env ? ")" : "");
        printf("%-28s%s", head, strlen(head) > 27 ? "\n                            " : "");
        print_wrapped(28, doc);
    }
    arena_free(a);
}

static void print_commands(const char *group) {
    for (size_t i = 0; i < cli_n_commands; i++) {
        const cli_command *c = &cli_commands[i];
        if (!c->summary || !str_is(first_word(c->name), group)) continue;
        printf("  %-20s %s\n", c->name, c->summary);
    }
}

static void print_command(const cli_command *c) {
    printf("usage: stemma %s [OPTION...]%s%s\n\n%s\n\n", c->name, c->usage ? " " : "",
           c->usage ? c->usage : "", c->text);
    print_options(c);
}

int cli_print_help(int argc, char **argv) {
    const cli_command *c = cli_find(argc, argv);
    if (c) {
        print_command(c);
        if (is_two_words(c) || !cli_is_group(argv[1])) return CLI_OK;
        printf("\nAlso:\n");
        print_commands(argv[1]);
        return CLI_OK;
    }
    bool other = cli_is_group(argv[1]) && argc > 2 && argv[2][0] != '-';
    if (!cli_is_group(argv[1]) || other) return cli_no_command(argc, argv);
    printf("usage: stemma %s COMMAND [OPTION...]\n\n", argv[1]);
    print_commands(argv[1]);
    printf("\n'stemma help %s COMMAND' tells a command's options.\n", argv[1]);
    return CLI_OK;
}

int cmd_help(const cli_options *o, arena *a) {
    (void)o, (void)a;
    cli_print_overview();
    return CLI_OK;
}

void cli_print_reference(void) {
    for (size_t i = 0; i < cli_n_commands; i++) {
        const cli_command *c = &cli_commands[i];
        if (!c->summary) continue;
        printf("### stemma %s\n\n%s\n\n", c->name, c->text);
        if (c->usage) printf("`stemma %s [OPTION...] %s`\n\n", c->name, c->usage);
        if (c->run == cmd_help || c->run == cmd_version) continue;
        cli_options_markdown(c);
        printf("\n");
    }
}
