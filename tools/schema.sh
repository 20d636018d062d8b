#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the types of the native API for the web interface (web/src/api/schema.d.ts), made from the OpenAPI page.
set -eu
cd "$(dirname "$0")/.."
page=$(mktemp)
trap 'rm -f "$page"' EXIT
${STEMMA_BIN:-build/release/stemma} reference --openapi >"$page"
echo "// SPDX-License-Identifier: Apache-2.0"
web/node_modules/.bin/openapi-typescript "$page" 2>/dev/null
