# SPDX-License-Identifier: Apache-2.0
"""The bodies that send objects, and large ones out of their chunks, to the native API, and how a tree names them."""

import hashlib
import struct

OBJECTS = {"Content-Type": "application/vnd.stemma.objects"}
CHUNKS = {"Content-Type": "application/vnd.stemma.chunks"}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def frames(*objects, named=None):
    return b"stmobjs1" + b"".join(bytes.fromhex(named or sha(d)) + struct.pack("<Q", len(d)) + d for d in objects)


def chunk_names(*chunks, magic=b"stmchnk1"):
    return magic + b"".join(bytes.fromhex(sha(c)) + struct.pack("<I", len(c)) for c in chunks)


def entry(path, data, executable=False):
    return {"path": path, "size": len(data), "sha256": sha(data), "executable": executable}
