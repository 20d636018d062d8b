// SPDX-License-Identifier: Apache-2.0
// migrate: the records of a data folder from SQLite to PostgreSQL and back.
#include "cli/cli_internal.h"
#include "cli/place.h"
#include "core/event.h"
#include "core/move.h"

#include <stdio.h>
#include <unistd.h>

typedef unsigned long long ull;

static bool is_sqlite(str s) {
    return !s.n || str_is(s, "sqlite");
}

static str url_of(const cli_options *o, arena *a, str where) {
    return is_sqlite(where) ? cli_sqlite_url(o, a) : where;
}

static bool check_places(const cli_options *o, arena *a, err *e) {
    if (!cli_given(o, "to"))
        return err_set(e, ERR_INVALID,
                       "'stemma migrate' needs --to sqlite or --to postgresql://...");
    if (is_sqlite(o->from) == is_sqlite(o->to))
        return err_set(e, ERR_INVALID,
                       "one of --from and --to is sqlite, the other a PostgreSQL database");
    if (is_sqlite(o->from) && access(url_of(o, a, o->from).p + 7, F_OK))
        return err_set(e, ERR_NOT_FOUND, "there is no stemma.db in '%.*s'", STR_F(o->data));
    return true;
}

// To this program's schema, and every event sealed: a server on SQLite seals as it writes.
static bool ready_source(db *d, err *e) {
    int schema = db_schema_number(d, e);
    if (schema == 0)
        err_set(e, ERR_NOT_FOUND, "there are no records in the database of --from");
    core *c = schema > 0 ? core_open(&(core_config){.db = d}, STEMMA_VERSION, e) : NULL;
    bool ok = c && event_seal_all(c, e);
    core_close(c);
    return ok;
}

static bool ready_target(const cli_options *o, arena *a, db *d, err *e) {
    bool empty, again;
    str name = is_sqlite(o->to) ? (str){0} : o->to;
    if (!move_is_empty(d, &empty, e) ||
        !place_begin(a, o->data, "migrate", name, true, &again, e))
        return false;
    if (empty || again) return core_migrate(d, STEMMA_VERSION, e);
    place_end(a, o->data, e);
    return err_set(e, ERR_STATE,
                   "there are records in the database of --to already: empty it, or move its "
                   "file away");
}

static bool migrate(const cli_options *o, arena *a, move_report *r, err *e) {
    db *to = NULL, *from = db_open(&(db_config){.url = url_of(o, a, o->from)}, e);
    if (from && ready_source(from, e))
        to = db_open(&(db_config){.url = url_of(o, a, o->to)}, e);
    bool ok = to && ready_target(o, a, to, e) && move_records(from, to, r, e);
    if (to) db_close(to);
    if (from) db_close(from);
    return ok && place_set_records(a, o->data, !is_sqlite(o->to), e) &&
           place_end(a, o->data, e);
}

int cmd_migrate(const cli_options *o, arena *a) {
    err e = {0};
    move_report r;
    if (!check_places(o, a, &e) || !migrate(o, a, &r, &e)) return cli_fail(&e);
    if (o->json.n) {
        printf("{\"tables\":%llu,\"rows\":%llu,\"bytes\":%llu}\n", (ull)r.tables, (ull)r.rows,
               (ull)r.bytes);
        return CLI_OK;
    }
    printf("moved %llu rows of %llu tables, and compared them\n", (ull)r.rows, (ull)r.tables);
    if (is_sqlite(o->to))
        printf("start servers without --db from now on\n");
    else
        printf("start servers with --db from now on; stemma.db is left as it was\n");
    return CLI_OK;
}
