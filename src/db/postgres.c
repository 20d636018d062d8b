// SPDX-License-Identifier: Apache-2.0
#include "db/db_internal.h"
db *postgres_open(const db_config *c, err *e) {
    (void)c;
    err_set(e, ERR_UNIMPLEMENTED, "PostgreSQL is not built in");
    return NULL;
}
