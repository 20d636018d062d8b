// SPDX-License-Identifier: Apache-2.0
// What the commands share: the options, the data folder opened, and how to fail.
#ifndef STEMMA_CLI_INTERNAL_H
#define STEMMA_CLI_INTERNAL_H

#include "base/buf.h"
#include "cli/cli.h"
#include "core/core.h"

// ---- options (options.c) --------------------------------------------------------------------
typedef enum cli_kind {
    CLI_TEXT,     // not empty: what is not set in a script is no way to leave a condition out
    CLI_ANY_TEXT, // may be empty
    CLI_TEXTS,    // may be given several times: a text a line
    CLI_FLAG,
    CLI_NUMBER,
    CLI_SECONDS,
    CLI_BYTES
} cli_kind;

// X(name, variable in the environment or "", kind, placeholder, default, commands that take it,
// what it does). A command is named whole ("runs_search"), by its first word ("runs": all of
// them), or by its kind: "@client" are those that talk to a server, "@list" those that list,
// "@select" those that act on several runs. One-letter forms are in options.c.
#define CLI_OPTIONS(X)                                                                         \
    X(data, "STEMMA_DATA", CLI_TEXT, "DIR", "./stemma-data",                                   \
      "serve check rebuild gc restore migrate export import @client",                          \
      "the folder that holds the database and the content")                                    \
    X(url, "STEMMA_URL", CLI_TEXT, "URL", "http://127.0.0.1:5000", "@client health",           \
      "the server to talk to; with --data instead the folder itself, when no server has it")   \
    X(db, "STEMMA_DB", CLI_TEXT, "URL", "",                                                    \
      "serve check rebuild gc restore export import @client",                                  \
      "a PostgreSQL database (postgresql://USER:PASSWORD@HOST/NAME) instead of SQLite in the " \
      "folder")                                                                                \
    X(listen, "STEMMA_LISTEN", CLI_TEXT, "HOST:PORT", "127.0.0.1:5000", "serve",               \
      "where to listen; beyond loopback only with a token")                                    \
    X(artifact_root, "STEMMA_ARTIFACT_ROOT", CLI_TEXT, "URI", "mlflow-artifacts:/", "serve",   \
      "where clients keep the artifacts of new experiments; the default is this server")       \
    X(token, "STEMMA_TOKEN", CLI_TEXT, "TOKEN", "", "serve @client health",                    \
      "of 'serve': the operator's token, which opens everything; else the caller's. As "       \
      "Bearer, or as the password of Basic. Prefer the environment variable, other users of "  \
      "the machine can read command lines")                                                    \
    X(allowed_hosts, "STEMMA_ALLOWED_HOSTS", CLI_TEXT, "LIST", "", "serve",                    \
      "names that the Host header may have, with * as wildcard, besides this machine's own; "  \
      "the default is private addresses")                                                      \
    X(allowed_origins, "STEMMA_ALLOWED_ORIGINS", CLI_TEXT, "LIST", "", "serve",                \
      "other sites whose pages may change things; the default is none")                        \
    X(workers, "STEMMA_WORKERS", CLI_NUMBER, "N", "0", "serve",                                \
      "most threads that answer requests; 0: as fits")                                         \
    X(log, "STEMMA_LOG", CLI_TEXT, "LEVEL", "",                                                \
      "serve check rebuild gc restore migrate export import @client",                          \
      "debug, info, warn, error or off; the default is info, for commands error")              \
    X(deep, "", CLI_FLAG, "", "", "check verify",                                              \
      "also read every stored file whole and hash it again")                                   \
    X(beat_grace, "STEMMA_BEAT_GRACE", CLI_SECONDS, "TIME", "30s", "serve",                    \
      "a run that promised signs of life is crashed when none came for so long, at least")     \
    X(older_than, "STEMMA_GC_OLDER_THAN", CLI_SECONDS, "TIME", "30d", "gc",                    \
      "only what was deleted at least so long ago: 30d, 12h, 5m, 10s")                         \
    X(hold, "STEMMA_GC_HOLD", CLI_SECONDS, "TIME", "7d", "gc",                                 \
      "how long what is freed can be brought back, and takes room; 0: not at all")             \
    X(undo, "", CLI_FLAG, "", "", "gc", "bring back what the last gc freed")                   \
    X(max_rate, "", CLI_BYTES, "BYTES", "0", "backup",                                         \
      "at most so many bytes a second (50M), so that who logs on the same disk hardly "        \
      "notices; 0: as fast as it goes")                                                        \
    X(by, "", CLI_TEXT, "WHAT", "", "du metrics metrics_plot",                                 \
      "of 'du': project (the default), user or repo; else step (the default) or time: the "    \
      "order of "                                                                              \
      "points, the axis of a plot")                                                            \
    X(from, "", CLI_TEXT, "WHERE", "", "migrate evaluate",                                     \
      "where the records are: sqlite (the default), or a PostgreSQL database "                 \
      "(postgresql://...); of 'evaluate': a JSON file of scores")                              \
    X(dry_run, "", CLI_FLAG, "", "", "gc import rollback", "only tell what would be done")     \
    X(artifacts, "", CLI_TEXT, "DIR", "", "import_mlflow",                                     \
      "where the artifacts lie: the folder of --artifacts-destination, or of mlruns; the "     \
      "default is mlartifacts or mlruns beside the source")                                    \
    X(no_artifacts, "", CLI_FLAG, "", "", "import_mlflow", "records only, no artifact files")  \
    X(on_clash, "", CLI_TEXT, "WHAT", "refuse", "import_mlflow",                               \
      "when another project has an experiment's number or name: refuse all, skip the "         \
      "experiment, or rename it")                                                              \
    X(as, "", CLI_TEXT, "NAME", "", "import_mlflow",                                           \
      "how this tracker is called when it is imported again by another way; the default is "   \
      "its address")                                                                           \
    X(json, "", CLI_FLAG, "", "",                                                              \
      "check gc rebuild version health restore migrate export import @client",                 \
      "print the result as one JSON object")                                                   \
    X(csv, "", CLI_FLAG, "", "", "@list runs_compare metrics",                                 \
      "print comma-separated values, numbers in full")                                         \
    X(jsonl, "", CLI_FLAG, "", "", "metrics", "print a JSON object a line")                    \
    X(limit, "", CLI_NUMBER, "N", "100", "@list @select metrics log",                          \
      "at most so many; 0: all (of --where it is all that match, unless it is given)")         \
    X(after, "", CLI_ANY_TEXT, "CURSOR", "", "@list",                                          \
      "go on behind this place: what --json showed as \"next\"")                               \
    X(oldest, "", CLI_FLAG, "", "", "events audit",                                            \
      "the oldest first; with --after: what came behind that event")                           \
    X(project, "STEMMA_PROJECT", CLI_TEXTS, "PROJECT", "",                                     \
      "runs metrics artifacts events complete run log console",                                \
      "only of this project, by name or number; may be given several times; of 'run': the "    \
      "project, which is made when it is not there")                                           \
    X(view, "", CLI_TEXT, "VIEW", "active", "runs_list runs_search projects_list @select",     \
      "active, deleted or all")                                                                \
    X(sort, "", CLI_TEXTS, "FIELD", "", "runs_list runs_search",                               \
      "sort by a field: metrics.loss.min, config.lr, \"start desc\"; several times for more")  \
    X(count, "", CLI_FLAG, "", "", "runs_list runs_search",                                    \
      "only print how many runs there are")                                                    \
    X(columns, "", CLI_TEXTS, "FIELDS", "", "runs_list runs_search",                           \
      "the columns, with commas: name,metrics.acc.max,config.lr; with + at the beginning: "    \
      "beside the usual ones")                                                                 \
    X(where, "", CLI_TEXT, "EXPRESSION", "", "@select runs_list rule_set best",                \
      "the runs that match, as in 'stemma runs search'; of rules: what must hold of the runs " \
      "and evaluations of a version")                                                          \
    X(max, "", CLI_TEXTS, "FIELD", "", "rule_set best",                                        \
      "the best version is that with the greatest value: --max metrics.acc")                   \
    X(min, "", CLI_TEXTS, "FIELD", "", "rule_set best",                                        \
      "the best version is that with the least value")                                         \
    X(then, "", CLI_FLAG, "", "", "rule_set best",                                             \
      "before a second --max or --min, which decides between equals")                          \
    X(rule, "", CLI_TEXT, "NAME", "", "best protect_set",                                      \
      "by a rule of the repo, instead of the above; of 'protect set': the rule that must "     \
      "hold, or none")                                                                         \
    X(alias, "", CLI_TEXT, "NAME", "", "best",                                                 \
      "move this alias to the choice, with -m and the rule as the reason; refused when "       \
      "somebody moved it meanwhile")                                                           \
    X(to, "", CLI_TEXT, "WHERE", "", "runs_move migrate",                                      \
      "the project to move to; of 'migrate': sqlite or postgresql://..., which must be empty") \
    X(remove, "", CLI_TEXTS, "KEY", "", "runs_tag projects_tag repos_tag",                     \
      "remove this tag; may be given several times")                                           \
    X(yes, "", CLI_FLAG, "", "", "@select projects_delete repos_delete delete", "do not ask")  \
    X(all, "", CLI_FLAG, "", "", "runs_compare", "also what does not differ")                  \
    X(every, "", CLI_SECONDS, "TIME", "1s", "runs_watch", "ask the server so often")           \
    X(follow, "", CLI_FLAG, "", "", "events console",                                          \
      "wait for more, until Ctrl-C; a console ends with its run")                              \
    X(log_y, "", CLI_FLAG, "", "", "metrics_plot", "a logarithmic axis of values")             \
    X(height, "", CLI_NUMBER, "LINES", "0", "metrics_plot", "lines of the plot; 0: as fits")   \
    X(run, "", CLI_TEXT, "RUN", "", "push evaluate",                                           \
      "the run that made the files; of 'evaluate': that measured the scores")                  \
    X(suite, "", CLI_TEXT, "NAME", "", "evaluate", "what the scores are of")                   \
    X(score, "", CLI_TEXTS, "NAME=VALUE", "", "evaluate",                                      \
      "a score: a number, nan or inf; may be given several times")                             \
    X(on, "", CLI_TEXT, "ADDRESS", "", "evaluate",                                             \
      "the version of a data set that it was measured on")                                     \
    X(base, "", CLI_TEXT, "ADDRESS", "", "push",                                               \
      "the version that it derives from, or with '://' where that is")                         \
    X(relation, "", CLI_TEXT, "WHAT", "fine-tune", "push",                                     \
      "what it is of --base: fine-tune, adapter, quantised, merged, distilled or next")        \
    X(again, "", CLI_FLAG, "", "", "push",                                                     \
      "a new version also when the newest has the same content")                               \
    X(strict_names, "", CLI_FLAG, "", "", "push",                                              \
      "refuse names that are one where case or Unicode forms are not told apart")              \
    X(tag_suggested, "", CLI_FLAG, "", "", "push",                                             \
      "seal the version under the semantic version that is suggested for it")                  \
    X(suggested, "", CLI_FLAG, "", "", "tag",                                                  \
      "under the semantic version that is suggested for it, instead of a NAME")                \
    X(start, "", CLI_TEXT, "STEP", "", "metrics_plot",                                         \
      "from this step on; with --by time from these milliseconds since 1970 on")               \
    X(end, "", CLI_TEXT, "STEP", "", "metrics_plot",                                           \
      "up to this step; with --by time up to these milliseconds since 1970")                   \
    X(output, "", CLI_TEXT, "PATH", "", "artifacts_get",                                       \
      "where to write; default: the last part of the artifact's path, here")                   \
    X(name, "", CLI_TEXT, "NAME", "", "run", "the run's name")                                 \
    X(config, "", CLI_TEXTS, "KEY=VALUE", "", "run log",                                       \
      "a value of the run's configuration; may be given several times")                        \
    X(tag, "", CLI_TEXTS, "KEY=VALUE", "", "run log push",                                     \
      "a tag of the run, or of the version; may be given several times")                       \
    X(sample, "", CLI_SECONDS, "TIME", "10s", "run",                                           \
      "measure what the program and the machine use so often; 0: never")                       \
    X(wait, "", CLI_SECONDS, "TIME", "10s", "run",                                             \
      "at the end, wait so long for a server that is away; then what is left is kept")         \
    X(kind, "", CLI_TEXT, "KIND", "", "repos_list repos_create push audit",                    \
      "model, data, prompt, run or release; a new repo is for models unless this says "        \
      "otherwise; of "                                                                         \
      "'audit': kinds of events, with commas")                                                 \
    X(require, "", CLI_TEXT, "PARTS", "", "protect_set",                                       \
      "parts that a version must have, with commas, or none")                                  \
    X(approvals, "", CLI_NUMBER, "N", "0", "protect_set",                                      \
      "how many people must approve a version, besides who published it")                      \
    X(withdraw, "", CLI_FLAG, "", "", "approve evaluate",                                      \
      "take your approval back; of 'evaluate': evaluation N counts no more, -m says why")      \
    X(user, "", CLI_TEXT, "USER", "", "audit approve",                                         \
      "only what this user did; of 'approve --withdraw': whose approval, yours unless this "   \
      "says otherwise")                                                                        \
    X(since, "", CLI_TEXT, "TIME", "", "audit", "only what happened then or later")            \
    X(until, "", CLI_TEXT, "TIME", "", "audit", "only what happened up to then")               \
    X(head, "", CLI_FLAG, "", "", "verify",                                                    \
      "only print the event log's head, to be kept elsewhere")                                 \
    X(against, "", CLI_TEXT, "HEAD", "", "verify",                                             \
      "what --head printed earlier: was anything up to there changed since?")                  \
    X(message, "", CLI_ANY_TEXT, "WHY", "",                                                    \
      "alias tag rollback push mark unmark delete repos_delete unref approve release "         \
      "rule_set "                                                                              \
      "rule_remove best workspace_create evaluate",                                            \
      "why: it is kept with the move, with who and when; of 'push': what is new; of a "        \
      "workspace: what it is for; of an evaluation: about it")                                 \
    X(expect, "", CLI_TEXT, "N", "", "alias rollback unref",                                   \
      "only if it points at version N now; 0: only if it is not there")                        \
    X(part, "", CLI_TEXTS, "NAME", "", "diff",                                                 \
      "only this part: files, config, tokenizer, text, tensors, parameters, metrics, "         \
      "evaluations, tags, data, code or environment; may be given several times")              \
    X(stat, "", CLI_FLAG, "", "", "diff", "only how much differs, a line a part")              \
    X(exit_code, "", CLI_FLAG, "", "", "diff", "exit with 1 when something differs")           \
    X(vs, "", CLI_TEXT, "ADDRESS", "", "why", "the version that it is compared with")          \
    X(metric, "", CLI_TEXT, "NAME", "", "why",                                                 \
      "what is explained: metrics.acc, or acc, or evals.SUITE.NAME; default: what the "        \
      "repo's rules judge by")                                                                 \
    X(up, "", CLI_FLAG, "", "", "lineage", "what it is made of; without --down only that")     \
    X(down, "", CLI_FLAG, "", "", "lineage", "what was made from it; without --up only that")  \
    X(depth, "", CLI_NUMBER, "N", "10", "lineage", "at most so many steps, 1 to 100")          \
    X(nodes, "", CLI_NUMBER, "N", "500", "lineage", "at most so many nodes, 1 to 10000")       \
    X(refs, "", CLI_FLAG, "", "", "lineage",                                                   \
      "of --json: also which refs point at the versions; people are shown them anyway")        \
    X(dot, "", CLI_FLAG, "", "", "lineage", "print a graph for graphviz: ... | dot -Tsvg")     \
    X(quiet, "", CLI_FLAG, "", "", "run", "say nothing but what went wrong")                   \
    X(step, "", CLI_TEXT, "STEP", "0", "log", "the step of the points")                        \
    X(time, "", CLI_TEXT, "MS", "", "log",                                                     \
      "the time of the points, in milliseconds since 1970; default: now")                      \
    X(tail, "", CLI_NUMBER, "N", "0", "console", "only the last N lines; 0: all")              \
    X(search, "", CLI_TEXT, "TEXT", "", "console", "only lines with this text")                \
    X(match, "", CLI_TEXT, "PATTERN", "", "console",                                           \
      "only lines that match this regular expression")                                         \
    X(stream, "", CLI_TEXT, "STREAM", "", "console", "only lines of out or err")               \
    X(workspace, "STEMMA_WORKSPACE", CLI_TEXT, "NAME", "", "@client",                          \
      "the workspace; the default one is 'default'")                                           \
    X(role, "", CLI_TEXT, "ROLE", "", "user_add",                                              \
      "what the user may do in the workspace: reader, writer, maintainer or admin; none by "   \
      "default")                                                                               \
    X(label, "", CLI_TEXT, "TEXT", "", "user_add token_add", "what the token is for")          \
    X(expires, "", CLI_SECONDS, "TIME", "0", "token_add",                                      \
      "the token counts so long: 90d, 12h; 0: without end")                                    \
    X(color, "STEMMA_COLOR", CLI_TEXT, "WHEN", "auto", "@client",                              \
      "auto, always or never; auto: on a terminal, unless NO_COLOR is set")                    \
    X(no_pager, "", CLI_FLAG, "", "", "@client", "never show long output through $PAGER")      \
    X(openapi, "", CLI_FLAG, "", "", "reference", "the native API as an OpenAPI 3.1 page")

