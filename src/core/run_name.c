// SPDX-License-Identifier: Apache-2.0
// run_name: names for what nobody named. No state; any thread.
#include "core/run.h"

static const char *const adjectives[] = {
    "able",  "amber", "bold",  "brave", "brisk", "calm",  "clean", "clear", "coral",
    "crisp", "deep",  "eager", "early", "even",  "fair",  "fast",  "fine",  "firm",
    "fond",  "fresh", "glad",  "gold",  "grand", "green", "happy", "keen",  "kind",
    "light", "lucid", "merry", "mild",  "neat",  "noble", "plain", "proud", "quick",
    "quiet", "rapid", "ready", "rich",  "sharp", "sleek", "smart", "snowy", "solid",
    "stout", "sunny", "swift", "tidy",  "vivid", "warm",  "wise",  "witty", "young"};
static const char *const nouns[] = {
    "ant",   "ash",    "bass", "bear",  "bee",   "birch", "bird", "brook", "carp",
    "cedar", "clam",   "cod",  "crab",  "crane", "crow",  "deer", "dove",  "duck",
    "eel",   "elk",    "elm",  "fern",  "finch", "fish",  "fox",  "frog",  "goat",
    "goose", "grouse", "hare", "hawk",  "heron", "ibis",  "jay",  "koi",   "lark",
    "lily",  "linnet", "lynx", "maple", "mole",  "moth",  "newt", "oak",   "otter",
    "owl",   "perch",  "pine", "quail", "raven", "robin", "rook", "seal",  "shrew",
    "stork", "swan",   "tern", "trout", "vole",  "whale", "wren", "yew"};

str run_random_name(arena *a) {
    uint32_t r[3];
    random_bytes(r, sizeof r);
    return arena_printf(a, "%s-%s-%u",
                        adjectives[r[0] % (sizeof adjectives / sizeof *adjectives)],
                        nouns[r[1] % (sizeof nouns / sizeof *nouns)], r[2] % 1000);
}
