# SPDX-License-Identifier: Apache-2.0
"""Clients that do to a server what versions_model.py describes, and note what it replied: one thread each, one operation at a
time, each a call of a history (linear.py). Contents share files, pages and chunks; they are pushed as `stemma push` does it.
"""
import base64
import http.client
import itertools
import json
import math
import os
import random
import threading
import time
import urllib.parse

import linear
from ledger import LOST, Api
from objects import CHUNKS, OBJECTS, chunk_names, entry, frames, sha
from versions_model import draw

JSON = {"Content-Type": "application/json"}
OPERATOR = "the-token-of-the-operator"  # who may say for whom: so a client speaks for many users
ALL = {"publish": 3, "release": 2, "delete": 4, "drop": 1, "create": 1, "set": 10, "unset": 3, "back": 4, "would go back": 1,
       "mark": 3, "protect": 1, "unprotect": 1, "approve": 3, "withdraw": 1, "read": 3, "refs": 1, "look": 2}  # fmt: skip


class Unsent(Exception):
    """The server was not reached at all: nothing was asked."""


def seeds(few, at=int(os.environ.get("STEMMA_SEED", "1"))):
    """A few seeds, or as many as the time allows; told, so that a failure can be repeated."""
    end = time.monotonic() + float(os.environ.get("STEMMA_MODEL_S", "0"))
    for i in itertools.count(at):
        if i >= at + few and time.monotonic() > end:
            return
        print(f"STEMMA_SEED={i}")
        yield i


def start(site, **kwargs):
    return site.start(STEMMA_TOKEN=OPERATOR, **kwargs)


# ---- contents ----


class Contents:
    """What is published: files out of a few parts, so that they share much; one in three has a large file out of chunks."""

    def __init__(self, seed, n=6):
        rng = random.Random(seed)
        parts = [rng.randbytes(size) for size in (10, 900, 5_000, 70_000, 200_000)]
        chunks = [rng.randbytes(1 << 20) for _ in range(6)]
        self.chunks = {}  # of a large object, by its digest
        self.objects, self.files = {}, []
        for i in range(n):
            files = {f"part-{j}": parts[(i * 3 + j) % len(parts)] for j in range(1 + i % 4)}
            files |= {f"many/{j:03}": b"%d" % (j % 50 + i) for j in range(60)}
            if i % 2 == 1:
                files["README.md"] = b"# card"
            if i % 3 == 2:
                files["large"] = self.made([chunks[i % 2], *chunks[2:]])
            self.files.append({path: sha(data) for path, data in files.items()})
            self.objects.update({sha(data): data for data in files.values()})
        self.objects.update({sha(c): c for c in chunks})
        self.trees = {}  # digest of the tree: which content

    def made(self, chunks):
        whole = b"".join(chunks)
        self.chunks[sha(whole)] = chunks
        return whole


# ---- one client ----


