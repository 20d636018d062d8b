// SPDX-License-Identifier: Apache-2.0
// run_usage: what the program, with its children, and the machine use, out of /proc. Names of
// the machine's series are those of MLflow's own system metrics. One thread.
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "cli/run_cmd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MB (1024.0 * 1024.0)

// A file of /proc, cut at n - 1 bytes.
static str read_file(const char *path, char *p, size_t n) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, p, n - 1) : -1;
    if (fd >= 0) close(fd);
    if (got < 0) got = 0;
    p[got] = 0;
    return str_n(p, (size_t)got);
}

typedef struct process {
    pid_t pid, parent;
    uint64_t ticks, pages;
    bool ours;
} process;

// Field 3 of /proc/PID/stat stands behind the last ')': names may hold anything.
static bool read_process(pid_t pid, process *out) {
    char path[40], text[1024];
    long parent, pages;
    unsigned long used, used_system, of_children, of_children_system;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    str s = read_file(path, text, sizeof text);
    const char *p = s.n ? memrchr(text, ')', s.n) : NULL;
    if (!p ||
        sscanf(p + 1,
               " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu"
               " %*d %*d %*d %*d %*u %*u %ld",
               &parent, &used, &used_system, &of_children, &of_children_system, &pages) != 6)
        return false;
    *out = (process){pid, (pid_t)parent, used + used_system + of_children + of_children_system,
                     pages > 0 ? (uint64_t)pages : 0, false};
    return true;
}

// The program and what descends from it.
static void sum_tree(pid_t root, arena *a, uint64_t *ticks, uint64_t *pages) {
    VEC(process) all = {0};
    DIR *d = opendir("/proc");
    process p;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        int64_t pid;
        if (str_to_i64(str_of(entry->d_name), &pid) && read_process((pid_t)pid, &p)) {
            p.ours = p.pid == root;
            vec_push(a, &all, p);
        }
    }
    if (d) closedir(d);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < all.n; i++) {
            for (size_t j = 0; !all.p[i].ours && j < all.n; j++) {
                if (all.p[j].ours && all.p[j].pid == all.p[i].parent)
                    all.p[i].ours = more = true;
            }
        }
    }
    *ticks = *pages = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (!all.p[i].ours) continue;
        *ticks += all.p[i].ticks;
        *pages += all.p[i].pages;
    }
}

static void read_machine(uint64_t *all, uint64_t *idle) {
    char text[512];
    unsigned long long v[8] = {0};
    read_file("/proc/stat", text, sizeof text);
    sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
           &v[4], &v[5], &v[6], &v[7]);
    *all = 0;
    for (int i = 0; i < 8; i++)
        *all += v[i];
    *idle = v[3] + v[4];
}

// Bytes of memory in all, and of them free for programs.
static void read_memory(double *all, double *available) {
    char text[1024];
    unsigned long long kb;
    read_file("/proc/meminfo", text, sizeof text);
    const char *p = strstr(text, "MemTotal:");
    *all = p && sscanf(p, "MemTotal: %llu", &kb) == 1 ? (double)kb * 1024 : 0;
    p = strstr(text, "MemAvailable:");
    *available = p && sscanf(p, "MemAvailable: %llu", &kb) == 1 ? (double)kb * 1024 : *all;
}

static void put(json_writer *w, const char *key, int64_t step, double value) {
    json_object(w);
    json_m_string(w, "key", str_of(key));
    json_m_i64(w, "step", step);
    json_m_i64(w, "time_ms", clock_now_us() / 1000);
    json_m_f64(w, "value", value);
    json_object_end(w);
}

// Counters of processes that ended between two samples may be gone: never less than nothing.
static double share(uint64_t now, uint64_t before, double of) {
    return now > before && of > 0 ? (double)(now - before) / of * 100 : 0;
}

str run_usage_sample(run_usage *u, pid_t pid, arena *a) {
    run_usage now = {.at_us = clock_mono_us(), .n = u->n};
    uint64_t pages;
    double memory, available;
    sum_tree(pid, a, &now.process_ticks, &pages);
    read_machine(&now.machine_ticks, &now.machine_idle);
    read_memory(&memory, &available);
    run_usage before = *u;
    bool first = !u->at_us;
    *u = now;
    if (first) return (str){0};
    u->n++;
    buf b = BUF_MAX(16u << 10);
    json_writer w = json_writer_new(&b);
    double seconds = (double)(now.at_us - before.at_us) / 1e6;
    double machine = (double)(now.machine_ticks - before.machine_ticks);
    uint64_t busy = now.machine_ticks - now.machine_idle;
    json_object(&w);
    json_m_array(&w, "points");
    put(&w, "system/process_cpu_percentage", now.n,
        share(now.process_ticks, before.process_ticks, seconds * (double)sysconf(_SC_CLK_TCK)));
    put(&w, "system/process_memory_megabytes", now.n,
        (double)pages * (double)sysconf(_SC_PAGESIZE) / MB);
    put(&w, "system/cpu_utilization_percentage", now.n,
        share(busy, before.machine_ticks - before.machine_idle, machine));
    put(&w, "system/system_memory_usage_megabytes", now.n, (memory - available) / MB);
    put(&w, "system/system_memory_usage_percentage", now.n,
        memory > 0 ? (memory - available) / memory * 100 : 0);
    json_array_end(&w);
    json_object_end(&w);
    str out = arena_str(a, buf_view(&b));
    buf_free(&b);
    return out;
}
