# SPDX-License-Identifier: Apache-2.0
"""Starts http_echo (built by cmake, see http_echo.c) and speaks to it in exact bytes."""
import os
import pathlib
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def binary():
    named = os.environ.get("HTTP_ECHO")
    if named:
        return named
    built = sorted(ROOT.glob("build/*/http_echo"), key=lambda p: p.stat().st_mtime)
    assert built, "build the target http_echo first, or name it in HTTP_ECHO"
    return str(built[-1])


class Server:
    """with Server(header_ms=200) as s: s.ask(b"GET / HTTP/1.1\\r\\n...")"""

    def __init__(self, **options):
        args = [f"{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([binary(), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.errors = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        assert self.process.returncode == 0, self.errors

    def stop(self):
        """Closes its input, which asks for a graceful stop; returns what it printed."""
        if self.errors is None:
            out, self.errors = self.process.communicate(timeout=60)
            self.printed = out.decode()
        return self.printed

    def connect(self, timeout=10):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def raw(self, sent):
        """Sends the bytes, reads until the server closes."""
        with self.connect() as s:
            s.sendall(sent)
            return read_to_end(s)

    def ask(self, sent, head=False):
        """Sends the bytes, reads one reply."""
        with self.connect() as s:
            s.sendall(sent)
            return read_reply(s, head)

    def get(self, path, *lines, head=False):
        more = "".join(line + "\r\n" for line in lines)
        method = "HEAD" if head else "GET"
        return self.ask(f"{method} {path} HTTP/1.1\r\nHost: t\r\n{more}\r\n".encode(), head)

    def memory(self):
        """Proportional memory in bytes."""
        for line in open(f"/proc/{self.process.pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        raise AssertionError

    def sanitized(self):
        """Built with a sanitizer: right, but neither quick nor small."""
        return any("san.so" in line for line in open(f"/proc/{self.process.pid}/maps"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


def read_to_end(s):
    out = b""
    try:
        while True:
            some = s.recv(1 << 16)
            if not some:
                return out
            out += some
    except ConnectionResetError:
        return out + b"<reset>"


class Reply:
    def __init__(self, status, fields, body, rest):
        self.status, self.fields, self.body, self.rest = status, fields, body, rest

    def __getitem__(self, name):
        return self.fields.get(name.lower())


def read_reply(s, head=False, before=b""):
    """One reply; `rest` is what came behind it."""
    data = before
    while b"\r\n\r\n" not in data:
        some = s.recv(1 << 16)
        if not some:
            raise ConnectionError(f"closed after {data!r}")
        data += some
    top, data = data.split(b"\r\n\r\n", 1)
    lines = top.decode().split("\r\n")
    status = int(lines[0].split()[1])
    fields = {}
    for line in lines[1:]:
        name, value = line.split(": ", 1)
        assert name.lower() not in fields, f"{name} twice"
        fields[name.lower()] = value

    def more():
        some = s.recv(1 << 20)
        if not some:
            raise ConnectionError("closed in the body")
        return some

    if head or status in (204, 304) or status < 200:
        return Reply(status, fields, b"", data)
    if fields.get("transfer-encoding") == "chunked":
        body = bytearray()
        while True:
            while b"\r\n" not in data:
                data += more()
            size, data = data.split(b"\r\n", 1)
            n = int(size, 16)
            while len(data) < n + 2:
                data += more()
            body += data[:n]
            assert data[n:n + 2] == b"\r\n"
            data = data[n + 2:]
            if not n:
                return Reply(status, fields, bytes(body), data)
    if "content-length" not in fields:
        return Reply(status, fields, data + read_to_end(s), b"")
    n = int(fields["content-length"])
    parts, have = [data], len(data)
    while have < n:
        parts.append(more())
        have += len(parts[-1])
    data = b"".join(parts)
    return Reply(status, fields, data[:n], data[n:])


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False
