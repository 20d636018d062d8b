# SPDX-License-Identifier: Apache-2.0
"""Folders that are pushed and pulled, for the tests of both."""

import hashlib
import os

from cli import Cli


def commands(server, tmp_path):
    """The command line against a server, in a folder, with what it remembers there too."""
    return Cli("--url", server.uri, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}, cwd=str(tmp_path))


def make_model(root, weights):
    for name, data in {"weights.bin": os.urandom(weights), "empty": b"", "a/b/deep.txt": b"deep", "a/ünï 🦀.txt": b"u"}.items():
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
