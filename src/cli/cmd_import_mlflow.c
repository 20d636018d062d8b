// SPDX-License-Identifier: Apache-2.0
// import mlflow: brings the history of an MLflow tracker over and proves it. Opens the data
// folder (or the PostgreSQL database) itself, and is a row among its jobs while it does.
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/cli_internal.h"
#include "cli/import/importer.h"

#include <stdio.h>
#include <stdlib.h>

#define JSON_MAX (16u << 20)

typedef unsigned long long ull;

#define KIND_WORDS(name, words) words,
static const char *const kind_words[] = {IMPORT_KINDS(KIND_WORDS)};
#define KIND_NAME(name, words) #name,
static const char *const kind_names[] = {IMPORT_KINDS(KIND_NAME)};

static bool same(const importer *m, import_kind kind) {
    const import_sum *x = &m->there.of[kind], *y = &m->here.of[kind];
    return x->n == y->n && x->sum == y->sum;
}

static bool all_same(const importer *m) {
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        if (!same(m, (import_kind)i)) return false;
    }
    return true;
}

static void print_counts(const char *what, const import_counts *n) {
    printf("%-14s %10llu new  %10llu changed  %10llu as they were  %6llu left\n", what,
           (ull)n->new, (ull)n->changed, (ull)n->same, (ull)n->left);
}

static void print_table(const importer *m) {
    printf("%-32s %14s  %-16s   %14s  %-16s\n", "", "MLflow", "checksum", "Stemma", "checksum");
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        const import_sum *x = &m->there.of[i], *y = &m->here.of[i];
        if (!x->n && !y->n) continue;
        printf("%-32s %14llu  %016llx   %14llu  %016llx  %s\n", kind_words[i], (ull)x->n,
               (ull)x->sum, (ull)y->n, (ull)y->sum,
               same(m, (import_kind)i) ? "equal" : "NOT EQUAL");
    }
}

static void print_result(const importer *m, double seconds) {
    print_counts("experiments", &m->n_projects);
    print_counts("logged models", &m->n_models);
    print_counts("runs", &m->n_runs);
    print_counts("registered", &m->n_repos);
    printf("%-14s %10llu new (%llu bytes)  %llu as they were\n\n", "files", (ull)m->files_new,
           (ull)m->bytes_new, (ull)m->files_same);
    if (m->o.dry_run) {
        for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
            if (m->there.of[i].n)
                printf("%-32s %14llu would come\n", kind_words[i], (ull)m->there.of[i].n);
        }
        return;
    }
    print_table(m);
    printf("\n%s (%.1f s)\n",
           all_same(m) ? "Both sides are equal." : "THE TWO SIDES ARE NOT EQUAL.", seconds);
}

// ---- JSON -----------------------------------------------------------------------------------

static void put_sum(json_writer *w, const import_sum *s) {
    char sum[20];
    snprintf(sum, sizeof sum, "%016llx", (ull)s->sum);
    json_object(w);
    json_m_i64(w, "count", (int64_t)s->n);
    json_m_string(w, "checksum", str_of(sum));
    json_object_end(w);
}

static void put_counts(json_writer *w, const char *key, const import_counts *n) {
    json_key(w, str_of(key));
    json_object(w);
    json_m_i64(w, "new", (int64_t)n->new);
    json_m_i64(w, "changed", (int64_t)n->changed);
    json_m_i64(w, "same", (int64_t)n->same);
    json_m_i64(w, "left", (int64_t)n->left);
    json_object_end(w);
}

static void put_texts(json_writer *w, const char *key, const source_log *log, bool lost) {
    const str *texts;
    size_t n = source_texts(log, lost, &texts);
    json_key(w, str_of(key));
    json_array(w);
    for (size_t i = 0; i < n; i++)
        json_string(w, texts[i]);
    json_array_end(w);
}

static void put_proof(json_writer *w, const importer *m) {
    json_m_object(w, "proof");
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        json_key(w, str_of(kind_names[i]));
        json_object(w);
        json_key(w, STR("source"));
        put_sum(w, &m->there.of[i]);
        json_key(w, STR("here"));
        put_sum(w, &m->here.of[i]);
        json_object_end(w);
    }
    json_object_end(w);
}

static void print_json(const importer *m, double seconds) {
    buf b = BUF_MAX(JSON_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "source", m->src.name);
    json_m_bool(&w, "dry_run", m->o.dry_run);
    json_m_bool(&w, "equal", all_same(m));
    json_m_f64(&w, "seconds", seconds);
    put_counts(&w, "projects", &m->n_projects);
    put_counts(&w, "models", &m->n_models);
    put_counts(&w, "runs", &m->n_runs);
    put_counts(&w, "registered", &m->n_repos);
    json_m_object(&w, "files");
    json_m_i64(&w, "new", (int64_t)m->files_new);
    json_m_i64(&w, "same", (int64_t)m->files_same);
    json_m_i64(&w, "bytes", (int64_t)m->bytes_new);
    json_object_end(&w);
    put_proof(&w, m);
    json_m_i64(&w, "lost_count", (int64_t)source_lost_count(m->log));
    put_texts(&w, "lost", m->log, true);
    put_texts(&w, "notes", m->log, false);
    json_object_end(&w);
    printf("%.*s\n", (int)b.n, b.p);
    buf_free(&b);
}