#define CLI_MEMBER(name, env, kind, placeholder, fallback, commands, doc) str name;
#define CLI_COUNT(name, env, kind, placeholder, fallback, commands, doc)  +1
typedef struct cli_options {
    CLI_OPTIONS(CLI_MEMBER) // as given, or the default; a flag that is set is "1"
    uint8_t given[0 CLI_OPTIONS(CLI_COUNT)]; // see cli_given
    str order;  // names of the options of the command line as they stood, one a line
    str *words; // what is no option, and everything behind "--"
    size_t n_words;
} cli_options;
#undef CLI_MEMBER
#undef CLI_COUNT

struct cli_command;
// The command's options from the environment and argv; more or fewer words than it takes are
// refused.
bool cli_parse(arena *a, const struct cli_command *c, int argc, char **argv, cli_options *out,
               err *e);
// Was it given on the command line or in the environment?
bool cli_given(const cli_options *o, const char *option);
bool cli_said(const cli_options *o, const char *option); // on the command line
bool cli_number(str s, int64_t *out);
bool cli_seconds(str s, int64_t *out);
bool cli_bytes(str s, int64_t *out); // "50M": K, M and G are powers of 1,000
// A row of the table as the help and the completion tell it.
typedef struct cli_option_about {
    char name[32]; // "--dry-run"
    char letter;   // 0: none
    cli_kind kind;
    const char *env, *placeholder, *fallback, *doc;
} cli_option_about;
// The i-th option that a command takes; false behind the last.
bool cli_option_at(const struct cli_command *c, size_t i, cli_option_about *out);
void cli_options_markdown(const struct cli_command *c); // a table of them

