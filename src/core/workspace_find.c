// SPDX-License-Identifier: Apache-2.0
// workspace_find: from a name to a number, for each request: out of a small table of this
// process, read again once in WORKSPACE_FRESH_US. Names that are none are not kept, so that who
// tries many fills nothing. `lock` guards the slots. Any thread.
#include "base/clock.h"
#include "core/core_internal.h"
#include "core/core_sql.h"
#include "core/workspace_internal.h"
#include "core/workspace_sql.h"

#include <stdlib.h>

enum { SLOTS = 64 };

typedef struct slot {
    char name[WORKSPACE_NAME_MAX + 1];
    int64_t number, until_us; // monotonic; 0: empty
} slot;

struct workspace_cache {
    pthread_mutex_t lock;
    slot slots[SLOTS];
    atomic_bool several;       // stays so: deleted ones keep their rows
    _Atomic int64_t one_until; // monotonic: till then it is known that there is one
};

workspace_cache *workspace_cache_new(void) {
    workspace_cache *k = mem_alloc(sizeof *k);
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void workspace_cache_free(workspace_cache *k) {
    if (!k) return;
    pthread_mutex_destroy(&k->lock);
    free(k);
}

void workspace_forget(core *c) {
    workspace_cache *k = c->workspaces;
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < SLOTS; i++)
        k->slots[i].until_us = 0;
    pthread_mutex_unlock(&k->lock);
    atomic_store(&k->one_until, 0);
}

static slot *slot_of(workspace_cache *k, str name) {
    uint32_t h = 2166136261u; // FNV-1a
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 16777619u;
    return &k->slots[h % SLOTS];
}

typedef struct find_call {
    str name;
    int64_t number;
} find_call;

static bool read_number(db_tx *tx, void *arg, err *e) {
    find_call *f = arg;
    db_rows *row;
    int found = db_get(tx, &Q_workspace_by_name, &row, e, DB_TEXT(f->name));
    f->number = found > 0 ? db_i64(row, 0) : WORKSPACE_NONE;
    return found >= 0;
}

static void remember(workspace_cache *k, const find_call *f, int64_t until_us) {
    pthread_mutex_lock(&k->lock);
    slot *s = slot_of(k, f->name);
    memcpy(s->name, f->name.p, f->name.n);
    s->name[f->name.n] = 0;
    s->number = f->number;
    s->until_us = until_us;
    pthread_mutex_unlock(&k->lock);
}

bool workspace_find(core *c, str name, int64_t *number, err *e) {
    workspace_cache *k = c->workspaces;
    int64_t now = clock_mono_us();
    find_call f = {.name = name};
    *number = str_is(name, WORKSPACE_DEFAULT_NAME) ? WORKSPACE_DEFAULT : WORKSPACE_NONE;
    if (*number || !name.n || name.n > WORKSPACE_NAME_MAX || !str_is_text(name)) return true;
    pthread_mutex_lock(&k->lock);
    const slot *s = slot_of(k, name);
    if (s->until_us > now && str_is(name, s->name)) *number = s->number;
    pthread_mutex_unlock(&k->lock);
    if (*number) return true;
    if (!db_read(c->db, read_number, &f, e)) return false;
    if (f.number) remember(k, &f, now + WORKSPACE_FRESH_US);
    *number = f.number;
    return true;
}

static bool read_second(db_tx *tx, void *arg, err *e) {
    bool *there = arg;
    db_rows *row;
    int found = db_get(tx, &Q_workspace_next, &row, e, DB_I64(WORKSPACE_DEFAULT));
    *there = found > 0;
    return found >= 0;
}

bool workspace_several(core *c, bool *several, err *e) {
    workspace_cache *k = c->workspaces;
    int64_t now = clock_mono_us();
    *several = atomic_load(&k->several);
    if (*several || atomic_load(&k->one_until) > now) return true;
    if (!db_read(c->db, read_second, several, e)) return false;
    if (*several)
        atomic_store(&k->several, true);
    else
        atomic_store(&k->one_until, now + WORKSPACE_FRESH_US);
    return true;
}
