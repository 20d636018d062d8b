// SPDX-License-Identifier: Apache-2.0
// files: the files of a run as commands get and put them. One thread.
#ifndef STEMMA_CLI_FILES_H
#define STEMMA_CLI_FILES_H

#include "cli/session.h"
#include "cli/sink.h"

typedef struct cli_file {
    str path; // below the folder that was asked for
    uint64_t size;
    sha256 digest;
    bool has_digest; // files that the server does not keep itself have none
    bool done;
} cli_file;

// "/api/v1/runs/<id>/files/<path>", its parts escaped.
str cli_file_path(arena *a, str run, str path);
str cli_file_listing(arena *a, str run, str path); // "/runs/<id>/files?path=..."
bool cli_entry_is_folder(const json_value *entry);
str cli_entry_name(const json_value *entry); // its last part
str cli_last_part(str path);
str cli_join(arena *a, str folder, str name); // with a '/' when folder is not empty

// All files below a folder, in the session's arena.
bool cli_files_below(cli_session *s, str run, str path, cli_file **out, size_t *n);

// Downloads one file to `name` in the sink, as often as it takes (file_get.c). `from` is its
// path on the server. It must have the digest `want`; NULL: the one that the server names.
bool cli_get_file(cli_session *s, str from, const sha256 *want, sink *to, str name);
// A folder's files as one archive (tree_get.c): marks what came as done.
bool cli_get_archive(cli_session *s, str run, str path, sink *to, cli_file *files, size_t n);

#endif
