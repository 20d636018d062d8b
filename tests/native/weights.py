# SPDX-License-Identifier: Apache-2.0
"""Files of weights made by hand, so that tests need no library of tensors."""

import json
import struct

SIZES = {"F32": 4, "BF16": 2, "F16": 2, "I64": 8}


def bf16(values):
    return b"".join(struct.pack("<f", v)[2:] for v in values)


def f32(values):
    return struct.pack(f"<{len(values)}f", *values)


def safetensors(tensors, **metadata):
    """{name: (type, shape, bytes)}"""
    head, data = ({"__metadata__": metadata} if metadata else {}), b""
    for name, (kind, shape, content) in tensors.items():
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def text(s):
    return struct.pack("<Q", len(s.encode())) + s.encode()


def gguf(tensors, pairs=(), tokens=()):
    """{name: (number of the type, dimensions with the innermost first, bytes)}; texts as metadata, and a vocabulary."""
    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs) + 1)
    for key, value in dict(pairs).items():
        out += text(key) + struct.pack("<I", 8) + text(value)
    out += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(tokens)) + b"".join(text(t) for t in tokens)
    data = b""
    for name, (kind, dims, content) in tensors.items():
        out += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, len(data))
        data += content + b"\0" * (-len(content) % 32)
    return out + b"\0" * (-len(out) % 32) + data
