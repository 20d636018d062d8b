// SPDX-License-Identifier: Apache-2.0
// run_source: what code the program runs: commit, branch, remote and uncommitted changes of the
// git repository that the folder lies in, and the Python packages that it will find. git runs
// at the same time as the program and reads only; Python is not started: names and versions of
// packages are names of folders. All of it is sent as one change of tags and up to three files
// below source/. run_source_start, _send and _end: the main thread.
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"
#include "base/vec.h"
#include "cli/run_cmd.h"
#include "cli/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATCH_MAX  (1u << 20)
#define LIST_MAX   (256u << 10)
#define ANSWER_MAX 4096
#define CUT_MARK   "\n[cut here by stemma: it is longer]\n"

typedef enum question { Q_HEAD, Q_REMOTE, Q_PATCH, Q_UNTRACKED, N_QUESTIONS } question;

// No hooks, no lock files, no colours, no programs of the user's.
#define GIT "git", "-c", "core.fsmonitor=false", "--no-optional-locks"
static const char *const questions[N_QUESTIONS][14] = {
    [Q_HEAD] = {GIT, "rev-parse", "HEAD", "--abbrev-ref", "HEAD"},
    [Q_REMOTE] = {GIT, "ls-remote", "--get-url"},
    [Q_PATCH] = {GIT, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv",
                 "--binary"},
    [Q_UNTRACKED] = {GIT, "ls-files", "--others", "--exclude-standard", "--full-name", ":/"},
};
static const size_t answer_max[N_QUESTIONS] = {ANSWER_MAX, ANSWER_MAX, PATCH_MAX, LIST_MAX};

struct run_source {
    arena *a; // the thread's
    const char *file;
    pid_t pids[N_QUESTIONS]; // 0: not started
    int fds[N_QUESTIONS];
    str answers[N_QUESTIONS];
    bool ok[N_QUESTIONS];
    pthread_t thread;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t wake;
    outbox *box;
    str run_id;
    bool may_send, give_up, over;
};

// ---- git ------------------------------------------------------------------------------------

static bool in_repository(void) {
    char path[PATH_MAX + 8];
    if (getenv("GIT_DIR")) return true;
    if (!getcwd(path, PATH_MAX)) return false;
    for (size_t n = strlen(path);;) {
        memcpy(path + n, "/.git", 6);
        if (access(path, F_OK) == 0) return true;
        while (n && path[n - 1] != '/')
            n--;
        if (!n) return false;
        n--;
    }
}

