// SPDX-License-Identifier: Apache-2.0
// semver: semantic versions (semver.org, 2.0.0) as text, with or without a 'v' before them.
// Pure; any thread.
#ifndef STEMMA_CORE_SEMVER_H
#define STEMMA_CORE_SEMVER_H

#include "base/arena.h"

typedef struct semver {
    bool v; // it is written with a 'v' before it
    uint64_t major, minor, patch;
    str pre, build; // "rc.1", "cu121"; empty: none. They lie in the text
} semver;

// "1.2.3", "v1.2.3", "1.2.3-rc.1+cu121": false for anything else, and for numbers of more than
// 18 digits.
bool semver_parse(str text, semver *out);

// Which comes first: below 0, 0, above 0. What stands behind a '+' does not count.
int semver_cmp(const semver *a, const semver *b);

typedef enum semver_part { SEMVER_PATCH = 1, SEMVER_MINOR, SEMVER_MAJOR } semver_part;
// The release that follows the release `of` when this part is raised; with a 'v' if that has
// one. Below 1.0.0 each part stands for the next: 0.2.0 breaks with 0.1.4, and 1.0.0 is for
// people to say.
str semver_next(arena *a, const semver *of, semver_part part);

#endif
