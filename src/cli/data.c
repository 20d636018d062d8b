// SPDX-License-Identifier: Apache-2.0
// data: opens what a data folder holds: stemma.db (unless --db names a PostgreSQL database) and
// content/. One thread.
#include "cli/cli_internal.h"
#include "cli/place.h"

#include "base/log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_folder(arena *a, str dir, err *e) {
    if (mkdir(arena_cstr(a, dir), 0700) == 0 || errno == EEXIST) return true;
    return err_errno(e, "can not make the data folder '%.*s'", STR_F(dir));
}

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

bool cli_open(const cli_options *o, arena *a, bool background, cli_data *out, err *e) {
    *out = (cli_data){0};
    if (!make_folder(a, o->data, e) || !place_may_open(a, o->data, o->db, e)) return false;
    str url = o->db.n ? o->db : arena_printf(a, "sqlite:%.*s/stemma.db", STR_F(o->data));
    out->db = db_open(&(db_config){.url = url}, e);
    if (out->db) {
        core_config c = {.db = out->db,
                         .artifact_root = o->artifact_root,
                         .background = background,
                         .undo_dir = arena_printf(a, "%.*s/undo", STR_F(o->data))};
        cli_seconds(o->beat_grace, &c.beat_grace_us);
        c.beat_grace_us *= 1000000;
        // The catalogue of objects is a table of the schema, so the schema comes first.
        if (core_migrate(out->db, STEMMA_VERSION, e)) {
            out->store = c.store =
                store_open(out->db, arena_printf(a, "%.*s/content", STR_F(o->data)), e);
        }
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
