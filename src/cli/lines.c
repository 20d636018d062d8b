// SPDX-License-Identifier: Apache-2.0
// lines: see lines.h.
#include "cli/lines.h"

#include "base/arena.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#define PIECE ((size_t)256 << 10)

struct lines {
    int fd;
    ZSTD_DCtx *zstd;
    char *packed;
    ZSTD_inBuffer in;
    buf text;
    size_t at; // of text: where the next line begins
    uint64_t number;
    bool end, whole; // of the file; of the last frame
};

lines *lines_open(const char *path, err *e) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        err_set(e, ERR_NOT_FOUND, "there is no file %s", path);
        return NULL;
    }
    if (fd < 0) {
        err_errno(e, "opening %s failed", path);
        return NULL;
    }
    lines *l = mem_alloc(sizeof *l);
    *l =
        (lines){.fd = fd, .zstd = ZSTD_createDCtx(), .packed = mem_alloc(PIECE), .whole = true};
    l->text = BUF_MAX(LINES_MAX);
    l->in = (ZSTD_inBuffer){l->packed, 0, 0};
    return l;
}

void lines_close(lines *l) {
    if (!l) return;
    close(l->fd);
    ZSTD_freeDCtx(l->zstd);
    free(l->packed);
    buf_free(&l->text);
    free(l);
}

uint64_t lines_number(const lines *l) {
    return l->number;
}

static bool read_packed(lines *l, err *e) {
    ssize_t n;
    do
        n = read(l->fd, l->packed, PIECE);
    while (n < 0 && errno == EINTR);
    if (n < 0) return err_errno(e, "reading a file failed");
    l->in = (ZSTD_inBuffer){l->packed, (size_t)n, 0};
    l->end = n == 0;
    return !l->end || l->whole || err_set(e, ERR_CORRUPT, "the file is cut off");
}

static bool more(lines *l, err *e) {
    if (l->in.pos == l->in.size && !read_packed(l, e)) return false;
    if (l->end) return true;
    char *room = buf_room(&l->text, PIECE);
    if (!room) return err_set(e, ERR_TOO_LARGE, "a line is longer than %u bytes", LINES_MAX);
    ZSTD_outBuffer out = {room, PIECE, 0};
    size_t left = ZSTD_decompressStream(l->zstd, &out, &l->in);
    if (ZSTD_isError(left))
        return err_set(e, ERR_CORRUPT, "the file is damaged: %s", ZSTD_getErrorName(left));
    l->whole = left == 0;
    l->text.n += out.pos;
    return true;
}

int lines_next(lines *l, str *line, err *e) {
    size_t from = l->at;
    for (;;) {
        str text = buf_view(&l->text);
        size_t end = text.n > from ? str_find(text, '\n', from) : SIZE_MAX;
        if (end != SIZE_MAX) {
            *line = str_n(text.p + l->at, end - l->at);
            l->at = end + 1;
            l->number++;
            return 1;
        }
        if (l->end) {
            bool rest = text.n > l->at;
            if (rest) err_set(e, ERR_CORRUPT, "the last line has no end");
            return rest ? -1 : 0;
        }
        buf_drop(&l->text, l->at);
        from = l->text.n;
        l->at = 0;
        if (!more(l, e)) return -1;
    }
}
