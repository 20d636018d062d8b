// SPDX-License-Identifier: Apache-2.0
// What keys of configurations tell, by the names that trainers and the files of models give
// them (docs/versions.md lists them). No state.
#include "core/suggest_internal.h"

static const struct {
    const char *name;
    suggest_fact fact;
} keys[] = {
    {"base_model", SUGGEST_BASE},
    {"base_model_name", SUGGEST_BASE},
    {"base_model_name_or_path", SUGGEST_BASE},
    {"architecture", SUGGEST_ARCHITECTURE},
    {"architectures", SUGGEST_ARCHITECTURE},
    {"d_ff", SUGGEST_ARCHITECTURE},
    {"d_model", SUGGEST_ARCHITECTURE},
    {"head_dim", SUGGEST_ARCHITECTURE},
    {"hidden_size", SUGGEST_ARCHITECTURE},
    {"intermediate_size", SUGGEST_ARCHITECTURE},
    {"model_type", SUGGEST_ARCHITECTURE},
    {"n_embd", SUGGEST_ARCHITECTURE},
    {"n_head", SUGGEST_ARCHITECTURE},
    {"n_heads", SUGGEST_ARCHITECTURE},
    {"n_layer", SUGGEST_ARCHITECTURE},
    {"n_layers", SUGGEST_ARCHITECTURE},
    {"num_attention_heads", SUGGEST_ARCHITECTURE},
    {"num_experts", SUGGEST_ARCHITECTURE},
    {"num_heads", SUGGEST_ARCHITECTURE},
    {"num_hidden_layers", SUGGEST_ARCHITECTURE},
    {"num_key_value_heads", SUGGEST_ARCHITECTURE},
    {"num_layers", SUGGEST_ARCHITECTURE},
    {"num_local_experts", SUGGEST_ARCHITECTURE},
    {"peft_type", SUGGEST_ARCHITECTURE},
    {"vocab_size", SUGGEST_ARCHITECTURE},
    {"tokenizer", SUGGEST_TOKENIZER},
    {"tokenizer_class", SUGGEST_TOKENIZER},
    {"tokenizer_name", SUGGEST_TOKENIZER},
    {"data", SUGGEST_DATA},
    {"data_path", SUGGEST_DATA},
    {"dataset", SUGGEST_DATA},
    {"dataset_name", SUGGEST_DATA},
    {"dataset_path", SUGGEST_DATA},
    {"datasets", SUGGEST_DATA},
    {"train_data", SUGGEST_DATA},
    {"train_dataset", SUGGEST_DATA},
    {"train_file", SUGGEST_DATA},
    {"training_data", SUGGEST_DATA},
    {"criterion", SUGGEST_OBJECTIVE},
    {"loss", SUGGEST_OBJECTIVE},
    {"loss_fn", SUGGEST_OBJECTIVE},
    {"loss_function", SUGGEST_OBJECTIVE},
    {"loss_type", SUGGEST_OBJECTIVE},
    {"objective", SUGGEST_OBJECTIVE},
    {"problem_type", SUGGEST_OBJECTIVE},
    {"reward", SUGGEST_OBJECTIVE},
    {"reward_fn", SUGGEST_OBJECTIVE},
    {"reward_function", SUGGEST_OBJECTIVE},
    {"reward_model", SUGGEST_OBJECTIVE},
    {"task", SUGGEST_OBJECTIVE},
    {"task_type", SUGGEST_OBJECTIVE},
};

// "architectures" of "text/model.architectures[0]".
static str last_part(str key) {
    if (str_ends(key, STR("]"))) key = str_upto(key, str_behind_last(key, '[') - 1);
    key = str_last_name(key);
    return str_from(key, str_behind_last(key, '.'));
}

bool suggest_key(str key, suggest_fact *out) {
    str last = last_part(key);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!str_eq_nocase(last, str_of(keys[i].name))) continue;
        *out = keys[i].fact;
        return true;
    }
    return false;
}
