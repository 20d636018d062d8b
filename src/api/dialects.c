// SPDX-License-Identifier: Apache-2.0
// dialects: the one place that lists them.
#include "api/api.h"
#include "api/mlflow/mlflow.h"
#include "api/native/native.h"
#include "api/web/web.h"

const http_dialect *const api_dialects[] = {&native_dialect, &mlflow_dialect, &web_dialect,
                                            NULL};
