# SPDX-License-Identifier: Apache-2.0
"""The measure of versions of many files: one of a million that differs in one costs what differs."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

from harness import Failed, Figure, MemorySampler

A_FOLDER = 1000  # files
CHANGED = "part-0000/sample-007.txt"


class Gate(threading.Thread):
    """Stands before the server and notes when it is first asked for something: until then a push only looks at its folder. All
    pushes go through it, since what a push remembers is of an address."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.first = port, None
        self.listener = socket.create_server(("127.0.0.1", 0))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.first = self.first or time.perf_counter()
                server = socket.create_connection(("127.0.0.1", self.port))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=pair, daemon=True).start()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 18):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def make_files(folder, n):
    """Folders of the same files, as links: it is their paths that are many, and the disk is not what is measured."""
    names = [f"sample-{i:03}.txt" for i in range(A_FOLDER)]
    first = folder / "part-0000"
    first.mkdir(parents=True)
    for name in names:
        (first / name).write_text(f"this is {name}")
    for k in range(1, n // A_FOLDER):
        part = folder / f"part-{k:04}"
        part.mkdir()
        for name in names:
            os.link(first / name, part / name)
    (folder / CHANGED).unlink()
    (folder / CHANGED).write_text("no link: when it changes, no other does")


def pushed(b, folder, url, env, *options):
    """Seconds, the answer, and the most memory that the client had, in MB. (A kind that is named is asked for before the scan.)"""
    began = time.perf_counter()
    words = [b.binary, "push", folder, "bench", "--url", url, "--json", *options]
    client = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    out, why = client.stdout.read(), client.stderr.read()
    _, client.returncode, used = os.wait4(client.pid, 0)
    if client.returncode:
        raise Failed(f"push: {why.strip()[-500:]}")
    return time.perf_counter() - began, json.loads(out), used.ru_maxrss * 1024 / 1e6


def push_changed(b, gate, folder, env):
    """Seconds from its first request to its end, and of all of it."""
    (folder / CHANGED).write_text("another")
    gate.first = None
    whole, reply, _ = pushed(b, folder, gate.url, env)
    ended = time.perf_counter()
    if reply["version"]["number"] != 2 or reply["sent"]["objects"] != 1:
        raise Failed(f"one file had changed; sent was {reply['sent']}")
    return ended - gate.first, whole


def asked(b, s, path, check):
    """Milliseconds that an answer takes, sorted: on one connection, once before they count."""
    took = []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", s.port, timeout=300)) as c:
        for _ in range(b.scale.searches + 1):
            began = time.perf_counter()
            c.request("GET", "/api/v1/" + path)
            reply = c.getresponse().read()
            took.append((time.perf_counter() - began) * 1000)
            check(json.loads(reply))
    return sorted(took[1:])


def is_one_file(reply):
    if reply["files"]["changed"] != 1 or reply["files"]["added"] or reply["files"]["removed"]:
        raise Failed(f"one file differs; the difference is {reply['files']}")


def is_a_folder(reply):
    if len(reply["items"]) != A_FOLDER:
        raise Failed(f"the folder has {len(reply['items'])} files")


def middle(took):
    return took[len(took) // 2], f"median of {len(took)}; p95 {took[int(len(took) * 0.95)]:.1f} ms"


def many_files(b):
    n = b.scale.version_files
    label = f"a version of {n:,} files"
    with b.stemma() as s:
        folder = pathlib.Path(s.folder).parent / "data"
        env = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache")}
        make_files(folder, n)
        gate = Gate(s.port)
        gate.start()
        with MemorySampler(s) as memory, contextlib.closing(gate.listener):
            first, _, client = pushed(b, folder, gate.url, env, "--kind", "data")
            time.sleep(2.5)
            again, _, _ = pushed(b, folder, gate.url, env)  # what had changed a moment before the first is read once more
            after, whole = push_changed(b, gate, folder, env)
            diff, diff_note = middle(asked(b, s, "diff?from=bench@1&to=bench@2", is_one_file))
            listed, list_note = middle(asked(b, s, f"repos/bench/versions/2/files?path=part-0000&limit={A_FOLDER}", is_a_folder))
    b.add(Figure(b.current, f"push of {label} of which one changed, after the scan", "s", after, None, 1, "less", "< 1 s",
                 f"from its first request to its end; with the scan {whole:.2f} s; the first push {first:.0f} s, one with nothing "
                 f"changed {again:.2f} s"))
    b.add(Figure(b.current, f"memory of the client, first push of {label}", "MB", client, None, 500, "less", "< 500 MB",
                 "the most that it was; of a thousand different contents"))
    b.add(Figure(b.current, f"diff of {label} and one that differs in a file", "ms", diff, None, 50, "less", "< 50 ms", diff_note))
    b.add(Figure(b.current, f"list of a folder of {A_FOLDER:,} files in {label}", "ms", listed, None, 5, "less", "< 5 ms", list_note))
    b.add(Figure(b.current, f"memory of the server (PSS) through all of it, {label}", "MB", memory.highest / 1e6, None, 200, "less",
                 "< 200 MB"))
