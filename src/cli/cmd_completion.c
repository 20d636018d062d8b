// SPDX-License-Identifier: Apache-2.0
// completion: the script for bash, and what it calls: `stemma complete -- INDEX WORD...` prints
// what could stand at a word, one a line. Commands and options come from the tables; projects,
// runs and keys from the server, which is given a short time. The shell never evaluates what
// comes: names are other people's. One thread.
#include "cli/fields.h"

#define WITHIN_US 700000
#define RUNS      50
#define NAMES     500

static const char script[] =
    "# Completion for stemma: source <(stemma completion bash)\n"
    "_stemma() {\n"
    "    local line lines IFS=$'\\n'\n"
    "    COMPREPLY=()\n"
    "    mapfile -t lines < <(\"${COMP_WORDS[0]}\" complete -- \"$COMP_CWORD\" \\\n"
    "        \"${COMP_WORDS[@]}\" 2>/dev/null)\n"
    "    for line in \"${lines[@]}\"; do\n"
    "        COMPREPLY+=(\"$(printf '%q' \"$line\")\")\n"
    "    done\n"
    "    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *. ]]; then\n"
    "        compopt -o nospace\n"
    "    fi\n"
    "}\n"
    "complete -o default -F _stemma stemma\n";

int cmd_completion(const cli_options *o, arena *a) {
    (void)a;
    if (!str_is(o->words[0], "bash")) {
        fprintf(stderr, "stemma: there is a completion for bash only\n");
        return CLI_USAGE;
    }
    fputs(script, stdout);
    return CLI_OK;
}

// ---- what is being typed --------------------------------------------------------------------

typedef struct typing {
    cli_session *s;
    const cli_command *c; // NULL: not known yet
    str word;             // to be completed
    const str *before;    // the words before it, after "stemma"
    size_t n;
    str projects, run;       // named before: a project a line; the first word for a run
    size_t position;         // which of the command's words this is
    cli_option_about option; // whose value it is, if has_option
    bool has_option;
} typing;

static bool is_clean(str s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 32 || s.p[i] == 127) return false;
    }
    return s.n > 0;
}

static void offer(typing *t, str candidate) {
    if (str_starts(candidate, t->word) && is_clean(candidate))
        printf("%.*s\n", STR_F(candidate));
}

static bool option_named(const cli_command *c, str word, cli_option_about *out) {
    for (size_t i = 0; c && cli_option_at(c, i, out); i++) {
        bool letter =
            word.n == 2 && word.p[0] == '-' && out->letter && word.p[1] == out->letter;
        if (letter || str_is(word, out->name)) return true;
    }
    return false;
}

// Reads the words before: which are options with values, which are the command's own.
static void read_before(typing *t) {
    size_t skip = t->c && strchr(t->c->name, ' ') ? 2 : 1;
    for (size_t i = skip; i < t->n; i++) {
        cli_option_about o;
        str word = t->before[i];
        if (!option_named(t->c, word, &o)) {
            if (word.n && word.p[0] == '-') continue;
            if (!t->position) t->run = word;
            t->position++;
            continue;
        }
        if (o.kind == CLI_FLAG) continue;
        if (i + 1 == t->n) {
            t->option = o;
            t->has_option = true;
        } else if (!strcmp(o.name, "--project")) {
            t->projects = t->before[i + 1];
        }
        i++;
    }
}

// ---- from the server ------------------------------------------------------------------------

struct offering {
    typing *t;
    const char *field, *prefix; // of an item; put before it
};

static bool offer_item(void *arg, const json_value *item) {
    struct offering *k = arg;
    arena *a = k->t->s->a;
    offer(k->t, arena_printf(a, "%s%.*s", k->prefix, STR_F(cli_text(item, k->field))));
    return true;
}

static void offer_list(typing *t, cli_list *l, const char *field, const char *prefix) {
    struct offering k = {t, field, prefix};
    if (t->s->c) cli_each(t->s, l, offer_item, &k);
}

