# SPDX-License-Identifier: Apache-2.0
"""The measures of push and pull: one large file beside sha256sum and dd, and what goes over the wire the second time."""

import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

from harness import Failed, Figure

PIECE = 16 << 20


def timed(words, **kwargs):
    began = time.perf_counter()
    done = subprocess.run([str(w) for w in words], text=True, capture_output=True, **kwargs)
    if done.returncode:
        raise Failed(f"{words[1]}: {(done.stderr or done.stdout).strip()[-500:]}")
    return time.perf_counter() - began, done.stdout


def make_file(path, size):
    """A safetensors file of tensors that no other has."""
    head = {f"layers.{i}": {"dtype": "U8", "shape": [PIECE], "data_offsets": [i * PIECE, (i + 1) * PIECE]} for i in range(size // PIECE)}
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _ in range(size // PIECE):
            f.write(os.urandom(PIECE))
        f.flush()
        os.fsync(f.fileno())


def change_inside(path, size):
    with open(path, "r+b") as f:
        f.seek(size // 2)
        f.write(os.urandom(1 << 20))


def stored(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file() and {"packs", "objects"} & set(p.parts))


def pull_seconds(b, server, env, size):
    """Into memory where there is some: the disk is not what is measured."""
    top = "/dev/shm" if shutil.disk_usage("/dev/shm").free > 2 * size else None
    for _ in range(2):  # the first brings what it reads into the page cache
        with tempfile.TemporaryDirectory(dir=top) as folder:
            took, _ = timed([b.binary, "pull", "bench@1", f"{folder}/out", "--url", server.url], env=env)
    return took, "into memory" if top else "onto the disk, synced"


def push(b):
    size = b.scale.artifact
    label = f"a safetensors file of {size / 2**30:.3g} GiB"
    with b.stemma() as s:
        folder = pathlib.Path(s.folder).parent / "pushed"
        folder.mkdir()
        file = folder / "model.safetensors"
        env = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}

        def pushed():
            took, out = timed([b.binary, "push", folder, "bench", "--url", s.url, "--json"], env=env)
            return took, json.loads(out)

        make_file(file, size)
        sums = timed(["sha256sum", file])[0]
        copied = timed(["dd", f"if={file}", f"of={folder.parent}/copy", "bs=1M", "conv=fsync"])[0]
        (folder.parent / "copy").unlink()
        first, _ = pushed()
        time.sleep(2.5)
        pushed()  # what had changed a moment before the first is read once more
        again, same = pushed()
        if same["created"]:
            raise Failed("a folder that did not change became another version")
        down, where = pull_seconds(b, s, env, size)
        before = stored(s.folder)
        change_inside(file, size)
        changed, reply = pushed()
        grown = stored(s.folder) - before
    slower = max(sums, copied)
    b.add(Figure(b.current, f"push of {label}, against the slower of sha256sum and dd conv=fsync", "x", first / slower, None, 1.3,
                 "less", "<= 1.3 x", f"{first:.2f} s; sha256sum {sums:.2f} s, dd {copied:.2f} s"))
    b.add(Figure(b.current, f"push of {label} again, unchanged", "s", again, None, 1, "less", "< 1 s"))
    b.add(Figure(b.current, f"push of {label} with 1 MB changed inside: sent", "MB", reply["sent"]["bytes"] / 1e6, None, 5, "less", "< 5 MB",
                 f"{changed:.2f} s"))
    b.add(Figure(b.current, f"push of {label} with 1 MB changed inside: stored", "MB", grown / 1e6, None, 5, "less", "< 5 MB"))
    b.add(Figure(b.current, f"push of {label} with 1 MB changed inside, against sha256sum", "x", changed / sums, None, 1.3, "less",
                 "<= 1.3 x"))
    b.add(Figure(b.current, f"pull of {label} from the page cache, every byte verified", "GB/s", size / down / 1e9, None, 0.8, "more",
                 ">= 0.8 GB/s", where))
