#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tools/build.sh PRESET [TARGET...] [-j N]: configures build/PRESET when it is not, then builds the targets (default: all).
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" --log-level=WARNING >/dev/null
exec ninja -C "build/$preset" --quiet "$@"
