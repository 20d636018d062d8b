// SPDX-License-Identifier: Apache-2.0
// Queries of the event log.
#ifndef STEMMA_CORE_EVENT_SQL_H
#define STEMMA_CORE_EVENT_SQL_H

#include "core/sql.h"

// With the name that the project has now.
#define EVENT_SELECT                                                                           \
    "SELECT e.number, e.time_us, e.kind, e.project, e.user_name, e.proven, e.object, "         \
    "e.payload, p.name"                                                                        \
    " FROM event e LEFT JOIN project p ON p.ws = e.ws AND p.project = e.project"               \
    " WHERE e.ws = $1 AND "

#define EVENT_SQL(X)                                                                           \
    X(event_insert, true,                                                                      \
      "INSERT INTO event (ws, event, number, time_us, kind, project, user_name, proven, "      \
      "object,"                                                                                \
      " payload, payload_digest, chain, subject) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, " \
      "$10, $11, $12, $13)")                                                                   \
    X(event_pending_insert, true, "INSERT INTO event_pending (ws, event) VALUES ($1, $2)")     \
    X(event_pending_page, false, /* a queue: read from its start */                            \
      "SELECT p.ws, p.event, e.time_us, e.kind, e.project, e.user_name, e.proven, e.object, "  \
      "e.payload_digest"                                                                       \
      " FROM event_pending p JOIN event e ON e.ws = p.ws AND e.event = p.event"                \
      " ORDER BY p.ws, p.event LIMIT $1")                                                      \
    X(event_pending_delete, true, "DELETE FROM event_pending WHERE ws = $1 AND event = $2")    \
    X(event_set_number, true,                                                                  \
      "UPDATE event SET number = $3, chain = $4 WHERE ws = $1 AND event = $2")                 \
    X(event_head_get, true, "SELECT number, chain FROM event_head WHERE ws = $1")              \
    X(event_head_set, true,                                                                    \
      "INSERT INTO event_head (ws, number, chain) VALUES ($1, $2, $3)"                         \
      " ON CONFLICT (ws) DO UPDATE SET number = $2, chain = $3")                               \
    X(event_page, true, EVENT_SELECT "e.number > $2 ORDER BY e.number LIMIT $3")               \
    X(event_page_newest, true, EVENT_SELECT "e.number < $2 ORDER BY e.number DESC LIMIT $3")   \
    X(event_page_of_project, true,                                                             \
      EVENT_SELECT "e.project = $4 AND e.number > $2 ORDER BY e.number LIMIT $3")              \
    X(event_page_of_project_newest, true,                                                      \
      EVENT_SELECT "e.project = $4 AND e.number < $2 ORDER BY e.number DESC LIMIT $3")         \
    X(event_page_of_subject, true,                                                             \
      EVENT_SELECT "e.subject = $4 AND e.number > $2 ORDER BY e.number LIMIT $3")              \
    X(event_page_of_subject_newest, true,                                                      \
      EVENT_SELECT "e.subject = $4 AND e.number < $2 ORDER BY e.number DESC LIMIT $3")         \
    X(event_time, true, "SELECT time_us FROM event WHERE ws = $1 AND number = $2")             \
    X(event_chain_get, true, "SELECT chain FROM event WHERE ws = $1 AND number = $2")          \
    X(event_chain_page, true,                                                                  \
      "SELECT number, time_us, kind, project, user_name, proven, object, payload, "            \
      "payload_digest, chain FROM event WHERE ws = $1 AND number > $2 ORDER BY number "        \
      "LIMIT $3")

EVENT_SQL(SQL_QUERY)

#endif
