# SPDX-License-Identifier: Apache-2.0
"""`stemma run` as people use it: started with pipes or on a terminal, its run read back by the API."""

import os
import pty
import re
import select
import subprocess
import sys
import time

import servers

SECONDS = 60
PYTHON = sys.executable


def environment(uri, **more):
    env = servers.fresh_environment()
    return {**env, "STEMMA_URL": uri, **{k: str(v) for k, v in more.items()}}


def stemma(uri, *args, **more):
    """Any command against the server; the finished process."""
    options = {"capture_output": True, "timeout": SECONDS, **more}
    options["env"] = environment(uri, **options.pop("env", {}))
    return subprocess.run([servers.stemma_binary(), *map(str, args)], **options)


def command(*program, options=()):
    return [servers.stemma_binary(), "run", *options, "--", *program]


def sh(script, options=()):
    return command("sh", "-c", script, options=options)


def start(uri, argv, **more):
    """A started wrapper, its streams as pipes."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    options["env"] = environment(uri, **options.pop("env", {}))
    return subprocess.Popen(argv, **options)


def end(process):
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def run(uri, argv, **more):
    return end(start(uri, argv, **more))


def wait_for(what, seconds=SECONDS):
    """The first true value of what()."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def run_id(err):
    """The run that the wrapper announced."""
    return re.search(rb"run .*[ /]([0-9a-f]{32})", err)[1].decode()


def lines(api, run, **params):
    return [(line["stream"], line["text"]) for line in api.all(f"runs/{run}/console", limit=1000, **params)]


def texts(api, run, **params):
    return [text for _, text in lines(api, run, **params)]


class Terminal:
    """The wrapper on a terminal of its own."""

    def __init__(self, uri, argv, **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(argv[0], [str(a) for a in argv], environment(uri, TERM="xterm", **env))
        self.seen = b""

    def read(self, until=None):
        """What came, up to a text or the end."""
        deadline = time.monotonic() + SECONDS
        while until is None or until not in self.seen:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"nothing more came: {self.seen[-500:]!r}")
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                piece = b""
            if not piece:
                break
            self.seen += piece
        return self.seen

    def type(self, keys):
        os.write(self.fd, keys)

    def end(self):
        self.read()
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False

