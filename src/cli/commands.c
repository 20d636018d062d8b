// SPDX-License-Identifier: Apache-2.0
// commands: the table of commands, and which of them argv names. One thread.
#include "cli/cli_internal.h"

#include <stdio.h>

const cli_command cli_commands[] = {
    {.name = "serve",
     .run = cmd_serve,
     .summary = "run the server",
     .text =
         "Serves MLflow's tracking protocol over the data in a folder until it gets SIGTERM or "
         "SIGINT. With --db the records are\n"
         "kept in PostgreSQL, and several servers may share it together with one --data folder "
         "for "
         "the content."},
    {.name = "check",
     .run = cmd_check,
     .summary = "is this data whole?",
     .text = "Reads the records, the blocks of points, the event log's chain and the stored "
             "files, and "
             "names what is damaged. Exits\n"
             "with 3 when something is. The server must not run on the same SQLite folder. "
             "With a FILE: reads that backup whole "
             "instead.",
     .usage = "[FILE]",
     .most = 1},
    {.name = "rebuild",
     .run = cmd_rebuild,
     .summary = "make derived tables anew from the facts",
     .text = "Makes the summaries of series and the columns of the search again. Facts are not "
             "touched."},
    {.name = "gc",
     .run = cmd_gc,
     .summary = "free what was deleted",
     .text = "Frees runs, logged models, and projects with all that is in them, that were "
             "deleted at least --older-than ago, and then the stored files that nothing names "
             "any more.\n"
             "What it frees can be brought back with --undo until --hold has passed, and takes "
             "room until "
             "the first gc after that."},
    {.name = "du",
     .run = cmd_du,
     .summary = "who uses how much",
     .text = "Runs, points and files by project or by user, versions and their files by repo "
             "(--by), most bytes first. 'stored'\n"
             "counts each file once, however many runs name it; by repo each object (a file, a "
             "chunk of a large one) once,\n"
             "however many versions have it, with the first repo that has it.",
     .flags = CLI_CLIENT},
    {.name = "backup",
     .run = cmd_backup,
     .summary = "write everything to one file",
     .text = "Writes everything that a running server keeps, or a folder (--data) that no "
             "server has, "
             "as it was at one moment. The\n"
             "server goes on meanwhile. FILE gets its name when it is whole.",
     .usage = "FILE",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "restore",
     .run = cmd_restore,
     .summary = "make a data folder from a backup",
     .text = "Makes the folder --data, and the records in it or in the PostgreSQL database "
             "--db, from a "
             "backup. Both must be empty.\n"
             "Killed anywhere, run it again. At its end it checks everything.",
     .usage = "FILE",
     .least = 1,
     .most = 1},
    {.name = "migrate",
     .run = cmd_migrate,
     .summary = "move the records to another database",
     .text = "Moves the records of a data folder from SQLite to PostgreSQL (--to "
             "postgresql://...) or "
             "back (--from postgresql://...\n"
             "--to sqlite); the content stays. No server may run. Killed anywhere, run it "
             "again: the "
             "source is only read."},
    {.name = "export",
     .run = cmd_export,
     .summary = "write everything as lines of JSON and files",
     .text = "Writes projects, runs, parameters, tags, points, inputs, models, events and "
             "files of a data "
             "folder into the new folder\n"
             "DIR, for people and other tools: docs/export.md describes it.",
     .usage = "DIR",
     .least = 1,
     .most = 1},
    {.name = "import",
     .run = cmd_import,
     .summary = "make a data folder from an export",
     .text = "Makes the folder --data (and the records in --db) from what 'stemma export' "
             "wrote, with "
             "the same ids. Both must be empty.",
     .usage = "DIR",
     .least = 1,
     .most = 1},
    {.name = "import mlflow",
     .run = cmd_import_mlflow,
     .usage = "SOURCE",
     .least = 1,
     .most = 1,
     .summary = "bring the history of an MLflow tracker over",
     .text =
         "Brings experiments, runs, points, data sets, logged models, artifacts, registered "
         "models and prompts over with\n"
         "their ids and numbers, and proves "
         "it: both sides are counted and summed.\nSOURCE is a tracking server (http://...), an "
         "mlflow.db file, a PostgreSQL URL of\n"
         "MLflow's backend store, or an mlruns folder; it is only read. May be repeated: what "
         "is there "
         "is passed over. Opens the\n"
         "folder itself, so no server may run on it; with --db servers may go on. Exits with 3 "
         "when "
         "something did not come."},
    {.name = "run",
     .run = cmd_run,
     .summary = "run a program as a run: output, state, source, machine",
     .text = "Makes a run and runs CMD as part of it. What CMD prints goes through and is kept "
             "as the "
             "run's console, with the git commit and\n"
             "uncommitted changes, the machine, and what CMD uses. Exits as CMD does. MLflow "
             "within CMD logs "
             "to the same run.\n"
             "A server that is away does not stop CMD: what could not be sent is kept for "
             "'stemma send'.",
     .usage = "-- CMD [ARGUMENT...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_EMPTY},
    {.name = "log",
     .run = cmd_log,
     .summary = "log metrics, configuration and tags of a run",
     .text = "Logs numbers as points of the run's series, and with --config and --tag texts. "
             "With - "
             "also what standard input gives, an\n"
             "object a line: {\"step\": 3, \"loss\": 0.5, \"acc\": 0.9}. Within 'stemma run' "
             "RUN may be left "
             "out.\n"
             "With the name of a repo and nothing to log: shows its versions and the moves of "
             "its refs, newest first.",
     .usage = "[RUN] [KEY=VALUE...] [-]",
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "console",
     .run = cmd_console,
     .summary = "what a run's program printed",
     .text = "Prints the lines of a run's console, all or the last ones, or those that match.",
     .usage = "RUN",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "send",
     .run = cmd_send,
     .summary = "send what 'stemma run' could not send",
     .text = "Sends what 'stemma run' kept while the server was away, and removes the files. "
             "A file of which the server refuses something stays. Sending twice does no harm.",
     .usage = "FILE...",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "push",
     .run = cmd_push,
     .summary = "a folder as a new version of a model, data set or prompt",
     .text =
         "Makes the files of a folder a new version of a repo, which is made when it is not "
         "there. Only what the server lacks\n"
         "travels; what broke off goes on when it is run again. .stemmaignore in the folder "
         "says what to leave out, in the form\n"
         "of .gitignore. Links to files are followed within the folder (and within the "
         "Hugging Face cache that it lies in).\n"
         "It tells which semantic version the new version could be sealed under, and why.",
     .usage = "FOLDER REPO",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "pull",
     .run = cmd_pull,
     .summary = "a version's files into a folder",
     .text =
         "Brings a version's files into a folder (by default one of the repo's name), which "
         "must not be there or be empty. REPO is\n"
         "its newest version; REPO@NAME, REPO@NUMBER and REPO@{TIME} name others. The folder "
         "appears when all of it is there and\n"
         "every byte was held against its digest; what broke off goes on when it is run "
         "again.",
     .usage = "REPO[@VERSION] [FOLDER]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "projects list",
     .run = cmd_projects_list,
     .summary = "the projects",
     .text = "Lists the projects, made last first.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "projects show",
     .run = cmd_projects_show,
     .summary = "one project",
     .text = "Shows a project, named by its name or number, with its tags.",
     .usage = "PROJECT",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "projects create",
     .run = cmd_projects_create,
     .summary = "make a project",
     .text = "Makes a project, and prints its number.",
     .usage = "NAME [KEY=VALUE...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "projects rename",
     .run = cmd_projects_rename,
     .summary = "give a project another name",
     .text = "Gives a project another name. Its number stays.",
     .usage = "PROJECT NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "projects tag",
     .run = cmd_projects_tag,
     .summary = "set and remove a project's tags",
     .text = "Sets tags of a project, and removes those named with --remove.",
     .usage = "PROJECT [KEY=VALUE...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "projects delete",
     .run = cmd_projects_delete,
     .summary = "move a project with its runs to the bin",
     .text = "Moves a project with its runs to the bin. On a terminal it asks first.",
     .usage = "PROJECT",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "projects restore",
     .run = cmd_projects_restore,
     .summary = "bring a project back from the bin",
     .text = "Brings a project with its runs back from the bin.",
     .usage = "PROJECT",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "repos list",
     .run = cmd_repos_list,
     .summary = "the repos: models, data sets, prompts",
     .text = "Lists the repos in the order of their names.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "repos show",
     .run = cmd_repos_show,
     .summary = "one repo",
     .text = "Shows a repo with its tags. 'stemma log REPO' shows its versions.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "repos create",
     .run = cmd_repos_create,
     .summary = "make a repo",
     .text = "Makes a repo of the --kind, with tags.",
     .usage = "NAME [KEY=VALUE...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "repos rename",
     .run = cmd_repos_rename,
     .summary = "give a repo another name",
     .text = "Gives a repo another name. Its versions and their history stay.",
     .usage = "REPO NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "repos tag",
     .run = cmd_repos_tag,
     .summary = "set and remove a repo's tags",
     .text = "Sets tags of a repo, and removes those named with --remove.",
     .usage = "REPO [KEY=VALUE...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "repos delete",
     .run = cmd_repos_delete,
     .summary = "delete a repo with its versions, with a reason",
     .text =
         "Deletes a repo with its versions, unless a tag holds one; -m says why, and the event "
         "log keeps it. On a terminal it asks\n"
         "first. There is no bin.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "show",
     .run = cmd_show,
     .summary = "the version that an address means",
     .text =
         "Shows a version: what it holds, who published it, which refs point at it, what was "
         "found about it, what its pickles would import. An address is\n"
         "    [WORKSPACE/]REPO[@WHAT][@{TIME}]\n"
         "with an alias, a tag, a stage, a number, latest (the default) or sha256:... as "
         "WHAT:\n"
         "bot@prod, bot@3, bot@prod@{2026-11-01}, bot@prod@{3 days ago}.",
     .usage = "ADDRESS",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "diff",
     .run = cmd_diff,
     .summary = "what changed between two versions, or two runs",
     .text =
         "Compares files, configuration by its values, the tokenizer, texts line by line, "
         "tensors by how far they moved, and what\n"
         "the runs recorded: parameters, metrics, data, code, environment. What is the same "
         "is not shown. Each of the two is an\n"
         "address (bot@3, 'bot@prod@{yesterday}'), or a run: its id, a beginning of it, or "
         "'latest', with or without 'run:' before it.",
     .usage = "ADDRESS|RUN ADDRESS|RUN",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "refs",
     .run = cmd_refs,
     .summary = "the aliases and tags of a repo",
     .text = "Lists the refs of a repo: where they point, since when, by whom and why.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "alias",
     .run = cmd_alias,
     .summary = "set or move an alias",
     .text = "Lets the alias NAME of the repo point at the version that ADDRESS means: stemma "
             "alias bot@candidate prod -m 'fewer refusals'.\n"
             "With --expect the move is refused when somebody was faster.",
     .usage = "ADDRESS NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "tag",
     .run = cmd_tag,
     .summary = "seal a version under a name",
     .text = "Sets the tag NAME at the version that ADDRESS means. A tag never moves, and its "
             "version can not be deleted.\n"
             "With --suggested the name is the semantic version that 'stemma show' suggests.",
     .usage = "ADDRESS [NAME]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "release",
     .run = cmd_release,
     .summary = "publish versions of several repos as one",
     .text = "Makes a version of the repo of releases (which is made when it is not there) "
             "that pins the "
             "versions that the ADDRESSes mean.\n"
             "When an alias of it moves or is rolled back, the alias of that name of each "
             "pinned repo "
             "moves with it, all or none.",
     .usage = "REPO ADDRESS...",
     .least = 2,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "rollback",
     .run = cmd_rollback,
     .summary = "move an alias back to the last good version",
     .text =
         "Moves an alias to the last version that it was at, before it came to where it is, "
         "and that is neither deleted, yanked nor\n"
         "marked bad. With --dry-run it only tells which; else -m says why.",
     .usage = "REPO@REF",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "protect set",
     .run = cmd_protect_set,
     .summary = "ask for parts and approvals before a ref moves",
     .text =
         "Protects the ref: only maintainers move it, back it and remove it, and only to "
         "versions "
         "that have the parts of --require, for\n"
         "which --rule holds, and that --approvals people approved. What is not given stays "
         "as it was; --require none, --rule none\n"
         "and --approvals 0 ask for that no more. Without @REF: no version is published in "
         "the repo that lacks the parts. Parts are\n"
         "config, weights, tokenizer, card, logs (of its run) and evaluations.",
     .usage = "REPO[@REF]",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "protect list",
     .run = cmd_protect_list,
     .summary = "what a repo asks for",
     .text = "Lists the protected refs of a repo, and what they ask for.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "protect remove",
     .run = cmd_protect_remove,
     .summary = "protect a ref no more",
     .text = "Takes a protection away. Approvals stay.",
     .usage = "REPO[@REF]",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "protect check",
     .run = cmd_protect_check,
     .summary = "has a version what is asked for?",
     .text = "Shows which parts a version has and lacks, and who approved it for the ref. The "
             "exit status is 1 when it is not ready.",
     .usage = "ADDRESS [REF]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "approve",
     .run = cmd_approve,
     .summary = "approve a version for a ref",
     .text =
         "Says that the version that ADDRESS means may be at the ref. Needs a token of your "
         "own, and who published the version can not. It\n"
         "counts while you may write here. --withdraw takes it back; a maintainer takes back "
         "that of another with --user and -m.",
     .usage = "ADDRESS REF",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "evaluate",
     .run = cmd_evaluate,
     .summary = "add what was measured of a version, or withdraw it",
     .text =
         "Adds an evaluation of the version that ADDRESS means: a --suite and its scores "
         "(--score acc=0.93), at any time after it\n"
         "was published. --from reads them out of a JSON file of numbers, nested ones by their "
         "path (task.metric); of a file of\n"
         "lm-evaluation-harness its `results`, in which acc,none is acc. With a number and "
         "--withdraw the evaluation of that number is\n"
         "taken back: it stays, with the reason that -m says, and counts no more. 'stemma show "
         "ADDRESS' lists them; rules, best, why\n"
         "and diff know a score as evals.SUITE.NAME.",
     .usage = "ADDRESS [N]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "unref",
     .run = cmd_unref,
     .summary = "remove an alias or a tag",
     .text = "Removes a ref. Its history stays; a tag, which held its version, needs a reason.",
     .usage = "REPO@REF",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "mark",
     .run = cmd_mark,
     .summary = "say that a version is yanked or bad",
     .text = "Marks a version: yanked is not to be used any more, and whoever pulls it is "
             "warned; to one that is bad no rollback goes.\n"
             "-m says why.",
     .usage = "ADDRESS yanked|bad",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "unmark",
     .run = cmd_unmark,
     .summary = "take a version's mark away",
     .text = "Takes a mark away. That it was there stays in the log.",
     .usage = "ADDRESS yanked|bad",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "delete",
     .run = cmd_delete,
     .summary = "delete a version, with a reason",
     .text = "Deletes the version that ADDRESS means, unless a tag holds it. What stays is its "
             "number, with who deleted it when and why (-m).\n"
             "On a terminal it asks first. There is no bin.",
     .usage = "ADDRESS",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "history",
     .run = cmd_history,
     .summary = "the moves of a ref, or of all of a repo",
     .text = "Lists who moved a ref from where to where, when and why, newest first.",
     .usage = "REPO[@REF]",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "lineage",
     .run = cmd_lineage,
     .summary = "what something is made of, and what was made from it",
     .text =
         "Draws the family tree of a version, a run, a logged model or a data set: up, what it "
         "is made of; down, what was\n"
         "made from it, with the refs that point there. WHAT is an address (bot@prod; a "
         "deleted "
         "version by its number), an id,\n"
         "run:RUN, data:NAME[@DIGEST], or an address elsewhere with '://' in it. What a "
         "version "
         "says that it derives from is\n"
         "verified where its own files say so too:\n"
         "    stemma lineage bot@prod --up\n"
         "    stemma lineage data:refusals@3f2a --down",
     .usage = "WHAT",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "rule set",
     .run = cmd_rule_set,
     .summary = "make or change a rule of a repo",
     .text =
         "Says what a good version of a repo is: constraints over the runs of a version (the "
         "one that made it, and its\n"
         "evaluations) and its tags, and which field decides between those that are good:\n"
         "    stemma rule set bot release --where \"metrics.acc > 0.9 and tags.license = "
         "'mit'\" "
         "--max metrics.acc --then --min metrics.latency",
     .usage = "REPO NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "rule list",
     .run = cmd_rule_list,
     .summary = "the rules of a repo",
     .text = "Lists the rules of a repo. Their changes are events: see 'stemma events'.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "rule show",
     .run = cmd_rule_show,
     .summary = "one rule of a repo",
     .text = "Shows a rule: what must hold, what decides, who set it when and why.",
     .usage = "REPO NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "rule remove",
     .run = cmd_rule_remove,
     .summary = "remove a rule of a repo",
     .text = "Removes a rule. What it was stays in the events.",
     .usage = "REPO NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "rule check",
     .run = cmd_rule_check,
     .summary = "does a rule hold for a version?",
     .text =
         "Tells whether a rule holds for the version that ADDRESS means, and if not, why. The "
         "exit status is 1 then.",
     .usage = "ADDRESS NAME",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "best",
     .run = cmd_best,
     .summary = "the best version of a repo, and why the others are not",
     .text = "Chooses among the versions of a repo by a rule, or by --where and --max or "
             "--min, and "
             "says of each other version why it\n"
             "lost. Deleted, yanked and bad ones never win, nor does NaN; between equals the "
             "newest "
             "does. With --alias the alias is moved\n"
             "to the choice. The exit status is 4 when no version is good.",
     .usage = "REPO",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "why",
     .run = cmd_why,
     .summary = "what explains that a metric of two versions differs",
     .text =
         "Tells the differences between two versions of a repo, those first that explain a "
         "change "
         "of a metric by the repo's history:\n"
         "pairs of versions of which only this differs, then what goes with the metric over "
         "all "
         "versions (a permutation test, with a\n"
         "threshold that counts how many differences were tested). It is evidence, no proof:\n"
         "    stemma why bot@prod --vs bot@candidate --metric acc",
     .usage = "ADDRESS",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "runs list",
     .run = cmd_runs_list,
     .summary = "runs, begun last first",
     .text = "Lists runs, begun last first unless --sort says otherwise.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "runs search",
     .run = cmd_runs_search,
     .summary = "runs that match an expression",
     .text =
         "Lists the runs that match an expression of the search language:\n"
         "    metrics.acc.max > 0.9 and config.optimizer = 'adam' and start > '1 week ago'\n"
         "Fields are metrics.KEY (.last, .first, .min, .max), config.KEY, tags.KEY, "
         "dataset.name and the attributes name, id,\n"
         "status, user, start, end, created, project and duration.",
     .usage = "EXPRESSION",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST | CLI_EMPTY},
    {.name = "runs show",
     .run = cmd_runs_show,
     .summary = "one run: state, configuration, metrics, tags",
     .text = "Shows a run. A run is named by its id, by a beginning of it (6 digits and more) "
             "that no other run has, or by\n"
             "'latest': the one begun last (in --project).",
     .usage = "RUN",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "runs watch",
     .run = cmd_runs_watch,
     .summary = "follow a run live",
     .text = "Shows a run's state and newest values until it ends or Ctrl-C is pressed. Exits "
             "with 1 when the run ended badly, so\n"
             "that 'stemma runs watch latest && next-step' does what it says.",
     .usage = "RUN",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "runs compare",
     .run = cmd_runs_compare,
     .summary = "what differs between runs",
     .text =
         "Shows configuration, tags and last values of runs side by side: only what differs, "
         "metrics with their difference\n"
         "to the first run.",
     .usage = "RUN RUN...",
     .least = 2,
     .most = 20,
     .flags = CLI_CLIENT},
    {.name = "runs tag",
     .run = cmd_runs_tag,
     .summary = "set and remove tags of runs",
     .text = "Sets tags (words with '=') of runs, and removes those named with --remove. With "
             "--where: of all that match.",
     .usage = "[RUN...] [KEY=VALUE...]",
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_SELECT},
    {.name = "runs move",
     .run = cmd_runs_move,
     .summary = "move runs to another project",
     .text = "Moves runs to the project --to.",
     .usage = "[RUN...]",
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_SELECT},
    {.name = "runs delete",
     .run = cmd_runs_delete,
     .summary = "move runs to the bin",
     .text = "Moves runs to the bin: those named, or with --where those that match. On a "
             "terminal it asks first, and shows how many.",
     .usage = "[RUN...]",
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_SELECT},
    {.name = "runs restore",
     .run = cmd_runs_restore,
     .summary = "bring runs back from the bin",
     .text =
         "Brings runs back from the bin: those named, or with --where the deleted ones that "
         "match.",
     .usage = "[RUN...]",
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_SELECT},
    {.name = "metrics",
     .run = cmd_metrics,
     .summary = "the series of a run, and their points",
     .text =
         "Lists a run's series with their summaries; with keys: the points of those series, "
         "with --by time in the order of their times.",
     .usage = "RUN [KEY...]",
     .least = 1,
     .most = CLI_MANY,
     .flags = CLI_CLIENT},
    {.name = "metrics plot",
     .run = cmd_metrics_plot,
     .summary = "draw series in the terminal",
     .text =
         "Draws series over their steps, with --by time over the times of their points. Words "
         "that name runs are runs, all others are keys.\n"
         "Every point counts: each column shows the least and the greatest of its values.",
     .usage = "RUN... KEY...",
     .least = 2,
     .most = 40,
     .flags = CLI_CLIENT},
    {.name = "artifacts list",
     .run = cmd_artifacts_list,
     .summary = "the files of a run",
     .text = "Lists a folder of a run's files.",
     .usage = "RUN [PATH]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "artifacts get",
     .run = cmd_artifacts_get,
     .summary = "download a file or a folder",
     .text =
         "Downloads a file, or a folder with all that is in it (without PATH: everything). A "
         "file appears whole or not at all, is\n"
         "checked against its SHA-256, and a download that was cut off goes on where it "
         "stopped.",
     .usage = "RUN [PATH]",
     .least = 1,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "artifacts cat",
     .run = cmd_artifacts_cat,
     .summary = "print a file",
     .text = "Writes a file's bytes to standard output.",
     .usage = "RUN PATH",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "artifacts put",
     .run = cmd_artifacts_put,
     .summary = "upload a file or a folder",
     .text = "Uploads a file, or a folder with all files in it, to PATH among a run's files. "
             "Without PATH it keeps its name.",
     .usage = "RUN FILE [PATH]",
     .least = 2,
     .most = 3,
     .flags = CLI_CLIENT},
    {.name = "events",
     .run = cmd_events,
     .summary = "who did what and when",
     .text = "Lists the event log, newest first; with --follow the last ten and what comes, "
             "oldest first, until Ctrl-C.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "audit",
     .run = cmd_audit,
     .summary = "who did what, to what, when and why",
     .text =
         "Lists events, newest first: all, or those of a run or of a repo with its versions "
         "and refs; by --user, --kind (with commas),\n"
         "--since and --until: 2026-11-01, 2026-11-01T12:30:00Z, yesterday, '3 days ago'.",
     .usage = "[RUN|REPO]",
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "verify",
     .run = cmd_verify,
     .summary = "is the history as it was written, are the versions whole?",
     .text =
         "Checks the chain of the event log, in which every event hashes all before it, and "
         "that "
         "all files of all versions are there\n"
         "(with --deep: reads them); with ADDRESS reads all of that version. --head prints the "
         "log's head: kept elsewhere, it proves\n"
         "later (--against) that nothing before it was changed, removed or put in another "
         "order. "
         "Exits with 3 when something is wrong.",
     .usage = "[ADDRESS]",
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "jobs list",
     .run = cmd_jobs_list,
     .summary = "what the server does in the background",
     .text = "Lists the server's jobs with their progress.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "jobs show",
     .run = cmd_jobs_show,
     .summary = "one job",
     .text = "Shows a job: its progress, and why it failed.",
     .usage = "JOB",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "workspace create",
     .run = cmd_workspace_create,
     .summary = "make a workspace",
     .text =
         "Makes a workspace with a Default project of its own. Choose it by --workspace, "
         "STEMMA_WORKSPACE (MLflow: MLFLOW_WORKSPACE),\n"
         "or before the name of a repo: team/bot@prod. Roles are given in each: stemma user "
         "role ann writer --workspace team.",
     .usage = "NAME",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "workspace list",
     .run = cmd_workspace_list,
     .summary = "the workspaces in which you have a role",
     .text = "Lists the workspaces in which you have a role; who operates the server sees all.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "workspace delete",
     .run = cmd_workspace_delete,
     .summary = "delete a workspace that is empty",
     .text = "Deletes a workspace, which must be empty: no runs, projects, models and files, "
             "those in the bin included. Its event log stays.",
     .usage = "NAME",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "user add",
     .run = cmd_user_add,
     .summary = "make a user, and their first token",
     .text = "Makes a user with a role in the workspace (--role), and prints their first "
             "token, which is told this once.\n"
             "Once there is a user, every request needs a token. The first user is made with "
             "the server's own token (--token of 'serve'),\n"
             "on an open server, or with --data on the folder while no server has it.",
     .usage = "NAME",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "user list",
     .run = cmd_user_list,
     .summary = "the users and their roles",
     .text = "Lists the users in the order of their names, with their roles in the workspace.",
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "user role",
     .run = cmd_user_role,
     .summary = "what a user may do",
     .text = "Sets a user's role in the workspace:\n"
             "    reader      reads\n"
             "    writer      also logs, publishes, moves aliases, deletes what can be "
             "restored\n"
             "    maintainer  also does what can not be undone: deletes repos, versions, tags\n"
             "    admin       also gives roles; in the default workspace: operates the server\n"
             "    none        nothing",
     .usage = "NAME ROLE",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "user disable",
     .run = cmd_user_disable,
     .summary = "keep a user out",
     .text = "From now on no token of the user counts. Users are not deleted: events name "
             "them.",
     .usage = "NAME",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "user enable",
     .run = cmd_user_enable,
     .summary = "let a disabled user in again",
     .text = "The user's tokens count again.",
     .usage = "NAME",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "token add",
     .run = cmd_token_add,
     .summary = "make another token of a user",
     .text = "Makes a token and prints it. It is told this once: what is kept is its hash.",
     .usage = "USER",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT},
    {.name = "token list",
     .run = cmd_token_list,
     .summary = "the tokens of a user",
     .text = "Lists a user's tokens: what for, until when, and when they were used last.",
     .usage = "USER",
     .least = 1,
     .most = 1,
     .flags = CLI_CLIENT | CLI_LIST},
    {.name = "token revoke",
     .run = cmd_token_revoke,
     .summary = "end a token",
     .text = "The token, named by its id as 'stemma token list' shows it, counts no more: on "
             "every server within a second.",
     .usage = "USER TOKEN",
     .least = 2,
     .most = 2,
     .flags = CLI_CLIENT},
    {.name = "whoami",
     .run = cmd_whoami,
     .summary = "who you are to the server, and what you may do",
     .text = "Shows the user of the token, and their role in the workspace.",
     .flags = CLI_CLIENT},
    {.name = "completion",
     .run = cmd_completion,
     .summary = "a script that completes words in the shell",
     .text = "Prints a script for a shell; for bash: source <(stemma completion bash). It "
             "completes commands, options, and, asking\n"
             "the server, projects, runs and metrics.",
     .usage = "bash",
     .least = 1,
     .most = 1},
    {.name = "man",
     .run = cmd_man,
     .summary = "the manual page",
     .text = "Prints the manual page: stemma man | man -l -"},
    {.name = "health",
     .run = cmd_health,
     .summary = "does the server answer?",
     .text = "Asks the server whether it answers, and with a token whether its database does. "
             "Exits "
             "with 0 when so, with 5 when not.\n"
             "For probes of containers and balancers."},
    {.name = "version",
     .run = cmd_version,
     .summary = "print the version",
     .text = "Prints the version of this program."},
    {.name = "help",
     .run = cmd_help,
     .summary = "this help, or a command's",
     .text = "stemma help COMMAND tells a command's options."},
    {.name = "reference",
     .run = cmd_reference,
     .summary = NULL,
     .text = ""}, // prints docs/reference.md, or the OpenAPI page; for the build
    {.name = "complete",
     .run = cmd_complete,
     .text = "",
     .most = CLI_MANY,
     .flags = CLI_CLIENT | CLI_EMPTY}, // what the script of 'completion' calls
};

const size_t cli_n_commands = sizeof cli_commands / sizeof *cli_commands;

const cli_group cli_groups[] = {
    {"import", "bring an export, or the history of another tracker, over"},
    {"projects", "list, make, rename, tag, delete and restore projects"},
    {"rule", "what a repo calls a good version"},
    {"repos", "list, make, rename, tag and delete repos"},
    {"protect", "what is asked for before refs move and versions are published"},
    {"runs", "search, show, watch, compare, tag, move, delete and restore runs"},
    {"metrics", "the series of a run: tables, CSV, plots"},
    {"artifacts", "list, download and upload the files of runs"},
    {"jobs", "what the server does in the background"},
    {"workspace", "make, list and delete workspaces"},
    {"user", "make, list and disable users, and say what they may do"},
    {"token", "make, list and revoke tokens"},
};
const size_t cli_n_groups = sizeof cli_groups / sizeof *cli_groups;

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
        cli_fail(&e);
    else
        code = c->run(&o, a);
    arena_free(a);
    return code;
}

int cli_main(int argc, char **argv) {
    if (argc < 2) {
        cli_print_overview();
        return CLI_USAGE;
    }
    const cli_command *c = cli_find(argc, argv);
    if (!strcmp(argv[1], "help") && argc > 2) return cli_print_help(argc - 1, argv + 1);
    if (!strcmp(argv[1], "--version")) return cmd_version(&(cli_options){0}, NULL);
    if ((!c || c->run != cmd_complete) && asks_for_help(argc, argv)) {
        if (argv[1][0] != '-') return cli_print_help(argc, argv);
        cli_print_overview();
        return CLI_OK;
    }
    if (c) return run(c, argc, argv);
    return cli_no_command(argc, argv);
}
