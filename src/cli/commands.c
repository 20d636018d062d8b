// SPDX-License-Identifier: Apache-2.0
// commands: the table of commands, and help made from it.
#include "cli/cli_internal.h"

#include <stdio.h>

static int cmd_help(const cli_options *o, arena *a);

static const cli_command commands[] = {
    {.name = "serve", .run = cmd_serve, .summary = "run the server",
     .text = "Serves MLflow's tracking protocol over the data in a folder until it gets SIGTERM or "
     "SIGINT. With --db the records are\n"
     "kept in PostgreSQL, and several servers may share it together with one --data folder for "
     "the content."},
    {.name = "check", .run = cmd_check, .summary = "is this data whole?",
     .text = "Reads the records, the blocks of points, the event log's chain and the stored files, and "
     "names what is damaged. Exits\n"
     "with 3 when something is. The server must not run on the same SQLite folder."},
    {.name = "rebuild", .run = cmd_rebuild, .summary = "make derived tables anew from the facts",
     .text = "Makes the summaries of series and the columns of the search again. Facts are not "
     "touched."},
    {.name = "gc", .run = cmd_gc, .summary = "free what deleted runs held",
     .text = "Removes deleted runs and logged models for good, and then the stored files that nothing "
     "names any more."},
    {.name = "projects list", .run = cmd_projects_list, .summary = "the projects",
     .text = "Lists the projects, made last first.", .flags = CLI_CLIENT},
    {.name = "run", .run = cmd_run, .summary = "run a program as a run: output, state, source, machine",
     .text = "Makes a run and runs CMD as part of it. What CMD prints goes through and is kept as the "
     "run's console, with the git commit and\n"
     "uncommitted changes, the machine, and what CMD uses. Exits as CMD does. MLflow within CMD logs "
     "to the same run.\n"
     "A server that is away does not stop CMD: what could not be sent is kept for 'stemma send'.",
     .usage = "-- CMD [ARGUMENT...]", .least = 1, .most = CLI_MANY, .flags = CLI_CLIENT},
    {.name = "log", .run = cmd_log, .summary = "log metrics, configuration and tags of a run",
     .text = "Logs numbers as points of the run's series, and with --config and --tag texts. With - "
     "also what standard input gives, an\n"
     "object a line: {\"step\": 3, \"loss\": 0.5, \"acc\": 0.9}. Within 'stemma run' RUN may be left "
     "out.",
     .usage = "[RUN] [KEY=VALUE...] [-]", .most = CLI_MANY, .flags = CLI_CLIENT},
    {.name = "console", .run = cmd_console, .summary = "what a run's program printed",
     .text = "Prints the lines of a run's console, all or the last ones, or those that match.",
     .usage = "RUN", .least = 1, .most = 1, .flags = CLI_CLIENT},
    {.name = "send", .run = cmd_send, .summary = "send what 'stemma run' could not send",
     .text = "Sends what 'stemma run' kept while the server was away, and removes the files. Sending "
     "twice does no harm.",
     .usage = "FILE...", .least = 1, .most = CLI_MANY, .flags = CLI_CLIENT},
    {.name = "version", .run = cmd_version, .summary = "print the version",
     .text = "Prints the version of this program."},
    {.name = "help", .run = cmd_help, .summary = "this help, or a command's",
     .text = "stemma help COMMAND tells a command's options."},
    {.name = "reference", .run = cmd_reference, .summary = NULL,
     .text = ""}, // prints docs/reference.md; for the build
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

// The command that argv names by one word or two, or NULL.
static const cli_command *find(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < N_COMMANDS; i++) {
        str name = str_of(commands[i].name);
        size_t space = str_find(name, ' ', 0);
        if (!str_is(str_upto(name, space), argv[1])) continue;
        if (space == SIZE_MAX || (argc > 2 && str_is(str_from(name, space + 1), argv[2])))
            return &commands[i];
    }
    return NULL;
}

// Has a word commands of two words under it?
static bool is_group(const char *word) {
    for (size_t i = 0; i < N_COMMANDS; i++) {
        str name = str_of(commands[i].name);
        size_t space = str_find(name, ' ', 0);
        if (space != SIZE_MAX && str_is(str_upto(name, space), word)) return true;
    }
    return false;
}