static void offer_projects(typing *t) {
    cli_list l = {.method = "GET", .path = STR("/projects"), .limit = NAMES};
    offer_list(t, &l, "name", "");
}

static void offer_repos(typing *t) {
    cli_list l = {.method = "GET", .path = STR("/repos"), .limit = NAMES};
    offer_list(t, &l, "name", "");
}

static void offer_runs(typing *t) {
    arena *a = t->s->a;
    cli_list l = {.method = "POST", .path = STR("/runs/search"), .limit = RUNS};
    str where = t->word.n ? arena_printf(a, "id like '%.*s%%'", STR_F(t->word)) : (str){0};
    for (size_t i = 0; i < t->word.n; i++) {
        if (!strchr("0123456789abcdef", t->word.p[i])) where.n = 0; // no id, or no text for one
    }
    l.body =
        arena_printf(a, "\"projects\":%.*s,\"where\":%.*s,\"columns\":[\"name\"],",
                     STR_F(cli_lines_json(a, t->projects)), STR_F(cli_json_text(a, where)));
    offer(t, STR("latest"));
    offer_list(t, &l, "id", "");
}

static void offer_names(typing *t, const char *kind, const char *prefix) {
    arena *a = t->s->a;
    str begun = str_from(t->word, strlen(prefix));
    cli_list l = {.method = "GET", .limit = NAMES};
    l.path = arena_printf(a, "/names?kind=%s&prefix=%.*s", kind,
                          STR_F(http_client_escape(a, begun)));
    if (t->projects.n)
        l.path = arena_printf(a, "%.*s&project=%.*s", STR_F(l.path),
                              STR_F(http_client_escape(a, t->projects)));
    offer_list(t, &l, "name", prefix);
}

// The keys of the run that was named before.
static void offer_keys(typing *t) {
    str run_id;
    if (!t->s->c || !t->run.n || !cli_run_named(t->s, t->run, &run_id)) return;
    cli_list l = {
        .method = "GET", .path = cli_run_path(t->s->a, run_id, "/series"), .limit = NAMES};
    offer_list(t, &l, "key", "");
}

static void offer_fields(typing *t) {
    static const char *const attributes[] = {"id",  "name",     "status",  "user",   "start",
                                             "end", "duration", "created", "project"};
    static const char *const spaces[][2] = {
        {"metric", "metrics."}, {"config", "config."}, {"tag", "tags."}};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        offer(t, str_of(attributes[i]));
    for (size_t i = 0; i < 3; i++) {
        if (str_starts(t->word, str_of(spaces[i][1])))
            offer_names(t, spaces[i][0], spaces[i][1]);
        else
            offer(t, str_of(spaces[i][1]));
    }
}

// ---- what could stand there -----------------------------------------------------------------

static void offer_all(typing *t, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        offer(t, str_of(words[i]));
}

static void offer_values(typing *t) {
    static const char *const when[] = {"auto", "always", "never"};
    static const char *const views[] = {"active", "deleted", "all"};
    str name = str_of(t->option.name);
    if (str_is(name, "--color")) offer_all(t, when, 3);
    if (str_is(name, "--view")) offer_all(t, views, 3);
    if (str_is(name, "--project") || str_is(name, "--to")) offer_projects(t);
    if (str_is(name, "--sort") || str_is(name, "--columns") || str_is(name, "--where"))
        offer_fields(t);
}

static void offer_options(typing *t) {
    cli_option_about o;
    for (size_t i = 0; t->c && cli_option_at(t->c, i, &o); i++)
        offer(t, str_of(o.name));
    offer(t, STR("--help"));
}

// First words, or the second words of the group `first`.
static void offer_commands(typing *t, str first) {
    str before = {0};
    for (size_t i = 0; i < cli_n_commands; i++) {
        str name = str_of(cli_commands[i].name);
        str one = str_upto(name, str_find(name, ' ', 0)), two = str_from(name, one.n + 1);
        if (!cli_commands[i].summary) continue;
        if (first.n && str_eq(one, first) && two.n) offer(t, two);
        if (!first.n && !str_eq(one, before)) offer(t, one);
        before = one;
    }
}

