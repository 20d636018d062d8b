// SPDX-License-Identifier: Apache-2.0
// dialects: the one place that lists them.
#include "api/api.h"
#include "api/mlflow/mlflow.h"

const http_dialect *const api_dialects[] = {&mlflow_dialect, NULL};
