# SPDX-License-Identifier: Apache-2.0
"""Folders that are pushed and pulled, for the tests of both."""

import hashlib
import os
import subprocess
import sys

from cli import Cli


def commands(server, tmp_path):
    """The command line against a server, in a folder, with what it remembers there too."""
    return Cli("--url", server.uri, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}, cwd=str(tmp_path))


def weights(n):
    """Random bytes, but for the first: by chance no file begins as a pickle, of which a push would tell."""
    return b"\0" + os.urandom(n - 1)


def make_model(root, size):
    for name, data in {"weights.bin": weights(size), "empty": b"", "a/b/deep.txt": b"deep", "a/ünï 🦀.txt": b"u"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def make_program(path):
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def digests(root):
    """What a folder holds: of each file the digest, and whether it may be run."""
    return {
        str(p.relative_to(root)): (hashlib.sha256(p.read_bytes()).hexdigest(), os.access(p, os.X_OK))
        for p in root.rglob("*")
        if p.is_file()
    }


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""


def memory_of(cli, *args):
    """What a command prints, and the most memory that it takes in bytes. A small process starts it, for what the parent
    has is counted too."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, *cli.command(*args)], cwd=cli.cwd, env=cli.environment(None),
                          capture_output=True, timeout=300)  # fmt: skip
    *out, most = done.stdout.decode().splitlines()
    assert done.returncode == 0, done.stderr
    return "\n".join(out), int(most)