// ---- commands (commands.c) ------------------------------------------------------------------
enum {
    CLI_CLIENT = 1, // talks to a server: takes --url, --token, --data, --json ...
    CLI_LIST = 2,   // lists: takes --limit, --after, --csv
    CLI_SELECT = 4, // acts on several runs: takes --where, --yes ...
    CLI_EMPTY = 8,  // its words may be empty
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

// The commands that share a first word, as the overview shows them.
typedef struct cli_group {
    const char *name, *summary;
} cli_group;

extern const cli_command cli_commands[];
extern const cli_group cli_groups[];
extern const size_t cli_n_commands, cli_n_groups;

int cmd_serve(const cli_options *o, arena *a);
int cmd_check(const cli_options *o, arena *a);
int cmd_rebuild(const cli_options *o, arena *a);
int cmd_gc(const cli_options *o, arena *a);
int cmd_health(const cli_options *o, arena *a);
int cmd_version(const cli_options *o, arena *a);
int cmd_help(const cli_options *o, arena *a);
int cmd_backup(const cli_options *o, arena *a);
int cmd_restore(const cli_options *o, arena *a);
int cmd_check_backup(const cli_options *o, arena *a);
int cmd_migrate(const cli_options *o, arena *a);
int cmd_export(const cli_options *o, arena *a);
int cmd_import(const cli_options *o, arena *a);
int cmd_du(const cli_options *o, arena *a);
int cmd_import_mlflow(const cli_options *o, arena *a);
int cmd_reference(const cli_options *o, arena *a);
int cmd_run(const cli_options *o, arena *a);
int cmd_log(const cli_options *o, arena *a);
int cmd_console(const cli_options *o, arena *a);
int cmd_send(const cli_options *o, arena *a);
int cmd_completion(const cli_options *o, arena *a);
int cmd_complete(const cli_options *o, arena *a);
int cmd_man(const cli_options *o, arena *a);

int cmd_projects_list(const cli_options *o, arena *a);
int cmd_projects_show(const cli_options *o, arena *a);
int cmd_projects_create(const cli_options *o, arena *a);
int cmd_projects_rename(const cli_options *o, arena *a);
int cmd_projects_tag(const cli_options *o, arena *a);
int cmd_projects_delete(const cli_options *o, arena *a);
int cmd_projects_restore(const cli_options *o, arena *a);

int cmd_repos_list(const cli_options *o, arena *a);
int cmd_repos_show(const cli_options *o, arena *a);
int cmd_repos_create(const cli_options *o, arena *a);
int cmd_repos_rename(const cli_options *o, arena *a);
int cmd_repos_tag(const cli_options *o, arena *a);
int cmd_repos_delete(const cli_options *o, arena *a);
int cmd_show(const cli_options *o, arena *a);
int cmd_refs(const cli_options *o, arena *a);
int cmd_alias(const cli_options *o, arena *a);
int cmd_tag(const cli_options *o, arena *a);
int cmd_release(const cli_options *o, arena *a);
int cmd_rollback(const cli_options *o, arena *a);
int cmd_protect_set(const cli_options *o, arena *a);
int cmd_protect_list(const cli_options *o, arena *a);
int cmd_protect_remove(const cli_options *o, arena *a);
int cmd_protect_check(const cli_options *o, arena *a);
int cmd_approve(const cli_options *o, arena *a);
int cmd_evaluate(const cli_options *o, arena *a);
int cmd_unref(const cli_options *o, arena *a);
int cmd_mark(const cli_options *o, arena *a);
int cmd_unmark(const cli_options *o, arena *a);
int cmd_delete(const cli_options *o, arena *a);
int cmd_history(const cli_options *o, arena *a);
int cmd_rule_set(const cli_options *o, arena *a);
int cmd_rule_list(const cli_options *o, arena *a);
int cmd_rule_show(const cli_options *o, arena *a);
int cmd_rule_remove(const cli_options *o, arena *a);
int cmd_rule_check(const cli_options *o, arena *a);
int cmd_best(const cli_options *o, arena *a);
int cmd_why(const cli_options *o, arena *a);
int cmd_lineage(const cli_options *o, arena *a);
int cmd_log_repo(const cli_options *o, arena *a); // 'log' with a repo and nothing to log

int cmd_runs_list(const cli_options *o, arena *a);
int cmd_runs_search(const cli_options *o, arena *a);
int cmd_runs_show(const cli_options *o, arena *a);
int cmd_runs_watch(const cli_options *o, arena *a);
int cmd_runs_compare(const cli_options *o, arena *a);
int cmd_runs_tag(const cli_options *o, arena *a);
int cmd_runs_move(const cli_options *o, arena *a);
int cmd_runs_delete(const cli_options *o, arena *a);
int cmd_runs_restore(const cli_options *o, arena *a);

int cmd_metrics(const cli_options *o, arena *a);
int cmd_metrics_plot(const cli_options *o, arena *a);

int cmd_artifacts_list(const cli_options *o, arena *a);
int cmd_artifacts_get(const cli_options *o, arena *a);
int cmd_artifacts_cat(const cli_options *o, arena *a);
int cmd_artifacts_put(const cli_options *o, arena *a);

int cmd_diff(const cli_options *o, arena *a);
int cmd_push(const cli_options *o, arena *a);
int cmd_pull(const cli_options *o, arena *a);

int cmd_events(const cli_options *o, arena *a);
int cmd_audit(const cli_options *o, arena *a);
int cmd_verify(const cli_options *o, arena *a);
int cmd_workspace_list(const cli_options *o, arena *a);
int cmd_workspace_create(const cli_options *o, arena *a);
int cmd_workspace_delete(const cli_options *o, arena *a);

int cmd_user_list(const cli_options *o, arena *a);
int cmd_user_add(const cli_options *o, arena *a);
int cmd_user_enable(const cli_options *o, arena *a);
int cmd_user_disable(const cli_options *o, arena *a);
int cmd_user_role(const cli_options *o, arena *a);
int cmd_token_list(const cli_options *o, arena *a);
int cmd_token_add(const cli_options *o, arena *a);
int cmd_token_revoke(const cli_options *o, arena *a);
int cmd_whoami(const cli_options *o, arena *a);

int cmd_jobs_list(const cli_options *o, arena *a);
int cmd_jobs_show(const cli_options *o, arena *a);

// ---- help (help.c) --------------------------------------------------------------------------
void cli_print_overview(void);
// Help on what argv[1...] names: a command, or a group of them; CLI_USAGE when there is none.
int cli_print_help(int argc, char **argv);
void cli_print_reference(void); // the commands' part of docs/reference.md
// The command that argv names by two words or one, or NULL.
const cli_command *cli_find(int argc, char **argv);
bool cli_is_group(const char *word);
// Says that there is no such command, and which is the nearest; CLI_USAGE.
int cli_no_command(int argc, char **argv);
// The word of `words` that a mistyped one is likely to mean, or NULL.
const char *cli_nearest(str word, const char *const *words, size_t n);

// ---- the data (data.c) ----------------------------------------------------------------------
typedef struct cli_data {
    db *db;
    store *store;
    core *core;
} cli_data;

// ERR_NOT_FOUND unless the folder holds data, so that a typing error is not called whole.
bool cli_data_there(const cli_options *o, arena *a, err *e);
// Opens database, content folder and core, made when they are missing. `background`: with the
// threads that pack and fold.
bool cli_open(const cli_options *o, arena *a, bool background, cli_data *out, err *e);
void cli_close(cli_data *d);
str cli_sqlite_url(const cli_options *o, arena *a); // of the database in the folder
str cli_db_url(const cli_options *o, arena *a);     // --db, or that
// The content folder, which is made when it is missing.
store *cli_open_store(const cli_options *o, arena *a, db *d, err *e);
// Checks everything and prints what was found; the exit code.
int cli_check(const cli_options *o, arena *a, cli_data *d);

bool cli_set_log(str level, err *e); // ERR_INVALID when there is no such level

// The exit status for an error: CLI_USAGE for what the caller wrote wrongly, CLI_NOT_FOUND,
// CLI_UNREACHED, else CLI_FAILED.
int cli_status_of(const err *e);
// Prints "stemma: <message>" and returns its status.
int cli_fail(const err *e);

#endif
