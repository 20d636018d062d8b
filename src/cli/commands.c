// SPDX-License-Identifier: Apache-2.0
// commands: the table of commands, and help made from it.
#include "cli/cli_internal.h"

#include <stdio.h>

static int cmd_help(const cli_options *o, arena *a);

static const cli_command commands[] = {
    {"serve", cmd_serve, "run the server",
     "Serves MLflow's tracking protocol over the data in a folder until it gets SIGTERM or "
     "SIGINT. With --db the records are\n"
     "kept in PostgreSQL, and several servers may share it together with one --data folder for "
     "the content."},
    {"check", cmd_check, "is this data whole?",
     "Reads the records, the blocks of points, the event log's chain and the stored files, and "
     "names what is damaged. Exits\n"
     "with 3 when something is. The server must not run on the same SQLite folder."},
    {"rebuild", cmd_rebuild, "make derived tables anew from the facts",
     "Makes the summaries of series and the columns of the search again. Facts are not "
     "touched."},
    {"gc", cmd_gc, "free what deleted runs held",
     "Removes deleted runs and logged models for good, and then the stored files that nothing "
     "names any more."},
    {"version", cmd_version, "print the version",
     "Prints the version of this program."},
    {"help", cmd_help, "this help, or a command's",
     "stemma help COMMAND tells a command's options."},
    {"reference", cmd_reference, NULL, ""}, // prints docs/reference.md; for the build
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static const cli_command *find(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(commands[i].name, name)) return &commands[i];
    }
    return NULL;
}

static void print_overview(void) {
    printf("Stemma: version control for language models.\n\nusage: stemma COMMAND "
           "[OPTION...]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (commands[i].summary) printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n'stemma help COMMAND' tells a command's options, and the variables of the "
           "environment that stand for them.\n");
}

static int print_command(const char *name) {
    const cli_command *c = find(name);
    if (!c) {
        fprintf(stderr, "stemma: there is no command '%s': see 'stemma help'\n", name);
        return CLI_USAGE;
    }
    printf("usage: stemma %s [OPTION...]\n\n%s\n\n", c->name, c->text);
    cli_options_help(c->name);
    return CLI_OK;
}

static int cmd_help(const cli_options *o, arena *a) {
    (void)o, (void)a;
    print_overview();
    return CLI_OK;
}

int cli_fail(const err *e) {
    fprintf(stderr, "stemma: %s\n", e->msg);
    return CLI_FAILED;
}

// The commands' part of the reference page.
static void print_reference(void) {
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!commands[i].summary) continue;
        printf("### stemma %s\n\n%s\n\n", commands[i].name, commands[i].text);
        if (commands[i].run != cmd_help && commands[i].run != cmd_version) {
            cli_options_markdown(commands[i].name);
            printf("\n");
        }
    }
}

static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    }
    return false;
}

int cli_main(int argc, char **argv) {
    if (argc < 2) {
        print_overview();
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "help") && argc > 2) return print_command(argv[2]);
    if (!strcmp(argv[1], "--version")) return cmd_version(&(cli_options){0}, NULL);
    if (asks_for_help(argc, argv)) {
        if (argv[1][0] != '-') return print_command(argv[1]);
        print_overview();
        return CLI_OK;
    }
    const cli_command *c = find(argv[1]);
    if (!c) {
        fprintf(stderr, "stemma: there is no command '%s': see 'stemma help'\n", argv[1]);
        return CLI_USAGE;
    }
    err e = {0};
    cli_options o;
    arena *a = arena_new();
    int code = CLI_USAGE;
    if (!cli_parse(a, c->name, argc, argv, &o, &e))
        fprintf(stderr, "stemma: %s\n", e.msg);
    else
        code = c->run(&o, a);
    if (c->run == cmd_reference && code == CLI_OK) print_reference();
    arena_free(a);
    return code;
}
