// SPDX-License-Identifier: Apache-2.0
// pickle: what a file of Python's pickle format (protocols 0 to 5) would import if somebody
// loaded it: whoever unpickles a file runs what it names. Nothing is executed or built here:
// the opcodes are walked with a stack on which only texts are told from other values, because
// names may be put together there. Opened for the pickles that they hold are PyTorch's zip
// archives and NumPy's, NumPy's arrays of objects, and what is compressed with zlib or zstd.
// What is compressed otherwise is told as not looked into.
//
// A file is hostile: memory and time are bounded by the limits below whatever lengths it
// claims; bytes of values are skipped, not read. Wherever the walk cannot follow what an
// unpickler would do, it ends and `problem` says why, so a file without a problem imports
// nothing but what is listed. No state; any thread may call.
#ifndef STEMMA_STORE_PICKLE_H
#define STEMMA_STORE_PICKLE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    PICKLE_IMPORTS_MAX = 500,     // different names; no file of weights has as many
    PICKLE_NAME_MAX = 500,        // bytes of a module, and of a name in it
    PICKLE_STACK_MAX = 1 << 20,   // values at once, 8 bytes each
    PICKLE_MEMO_MAX = 1 << 22,    // values that are kept for later, 8 bytes each
    PICKLE_READ_MAX = 128 << 20,  // bytes that are read of a file
    PICKLE_UNPACK_MAX = 16 << 20, // bytes of what is compressed, one at a time
    PICKLE_MEMBERS_MAX = 1 << 20, // files of an archive
    PICKLE_DEPTH_MAX = 4,         // files in files
};

typedef enum pickle_verdict {
    PICKLE_HARMLESS,  // known, and does nothing but make values
    PICKLE_UNKNOWN,   // could be anything
    PICKLE_DANGEROUS, // known to run commands or code, or to reach what does
} pickle_verdict;

typedef struct pickle_import {
    str name; // "os.system"; valid text
    pickle_verdict verdict;
} pickle_import;

typedef struct pickle_report {
    bool found;             // is it, or does it hold, a pickle at all?
    uint64_t pickles;       // that were walked
    pickle_import *imports; // the worst first, then by name
    size_t n;
    pickle_verdict verdict; // the worst of all, at least UNKNOWN when there is a problem
    str problem;            // why it was not read to its end; empty: it was
} pickle_report;

// All n bytes from offset on, which are in the file.
typedef bool (*pickle_read)(void *arg, uint64_t offset, void *p, size_t n, err *e);

// What a file's name says, the least first.
typedef enum pickle_naming {
    PICKLE_NOT_NAMED,   // of another format: .json .safetensors .png ...
    PICKLE_UNNAMED,     // nothing: it is one if its first bytes say so
    PICKLE_MAYBE_NAMED, // .pt .pth .bin .ckpt .npy .npz: one, it holds some, or something else
    PICKLE_NAMED,       // .pkl .pickle .joblib .dill ...
} pickle_naming;
// That of what it was before it was compressed: .pkl.gz is named.
pickle_naming pickle_naming_of(str path);

// What a file of `size` bytes would import, in the arena. PICKLE_NAMED: it is a problem when it
// is no pickle. False only with an error of `read`.
bool pickle_scan(pickle_read read, void *arg, uint64_t size, pickle_naming named, arena *a,
                 pickle_report *out, err *e);

// What is known of "module.name"; `at` bytes of it are the module. For tests.
pickle_verdict pickle_judge(str name, size_t at);

#endif
