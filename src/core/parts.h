// SPDX-License-Identifier: Apache-2.0
// parts: what makes a version complete, told by what it has: files of its tree by their names,
// its evaluations, and what its run and its logged model measured. A repo may ask for parts
// (protect.h). Any thread.
#ifndef STEMMA_CORE_PARTS_H
#define STEMMA_CORE_PARTS_H

#include "core/repo.h"

// X(NAME, text, number, what has it). Stored as a sum: append only.
#define PARTS(X)                                                                               \
    X(CONFIG, "config", 1, "a configuration: config.json, MLmodel, params.json, a GGUF file")  \
    X(WEIGHTS, "weights", 2, "weights: .safetensors, .gguf, .onnx, .pt, .pkl and the like")    \
    X(TOKENIZER, "tokenizer", 4, "a tokenizer: tokenizer.json, vocab.txt, a GGUF file")        \
    X(CARD, "card", 8, "a card: README.md, MODEL_CARD.md")                                     \
    X(LOGS, "logs", 16, "training logs: its run is here and has metrics")                      \
    X(EVALUATIONS, "evaluations", 32,                                                          \
      "evaluations: one that was not withdrawn; or metrics of its logged model, or of its "    \
      "run under a name that begins with eval or test")
#define PARTS_ENUM(name, text, number, doc) PART_##name = (number),
typedef enum part { PARTS(PARTS_ENUM) PARTS_ALL = 63 } part;
#undef PARTS_ENUM
#define PARTS_OF_TREE (PART_CONFIG | PART_WEIGHTS | PART_TOKENIZER | PART_CARD)

str parts_text(arena *a, uint64_t sum); // "config, weights"; "" for none

uint64_t parts_of_path(str path); // what a file is by its name, wherever it lies

// What a version has: of v content, run and model are read. A tree is looked through until all
// is found, at most PARTS_FILES of its files.
#define PARTS_FILES 100000
bool parts_of(ctx *c, const version *v, uint64_t *sum, err *e);

#endif
