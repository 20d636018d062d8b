// SPDX-License-Identifier: Apache-2.0
// workspaces: which of them a caller may see: who operates the server all, a user those in
// which they have a role. Any thread.
#include "api/api.h"

static const id *whose(http_req *r) {
    err unread = {0};
    return api_may(r, PERM_OPERATE, &unread) ? NULL : &api_caller_of(r)->user;
}

bool api_workspaces(http_req *r, str after, size_t max, workspace_row **out, size_t *n,
                    err *e) {
    ctx c = api_ctx(r);
    return workspace_page(&c, whose(r), after, max, out, n, e);
}

bool api_workspace_named(http_req *r, str name, workspace_row *out, err *e) {
    ctx c = api_ctx(r);
    return workspace_get(&c, whose(r), name, out, e);
}
