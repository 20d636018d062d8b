// SPDX-License-Identifier: Apache-2.0
// man: the manual page stemma(1) from the tables, in man(7)'s macros. One thread.
#include "cli/cli_internal.h"

#include <stdio.h>

// Text within a line: '-' stays a minus, '\' itself, and a line begins no request.
static void put(const char *text) {
    bool begins = true;
    for (const char *p = text; *p; p++) {
        if (begins && (*p == '.' || *p == '\'')) printf("\\&");
        begins = *p == '\n';
        if (*p == '-')
            printf("\\-");
        else if (*p == '\\')
            printf("\\e");
        else
            putchar(*p);
    }
}

// A paragraph; lines that are indented are examples.
static void put_text(const char *text) {
    str rest = str_of(text);
    arena *a = arena_new();
    for (str line; str_split(&rest, '\n', &line);) {
        bool example = str_starts(line, STR("    "));
        if (example) printf(".nf\n");
        put(arena_cstr(a, line));
        printf("\n");
        if (example) printf(".fi\n");
    }
    arena_free(a);
}

static void put_option(const cli_option_about *o) {
    printf(".TP\n");
    if (o->letter) printf("\\fB\\-%c\\fR, ", o->letter);
    printf("\\fB");
    put(o->name);
    printf("\\fR");
    if (*o->placeholder) printf(" \\fI%s\\fR", o->placeholder);
    printf("\n");
    put(o->doc);
    if (*o->fallback) {
        printf(" (default: ");
        put(o->fallback);
        printf(")");
    }
    if (*o->env) printf(" [\\fB%s\\fR]", o->env);
    printf("\n");
}

static void put_command(const cli_command *c) {
    printf(".SS stemma ");
    put(c->name);
    if (c->usage) {
        printf(" ");
        put(c->usage);
    }
    printf("\n");
    put_text(c->text);
    cli_option_about o;
    for (size_t i = 0; cli_option_at(c, i, &o); i++)
        put_option(&o);
}

static void put_exit_code(int number, const char *doc) {
    printf(".TP\n%d\n", number);
    put(doc);
    printf("\n");
}

int cmd_man(const cli_options *o, arena *a) {
    (void)o, (void)a;
    printf(".TH STEMMA 1 \"\" \"Stemma %s\" \"User Commands\"\n", STEMMA_VERSION);
    printf(".SH NAME\nstemma \\- version control for language models\n");
    printf(".SH SYNOPSIS\n.B stemma\n.I COMMAND\n.RI [ OPTION ...]\n.RI [ WORD ...]\n");
    printf(".SH DESCRIPTION\n"
           "One program is the server and the command line. Commands that talk to a server "
           "find it "
           "by \\fB\\-\\-url\\fR; with \\fB\\-\\-data\\fR they work on a folder that no server "
           "has open.\n.SH COMMANDS\n");
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (cli_commands[i].summary) put_command(&cli_commands[i]);
    }
    printf(".SH ENVIRONMENT\n"
           "Options that name a variable in brackets take its value when they are not given. "
           "\\fBNO_COLOR\\fR turns colours off, \\fBPAGER\\fR (default: less, with LESS=FRX) "
           "shows "
           "what is longer than the terminal.\n");
    printf(".SH EXIT STATUS\n");
#define EXIT_LINE(name, number, doc) put_exit_code(number, doc);
    CLI_EXITS(EXIT_LINE)
    return CLI_OK;
}