// ---- its row among the jobs -----------------------------------------------------------------

static str argument_of(const importer *m, const cli_options *o) {
    buf b = BUF_MAX(JSON_MAX);
    json_writer w = json_writer_new(&b);
    json_object(&w);
    json_m_string(&w, "from", STR("mlflow"));
    json_m_string(&w, "source", m->src.name);
    if (o->as.n) json_m_string(&w, "as", o->as);
    json_object_end(&w);
    str out = arena_str(m->a, buf_view(&b));
    buf_free(&b);
    return out;
}

static bool begin_job(importer *m, const cli_options *o, err *e) {
    if (m->o.dry_run) return true; // which writes nothing
    m->progress.job = job_begin(&m->c, STR("import"), argument_of(m, o), e);
    return m->progress.job != NULL;
}

static str proof_of(const importer *m) {
    const import_sum *here = m->here.of;
    for (size_t i = 0; i < IMPORT_KIND_COUNT; i++) {
        if (!same(m, (import_kind)i))
            return arena_printf(m->a, "the two sides are not equal: %s: MLflow %llu, here %llu",
                                kind_words[i], (ull)m->there.of[i].n, (ull)here[i].n);
    }
    return arena_printf(m->a, "both sides are equal: %llu runs, %llu points, %llu files",
                        (ull)here[IMPORT_runs].n, (ull)here[IMPORT_points].n,
                        (ull)here[IMPORT_files].n);
}

static void tell_result(const importer *m) {
    const import_counts *n = &m->n_runs;
    const str *lost;
    str more = {0};
    if (source_texts(m->log, true, &lost))
        more = arena_printf(m->a, "; %zu things did not come, the first: %.*s",
                            source_lost_count(m->log), STR_F(lost[0]));
    job_progress(m->progress.job, (int64_t)m->runs.n, (int64_t)m->runs.n, "runs");
    job_detail(m->progress.job, "%.*s; of the runs %llu new, %llu changed, %llu left%.*s",
               STR_F(proof_of(m)), (ull)n->new, (ull)n->changed, (ull)n->left, STR_F(more));
}

static void close_job(importer *m, bool ok, const err *e) {
    if (!m->progress.job) return;
    if (ok)
        tell_result(m);
    else
        job_detail(m->progress.job, "%s", e->msg);
    job_close(m->progress.job, ok && all_same(m));
    m->progress.job = NULL;
}

// ---- the command ----------------------------------------------------------------------------

static bool clash_of(str s, import_on_clash *out, err *e) {
    static const char *const names[] = {"refuse", "skip", "rename"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!str_is(s, names[i])) continue;
        *out = (import_on_clash)i;
        return true;
    }
    return err_set(e, ERR_INVALID, "--on-clash takes refuse, skip or rename, not '%.*s'",
                   STR_F(s));
}

static str user_name(void) {
    const char *name = getenv("USER");
    return str_of(name ? name : "");
}

static int report(const importer *m, bool ok, const cli_options *o, double seconds,
                  const err *e) {
    if (!ok) return cli_fail(e);
    if (o->json.n)
        print_json(m, seconds);
    else
        print_result(m, seconds);
    bool proven = m->o.dry_run || all_same(m);
    return proven && !source_lost_count(m->log) ? CLI_OK : CLI_UNSOUND;
}

static int import_into(cli_data *d, importer *m, const cli_options *o, arena *a) {
    err e = {0};
    source_config config = {.address = o->words[0],
                            .artifacts = o->artifacts,
                            .scratch = o->data,
                            .a = a,
                            .log = m->log};
    int64_t began = clock_mono_us();
    m->c = (ctx){.core = d->core, .a = a, .ws = WORKSPACE_DEFAULT, .user = user_name()};
    bool ok = source_open(&config, &m->src, &e) && begin_job(m, o, &e);
    if (ok) {
        if (o->as.n) m->src.name = o->as;
        ok = importer_run(m, &e);
    }
    close_job(m, ok, &e);
    int code = report(m, ok, o, (double)(clock_mono_us() - began) / 1e6, &e);
    source_close(&m->src);
    return code;
}

int cmd_import_mlflow(const cli_options *o, arena *a) {
    err e = {0};
    cli_data d;
    importer m = {.a = a, .log = source_log_new(a)};
    m.o = (import_options){.dry_run = o->dry_run.n > 0, .files = !o->no_artifacts.n};
    if (!clash_of(o->on_clash, &m.o.on_clash, &e) || !cli_open(o, a, true, &d, &e))
        return cli_fail(&e);
    int code = import_into(&d, &m, o, a);
    cli_close(&d);
    return code;
}
