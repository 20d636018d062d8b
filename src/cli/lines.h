// SPDX-License-Identifier: Apache-2.0
// lines: reads a file of lines that is packed with zstd, bounded: a line is at most LINES_MAX
// bytes. One thread.
#ifndef STEMMA_CLI_LINES_H
#define STEMMA_CLI_LINES_H

#include "base/err.h"

#define LINES_MAX (256u << 20)

typedef struct lines lines;
lines *lines_open(const char *path, err *e); // ERR_NOT_FOUND
void lines_close(lines *l);                  // NULL is fine
// 1: a line without its end, until the next call; 0: the end; -1: an error.
int lines_next(lines *l, str *line, err *e);
uint64_t lines_number(const lines *l); // of the line read last, from 1

#endif