static void print_summaries(const char *group) {
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const cli_command *c = &commands[i];
        size_t n = group ? strlen(group) : 0;
        if (!c->summary || (group && (strncmp(c->name, group, n) || c->name[n] != ' '))) continue;
        printf("  %-18s %s\n", c->name, c->summary);
    }
}

static void print_overview(void) {
    printf("Stemma: version control for language models.\n\nusage: stemma COMMAND "
           "[OPTION...]\n\n");
    print_summaries(NULL);
    printf("\n'stemma help COMMAND' tells a command's options, and the variables of the "
           "environment that stand for them.\n");
}

// Help on what argv[1...] names: a command, or a group of them.
static int print_help(int argc, char **argv) {
    const cli_command *c = find(argc, argv);
    if (c) {
        printf("usage: stemma %s [OPTION...]%s%s\n\n%s\n\n", c->name, c->usage ? " " : "",
               c->usage ? c->usage : "", c->text);
        cli_options_help(c);
        return CLI_OK;
    }
    if (!is_group(argv[1])) {
        fprintf(stderr, "stemma: there is no command '%s': see 'stemma help'\n", argv[1]);
        return CLI_USAGE;
    }
    printf("usage: stemma %s COMMAND [OPTION...]\n\n", argv[1]);
    print_summaries(argv[1]);
    return CLI_OK;
}

static int cmd_help(const cli_options *o, arena *a) {
    (void)o, (void)a;
    print_overview();
    return CLI_OK;
}

int cli_fail(const err *e) {
    fprintf(stderr, "stemma: %s\n", e->msg);
    return cli_status_of(e);
}

int cli_status_of(const err *e) {
    switch (e->code) {
    case ERR_INVALID:
    case ERR_MALFORMED: return CLI_USAGE;
    case ERR_NOT_FOUND: return CLI_NOT_FOUND;
    case ERR_UNAVAILABLE:
    case ERR_DEADLINE: return CLI_UNREACHED;
    default: return CLI_FAILED;
    }
}

// The commands' part of the reference page.
static void print_reference(void) {
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!commands[i].summary) continue;
        const cli_command *c = &commands[i];
        printf("### stemma %s\n\n%s\n\n", c->name, c->text);
        if (c->usage) printf("`stemma %s [OPTION...] %s`\n\n", c->name, c->usage);
        if (c->run == cmd_help || c->run == cmd_version) continue;
        cli_options_markdown(c);
        printf("\n");
    }
}

// "--" ends our options: what stands behind it is somebody else's.
static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    }
    return false;
}

static int run(const cli_command *c, int argc, char **argv) {
    err e = {0};
    cli_options o;
    arena *a = arena_new();
    int code = CLI_USAGE;
    str quiet = c->run == cmd_serve ? STR("info") : STR("error");
    if (!cli_parse(a, c, argc, argv, &o, &e) || !cli_set_log(o.log.n ? o.log : quiet, &e))
        fprintf(stderr, "stemma: %s\n", e.msg);
    else
        code = c->run(&o, a);
    if (c->run == cmd_reference && code == CLI_OK) print_reference();
    arena_free(a);
    return code;
}

int cli_main(int argc, char **argv) {
    if (argc < 2) {
        print_overview();
        return CLI_USAGE;
    }
    if (!strcmp(argv[1], "help") && argc > 2) return print_help(argc - 1, argv + 1);
    if (!strcmp(argv[1], "--version")) return cmd_version(&(cli_options){0}, NULL);
    if (asks_for_help(argc, argv)) {
        if (argv[1][0] != '-') return print_help(argc, argv);
        print_overview();
        return CLI_OK;
    }
    const cli_command *c = find(argc, argv);
    if (c) return run(c, argc, argv);
    if (!is_group(argv[1])) {
        fprintf(stderr, "stemma: there is no command '%s': see 'stemma help'\n", argv[1]);
        return CLI_USAGE;
    }
    print_help(argc, argv);
    return CLI_USAGE;
}
