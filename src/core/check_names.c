// SPDX-License-Identifier: Apache-2.0
// check_names: is there what rows name? The contents of versions, the bytes of artifacts, what
// stored objects are made of, the places where refs point, and evaluations with their versions
// and scores. In one snapshot, each question once over its table; of each TOLD_MAX findings at
// most are told. No state; any thread.
#include "core/check_internal.h"

#include <stdio.h>

#define TOLD_MAX 1000

// Each gives what is named, as a text or an object's digest.
static const struct {
    db_query q;
    const char *where, *what;
} questions[] = {
    {{"check.versions",
      "SELECT r.name || '@' || v.number, NULL FROM version v"
      " JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"
      " LEFT JOIN object o ON o.digest = v.content WHERE v.deleted_us = 0"
      " AND v.content IS NOT NULL AND o.digest IS NULL ORDER BY v.ws, r.name, v.number LIMIT "
      "$1",
      false},
     "version",
     "its content is not in the store"},
    {{"check.artifacts",
      "SELECT a.parent || '/' || a.name, NULL FROM artifact a"
      " LEFT JOIN object o ON o.digest = a.digest WHERE a.digest IS NOT NULL"
      " AND o.digest IS NULL ORDER BY a.ws, a.parent, a.name LIMIT $1",
      false},
     "artifact",
     "its bytes are not in the store"},
    {{"check.links",
      "SELECT DISTINCT '', l.parent FROM object_link l JOIN object p ON p.digest = l.parent"
      " LEFT JOIN object o ON o.digest = l.child WHERE o.digest IS NULL"
      " ORDER BY l.parent LIMIT $1",
      false},
     "object",
     "something that it is made of is not in the store"},
    {{"check.refs",
      "SELECT r.name || '@' || f.name, NULL FROM ref f"
      " JOIN repo r ON r.ws = f.ws AND r.repo = f.repo"
      " LEFT JOIN ref_move m ON m.ws = f.ws AND m.repo = f.repo AND m.name = f.name"
      " AND m.moved_us = f.moved_us AND m.kind = f.kind AND m.version = f.version"
      " WHERE m.move IS NULL OR EXISTS (SELECT 1 FROM ref_move n WHERE n.ws = f.ws"
      " AND n.repo = f.repo AND n.name = f.name AND n.moved_us > f.moved_us)"
      " ORDER BY f.ws, r.name, f.name LIMIT $1",
      false},
     "ref",
     "it is not where its last move led"},
    {{"check.evaluations",
      "SELECT coalesce(r.name || '@' || v.number, '?') || ' ' || x.number, NULL"
      " FROM evaluation x LEFT JOIN version v ON v.ws = x.ws AND v.version = x.version"
      " LEFT JOIN repo r ON r.ws = v.ws AND r.repo = v.repo"
      " WHERE v.version IS NULL OR v.deleted_us <> 0 OR x.scores <> (SELECT count(*)"
      " FROM evaluation_score s WHERE s.ws = x.ws AND s.version = x.version"
      " AND s.number = x.number AND s.suite = x.suite) ORDER BY 1 LIMIT $1",
      false},
     "evaluation",
     "its version is not there, or not all of its scores are"},
    {{"check.scores",
      "SELECT DISTINCT s.suite || ' ' || s.number, NULL FROM evaluation_score s"
      " LEFT JOIN evaluation x ON x.ws = s.ws AND x.version = s.version"
      " AND x.number = s.number WHERE x.version IS NULL ORDER BY 1 LIMIT $1",
      false},
     "scores",
     "the evaluation that they are of is not there"},
};

static void tell(const check_watch *w, size_t i, const db_rows *row) {
    sha256 digest;
    char where[600];
    if (sha256_copy(db_blob(row, 1), &digest)) {
        check_bad_object(w, digest, questions[i].what);
        return;
    }
    snprintf(where, sizeof where, "%s %.*s", questions[i].where,
             STR_F(str_upto(db_text(row, 0), 500)));
    w->bad(w->arg, where, questions[i].what);
}

static bool ask_all(db_tx *tx, void *watch, err *e) {
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        db_rows *rows = db_select(tx, &questions[i].q, e, DB_I64(TOLD_MAX));
        if (!rows) return false;
        while (db_next(rows, e))
            tell(watch, i, rows);
        db_end(rows);
        if (e->code != ERR_NONE) return false;
    }
    return true;
}

bool check_names(core *c, const check_watch *w, err *e) {
    check_watch watch = *w;
    return db_snapshot(core_db(c), ask_all, &watch, e);
}
