// SPDX-License-Identifier: Apache-2.0
// parts: see parts.h. No state.
#include "core/parts.h"

#include "core/evaluation.h"
#include "core/series.h"
#include "store/tree_objects.h"

#include <fnmatch.h>

str parts_text(arena *a, uint64_t sum) {
    str out = {0};
#define NAME(name, text, number, doc)                                                          \
    if (sum & (number)) out = arena_printf(a, "%.*s%s%s", STR_F(out), out.n ? ", " : "", text);
    PARTS(NAME)
#undef NAME
    return str_or_empty(out);
}

// ---- files ----------------------------------------------------------------------------------

// The last name of a file, in any case.
static const struct {
    const char *pattern;
    uint64_t has;
} names[] = {
    {"config.json", PART_CONFIG},
    {"config.yaml", PART_CONFIG},
    {"config.yml", PART_CONFIG},
    {"config.toml", PART_CONFIG},
    {"params.json", PART_CONFIG},
    {"model_index.json", PART_CONFIG},
    {"adapter_config.json", PART_CONFIG},
    {"MLmodel", PART_CONFIG},
    {"tokenizer.json", PART_TOKENIZER},
    {"tokenizer.model", PART_TOKENIZER},
    {"vocab.json", PART_TOKENIZER},
    {"vocab.txt", PART_TOKENIZER},
    {"spiece.model", PART_TOKENIZER},
    {"sentencepiece.bpe.model", PART_TOKENIZER},
    {"*.tiktoken", PART_TOKENIZER},
    {"README.md", PART_CARD},
    {"MODEL_CARD.md", PART_CARD},
    {"modelcard.md", PART_CARD},
    {"*.gguf", PART_WEIGHTS | PART_CONFIG | PART_TOKENIZER}, // it holds all three
    {"*.safetensors", PART_WEIGHTS},
    {"pytorch_model*.bin", PART_WEIGHTS}, // and not training_args.bin
    {"adapter_model*.bin", PART_WEIGHTS},
    {"model*.bin", PART_WEIGHTS},
    {"*.pt", PART_WEIGHTS},
    {"*.pth", PART_WEIGHTS},
    {"*.ckpt", PART_WEIGHTS},
    {"*.onnx", PART_WEIGHTS},
    {"*.h5", PART_WEIGHTS},
    {"*.keras", PART_WEIGHTS},
    {"*.tflite", PART_WEIGHTS},
    {"*.msgpack", PART_WEIGHTS},
    {"*.npz", PART_WEIGHTS},
    {"*.pkl", PART_WEIGHTS},
    {"*.joblib", PART_WEIGHTS},
    {"*.ubj", PART_WEIGHTS},
    {"*.cbm", PART_WEIGHTS},
};

uint64_t parts_of_path(str path) {
    char name[TREE_NAME_MAX + 1];
    uint64_t sum = 0;
    str last = str_upto(str_last_name(path), TREE_NAME_MAX);
    memcpy(name, last.p, last.n);
    name[last.n] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!fnmatch(names[i].pattern, name, FNM_CASEFOLD)) sum |= names[i].has;
    return sum;
}

static bool parts_of_tree(ctx *c, sha256 tree, uint64_t *sum, err *e) {
    tree_open t = tree_objects_open(core_store(c->core), tree);
    tree_file f;
    for (size_t i = 0; i < PARTS_FILES && (*sum & PARTS_OF_TREE) != PARTS_OF_TREE &&
                       tree_next(t.reader, &f, e);
         i++)
        *sum |= parts_of_path(f.path);
    tree_objects_close(&t);
    return e->code == ERR_NONE;
}

// ---- what was measured ----------------------------------------------------------------------

static bool is_evaluation(str key) {
    return str_eq_nocase(str_upto(key, 4), STR("eval")) ||
           str_eq_nocase(str_upto(key, 4), STR("test"));
}

static bool parts_of_run(ctx *c, id run_id, uint64_t *sum, err *e) {
    series_summary *v;
    size_t n;
    if (id_is_zero(run_id)) return true;
    if (!series_summaries(c, run_id, &v, &n, e)) return false;
    if (n) *sum |= PART_LOGS;
    for (size_t i = 0; i < n; i++)
        if (is_evaluation(v[i].key)) *sum |= PART_EVALUATIONS;
    return true;
}

static bool parts_of_model(ctx *c, id model_id, uint64_t *sum, err *e) {
    series_model_point *v;
    size_t n;
    if (id_is_zero(model_id)) return true;
    if (!series_of_model(c, model_id, 1, &v, &n, e)) return false;
    if (n) *sum |= PART_EVALUATIONS;
    return true;
}

static bool parts_of_evaluations(ctx *c, id version_id, uint64_t *sum, err *e) {
    bool any;
    if (!evaluation_any(c, version_id, &any, e)) return false;
    if (any) *sum |= PART_EVALUATIONS;
    return true;
}

bool parts_of(ctx *c, const version *v, uint64_t *sum, err *e) {
    *sum = 0;
    return (!v->has_content || parts_of_tree(c, v->content.tree, sum, e)) &&
           parts_of_evaluations(c, v->id, sum, e) && parts_of_run(c, v->run, sum, e) &&
           parts_of_model(c, v->model, sum, e);
}
