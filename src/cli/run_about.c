// SPDX-License-Identifier: Apache-2.0
// run_about: tags that say where and as what a program runs, read from files in microseconds.
// Secrets on the command line are hidden: they would be shown to everybody who sees the run.
// Main thread.
#include "base/vec.h"
#include "cli/run_cmd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TEXT_MAX 4000 // characters of a tag
#define HIDDEN   "***"

typedef VEC(kv) tag_list;

static void add(arena *a, tag_list *v, const char *key, str value) {
    if (!value.n || !str_is_text(value)) return;
    vec_push(a, v, (kv){str_of(key), str_upto_code_points(value, TEXT_MAX)});
}

// ---- the command ----------------------------------------------------------------------------

str run_hide_credentials(arena *a, str url) {
    size_t scheme = str_find_str(url, STR("://"), 0);
    if (scheme == SIZE_MAX) return url;
    str rest = str_from(url, scheme + 3);
    str host = str_upto(rest, str_find(rest, '/', 0));
    size_t at = host.n;
    while (at && host.p[at - 1] != '@')
        at--;
    return at ? arena_printf(a, "%.*s%.*s", (int)(scheme + 3), url.p, STR_F(str_from(rest, at)))
              : url;
}

static bool is_secret_word(str word, str before) {
    static const char *const words[] = {"token",  "password",   "passwd",      "secret",
                                        "apikey", "credential", "credentials", "passphrase"};
    static const char *const of_key[] = {"api", "access", "secret", "private", "auth"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (str_eq_nocase(word, str_of(words[i]))) return true;
    }
    for (size_t i = 0; i < sizeof of_key / sizeof *of_key; i++) {
        if (str_eq_nocase(word, STR("key")) && str_eq_nocase(before, str_of(of_key[i])))
            return true;
    }
    return false;
}

// "--hf-token", "HF_TOKEN", "api.key": its last word says what it is.
static bool names_secret(str name) {
    str word = {0}, before = {0};
    size_t from = 0;
    for (size_t i = 0; i <= name.n; i++) {
        bool ends = i == name.n || strchr("-_.", name.p[i]);
        if (!ends) continue;
        before = word;
        word = str_from(str_upto(name, i), from);
        from = i + 1;
    }
    return is_secret_word(word, before);
}

// An argument as it is shown; *next: the one behind it is a secret.
static str shown(arena *a, str word, bool *next) {
    size_t equals = str_find(word, '=', 0);
    bool option = str_starts(word, STR("-"));
    str name = str_upto(word, equals);
    *next = option && equals == SIZE_MAX && names_secret(name);
    if (equals != SIZE_MAX && names_secret(name))
        return arena_printf(a, "%.*s=" HIDDEN, STR_F(name));
    return run_hide_credentials(a, word);
}

// As a shell would need it.
static str quoted(arena *a, str word) {
    bool plain = word.n > 0;
    for (size_t i = 0; i < word.n; i++) {
        unsigned char c = (unsigned char)word.p[i];
        bool safe = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                    c >= 0x80 || (c && strchr("-_./=:,+@%*", c));
        plain = plain && safe;
    }
    if (plain) return word;
    str out = STR("'");
    for (str part, rest = word; str_split(&rest, '\'', &part);) {
        out = arena_printf(a, "%.*s%.*s%s", STR_F(out), STR_F(part), rest.p ? "'\\''" : "");
    }
    return arena_printf(a, "%.*s'", STR_F(out));
}

// The command as one line, values of secrets hidden.
static str command_line(arena *a, const str *words, size_t n) {
    buf b = BUF_MAX(64u << 10);
    bool secret = false;
    for (size_t i = 0; i < n && b.n < TEXT_MAX * 4; i++) {
        bool next = false;
        str word = secret ? STR(HIDDEN) : quoted(a, shown(a, words[i], &next));
        secret = next;
        if (i) buf_byte(&b, ' ');
        buf_str(&b, word);
    }
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}

// The script of "python train.py", else the program.
static str source_name(const str *words, size_t n) {
    str name = words[0];
    size_t slash = str_behind_last(name, '/');
    bool python = str_starts(str_from(name, slash), STR("python"));
    for (size_t i = 1; python && i < n; i++) {
        if (str_is(words[i], "-m") && i + 1 < n) return words[i + 1];
        if (!str_starts(words[i], STR("-"))) return words[i];
    }
    return name;
}

// ---- the machine ----------------------------------------------------------------------------

str run_host(arena *a) {
    char name[HOST_NAME_MAX + 1] = "";
    gethostname(name, sizeof name - 1);
    return arena_str(a, str_of(name));
}

static str user_name(arena *a) {
    static const char *const variables[] = {"LOGNAME", "USER"};
    for (size_t i = 0; i < 2; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value) return str_of(value);
    }
    const struct passwd *p = getpwuid(getuid());
    return p ? arena_str(a, str_of(p->pw_name)) : (str){0};
}

// What stands behind "name : " in the first lines of a file.
static str line_of(arena *a, const char *path, const char *name) {
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0) close(fd);
    str rest = str_n(text, n > 0 ? (size_t)n : 0);
    for (str line; str_split(&rest, '\n', &line);) {
        size_t colon = str_find(line, ':', 0);
        if (colon != SIZE_MAX && str_is(str_trim(str_upto(line, colon)), name))
            return arena_str(a, str_trim(str_from(line, colon + 1)));
    }
    return (str){0};
}

// "2 x NVIDIA H100 80GB HBM3": as the driver tells it.
static str gpus(arena *a) {
    DIR *d = opendir("/proc/driver/nvidia/gpus");
    str model = {0};
    size_t n = 0;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.') continue;
        str path = arena_printf(a, "/proc/driver/nvidia/gpus/%s/information", entry->d_name);
        if (!n++) model = line_of(a, path.p, "Model");
    }
    if (d) closedir(d);
    return n ? arena_printf(a, "%zu x %.*s", n, STR_F(model)) : (str){0};
}

static void add_machine(arena *a, tag_list *v) {
    struct utsname u;
    struct sysinfo s;
    add(a, v, "stemma.host", run_host(a));
    if (uname(&u) == 0)
        add(a, v, "stemma.kernel",
            arena_printf(a, "%s %s %s", u.sysname, u.release, u.machine));
    add(a, v, "stemma.cpu", line_of(a, "/proc/cpuinfo", "model name"));
    add(a, v, "stemma.cores", arena_printf(a, "%ld", sysconf(_SC_NPROCESSORS_ONLN)));
    if (sysinfo(&s) == 0)
        add(a, v, "stemma.memory_mb",
            arena_printf(a, "%llu", (unsigned long long)s.totalram * s.mem_unit >> 20));
    add(a, v, "stemma.gpu", gpus(a));
}

void run_about(arena *a, const str *words, size_t n, const char *file, kv **tags,
               size_t *n_tags) {
    tag_list v = {0};
    char folder[PATH_MAX];
    add(a, &v, "mlflow.user", user_name(a));
    add(a, &v, "mlflow.source.name", source_name(words, n));
    add(a, &v, "mlflow.source.type", STR("LOCAL"));
    add(a, &v, "stemma.command", command_line(a, words, n));
    add(a, &v, "stemma.program", str_of(file));
    if (getcwd(folder, sizeof folder))
        add(a, &v, "stemma.folder", arena_str(a, str_of(folder)));
    add_machine(a, &v);
    *tags = v.p;
    *n_tags = v.n;
}
