// SPDX-License-Identifier: Apache-2.0
// backup_read: restoring and checking, see backup.h. One thread.
#include "core/backup.h"
#include "core/schema.h"
#include "core/table.h"

#include <stdlib.h>

// ---- what both read -------------------------------------------------------------------------

static bool damaged(err *e, const archive_got *f) {
    return err_set(e, ERR_CORRUPT, "the backup is damaged at byte %llu: make or take another",
                   (unsigned long long)f->at);
}

static bool parse_about(str payload, arena *a, backup_about *about) {
    cur c = cur_of(payload);
    while (cur_left(&c) && !c.bad) {
        str name = archive_text_get(&c), value = archive_text_get(&c);
        int64_t n;
        if (str_is(name, "version")) about->version = arena_str(a, value);
        if (str_is(name, "engine")) about->engine = arena_str(a, value);
        if (str_is(name, "schema") && str_to_i64(value, &n) && n > 0 && n < INT32_MAX)
            about->schema = (int)n;
    }
    return !c.bad && about->schema > 0;
}

bool backup_read_about(archive_in *in, arena *a, backup_about *about, err *e) {
    archive_got f;
    *about = (backup_about){0};
    if (!archive_open(in, ARCHIVE_BACKUP, &about->made_us, e)) return false;
    int got = archive_next(in, &f, e);
    if (got < 0) return false;
    if (got == 0 || f.damaged || f.kind != ARCHIVE_INFO || !parse_about(f.payload, a, about))
        return damaged(e, &f);
    return true;
}

static const table_set *set_of(const backup_about *about, err *e) {
    const table_set *set = table_set_at(about->schema);
    if (!set)
        err_set(e, ERR_STATE,
                "this backup was made by stemma %.*s (schema %d), this is an older stemma "
                "(schema %d): use that version or a newer one",
                STR_F(about->version), about->schema, table_set_at(0)->schema);
    return set;
}

const table *backup_table(const table_set *set, str payload, err *e) {
    cur c = cur_of(payload);
    str name = archive_text_get(&c);
    const table *t = table_named(set, name);
    bool same = t && cur_uvar(&c) == t->n;
    for (size_t i = 0; same && i < t->n; i++) {
        same = str_eq(archive_text_get(&c), t->columns[i].name);
        same &= cur_u8(&c) == t->columns[i].type;
    }
    if (same && !c.bad) return t;
    err_set(e, ERR_CORRUPT, "the backup names a table that its schema does not have: '%.*s'",
            STR_F(str_upto_code_points(str_is_text(name) ? name : STR("?"), 60)));
    return NULL;
}

// ---- records --------------------------------------------------------------------------------

static size_t migrations_upto(int schema) {
    size_t n = 0;
    while (n < schema_migrations_n && schema_migrations[n].number <= schema)
        n++;
    return n;
}

// *loaded: the records are there already. Only a complete load is migrated further than the
// backup's own schema. What is in the catalogue of objects has its bytes, and stays.
static bool make_schema(db *d, const backup_about *about, bool again, const char *version,
                        bool *loaded, err *e) {
    const table_set *set = table_set_at(about->schema);
    int now = db_schema_number(d, e);
    if (now < 0) return false;
    if (now > 0 && !again)
        return err_set(e, ERR_STATE,
                       "the database is not empty: a backup is restored into an empty one");
    *loaded = now > about->schema;
    if (*loaded) return true;
    if (!db_migrate(d, schema_migrations, migrations_upto(about->schema), version, e))
        return false;
    for (size_t i = 0; now > 0 && i < set->n; i++) {
        if (!str_is(set->tables[i].name, "object") && !table_wipe(d, &set->tables[i], e))
            return false;
    }
    return true;
}

typedef struct loading {
    db *d;
    const table_set *set;
    const table *t;
    bool loaded;
    backup_report *r;
} loading;

static bool load_frame(loading *l, const archive_got *f, err *e) {
    uint64_t n = 0;
    if (f->damaged) return damaged(e, f);
    if (f->kind == ARCHIVE_TABLE) {
        l->r->tables++;
        l->t = backup_table(l->set, f->payload, e);
        return l->t != NULL;
    }
    if (!l->t) return damaged(e, f);
    if (!l->loaded && !table_insert_block(l->d, l->t, f->payload, &n, e)) return false;
    l->r->rows += n;
    return true;
}

static bool is_record(archive_kind k) {
    return k == ARCHIVE_TABLE || k == ARCHIVE_ROWS;
}

bool backup_load_records(db *d, archive_in *in, const backup_about *about, bool again,
                         const char *version, backup_report *r, err *e) {
    *r = (backup_report){0};
    loading l = {.d = d, .set = set_of(about, e), .r = r};
    if (!l.set || !make_schema(d, about, again, version, &l.loaded, e)) return false;
    while (is_record(archive_peek(in))) {
        archive_got f;
        if (archive_next(in, &f, e) != 1 || !load_frame(&l, &f, e)) return false;
    }
    return db_migrate(d, schema_migrations, schema_migrations_n, version, e);
}

