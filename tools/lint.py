#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the code base that no compiler checks, one passed or failed line each:

SPDX lines, the arrows between the rooms (base <- net, db, store <- core <- api, cli; dialects do not include each other),
and functions over 100 lines. --all also checks the formatting with clang-format; --format mends it.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAY_INCLUDE = {
    "base": {"base"},
    "net": {"base", "net"},
    "db": {"base", "db"},
    "store": {"base", "db", "store"},
    "core": {"base", "db", "store", "core"},
    "api": {"base", "db", "store", "core", "net", "api"},
    "cli": {"base", "db", "store", "core", "net", "api", "cli"},
}
SIGNED = ["*.c", "*.h", "*.py", "*.sh", "*.cmake", "CMakeLists.txt", "Makefile", "*.ts", "*.tsx", "*.css", "*.mjs"]
FUNCTION_MAX = 100


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def spdx():
    for path in tracked(*SIGNED):
        if "SPDX-License-Identifier: Apache-2.0" not in path.read_text(encoding="utf-8")[:200]:
            yield f"{path.relative_to(ROOT)}: no SPDX line at its top"


def arrows():
    for path in tracked("src/*.c", "src/*.h"):
        parts = path.relative_to(ROOT / "src").parts
        room = parts[0]
        if len(parts) == 1:
            continue
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = re.match(r'#include "(\w+)/(?:(\w+)/)?', text)
            if not found:
                continue
            where = f"{path.relative_to(ROOT)}:{line}"
            if found[1] not in MAY_INCLUDE[room]:
                yield f"{where}: {room} may not include {found[1]}"
            if room == "api" and len(parts) == 3 and found[1] == "api" and found[2] not in (None, parts[1]):
                yield f"{where}: dialects do not include each other"


def long_functions():
    for path in tracked("src/*.c"):
        start = 0
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.match(r"[A-Za-z_].*\)\s*\{$", text) or text == "{":
                start = line
            elif text == "}" and start:
                if line - start > FUNCTION_MAX:
                    yield f"{path.relative_to(ROOT)}:{start}: a function of {line - start} lines"
                start = 0


def formatted():
    for path in tracked("src/*.c", "src/*.h"):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)], capture_output=True, check=False)
        if done.returncode:
            yield f"{path.relative_to(ROOT)}: not formatted: run 'make format'"


def main():
    if "--format" in sys.argv:
        subprocess.run(["clang-format", "-i", *map(str, tracked("src/*.c", "src/*.h"))], check=True)
        return 0
    checks = [spdx, arrows, long_functions] + ([formatted] if "--all" in sys.argv else [])
    failed = 0
    for check in checks:
        problems = list(check())
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok'}: {check.__name__}")
        for problem in problems:
            print(f"    {problem}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
