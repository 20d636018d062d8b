// SPDX-License-Identifier: Apache-2.0
// What the tests of base see of digest.c and crc32c.c.
#ifndef STEMMA_BASE_DIGEST_INTERNAL_H
#define STEMMA_BASE_DIGEST_INTERNAL_H

#include "base/digest.h"

// crc32c as a CPU without the instruction makes it.
uint32_t crc32c_by_table(uint32_t crc, const void *p, size_t n);

#endif