class Client:
    """Does operations. `world` stands before the names of its repos, so that worlds on one server do not meet."""

    def __init__(self, contents, world, ports):
        self.contents, self.world, self.ports, self.links = contents, world, list(ports), {}

    def close(self):
        for link in self.links.values():
            link.close()

    def ask(self, method, path, body=None, user="ann", kind=JSON):
        """(status, JSON or bytes). Raises Unsent, or one of LOST."""
        port = self.ports[0]
        link = self.links.setdefault(port, Api(port))
        login = base64.b64encode(f"{user}:{OPERATOR}".encode()).decode()
        headers = {"Authorization": "Basic " + login, **kind}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        if link.link is None:
            link.link = http.client.HTTPConnection("127.0.0.1", port, timeout=link.timeout)
            try:
                link.link.connect()
            except OSError as e:
                link.close()
                raise Unsent from e
        status, kind, data = link.send(method, "/api/v1/" + path, data, headers)
        return status, json.loads(data) if "json" in kind else data

    def repo(self, name):
        return "repos/" + urllib.parse.quote(self.world + name)

    def own(self, name):
        return name.removeprefix(self.world)

    def must(self, *args, **kwargs):
        status, reply = self.ask(*args, **kwargs)
        assert status < 300, (args[:2], status, reply)
        return reply

    def all(self, path):
        items, after = [], ""
        while True:
            page = self.must("GET", f"{path}{'&' if '?' in path else '?'}limit=1000{after}")
            items += page["items"]
            if "next" not in page:
                return items
            after = "&after=" + urllib.parse.quote(str(page["next"]))

    # ---- pushing, as the command does ----

    def push(self, which):
        """The digest of the tree."""
        known, files = self.contents, self.contents.files[which]
        for digest in self.missing(set(files.values())):
            if digest in known.chunks:
                self.send(self.missing({sha(c) for c in known.chunks[digest]}))
                self.make(digest)
            else:
                self.send([digest])
        tree = self.must("POST", "trees", {"put": [entry(p, known.objects[d]) for p, d in files.items()]})["tree"]
        assert known.trees.setdefault(tree, which) == which
        return tree

    def missing(self, digests):
        return self.must("POST", "objects/missing", {"digests": sorted(digests)})["missing"]

    def send(self, digests):
        if digests:
            body = frames(*(self.contents.objects[d] for d in digests))
            self.must("POST", "objects", body, kind=OBJECTS)

    def make(self, digest):
        self.must("PUT", f"objects/{digest}/chunks", chunk_names(*self.contents.chunks[digest]), kind=CHUNKS)

    # ---- operations: the request, and what of the reply the model tells too ----

    def prepare(self, op):
        """What remains is one request."""
        try:
            return getattr(self, "op_" + op[0].replace(" ", "_"))(*op[1:])
        except LOST as e:
            raise Unsent from e

    def finish(self, prepared):
        """The reply as the model gives it; None when it is not known whether it happened."""
        (method, path, body, user), told = prepared
        status, reply = self.ask(method, path, body, user)
        if status >= 500:
            return None
        return (reply["code"],) if status >= 400 else ("ok", *told(reply))

    def do(self, op):
        return self.finish(self.prepare(op))

    def op_create(self, name, release):
        body = {"name": self.world + name, "kind": "release" if release else "model"}
        return post("repos", body), nothing

    def op_drop(self, name):
        return request("DELETE", self.repo(name), {"reason": "tried"}), nothing

    def op_publish(self, name, content, card, user):
        body = {"tree": self.push(content), "again": True}
        return post(self.repo(name) + "/versions", body, user), lambda r: (r["version"]["number"],)

    def op_release(self, name, pins, user):
        body = {"pins": [f"{self.world}{pin}@{number}" for pin, number in pins]}
        return post(self.repo(name) + "/releases", body, user), lambda r: (r["number"],)

    def op_mark(self, name, number, which, on):
        body = {"mark": which, "set": on, "reason": "tried"}
        return post(f"{self.repo(name)}/versions/{number}/mark", body), lambda r: (marks_of(r),)

    def op_delete(self, name, number):
        return request("DELETE", f"{self.repo(name)}/versions/{number}", {"reason": "tried"}), nothing

    def ref(self, name, ref):
        return f"{self.repo(name)}/refs/{ref}"

    def op_set(self, name, ref, kind, number, expected):
        return request("PUT", self.ref(name, ref), {"version": number, "kind": kind} | expects(expected)), self.moved

    def op_unset(self, name, ref, expected, reason):
        body = expects(expected) | ({"reason": "tried"} if reason else {})
        return request("DELETE", self.ref(name, ref), body), nothing

    def op_back(self, name, ref, expected):
        return post(self.ref(name, ref) + "/rollback", {"reason": "tried"} | expects(expected)), self.moved

    def op_would_go_back(self, name, ref, expected):
        return post(self.ref(name, ref) + "/rollback", {"dry_run": True} | expects(expected)), self.moved

    def moved(self, reply):
        return *from_to(reply), tuple((self.own(p["repo"]), *from_to(p)) for p in reply.get("pins", []))

    def op_protect(self, name, ref, card, approvals):
        body = {"ref": ref, "require": ["card"] if card else [], "approvals": approvals}
        return request("PUT", self.repo(name) + "/protections", body), nothing

    def op_unprotect(self, name, ref):
        return request("DELETE", self.repo(name) + "/protections", {"ref": ref}), nothing

    def op_approve(self, name, number, ref, user, withdraw=False):
        body = {"ref": ref, "withdraw": withdraw}
        return post(f"{self.repo(name)}/versions/{number}/approve", body, user), nothing

    def op_withdraw(self, name, number, ref, user):
        return self.op_approve(name, number, ref, user, True)

    def op_read(self, name, ref):
        return request("GET", "resolve?address=" + urllib.parse.quote(f"{self.world}{name}@{ref}")), told_of_address

    def op_refs(self, name):
        return request("GET", self.repo(name) + "/refs"), lambda r: (refs_of(r["items"]),)

    def op_look(self, name, number):
        return request("GET", f"{self.repo(name)}/versions/{number}"), self.version

    def content_of(self, v):
        return self.contents.trees.get(v["tree"], -1)

    def pins_of(self, v):
        return tuple((self.own(p["repo"]), p["number"]) for p in v.get("parents", []))

    def version(self, v):
        return self.content_of(v), marks_of(v), tuple(v["aliases"]), tuple(v["sealed"]), self.pins_of(v)

    # ---- all of it, when nobody writes ----

    def everything(self):
        repos = [r for r in self.all("repos") if r["name"].startswith(self.world)]
        return "ok", tuple(sorted((self.own(r["name"]), self.see(self.own(r["name"]), r["kind"] == "release")) for r in repos))

    def see(self, name, release):
        """As versions_model.seen; on the way, that what is told twice is told alike."""
        top = self.repo(name)
        versions = self.all(top + "/versions?deleted=true")[::-1]
        assert [v["number"] for v in versions] == list(range(1, len(versions) + 1)), versions
        asked = tuple((p["ref"], "card" in p["require"], p["approvals"]) for p in self.must("GET", top + "/protections")["items"])
        told = tuple((self.content_of(v), v["user"], self.pins(name, v) if release else (), marks_of(v)) for v in versions)
        there = [v["number"] for v in versions if not v["deleted"]]
        approvals = {(n, a[0], who) for n in there for a in asked for who in self.approvers(top, n, a[0])}
        return release, told, self.histories(top, versions), asked, frozenset(approvals)

    def pins(self, name, v):
        """Of a version that is gone they are told no more: then they are what the model says."""
        return () if v["deleted"] else self.pins_of(self.must("GET", f"{self.repo(name)}/versions/{v['number']}"))

    def approvers(self, top, number, ref):
        ready = self.must("GET", f"{top}/versions/{number}/readiness?ref={ref}")
        return [a["user"] for a in ready["approvals"]]

    def histories(self, top, versions):
        moves, refs = {}, self.all(top + "/refs")
        for m in self.all(top + "/moves")[::-1]:
            moves.setdefault(m["ref"], []).append(m)
        for name, of in moves.items():
            assert all(a["time_us"] < b["time_us"] and a.get("to") == b.get("from") for a, b in zip(of, of[1:])), of
        now = {n: (of[-1]["kind"], of[-1]["to"], of[-1]["time_us"]) for n, of in moves.items() if "to" in of[-1]}
        assert now == {r["name"]: (r["kind"], r["version"], r["moved_us"]) for r in refs}, "a ref is not where its last move led"
        for v in versions:
            names = sorted(n for n, at in now.items() if at[1] == v["number"])
            assert names == sorted(v["aliases"] + v["sealed"]), v
        return tuple(sorted((name, tuple((m["kind"], *from_to(m)) for m in of)) for name, of in moves.items()))

    def verify(self):
        """All bytes of what is there are there, the chain of events is whole, and tells the same moves as the histories."""
        for repo in [r["name"] for r in self.all("repos") if r["name"].startswith(self.world)]:
            top = "repos/" + urllib.parse.quote(repo)
            for v in self.all(top + "/versions"):
                found = self.must("GET", f"{top}/versions/{v['number']}/verify?bytes=true")
                assert (found["damaged"], found["files"]) == (0, v["files"]), (repo, v["number"], found)
                if v["tree"] in self.contents.trees:
                    files = {f["path"]: f["sha256"] for f in self.all(f"trees/{v['tree']}")}
                    assert files == self.contents.files[self.contents.trees[v["tree"]]]
            self.verify_events(repo, top)
        chain = self.must("GET", "events/verify")
        assert chain["damaged"] == 0, chain

    def verify_events(self, repo, top):
        moved = sorted((m["ref"], m["time_us"], *from_to(m)) for m in self.all(top + "/moves"))
        want = [(ref, f, t) for ref, _, f, t in moved]
        deadline = time.monotonic() + 30
        while (got := self.told_moves(repo)) != want:
            assert time.monotonic() < deadline, (repo, got, want)
            time.sleep(0.02)  # on PostgreSQL events are numbered a moment after the commit

    def told_moves(self, repo):
        events = self.all("events?subject=" + urllib.parse.quote(repo))
        made = [i for i, e in enumerate(events) if e["kind"] == "repo_created"]
        events = events[made[-1]:] if made else events  # of one that was there before, under this name, others tell
        told = [(e["payload"]["ref"], int(e["payload"]["from"] or 0), int(e["payload"]["to"] or 0))
                for e in events if e["kind"] == "ref_moved"]  # fmt: skip
        return sorted(told, key=lambda m: m[0])


