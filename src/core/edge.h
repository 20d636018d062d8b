// SPDX-License-Identifier: Apache-2.0
// edge: the numbers under which the table `edge` keeps who used and made what. Stored: append
// only.
#ifndef STEMMA_CORE_EDGE_H
#define STEMMA_CORE_EDGE_H

typedef enum edge_kind {
    EDGE_USED_DATASET = 1, // run -> data set
    EDGE_USED_MODEL = 2,   // run -> logged model
    EDGE_MADE_MODEL = 3,   // run -> logged model, at a step
} edge_kind;

#endif