static void ask(run_source *s, question q, const sigset_t *mask) {
    extern char **environ;
    int p[2];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (pipe2(p, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, p[1], 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, mask);
    posix_spawnattr_setpgroup(&attributes, 0); // the terminal's signals are not for it
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    char **argv = (char **)(uintptr_t)questions[q];
    bool ok = posix_spawnp(&s->pids[q], "git", &files, &attributes, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    close(p[1]);
    if (!ok) {
        s->pids[q] = 0;
        close(p[0]);
    }
    s->fds[q] = p[0];
}

// What git says, cut where it is too long.
static void hear(run_source *s, question q) {
    if (!s->pids[q]) return;
    buf b = BUF_MAX(answer_max[q]);
    char piece[16 << 10];
    ssize_t n;
    bool cut = false;
    while ((n = read(s->fds[q], piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0) continue;
        size_t room = b.max - b.n, take = (size_t)n < room ? (size_t)n : room;
        buf_add(&b, piece, take);
        if (take < (size_t)n) {
            cut = true;
            break;
        }
    }
    close(s->fds[q]); // git ends by SIGPIPE when it was cut
    int status = 0;
    while (waitpid(s->pids[q], &status, 0) < 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&s->lock);
    s->pids[q] = 0;
    pthread_mutex_unlock(&s->lock);
    s->ok[q] = cut || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    s->answers[q] = arena_printf(s->a, "%.*s%s", STR_F(buf_view(&b)), cut ? CUT_MARK : "");
    buf_free(&b);
}

// ---- Python ---------------------------------------------------------------------------------

// The folder that a Python of this prefix imports from, or NULL; *version "3.11".
static const char *packages_folder(arena *a, str prefix, str *version) {
    DIR *d = opendir(arena_printf(a, "%.*s/lib", STR_F(prefix)).p);
    const char *found = NULL;
    for (struct dirent *entry; d && !found && (entry = readdir(d));) {
        str name = str_of(entry->d_name);
        if (!str_starts(name, STR("python3."))) continue;
        const char *path =
            arena_printf(a, "%.*s/lib/%s/site-packages", STR_F(prefix), entry->d_name).p;
        if (access(path, R_OK) != 0) continue;
        *version = arena_str(a, str_from(name, 6));
        found = path;
    }
    if (d) closedir(d);
    return found;
}

// A program of a virtual environment: PREFIX/bin/NAME. Else the one that is switched on.
static const char *find_packages(run_source *s, str *version) {
    static const char *const variables[] = {"VIRTUAL_ENV", "CONDA_PREFIX"};
    str file = str_of(s->file);
    for (int up = 0; up < 2; up++) {
        file.n = str_behind_last(file, '/');
        while (file.n && file.p[file.n - 1] == '/')
            file.n--;
    }
    const char *path = NULL;
    if (file.n && !str_is(file, "/usr")) path = packages_folder(s->a, file, version);
    for (size_t i = 0; !path && i < 2; i++) {
        const char *prefix = getenv(variables[i]);
        if (prefix && *prefix) path = packages_folder(s->a, str_of(prefix), version);
    }
    return path;
}

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

// "name==version" a line, as `pip freeze` writes them.
static str list_packages(run_source *s, str *version) {
    const char *path = find_packages(s, version);
    DIR *d = path ? opendir(path) : NULL;
    VEC(str) names = {0};
    for (struct dirent *entry; d && names.n < 20000 && (entry = readdir(d));) {
        str name = str_of(entry->d_name);
        size_t dash = str_find(name, '-', 0);
        if (!str_ends(name, STR(".dist-info")) || dash == SIZE_MAX || !str_is_text(name))
            continue;
        name.n -= sizeof ".dist-info" - 1;
        if (dash >= name.n) continue;
        vec_push(s->a, &names,
                 arena_printf(s->a, "%.*s==%.*s\n", (int)dash, name.p,
                              STR_F(str_from(name, dash + 1))));
    }
    if (d) closedir(d);
    buf b = BUF_MAX(LIST_MAX);
    if (names.n) qsort(names.p, names.n, sizeof *names.p, by_text);
    for (size_t i = 0; i < names.n; i++)
        buf_str(&b, names.p[i]);
    str out = arena_str(s->a, buf_view(&b));
    buf_free(&b);
    return out;
}

// ---- sending --------------------------------------------------------------------------------

static void put_tag(json_writer *w, const char *key, str value) {
    value = str_trim(value);
    if (!value.n || !str_is_text(value)) return;
    json_object(w);
    json_m_string(w, "key", str_of(key));
    json_m_string(w, "value", str_upto_code_points(value, 4000));
    json_object_end(w);
}

static void send_tags(run_source *s, str python) {
    buf b = BUF_MAX(64u << 10);
    json_writer w = json_writer_new(&b);
    str head = s->answers[Q_HEAD], commit;
    json_object(&w);
    json_m_array(&w, "tags");
    put_tag(&w, "stemma.python", python);
    if (s->ok[Q_HEAD] && str_split(&head, '\n', &commit)) {
        str branch = str_trim(head);
        bool changed = s->answers[Q_PATCH].n || s->answers[Q_UNTRACKED].n;
        put_tag(&w, "mlflow.source.git.commit", commit);
        if (!str_is(branch, "HEAD")) put_tag(&w, "mlflow.source.git.branch", branch);
        put_tag(&w, "stemma.git.uncommitted", changed ? STR("true") : STR("false"));
    }
    // Without a remote git gives the name that it looked for.
    str remote = str_trim(s->answers[Q_REMOTE]);
    if (s->ok[Q_REMOTE] && !str_is(remote, "origin"))
        put_tag(&w, "mlflow.source.git.repoURL", run_hide_credentials(s->a, remote));
    json_array_end(&w);
    json_object_end(&w);
    if (str_find_str(buf_view(&b), STR("\"key\""), 0) != SIZE_MAX)
        outbox_put(s->box, "POST", cli_run_path(s->a, s->run_id, "/log"), "application/json",
                   buf_view(&b));
    buf_free(&b);
}

static void send_file(run_source *s, const char *name, str bytes) {
    if (!bytes.n) return;
    outbox_put(s->box, "PUT",
               arena_printf(s->a, "/runs/%.*s/files/source/%s", STR_F(s->run_id), name),
               "application/octet-stream", bytes);
}

static bool wait_for_run(run_source *s) {
    pthread_mutex_lock(&s->lock);
    while (!s->may_send && !s->give_up)
        pthread_cond_wait(&s->wake, &s->lock);
    bool ok = s->may_send;
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static void *source_main(void *arg) {
    run_source *s = arg;
    str python = {0}, packages = list_packages(s, &python);
    for (int q = 0; q < N_QUESTIONS; q++)
        hear(s, (question)q);
    if (wait_for_run(s)) {
        send_tags(s, python);
        if (s->ok[Q_PATCH]) send_file(s, "patch.diff", s->answers[Q_PATCH]);
        if (s->ok[Q_UNTRACKED]) send_file(s, "untracked.txt", s->answers[Q_UNTRACKED]);
        send_file(s, "requirements.txt", packages);
    }
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

run_source *run_source_start(arena *a, const char *file, const sigset_t *mask) {
    run_source *s = ARENA_NEW(a, run_source);
    s->a = arena_new();
    s->file = file;
    pthread_mutex_init(&s->lock, NULL);
    thread_cond_init(&s->wake);
    int n = in_repository() ? N_QUESTIONS : 0;
    for (int q = 0; q < n; q++)
        ask(s, (question)q, mask);
    thread_start(&s->thread, "source", 0, true, source_main, s);
    return s;
}

void run_source_send(run_source *s, outbox *o, str run_id) {
    pthread_mutex_lock(&s->lock);
    s->box = o;
    s->run_id = run_id;
    s->may_send = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

void run_source_end(run_source *s, int64_t wait_us) {
    int64_t until = clock_mono_us() + wait_us;
    pthread_mutex_lock(&s->lock);
    s->give_up = true;
    pthread_cond_broadcast(&s->wake);
    while (!s->over) {
        int64_t left = until - clock_mono_us();
        if (left <= 0) break;
        thread_cond_wait_us(&s->wake, &s->lock, left);
    }
    // A git that does not end is ended; the thread reads the rest and goes.
    for (int q = 0; !s->over && q < N_QUESTIONS; q++) {
        if (s->pids[q]) kill(s->pids[q], SIGKILL);
    }
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    arena_free(s->a);
}
