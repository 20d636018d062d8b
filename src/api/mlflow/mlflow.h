// SPDX-License-Identifier: Apache-2.0
// mlflow: the dialect that MLflow's own clients speak (docs/mlflow.md lists what is supported).
#ifndef STEMMA_API_MLFLOW_H
#define STEMMA_API_MLFLOW_H

#include "net/http.h"

extern const http_dialect mlflow_dialect;

#endif
