// SPDX-License-Identifier: Apache-2.0
// pickles: what the pickles among the files of a content would import if somebody loaded them.
// Found by their names (.pkl, .joblib, .pt, .npz ...), and by their first bytes where a name
// says nothing; scanned when asked for (store/pickle.h), never loaded. Any thread; one file is
// scanned at a time in a process, so that all scans together take the memory of one.
#ifndef STEMMA_CORE_PICKLES_H
#define STEMMA_CORE_PICKLES_H

#include "core/content.h"
#include "store/pickle.h"

// A file that is a pickle or should be one, or holds some; false: that is enough. What it is
// given lives until it returns.
typedef bool pickles_found(void *arg, const tree_file *f, const pickle_report *r);

// A step, behind the path `after` (p NULL: from the first): at most `max` files that are named
// as pickles, and what a second or two is enough for. *next is the path to go on behind; p
// NULL: all were looked at.
bool pickles_step(ctx *c, const content *of, str after, size_t max, pickles_found *found,
                  void *arg, str *next, err *e);

#endif
