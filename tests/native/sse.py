# SPDX-License-Identifier: Apache-2.0
"""A client of server-sent events, as small as the format (WHATWG HTML, section 9.2) allows."""

import json
import time

import requests


class Stream:
    """Iterates over (id, event, data) of an open stream; `last` is what a reconnect sends."""

    def __init__(self, uri, last=None, timeout=60, headers=None, **params):
        headers = {**(headers or {}), **({"Last-Event-ID": str(last)} if last is not None else {})}
        self.reply = requests.get(uri + "/api/v1/events/stream", params=params, headers=headers, stream=True,
                                  timeout=timeout)
        self.last, self.comments, self.deadline = last, 0, None
        assert self.reply.status_code == 200, f"{self.reply.status_code} {self.reply.text[:300]}"
        assert self.reply.headers["Content-Type"] == "text/event-stream"
        self.blocks = self.read()
        first = next(self.blocks)  # where it stands
        assert first[1:] == (None, None), first

    def read(self):
        fields = {}
        for line in self.reply.iter_lines(chunk_size=1, decode_unicode=True):
            assert not self.deadline or time.monotonic() < self.deadline, "it goes on"
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                assert name not in fields, f"{name} twice in one event"
                fields[name] = value
            elif fields:
                if "id" in fields:
                    self.last = int(fields["id"])
                yield self.last, fields.get("event"), json.loads(fields["data"]) if "data" in fields else None
                fields = {}

    def take(self, n):
        return [next(self.blocks) for _ in range(n)]

    def until(self, what, seconds=60):
        """All events up to the first of which what(data) is true."""
        seen, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            seen.append(next(self.blocks))
            if what(seen[-1][2]):
                return seen
        raise AssertionError(f"it did not come; the last was {seen[-1:]}")

    def to_end(self, seconds=20):
        """Fails when the server does not end it; heartbeats keep it from waiting forever."""
        self.deadline = time.monotonic() + seconds
        list(self.blocks)

    def close(self):
        self.reply.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
