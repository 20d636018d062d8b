# SPDX-License-Identifier: Apache-2.0
"""Runs the real binary as people and scripts do: with pipes, or on a terminal of any size (a pty)."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import servers

SECONDS = 60


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return self.out.splitlines()


class Cli:
    """stemma's commands against one server (or, with data, on a folder)."""

    def __init__(self, *base, env=None, cwd=None):
        self.base, self.env, self.cwd = [str(b) for b in base], env or {}, cwd

    def environment(self, extra):
        """A clean one: UTF-8, colours, no pager; None takes a variable away."""
        env = servers.fresh_environment()
        for name in ("NO_COLOR", "LESS", "COLUMNS", "LANG", "LC_CTYPE"):
            env.pop(name, None)
        env.update({"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "PAGER": "cat", **self.env, **(extra or {})})
        return {k: v for k, v in env.items() if v is not None}

    def command(self, *args):
        words = [str(a) for a in args]
        behind = words.index("--") if "--" in words else len(words)
        return [str(servers.stemma_binary()), *words[:behind], *self.base, *words[behind:]]

    def __call__(self, *args, env=None, input=None, cwd=None):
        done = subprocess.run(
            self.command(*args), cwd=cwd or self.cwd, env=self.environment(env), input=input or b"", capture_output=True,
            timeout=SECONDS,
        )  # fmt: skip
        return Result(done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode())

    def ok(self, *args, **kwargs):
        result = self(*args, **kwargs)
        assert result.code == 0, f"{args}: {result!r}"
        return result

    def spawn(self, *args, env=None, **kwargs):
        return subprocess.Popen(self.command(*args), env=self.environment(env), **kwargs)

    def terminal(self, *args, width=80, height=24, env=None, keys=b"", until=None, then=b"", cwd=None):
        """On a terminal: what it showed, standard error in it too. When `until` (a regular expression) has shown,
        `then` is typed."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        process = subprocess.Popen(
            self.command(*args), cwd=cwd or self.cwd, env=self.environment(env), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        if keys:
            os.write(master, keys)
        shown, deadline = b"", time.monotonic() + SECONDS
        while True:
            assert time.monotonic() < deadline, f"{args} did not end; it showed {shown[-500:]!r}"
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                more = os.read(master, 65536)
            except OSError:  # the process has ended
                break
            if not more:
                break
            shown += more
            if until and re.search(until, shown.decode(errors="replace")):
                until = None
                os.write(master, then)
        os.close(master)
        return Result(process.wait(SECONDS), shown.decode(errors="surrogateescape").replace("\r\n", "\n"), "")


STYLE = re.compile(r"\x1b\[[0-9;]*m")


def plain(text):
    return STYLE.sub("", text)
