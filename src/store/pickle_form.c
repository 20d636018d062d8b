// SPDX-License-Identifier: Apache-2.0
// pickle_form: which files are looked at: what a name says, and what the first bytes say. No
// state.
#include "store/pickle_internal.h"

// ---- names ----------------------------------------------------------------------------------

// No loader takes files with these names for pickles: they are not even opened, for a data set
// has many.
static const char *const others[] = {
    ".safetensors", ".gguf",  ".onnx", ".json", ".jsonl", ".ndjson", ".txt",  ".md",   ".rst",
    ".csv",         ".tsv",   ".yaml", ".yml",  ".toml",  ".ini",    ".cfg",  ".xml",  ".html",
    ".css",         ".js",    ".ts",   ".py",   ".ipynb", ".sh",     ".c",    ".h",    ".jinja",
    ".parquet",     ".arrow", ".png",  ".jpg",  ".jpeg",  ".gif",    ".webp", ".svg",  ".pdf",
    ".wav",         ".mp3",   ".flac", ".ogg",  ".opus",  ".mp4",    ".webm", ".lock", ".log"};
static const char *const perhaps[] = {".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz"};
static const char *const surely[] = {".pkl",  ".pickle",      ".joblib",
                                     ".dill", ".cloudpickle", ".pckl"};
// Of what was compressed, or (.pth.tar) is only said to be an archive.
static const char *const packed[] = {".gz", ".gzip", ".z",   ".zst", ".zstd", ".bz2",
                                     ".xz", ".lzma", ".lz4", ".zip", ".tar"};

static bool ends_nocase(str path, const char *ending) {
    str end = str_of(ending);
    return path.n > end.n && str_eq_nocase(str_from(path, path.n - end.n), end);
}

// The length of the ending that the path has; 0: none of them.
static size_t ending_of(str path, const char *const *endings, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (ends_nocase(path, endings[i])) return strlen(endings[i]);
    return 0;
}
#define ENDING(path, of) ending_of(path, of, sizeof of / sizeof *of)

pickle_naming pickle_naming_of(str path) {
    for (size_t n; (n = ENDING(path, packed)) != 0;)
        path = str_upto(path, path.n - n);
    return ENDING(path, surely)    ? PICKLE_NAMED
           : ENDING(path, perhaps) ? PICKLE_MAYBE_NAMED
           : ENDING(path, others)  ? PICKLE_NOT_NAMED
                                   : PICKLE_UNNAMED;
}

// ---- first bytes ----------------------------------------------------------------------------

static bool is_plain(const uint8_t *p) {
    return p[0] == 0x80 && p[1] >= 2 && p[1] <= 5;
}

// The sum of both bytes is right, and it is deflated, with a window of 32 KiB or less.
static bool is_zlib(const uint8_t *p) {
    return (p[0] & 15) == 8 && p[0] >> 4 <= 7 && (p[0] << 8 | p[1]) % 31 == 0;
}

// A frame, or one that readers skip.
static bool is_zstd(const uint8_t *p) {
    return !memcmp(p, "\x28\xb5\x2f\xfd", 4) ||
           (p[0] >> 4 == 5 && !memcmp(p + 1, "\x2a\x4d\x18", 3));
}

// Blocks follow, or the end at once.
static bool is_bzip2(const uint8_t *p) {
    return !memcmp(p, "BZh", 3) && p[3] >= '1' && p[3] <= '9' &&
           (!memcmp(p + 4, "\x31\x41\x59\x26\x53\x59", 6) ||
            !memcmp(p + 4, "\x17\x72\x45\x38\x50\x90", 6));
}

pickle_form pickle_form_of(str first) {
    uint8_t p[PICKLE_FORM_N] = {0}; // no form ends with zeros but lzma's
    if (first.n < 2) return PICKLE_NO_FORM;
    memcpy(p, first.p, first.n < sizeof p ? first.n : sizeof p);
    return is_plain(p)                         ? PICKLE_PLAIN
           : !memcmp(p, "PK\3\4", 4)           ? PICKLE_ZIP
           : !memcmp(p, "\x93NUMPY", 6)        ? PICKLE_NUMPY
           : !memcmp(p, "\x1f\x8b\x08", 3)     ? PICKLE_GZIP
           : is_zstd(p)                        ? PICKLE_ZSTD
           : is_bzip2(p)                       ? PICKLE_BZIP2
           : !memcmp(p, "\xfd\x37\x7aXZ", 6)   ? PICKLE_XZ
           : !memcmp(p, "\x04\x22\x4d\x18", 4) ? PICKLE_LZ4
           : !memcmp(p, "\x5d\0\0", 3)         ? PICKLE_LZMA
           : is_zlib(p)                        ? PICKLE_ZLIB
                                               : PICKLE_NO_FORM;
}
