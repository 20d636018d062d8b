// SPDX-License-Identifier: Apache-2.0
// Queries of jobs.
#ifndef STEMMA_CORE_JOB_SQL_H
#define STEMMA_CORE_JOB_SQL_H

#include "core/sql.h"

#define JOB_COLUMNS                                                                            \
    "job, kind, state, user_name, argument, done, total, unit, detail, holder, created_us, "   \
    "started_us,"                                                                              \
    " updated_us"

#define JOB_SQL(X)                                                                             \
    X(job_insert, true,                                                                        \
      "INSERT INTO job (ws, job, kind, state, user_name, argument, done, total, unit, "        \
      "detail, turn,"                                                                          \
      " due_us, created_us, updated_us) VALUES ($1, $2, $3, 0, $4, $5, 0, 0, '', '', 0, $6, "  \
      "$7, $7)"                                                                                \
      " ON CONFLICT (ws, job) DO NOTHING")                                                     \
    X(job_get, true, "SELECT " JOB_COLUMNS " FROM job WHERE ws = $1 AND job = $2")             \
    X(job_page, true,                                                                          \
      "SELECT " JOB_COLUMNS " FROM job WHERE ws = $1 AND job < $2 ORDER BY job DESC LIMIT $3") \
    X(job_due, true,                                                                           \
      "SELECT ws, job, kind, due_us, turn, user_name, argument, holder FROM job"               \
      " WHERE due_us <= $1"                                                                    \
      " ORDER BY due_us LIMIT $2")                                                             \
    X(job_take, true,                                                                          \
      "UPDATE job SET state = 1, holder = $4, due_us = $5, turn = turn + 1, started_us = $6,"  \
      " updated_us = $6, done = 0, total = 0, detail = ''"                                     \
      " WHERE ws = $1 AND job = $2 AND due_us = $3")                                           \
    X(job_renew, true,                                                                         \
      "UPDATE job SET done = $5, total = $6, unit = $7, detail = $8, due_us = $9, updated_us " \
      "= $10, state = 1"                                                                       \
      " WHERE ws = $1 AND job = $2 AND holder = $3 AND turn = $4")                             \
    X(job_finish, true,                                                                        \
      "UPDATE job SET done = $5, total = $6, unit = $7, detail = $8, due_us = $9, updated_us " \
      "= $10,"                                                                                 \
      " state = $11, turn = $12, holder = NULL"                                                \
      " WHERE ws = $1 AND job = $2 AND holder = $3 AND turn = $4")                             \
    X(job_bury, true,                                                                          \
      "UPDATE job SET state = 3, due_us = NULL, detail = $4, updated_us = $5"                  \
      " WHERE ws = $1 AND job = $2 AND due_us = $3")                                           \
    X(job_show, true,                                                                          \
      "UPDATE job SET state = 1, holder = $3, done = $4, total = $5, unit = $6, updated_us = " \
      "$7,"                                                                                    \
      " started_us = CASE WHEN holder = $3 THEN started_us ELSE $7 END WHERE ws = $1 AND job " \
      "= $2")                                                                                  \
    X(job_unshow, true,                                                                        \
      "UPDATE job SET state = 0, holder = NULL, updated_us = $4"                               \
      " WHERE ws = $1 AND job = $2 AND holder = $3")                                           \
    X(job_free_all, false,                                                                     \
      "UPDATE job SET due_us = $1, holder = NULL WHERE state = 1 AND due_us > $1")             \
    X(job_old, true,                                                                           \
      "SELECT job FROM job WHERE ws = $1 AND job < $2 AND due_us IS NULL AND state >= 2"       \
      " ORDER BY job LIMIT $3")                                                                \
    X(job_delete, true, "DELETE FROM job WHERE ws = $1 AND job = $2")

JOB_SQL(SQL_QUERY)

#endif
