// SPDX-License-Identifier: Apache-2.0
// prompt: a version of a prompt is a text, or the messages of a chat, with what goes to the
// model beside them. As a content it is a few files; to MLflow's clients it is tags of the
// version. Who publishes gives the one, and has the other made of it here, once: a content
// never changes, and so what was made of it stays true. A tag that is changed later is
// MLflow's to show, and changes no content.
//
// Files to tags: of the files at the top the prompt is the first with a name of a prompt
// (prompt.txt, template.md, messages.json, chat.jinja ...), or the only one beside the
// configuration and README.md; the web page has the same rule (screens/prompts/prompt.ts).
// Tags to files: prompt.txt or messages.json, config.json, response_format.json, each with
// exactly the tag's text, so that equal prompts are equal contents everywhere.
#ifndef STEMMA_CORE_PROMPT_H
#define STEMMA_CORE_PROMPT_H

#include "core/content.h"

// MLflow's names. Of a repo and of its versions: "true".
#define PROMPT_TAGS       "mlflow.prompt."
#define PROMPT_TAGS_MORE  "_mlflow_prompt_"
#define PROMPT_TAG_IS     "mlflow.prompt.is_prompt"
#define PROMPT_TAG_TEXT   "mlflow.prompt.text"
#define PROMPT_TAG_TYPE   "_mlflow_prompt_type"
#define PROMPT_TAG_CONFIG "_mlflow_prompt_model_config"
#define PROMPT_TAG_FORMAT "_mlflow_prompt_response_format"
#define PROMPT_TEXT_MAX   100000 // code points, as MLflow has it

// Do the tags of a repo or version say that it is one? Of a key twice the last counts.
bool prompt_is(const kv *tags, size_t n);

// The content of what these tags say, sealed as a push of the same files would be. *found is
// false, and nothing is sealed, when they hold no text. Of a tag twice the last counts.
bool prompt_seal(ctx *c, const kv *tags, size_t n, content *out, bool *found, err *e);

// These tags, and behind them those that the files of a tree make. Without a file that is the
// prompt, or with one that no tag can hold (too long, no UTF-8, U+0000), PROMPT_TAG_IS is
// "false" unless the tags hold a text themselves: MLflow's clients then say that the version
// has no text, and leave it out of what they list.
bool prompt_tags(ctx *c, sha256 tree, const kv *tags, size_t n, kv **out, size_t *n_out,
                 err *e);

#endif
