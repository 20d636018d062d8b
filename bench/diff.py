# SPDX-License-Identifier: Apache-2.0
"""The measure of differences: two large files of weights that differ in three tensors, and in all."""

import json
import os
import pathlib
import struct

from harness import Failed, Figure
from push import timed

TENSOR = 32 << 20


def weights():
    """Numbers of 16 bits (BF16) between 0.0078 and 0.031, as weights are."""
    data = bytearray(os.urandom(TENSOR))
    data[1::2] = b"\x3c" * (TENSOR // 2)
    return bytes(data)


def make_model(path, size, kinds, changed):
    """Tensors that are all kinds[0], but kinds[1] where changed(i) holds; how many there are."""
    n = size // TENSOR
    shape, head = [TENSOR // 2 // 4096, 4096], {}
    for i in range(n):
        head[f"model.layers.{i}.weight"] = {"dtype": "BF16", "shape": shape, "data_offsets": [i * TENSOR, (i + 1) * TENSOR]}
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for i in range(n):
            f.write(kinds[changed(i)])
    return n


def diff(b):
    size = b.scale.artifact
    label = f"two files of {size / 2**30:.3g} GiB of BF16 weights"
    kinds = weights(), weights()
    with b.stemma() as s:
        folder = pathlib.Path(s.folder).parent / "model"
        folder.mkdir()
        env = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}
        for changed in (lambda i: False, lambda i: i in (0, 3, 7), lambda i: True):
            n = make_model(folder / "model.safetensors", size, kinds, changed)
            timed([b.binary, "push", folder, "bench", "--url", s.url], env=env)
        (folder / "model.safetensors").unlink()
        made = {}
        for version, expected in ((2, 3), (3, n)):
            words = [b.binary, "diff", "bench@1", f"bench@{version}", "--part", "tensors", "--json", "--url", s.url]
            timed(words, env=env)  # into the page cache, if it fits
            took, out = timed(words, env=env)
            found = json.loads(out)["tensors"]["summary"]
            if found["changed"] != expected or found["same"] != n - expected:
                raise Failed(f"the difference has {found['changed']} changed tensors, not {expected}")
            made[version] = took, found["bytes_read"]
    few, all_of = made[2], made[3]
    b.add(Figure(b.current, f"diff of {label}, 3 of {n} tensors changed", "s", few[0], None, 1, "less", "< 1 s",
                 f"{few[1] / few[0] / 1e9:.2f} GB/s of both read, checked and compared"))
    b.add(Figure(b.current, f"diff of {label}, all tensors changed", "GB/s", all_of[1] / all_of[0] / 1e9, None, 1, "more", ">= 1 GB/s",
                 f"{all_of[0]:.2f} s; bytes of both sides"))
