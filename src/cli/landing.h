// SPDX-License-Identifier: Apache-2.0
// landing: where the files of a pull are gathered, and how they come to their place when all
// are there. The folder that gathers is named by the tree, so that a pull that broke off goes
// on and never mixes two versions.
//
// A folder that is not there is gathered beside it, in FOLDER.stemma-TREE.part, which then gets
// its name: it is there whole or not at all. One that is there and empty stays what it is (the
// current folder, a mount point, with its mode): it is gathered within, in .stemma-TREE.part,
// which becomes .stemma-TREE.moving once all is there, and is gone when all has been moved out
// of it. So what broke off can be told from what is whole, and goes on. One thread.
#ifndef STEMMA_CLI_LANDING_H
#define STEMMA_CLI_LANDING_H

#include "base/arena.h"
#include "base/err.h"

typedef struct landing {
    str folder, part; // where the files shall be; where they are gathered
    bool within;      // `part` lies in `folder`
    str moving;       // within: what `part` becomes when all is there
    bool gathered;    // all is there already, and is being moved
} landing;

// ERR_EXISTS for a folder in which something else is.
bool landing_choose(arena *a, str folder, str tree, landing *out, err *e);
// All files are in `part`, synced: to their place.
bool landing_finish(arena *a, const landing *l, err *e);
// Is this the name of a folder of a pull that broke off?
bool landing_is_rest(const char *name);

#endif