// ---- objects --------------------------------------------------------------------------------

// The object that is being read: a small one is gathered, several go to the store at once.
typedef struct taking {
    store *s;
    backup_report *r;
    arena *a; // bytes of the items
    store_item items[STORE_MANY];
    size_t n;
    bool open;
    sha256 digest;
    uint64_t size, have;
    char *small;
    store_upload *large;
} taking;

static bool flush_items(taking *t, err *e) {
    bool ok = !t->n || store_put_many(t->s, t->items, t->n, e);
    t->n = 0;
    arena_reset(t->a);
    return ok;
}

static bool wrong(err *e, sha256 digest) {
    char hex[SHA256_HEX];
    sha256_hex(digest, hex);
    return err_set(e, ERR_CORRUPT,
                   "the backup's bytes of object %s are not those of its digest", hex);
}

static bool end_small(taking *t, err *e) {
    sha256 d = sha256_of(t->small, (size_t)t->size);
    if (!sha256_eq(d, t->digest)) return wrong(e, t->digest);
    t->items[t->n++] = (store_item){.p = t->small, .n = (size_t)t->size, .digest = d};
    return t->n < STORE_MANY || flush_items(t, e);
}

static bool end_large(taking *t, err *e) {
    sha256 d;
    uint64_t size;
    store_upload *u = t->large;
    t->large = NULL;
    return store_finish(u, &d, &size, e) && (sha256_eq(d, t->digest) || wrong(e, t->digest));
}

static bool end_object(taking *t, err *e) {
    t->open = false;
    t->r->objects++;
    t->r->object_bytes += t->size;
    return t->large ? end_large(t, e) : end_small(t, e);
}

static bool begin_object(taking *t, const archive_got *f, err *e) {
    cur c = cur_of(f->payload);
    str digest = cur_take(&c, sizeof t->digest.b);
    t->size = cur_u64(&c);
    if (c.bad || cur_left(&c) || t->open) return damaged(e, f);
    memcpy(t->digest.b, digest.p, digest.n);
    t->have = 0;
    t->open = true;
    if (t->size <= STORE_SMALL)
        t->small = arena_bytes(t->a, (size_t)t->size + 1);
    else if (!(t->large = store_begin(t->s, e)))
        return false;
    return t->size || end_object(t, e);
}

static bool take_data(taking *t, const archive_got *f, err *e) {
    size_t n = f->payload.n;
    if (!t->open || !n || n > t->size - t->have) return damaged(e, f);
    if (t->large && !store_write(t->large, f->payload.p, n, e)) return false;
    if (!t->large) memcpy(t->small + t->have, f->payload.p, n);
    t->have += n;
    return t->have < t->size || end_object(t, e);
}

// What it is made of came before it; all of it is read and hashed. Of parts that were lost when
// the backup was made nothing can be made: then it is lost too.
static bool take_made(taking *t, const archive_got *f, err *e) {
    cur c = cur_of(f->payload);
    sha256 digest = {{0}}, root = {{0}};
    sha256_copy(cur_take(&c, sizeof digest.b), &digest);
    cur_u64(&c);
    sha256_copy(cur_take(&c, sizeof root.b), &root);
    if (c.bad || cur_left(&c) || t->open) return damaged(e, f);
    t->r->objects++;
    if (!flush_items(t, e)) return false;
    if (store_make(t->s, digest, root, e)) return true;
    if (!t->r->lost || (e->code != ERR_CORRUPT && e->code != ERR_NOT_FOUND)) return false;
    t->r->lost++;
    *e = (err){0};
    return true;
}

static bool take_frame(taking *t, const archive_got *f, err *e) {
    if (f->damaged) return damaged(e, f);
    switch (f->kind) {
    case ARCHIVE_OBJECT: return begin_object(t, f, e);
    case ARCHIVE_DATA: return take_data(t, f, e);
    case ARCHIVE_LOST:
        store_abort(t->large);
        t->large = NULL;
        t->open = false;
        t->r->lost++;
        return true;
    case ARCHIVE_MADE: return take_made(t, f, e);
    case ARCHIVE_INDEX: return !t->open || damaged(e, f);
    default: return damaged(e, f);
    }
}

bool backup_load_objects(store *s, archive_in *in, backup_report *r, err *e) {
    taking *t = mem_alloc(sizeof *t);
    *t = (taking){.s = s, .r = r, .a = arena_new()};
    archive_got f;
    int got;
    while ((got = archive_next(in, &f, e)) == 1) {
        if (take_frame(t, &f, e)) continue;
        got = -1;
        break;
    }
    bool ok = got == 0 && flush_items(t, e);
    if (ok && t->open) ok = damaged(e, &f);
    store_abort(t->large);
    arena_free(t->a);
    free(t);
    return ok;
}
