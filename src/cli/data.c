// SPDX-License-Identifier: Apache-2.0
// data: opens what a data folder holds: stemma.db (unless --db names a PostgreSQL database) and
// content/. One thread.
#include "api/native/native.h"
#include "cli/cli_internal.h"
#include "cli/place.h"

#include "base/log.h"

#include <unistd.h>

bool cli_set_log(str level, err *e) {
    static const char *const names[] = {"debug", "info", "warn", "error", "off"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!str_is(level, names[i])) continue;
        log_set_level((log_level)i);
        return true;
    }
    return err_set(e, ERR_INVALID, "--log takes debug, info, warn, error or off, not '%.*s'",
                   STR_F(level));
}

bool cli_data_there(const cli_options *o, arena *a, err *e) {
    const char *file = o->db.n ? "content" : "stemma.db";
    if (!place_is_finished(a, o->data, e)) return false;
    if (access(arena_printf(a, "%.*s/%s", STR_F(o->data), file).p, F_OK) == 0) return true;
    return err_set(e, ERR_NOT_FOUND, "there is no data in '%.*s': it has no %s", STR_F(o->data),
                   file);
}

str cli_sqlite_url(const cli_options *o, arena *a) {
    return arena_printf(a, "sqlite:%.*s/stemma.db", STR_F(o->data));
}

str cli_db_url(const cli_options *o, arena *a) {
    return o->db.n ? o->db : cli_sqlite_url(o, a);
}

store *cli_open_store(const cli_options *o, arena *a, db *d, err *e) {
    return store_open(d, arena_printf(a, "%.*s/content", STR_F(o->data)), e);
}

bool cli_open(const cli_options *o, arena *a, bool background, cli_data *out, err *e) {
    *out = (cli_data){0};
    if (!place_make(a, o->data, e) || !place_may_open(a, o->data, o->db, e)) return false;
    out->db = db_open(&(db_config){.url = cli_db_url(o, a)}, e);
    if (out->db) {
        core_config c = {.db = out->db,
                         .artifact_root = o->artifact_root,
                         .background = background,
                         .compile_rule = native_compile_rule,
                         .undo_dir = arena_printf(a, "%.*s/undo", STR_F(o->data))};
        cli_seconds(o->beat_grace, &c.beat_grace_us);
        c.beat_grace_us *= 1000000;
        // The catalogue of objects is a table of the schema, so the schema comes first.
        if (core_migrate(out->db, STEMMA_VERSION, e))
            out->store = c.store = cli_open_store(o, a, out->db, e);
        if (out->store) out->core = core_open(&c, STEMMA_VERSION, e);
    }
    if (out->core) return true;
    cli_close(out);
    return false;
}

void cli_close(cli_data *d) {
    if (d->core) core_close(d->core);
    if (d->store) store_close(d->store);
    if (d->db) db_close(d->db);
    *d = (cli_data){0};
}
