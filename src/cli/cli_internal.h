// SPDX-License-Identifier: Apache-2.0
// What the commands share: the options, the data folder opened, and how to fail.
#ifndef STEMMA_CLI_INTERNAL_H
#define STEMMA_CLI_INTERNAL_H

#include "cli/cli.h"
#include "core/core.h"

// ---- options (options.c) --------------------------------------------------------------------
typedef enum cli_kind { CLI_TEXT, CLI_FLAG, CLI_NUMBER, CLI_SECONDS } cli_kind;

// X(name, variable in the environment or "", kind, placeholder, default, commands that take it,
// what it does). A command is named whole ("runs_search"), by its first word ("runs": all of
// them), or by its kind: "@client" are those that talk to a server.
#define CLI_OPTIONS(X)                                                                         \
    X(data, "STEMMA_DATA", CLI_TEXT, "DIR", "./stemma-data", \
      "serve check rebuild gc restore migrate export import @client",                          \
      "the folder that holds the database and the content")                                    \
    X(url, "STEMMA_URL", CLI_TEXT, "URL", "http://127.0.0.1:5000", "@client",                  \
      "the server to talk to; with --data instead the folder itself, when no server has it")   \
    X(db, "STEMMA_DB", CLI_TEXT, "URL", "", "serve check rebuild gc restore export import @client",    \
      "a PostgreSQL database (postgresql://USER:PASSWORD@HOST/NAME) instead of SQLite in the " \
      "folder")                                                                                \
    X(listen, "STEMMA_LISTEN", CLI_TEXT, "HOST:PORT", "127.0.0.1:5000", "serve",               \
      "where to listen; beyond loopback only with a token")                                    \
    X(artifact_root, "STEMMA_ARTIFACT_ROOT", CLI_TEXT, "URI", "mlflow-artifacts:/", "serve",   \
      "where clients keep the artifacts of new experiments; the default is this server")       \
    X(token, "STEMMA_TOKEN", CLI_TEXT, "TOKEN", "", "serve @client",                                   \
      "every request needs this token (as Bearer, or as the password of Basic); prefer the "   \
      "environment variable, other"                                                            \
      " users of the machine can read command lines")                                          \
    X(allowed_hosts, "STEMMA_ALLOWED_HOSTS", CLI_TEXT, "LIST", "", "serve",                    \
      "names that the Host header may have, with * as wildcard, besides this machine's own; "  \
      "the default is private addresses")                                                      \
    X(allowed_origins, "STEMMA_ALLOWED_ORIGINS", CLI_TEXT, "LIST", "", "serve",                \
      "other sites whose pages may change things; the default is none")                        \
    X(workers, "STEMMA_WORKERS", CLI_NUMBER, "N", "0", "serve",                                \
      "most threads that answer requests; 0: as fits")                                         \
    X(log, "STEMMA_LOG", CLI_TEXT, "LEVEL", "", "serve check rebuild gc restore migrate export import @client", \
      "debug, info, warn, error or off; the default is info, for commands error")                                                       \
    X(deep, "", CLI_FLAG, "", "", "check",                                                     \
      "also read every stored file whole and hash it again")                                   \
    X(older_than, "STEMMA_GC_OLDER_THAN", CLI_SECONDS, "TIME", "30d", "gc",                    \
      "only what was deleted at least so long ago: 30d, 12h, 5m, 10s")                         \
    X(hold, "STEMMA_GC_HOLD", CLI_SECONDS, "TIME", "7d", "gc",                                 \
      "how long what is freed can be brought back, and takes room; 0: not at all")             \
    X(undo, "", CLI_FLAG, "", "", "gc", "bring back what the last gc freed")                   \
    X(by, "", CLI_TEXT, "WHAT", "project", "du", "project or user")                            \
    X(from, "", CLI_TEXT, "WHERE", "sqlite", "migrate",                                        \
      "where the records are: sqlite, or a PostgreSQL database (postgresql://...)")            \
    X(to, "", CLI_TEXT, "WHERE", "", "migrate", "where they go; it must be empty")             \
    X(dry_run, "", CLI_FLAG, "", "", "gc", "only tell what would be freed")                    \
    X(json, "", CLI_FLAG, "", "", "check gc rebuild version restore migrate export import @client",                                  \
      "print the result as one JSON object")

