// SPDX-License-Identifier: Apache-2.0
// Shared by the files of core/check*.c only.
#ifndef STEMMA_CORE_CHECK_INTERNAL_H
#define STEMMA_CORE_CHECK_INTERNAL_H

#include "core/check.h"

// Versions and artifacts whose bytes are not there, objects that are made of what is not, and
// refs that are not where their history says.
bool check_names(core *c, const check_watch *w, err *e);

#endif
