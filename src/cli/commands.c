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
     "with 3 when something is. The server must not run on the same SQLite folder. With a FILE: reads that backup whole "
     "instead.", .usage = "[FILE]", .most = 1},
    {.name = "rebuild", .run = cmd_rebuild, .summary = "make derived tables anew from the facts",
     .text = "Makes the summaries of series and the columns of the search again. Facts are not "
     "touched."},
    {.name = "gc", .run = cmd_gc, .summary = "free what deleted runs held",
     .text = "Frees runs and logged models that were deleted at least --older-than ago, and then the stored files that "
     "nothing names any more.\n"
     "What it frees can be brought back with --undo until --hold has passed, and takes room until "
     "the first gc after that."},
    {.name = "backup", .run = cmd_backup, .summary = "write everything to one file",
     .text = "Writes everything that a running server keeps, or a folder (--data) that no server has, "
     "as it was at one moment. The\n"
     "server goes on meanwhile. FILE gets its name when it is whole.", .usage = "FILE",
     .least = 1, .most = 1, .flags = CLI_CLIENT},
    {.name = "restore", .run = cmd_restore, .summary = "make a data folder from a backup",
     .text = "Makes the folder --data, and the records in it or in the PostgreSQL database --db, from a "
     "backup. Both must be empty.\n"
     "Killed anywhere, run it again. At its end it checks everything.", .usage = "FILE",
     .least = 1, .most = 1},
    {.name = "migrate", .run = cmd_migrate, .summary = "move the records to another database",
     .text = "Moves the records of a data folder from SQLite to PostgreSQL (--to postgresql://...) or "
     "back (--from postgresql://...\n"
     "--to sqlite); the content stays. No server may run. Killed anywhere, run it again: the "
     "source is only read."},
    {.name = "export", .run = cmd_export, .summary = "write everything as lines of JSON and files",
     .text = "Writes projects, runs, parameters, tags, points, inputs, models, events and files of a data "
     "folder into the new folder\n"
     "DIR, for people and other tools: docs/export.md describes it.", .usage = "DIR",
     .least = 1, .most = 1},
    {.name = "import", .run = cmd_import, .summary = "make a data folder from an export",
     .text = "Makes the folder --data (and the records in --db) from what 'stemma export' wrote, with "
     "the same ids. Both must be empty.", .usage = "DIR", .least = 1, .most = 1},
    {.name = "du", .run = cmd_du, .summary = "who uses how much",
     .text = "Runs, points and files by project or by user (--by), most bytes first. 'stored' counts "
     "each file once, however many\n"
     "runs name it.", .flags = CLI_CLIENT},
    {.name = "projects list", .run = cmd_projects_list, .summary = "the projects",
     .text = "Lists the projects, made last first.", .flags = CLI_CLIENT},
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
