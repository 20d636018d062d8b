# SPDX-License-Identifier: Apache-2.0
"""The compact forms of docs/formats-native.md, written and read by another program than the server: this one."""

import struct

POINTS_TYPE = "application/vnd.stemma.points"
CHART_TYPE = "application/vnd.stemma.chart"
LINES_TYPE = "application/x-ndjson"
POINTS_MAGIC, CHART_MAGIC = b"STMPTS1\n", b"STMCHT1\n"


def crc32c(data):
    table = crc32c.table
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table():
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        yield n


crc32c.table = list(_table())


def uvar(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def ivar(n):
    return uvar((n << 1 ^ n >> 63) & 0xFFFFFFFFFFFFFFFF)


def column(numbers):
    """Evenly spaced, or each as the difference to the one before."""
    gaps = [(b - a + 2**63) % 2**64 - 2**63 for a, b in zip(numbers, numbers[1:])]  # they wrap
    if len(set(gaps)) <= 1:
        return b"\0" + ivar(numbers[0]) + ivar(gaps[0] if gaps else 0)
    return b"\1" + ivar(numbers[0]) + b"".join(ivar(g) for g in gaps)


def series(run, key, points, wide=True):
    """(run, key, flags, n, columns) of points (step, time_ms, value)."""
    steps, times, values = zip(*points)
    coded = column(steps) + column(times) + struct.pack(f"<{len(values)}{'d' if wide else 'f'}", *values)
    return run, key, int(wide), len(points), coded


def payload(parts):
    runs = list(dict.fromkeys(p[0] for p in parts))
    keys = list(dict.fromkeys(p[1] for p in parts))
    out = uvar(len(runs)) + b"".join(bytes.fromhex(r) for r in runs)
    out += uvar(len(keys)) + b"".join(uvar(len(k.encode())) + k.encode() for k in keys)
    out += uvar(len(parts))
    for run, key, flags, n, coded in parts:
        out += uvar(runs.index(run)) + uvar(keys.index(key)) + bytes([flags]) + uvar(n) + uvar(len(coded))
    return out + b"".join(p[4] for p in parts)


def frame(data):
    return struct.pack("<II", len(data), crc32c(data)) + data


def body(*frames):
    """Each frame: a list of series()."""
    return POINTS_MAGIC + b"".join(frame(payload(parts)) for parts in frames)


def read_chart(data):
    """(start, end, buckets, lines); a line is a dict of columns."""
    assert data[:8] == CHART_MAGIC
    start, end, buckets, zero = struct.unpack_from("<qqII", data, 8)
    assert zero == 0
    at, lines = 32, []
    while True:
        size, flags = struct.unpack_from("<II", data, at)
        if size == 0:
            assert flags == 0 and at + 8 == len(data)
            return start, end, buckets, lines
        line = read_line(data[at : at + size], flags)
        lines.append(line)
        at += size


def read_line(data, flags):
    run = data[8:24].hex()
    key_n, n, step, time = struct.unpack_from("<IIqq", data, 24)
    key, at = data[48 : 48 + key_n].decode(), 48 + (key_n + 7) // 8 * 8
    line = {"run": run, "key": key}
    names = ["first_step", "last_step", "first_time_ms", "last_time_ms", "first", "last", "min", "max", "n"]
    if flags & 4:
        names.append("nan")
    for i, name in enumerate(names):
        kind = ("q" if flags & 1 else "I") if i < 4 else ("d" if flags & 2 else "f") if i < 8 else "I"
        values = struct.unpack_from(f"<{n}{kind}", data, at)
        if kind == "I" and i < 4:
            values = [v + (step if i < 2 else time) for v in values]
        line[name] = list(values)
        at += (n * (8 if kind in "qd" else 4) + 7) // 8 * 8
    assert at == len(data)
    line.setdefault("nan", [0] * n)
    return line
