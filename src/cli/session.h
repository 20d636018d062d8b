// SPDX-License-Identifier: Apache-2.0
// session: what a command that talks to a server has at hand: its options, the connection,
// standard output, and helpers for the API's conventions (lists in pages, names of runs and
// projects). One thread.
#ifndef STEMMA_CLI_SESSION_H
#define STEMMA_CLI_SESSION_H

#include "cli/client.h"
#include "cli/out.h"

typedef struct cli_session {
    const cli_options *o;
    arena *a;
    cli_client *c;
    cli_out t;
    err e;
    str expression; // the one sent last, to point at its error
    str workspace;  // that a word named, as in team/bot
    str none;       // what is said of a table without rows; empty: nothing
    int code;       // the exit status when all went well
} cli_session;

// Connects, runs fn, writes what it printed, tells its error; the exit status.
int cli_talk(const cli_options *o, arena *a, bool (*fn)(cli_session *s));

// A sentence on standard error, as cli_fail prints an error's; the command goes on.
void cli_warn(str sentence);
// The API's reply as it came, for --json.
void cli_put_json(cli_session *s, str json);
// An exchange's `write` to standard output as it is, its `arg` the session; false when the
// reader is gone.
bool cli_write_out(void *session, const void *p, size_t n);
// "label     text", nothing when the text is empty.
void cli_line(cli_session *s, const char *label, str text, out_style style);

// ---- values of replies ----------------------------------------------------------------------
str cli_text(const json_value *object, const char *key); // "" when it is not there
int64_t cli_int(const json_value *object, const char *key, int64_t none);
bool cli_true(const json_value *object, const char *key);
str cli_value_text(const json_value *v); // a scalar as text, numbers in full; "" for none
str cli_json_text(arena *a, str s);      // a text as a JSON string
str cli_lines_json(arena *a, str lines); // a text a line as a JSON array; empty: []
// A reply's object, which is not empty, with one more member.
str cli_json_with(arena *a, str object, const char *name, str value);

// "/runs/<id><rest>", "/projects/<name, escaped><rest>"
str cli_run_path(arena *a, str run_id, const char *rest);
str cli_project_path(arena *a, str project, const char *rest);

// ---- lists (pages.c) ------------------------------------------------------------------------
typedef struct cli_list {
    const char *method;
    str path;        // GET: limit and after are added to its query
    str body;        // POST: the other members of the body: "\"where\":...,", or empty
    int64_t limit;   // at most so many items in all; 0: all
    int64_t page;    // items of a page; 0: as many as the server gives
    str after, next; // where it begins; where it stopped, when more are there
    int64_t seen;    // items that came
} cli_list;

// Calls each(arg, item) for the items; an item lives until each returns. False from each ends
// it.
bool cli_each(cli_session *s, cli_list *l, bool (*each)(void *arg, const json_value *item),
              void *arg);
// With --json prints the whole list as one document; else calls each, as above.
bool cli_show_list(cli_session *s, cli_list *l, bool (*each)(void *arg, const json_value *item),
                   void *arg);
int64_t cli_limit(const cli_options *o);
// A list as a table, or as --json or --csv say: the items of GET `path` behind --after, at most
// --limit. put(cli_listing, item) adds an item's row. Of none s->none is said on standard
// error.
typedef struct cli_listing {
    cli_session *s;
    out_table *table;
} cli_listing;
bool cli_show_table(cli_session *s, str path, const out_column *columns, size_t n,
                    bool (*put)(void *listing, const json_value *item));
// Under a table on a terminal: that there is more.
void cli_say_more(cli_session *s, const cli_list *l);

// ---- names (names.c) ------------------------------------------------------------------------
// A run's id from its 32 digits, a beginning that no other run has, or "latest".
bool cli_run_named(cli_session *s, str text, str *run_id);
bool cli_is_run_name(str text); // may it name a run?
// "KEY=VALUE"; ERR_INVALID without '='.
bool cli_key_value(str word, str *key, str *value, err *e);
// The tags that words "KEY=VALUE" set and --remove removes, as a JSON array.
bool cli_tags_json(cli_session *s, const str *words, size_t n, str *out);
// Of a command that tags what its first word names: the request's body; ERR_INVALID when there
// is nothing to set and nothing to remove.
bool cli_tag_body(cli_session *s, str *body);

// ---- many runs (select.c) -------------------------------------------------------------------
// The runs that words name (those without '=') and --where matches, of the view `usual` when
// none is given. ERR_INVALID when there are neither words nor --where.
bool cli_select_runs(cli_session *s, const char *usual, str **ids, size_t *n);
// On a terminal asks, unless --yes; elsewhere --yes must be given. False with ERR_NONE: no.
bool cli_confirm(cli_session *s, const char *act, str what);

// ---- signals (session.c) --------------------------------------------------------------------
void cli_catch_interrupt(void); // Ctrl-C no longer ends the process
bool cli_interrupted(void *unused);
void cli_wait(int64_t us); // less when interrupted

#endif