static void offer_kind(typing *t, str kind) {
    if (str_is(kind, "RUN")) offer_runs(t);
    if (str_is(kind, "PROJECT")) offer_projects(t);
    if (str_starts(kind, STR("REPO")) || str_is(kind, "ADDRESS")) // REPO@REF too
        offer_repos(t);
    if (str_is(kind, "KEY")) offer_keys(t);
    if (str_is(kind, "EXPRESSION")) offer_fields(t);
    if (str_is(kind, "bash")) offer(t, kind);
}

// By the command's usage: "[RUN...] [KEY=VALUE...]"; what may repeat may also stand later.
static void offer_words(typing *t) {
    str rest = str_of(t->c->usage), token, last = {0};
    size_t i = 0;
    for (; str_split(&rest, ' ', &token); i++) {
        while (token.n && strchr("[.", token.p[0]))
            token = str_from(token, 1);
        bool repeats = str_find_str(token, STR("..."), 0) != SIZE_MAX;
        size_t n = 0;
        while (n < token.n && !strchr(".]=", token.p[n]))
            n++;
        last = str_upto(token, n);
        if (i == t->position || (repeats && i < t->position)) offer_kind(t, last);
    }
}

static bool complete(cli_session *s, const str *words, size_t n, size_t at) {
    typing t = {.s = s, .before = words + 1, .n = at - 1, .projects = s->o->project};
    char *argv[4] = {0};
    for (size_t i = 0; i < 3 && i < at; i++)
        argv[i] = arena_cstr(s->a, words[i]);
    t.word = at < n ? words[at] : (str){0};
    t.c = cli_find(at < 3 ? (int)at : 3, argv);
    bool group = at == 2 && cli_is_group(argv[1]);
    if (t.c) read_before(&t);
    if (at == 1)
        offer_commands(&t, (str){0});
    else if (at == 2 && !strcmp(argv[1], "help"))
        offer_commands(&t, (str){0});
    else if (at == 3 && !strcmp(argv[1], "help"))
        offer_commands(&t, words[2]);
    else if (t.has_option)
        offer_values(&t);
    else if (str_starts(t.word, STR("-")))
        offer_options(&t);
    else {
        if (group) offer_commands(&t, words[1]);
        if (t.c && t.c->usage) offer_words(&t);
    }
    return true;
}

// The words' own options name the server, as the command would.
static bool parse_theirs(arena *a, const str *words, size_t n, cli_options *out, err *e) {
    char *argv[] = {(char[]){"stemma"}, (char[]){"complete"}};
    const cli_command *self = cli_find(2, argv);
    char **theirs = ARENA_ARRAY(a, char *, n + 2);
    int k = 2;
    theirs[0] = argv[0];
    theirs[1] = argv[1];
    for (size_t i = 1; i + 1 < n; i++) {
        cli_option_about o;
        if (!option_named(self, words[i], &o) || o.kind == CLI_FLAG) continue;
        theirs[k++] = arena_cstr(a, words[i]);
        theirs[k++] = arena_cstr(a, words[++i]);
    }
    return cli_parse(a, self, k, theirs, out, e);
}

int cmd_complete(const cli_options *o, arena *a) {
    cli_session s = {.a = a};
    cli_options theirs;
    int64_t at;
    if (o->n_words < 2 || !cli_number(o->words[0], &at) || at < 1 ||
        (size_t)at >= o->n_words + 1 ||
        !parse_theirs(a, o->words + 1, (size_t)at, &theirs, &s.e))
        return CLI_USAGE;
    s.o = &theirs;
    // A folder of its own would have to be opened for each key press: then tables only.
    if (!cli_is_within(&theirs)) s.c = cli_connect_within(&theirs, a, WITHIN_US, &s.e);
    complete(&s, o->words + 1, o->n_words - 1, (size_t)at);
    cli_disconnect(s.c);
    return CLI_OK;
}
