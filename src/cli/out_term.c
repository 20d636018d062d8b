// SPDX-License-Identifier: Apache-2.0
// out_term: standard output: is it a terminal, how wide, does it show colours and UTF-8; the
// pager, which starts once more was written than a screen holds. One thread.
#include "base/log.h"
#include "cli/out.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELD_MAX (4u << 20)

static bool names_utf8(const char *locale) {
    return strstr(locale, "UTF-8") || strstr(locale, "utf8") || strstr(locale, "utf-8") ||
           strstr(locale, "UTF8");
}

// What LC_ALL, LC_CTYPE or LANG say; a small machine may not have that locale, and C.UTF-8 has
// the same characters.
bool out_is_utf8(void) {
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    if (!setlocale(LC_CTYPE, "")) {
        const char *asked = NULL;
        for (size_t i = 0; i < 3 && (!asked || !*asked); i++)
            asked = getenv(variables[i]);
        if (asked && names_utf8(asked)) setlocale(LC_CTYPE, "C.UTF-8");
    }
    return names_utf8(nl_langinfo(CODESET));
}

static bool set_color(cli_out *t, str when, err *e) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (str_is(when, "always")) {
        t->color = true;
    } else if (str_is(when, "auto")) {
        t->color = t->terminal && !(no && *no) && !(term && !strcmp(term, "dumb"));
    } else if (!str_is(when, "never")) {
        return err_set(e, ERR_INVALID, "--color takes auto, always or never, not '%.*s'",
                       STR_F(when));
    }
    return true;
}

static bool is_program(const char *name) {
    const char *path = getenv("PATH");
    arena *a = arena_new();
    str rest = str_of(path ? path : "");
    bool there = false;
    for (str folder; !there && str_split(&rest, ':', &folder);)
        there = access(arena_printf(a, "%.*s/%s", STR_F(folder), name).p, X_OK) == 0;
    arena_free(a);
    return there;
}

bool out_open(cli_out *t, const cli_options *o, arena *a, err *e) {
    struct winsize size;
    *t = (cli_out){.a = a, .to = stdout, .held = BUF_MAX(HELD_MAX)};
    t->terminal = isatty(STDOUT_FILENO);
    t->utf8 = out_is_utf8();
    if (t->terminal) {
        bool known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col;
        t->width = known ? size.ws_col : 80;
        t->height = known && size.ws_row ? size.ws_row : 24;
    }
    const char *pager = getenv("PAGER");
    t->may_page = t->terminal && isatty(STDIN_FILENO) && !o->no_pager.n &&
                  !(pager && (!*pager || !strcmp(pager, "cat"))) &&
                  (pager || is_program("less"));
    signal(SIGPIPE, SIG_IGN); // a pager that was left early is no failure
    return set_color(t, o->color, e);
}

// ---- the pager ------------------------------------------------------------------------------

static void send_bytes(cli_out *t, str s) {
    if (t->gone || !s.n) return;
    if (fwrite(s.p, 1, s.n, t->to) != s.n) t->gone = true;
}

// less shows colours as they are, leaves the screen as it was, and ends when all fits.
static void start_pager(cli_out *t) {
    const char *pager = getenv("PAGER");
    t->may_page = false;
    if (!pager) {
        pager = "less";
        setenv("LESS", "FRX", 0);
    }
    fflush(stdout);
    FILE *f = popen(pager, "w");
    if (!f) return;
    t->to = f;
    t->paged = true;
}

static void release(cli_out *t) {
    send_bytes(t, buf_view(&t->held));
    buf_free(&t->held);
}

static int lines_in(str s) {
    int n = 0;
    for (size_t i = 0; (i = str_find(s, '\n', i)) != SIZE_MAX; i++)
        n++;
    return n;
}

void out_add(cli_out *t, str s) {
    t->lines += lines_in(s);
    if (!t->may_page) {
        send_bytes(t, s);
        return;
    }
    buf_add(&t->held, s.p, s.n);
    if (t->lines < t->height && !t->held.full) return;
    bool lost = t->held.full;
    start_pager(t);
    release(t);
    if (lost) send_bytes(t, s);
}

void out_live(cli_out *t) {
    t->may_page = false;
    release(t);
    setvbuf(stdout, NULL, _IOLBF, 0);
}

bool out_close(cli_out *t, err *e) {
    t->may_page = false;
    release(t);
    if (t->paged) {
        pclose(t->to);
        return true;
    }
    if (fflush(t->to) == 0 && !t->gone) return true;
    if (errno == EPIPE) return true; // 'stemma ... | head' has what it wanted
    return err_errno(e, "cannot write the output");
}

void out_printf(cli_out *t, const char *fmt, ...) {
    char some[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(some, sizeof some, fmt, ap);
    va_end(ap);
    if (n < (int)sizeof some) {
        out_add(t, str_n(some, n > 0 ? (size_t)n : 0));
        return;
    }
    va_start(ap, fmt);
    out_add(t, arena_vprintf(t->a, fmt, ap));
    va_end(ap);
}

void out_safe(cli_out *t, str s) {
    out_add(t, out_escape(t->a, s, t->utf8));
}

// ---- colours --------------------------------------------------------------------------------

const char *out_begin(const cli_out *t, out_style style) {
    static const char *const codes[] = {
        [OUT_PLAIN] = "",        [OUT_BOLD] = "\033[1m",     [OUT_DIM] = "\033[2m",
        [OUT_RED] = "\033[31m",  [OUT_GREEN] = "\033[32m",   [OUT_YELLOW] = "\033[33m",
        [OUT_BLUE] = "\033[34m", [OUT_MAGENTA] = "\033[35m", [OUT_CYAN] = "\033[36m"};
    return t->color ? codes[style] : "";
}

const char *out_end(const cli_out *t) {
    return t->color ? "\033[0m" : "";
}

void out_in(cli_out *t, out_style style, const char *text) {
    out_printf(t, "%s%s%s", out_begin(t, style), text, style == OUT_PLAIN ? "" : out_end(t));
}
