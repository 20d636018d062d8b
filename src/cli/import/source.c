// SPDX-License-Identifier: Apache-2.0
// source: which kind of source an address is.
#include "cli/import/source.h"

#include <errno.h>
#include <sys/stat.h>

static bool has_scheme(str s, const char *scheme) {
    return str_starts(s, str_of(scheme));
}

// SQLAlchemy's way to name a file: sqlite:///relative, sqlite:////absolute
static str without_sqlite(str s) {
    if (has_scheme(s, "sqlite:///")) return str_from(s, 10);
    return has_scheme(s, "sqlite:") ? str_from(s, 7) : s;
}

static bool open_local(source_config *c, source *out, err *e) {
    struct stat st;
    if (has_scheme(c->address, "file://")) c->address = str_from(c->address, 7);
    c->address = without_sqlite(c->address);
    if (stat(arena_cstr(c->a, c->address), &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return err_set(e, ERR_NOT_FOUND, "there is no '%.*s'", STR_F(c->address));
        return err_errno(e, "can not look at '%.*s'", STR_F(c->address));
    }
    return S_ISDIR(st.st_mode) ? mlflow_files_open(c, out, e) : mlflow_sqlite_open(c, out, e);
}

bool source_open(const source_config *config, source *out, err *e) {
    source_config c = *config;
    str s = c.address;
    if (has_scheme(s, "http://") || has_scheme(s, "https://"))
        return mlflow_http_open(&c, out, e);
    if (has_scheme(s, "postgres://") || has_scheme(s, "postgresql://") ||
        has_scheme(s, "postgresql+"))
        return mlflow_postgres_open(&c, out, e);
    if (has_scheme(s, "mysql") || has_scheme(s, "mssql"))
        return err_set(
            e, ERR_INVALID,
            "databases of this kind are not read directly: start 'mlflow server' on it "
            "and give its http:// address");
    return open_local(&c, out, e);
}

void source_close(source *s) {
    if (s->ops) s->ops->close(s->s);
    *s = (source){0};
}