#define CLI_MEMBER(name, env, kind, placeholder, fallback, commands, doc) str name;
typedef struct cli_options {
    CLI_OPTIONS(CLI_MEMBER) // as given, or the default; a flag that is set is "1"
    str *words;             // what is no option, and everything behind "--"
    size_t n_words;
} cli_options;
#undef CLI_MEMBER

struct cli_command;
// The command's options from the environment and argv; more or fewer words than it takes are
// refused.
bool cli_parse(arena *a, const struct cli_command *c, int argc, char **argv, cli_options *out,
               err *e);
// Was it given on the command line or in the environment?
bool cli_given(const cli_options *o, const char *option);
bool cli_number(str s, int64_t *out);
bool cli_seconds(str s, int64_t *out);
void cli_options_help(const struct cli_command *c);     // to standard output
void cli_options_markdown(const struct cli_command *c); // a table of it

// ---- commands (commands.c) ------------------------------------------------------------------
enum {
    CLI_CLIENT = 1, // talks to a server: takes --url, --token, --data, --json ...
};
#define CLI_MANY 255

typedef struct cli_command {
    const char *name; // one word or two: "serve", "runs search"
    int (*run)(const cli_options *o, arena *a);
    const char *summary; // one line; NULL: not shown
    const char *text;    // the help's paragraph
    const char *usage;   // its words: "RUN...", "[EXPRESSION]"; NULL: none
    uint8_t least, most; // how many words; CLI_MANY: no limit
    uint8_t flags;
} cli_command;

int cmd_serve(const cli_options *o, arena *a);
int cmd_check(const cli_options *o, arena *a);
int cmd_rebuild(const cli_options *o, arena *a);
int cmd_gc(const cli_options *o, arena *a);
int cmd_version(const cli_options *o, arena *a);
int cmd_backup(const cli_options *o, arena *a);
int cmd_restore(const cli_options *o, arena *a);
int cmd_check_backup(const cli_options *o, arena *a);
int cmd_migrate(const cli_options *o, arena *a);
int cmd_export(const cli_options *o, arena *a);
int cmd_import(const cli_options *o, arena *a);
int cmd_du(const cli_options *o, arena *a);
int cmd_projects_list(const cli_options *o, arena *a);
int cmd_reference(const cli_options *o, arena *a);

// ---- findings of a check (cmd_check.c) ------------------------------------------------------
typedef struct cli_findings {
    uint64_t n;
    bool quiet; // --json: only counts
} cli_findings;
void cli_found(cli_findings *f, const char *where, const char *what); // prints some

// ---- the data (data.c) ----------------------------------------------------------------------
typedef struct cli_data {
    db *db;
    store *store;
    core *core;
} cli_data;

// ERR_NOT_FOUND unless the folder holds data, so that a typing error is not called whole.
bool cli_data_there(const cli_options *o, arena *a, err *e);
// Opens database, content folder and core, made when they are missing. `background`: with the threads that pack and fold.
bool cli_open(const cli_options *o, arena *a, bool background, cli_data *out, err *e);
void cli_close(cli_data *d);
// Checks everything and prints what was found; the exit code.
int cli_check(const cli_options *o, arena *a, cli_data *d);

bool cli_set_log(str level, err *e); // ERR_INVALID when there is no such level

// The exit status for an error: CLI_USAGE for what the caller wrote wrongly, CLI_NOT_FOUND,
// CLI_UNREACHED, else CLI_FAILED.
int cli_status_of(const err *e);
// Prints "stemma: <message>" and returns its status.
int cli_fail(const err *e);

#endif