def request(method, path, body=None, user="ann"):
    return method, path, body, user


def post(path, body, user="ann"):
    return "POST", path, body, user


def nothing(_):
    return ()


def from_to(m):
    return m.get("from", 0), m.get("to", 0)


def expects(expected):
    return {} if expected is None else {"expected": expected}


def marks_of(v):
    return frozenset(m["mark"] for m in v["marks"])


def refs_of(items):
    return tuple((r["kind"], r["name"], r["version"]) for r in items)


def told_of_address(reply):
    m = reply["move"]
    assert m["to"] == reply["version"]["number"]
    return m["kind"], *from_to(m)


# ---- several at once ----


class Load:
    """with Load(...) as load: ...   Clients that do random operations until they are stopped, or `each` of them. The history is
    in `calls`; `clock` is noted with each call (of the shim's journal), to cut the history where the power went."""

    def __init__(self, make, ports, weights, seed, clients=4, each=None, clock=lambda: 0):
        self.calls, self.failures, self.lock, self.halt = [], [], threading.Lock(), threading.Event()
        self.ports, self.weights, self.each, self.clock = list(ports), weights, each, clock
        self.threads = [threading.Thread(target=self.run, args=[make, i, random.Random(seed * 100 + i)]) for i in range(clients)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, kind, *_):
        if self.each is None or kind:
            self.halt.set()
        for t in self.threads:
            t.join(120)
            assert not t.is_alive(), "a client hangs"
        if not kind and self.failures:
            raise self.failures[0]

    def run(self, make, number, rng):
        client = make(self.ports[number % len(self.ports) :] + self.ports[: number % len(self.ports)])
        n = 0
        try:
            while not self.halt.is_set() and n != self.each:
                self.one(client, draw(rng, len(client.contents.files), self.weights, n), f"client {number}")
                n += 1
        except Exception as e:  # told by who waits for the thread
            self.failures.append(e)
        finally:
            client.close()

    def one(self, client, op, who):
        reply, ended, acked = None, math.inf, None
        try:
            prepared = client.prepare(op)
            began, at = time.monotonic_ns(), self.clock()
            reply = client.finish(prepared)
        except Unsent:
            client.ports.append(client.ports.pop(0))
            time.sleep(0.02)
            return
        except LOST:
            pass
        if reply is not None:
            ended, acked = time.monotonic_ns(), self.clock()
        with self.lock:
            self.calls.append((linear.Call(op, reply, began, ended, who), at, acked))

    def settled(self):
        """The servers that gave no reply are gone: what did not happen by now never will."""
        now = time.monotonic_ns()
        for call, _, _ in self.calls:
            call.ended = min(call.ended, now)
        return [call for call, _, _ in self.calls]
