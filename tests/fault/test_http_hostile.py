# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, broken, greedy or gone: each is refused within its deadline, and none slows the others."""
import contextlib
import random
import resource
import socket
import struct
import tempfile
import threading
import time

import pytest
from http_help import Server, read_reply, read_to_end, wait_for

GET = b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"
BIG = 64 << 20


@pytest.fixture(scope="module")
def hasty():
    """Deadlines that a test can wait for."""
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(BIG)
        with Server(header_ms=400, idle_ms=800, rate=100_000, file=f.name) as s:
            yield s


@pytest.fixture(autouse=True, scope="module")
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


SOON = 9  # seconds, for what takes one or two, or else no end: a busy machine may pause it


def closes_after(s, least):
    began = time.monotonic()
    out = read_to_end(s)
    took = time.monotonic() - began
    assert least <= took <= SOON, took
    return out


# ---- deadlines --------------------------------------------------------------------------------------------------------
def test_header_deadline(hasty):
    with hasty.connect() as s:
        s.sendall(GET[:20])
        assert b" 408 " in closes_after(s, 0.3)


def test_header_deadline_is_for_the_whole_header(hasty):
    with hasty.connect() as s:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 2 * SOON:
                s.sendall(b"G" if time.monotonic() - began < 0.01 else b"")
                s.sendall(b"E")
                time.sleep(0.05)
        assert time.monotonic() - began < SOON


def test_idle_deadline(hasty):
    with hasty.connect() as s:
        assert closes_after(s, 0.6) == b""
    with hasty.connect() as s:
        s.sendall(GET)
        assert read_reply(s).status == 200
        assert closes_after(s, 0.6) == b""


@pytest.mark.parametrize("path", ["/echo", "/count"])
@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_slow_body(hasty, path, framing):
    with hasty.connect() as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n3e8\r\n".encode())
        stop = threading.Event()

        def trickle():
            with contextlib.suppress(OSError):
                while not stop.wait(0.05):
                    s.sendall(b"a")

        t = threading.Thread(target=trickle)
        t.start()
        out = closes_after(s, 0.3)
        stop.set()
        t.join()
        assert b" 408 " in out or out == b"<reset>"


def test_slow_stream_past_the_buffer(hasty):
    """Once a handler reads from the socket the same minimum rate holds."""
    with hasty.connect() as s:
        s.sendall(b"POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 1_200_000)
        assert b" 408 " in closes_after(s, 0.5)


def test_steady_body_may_take_longer_than_any_deadline(hasty):
    with hasty.connect() as s:
        s.sendall(b"POST /count HTTP/1.1\r\nHost: t\r\nContent-Length: 900000\r\n\r\n")
        for _ in range(20):  # far above the least rate, so that a busy machine may pause it
            s.sendall(b"a" * 45_000)
            time.sleep(0.08)
        assert read_reply(s).body.startswith(b"900000 ")


@pytest.mark.parametrize("path", ["/file", "/made?n=64000000", "/json?n=9000000", "/text?n=64000000"])
def test_reader_that_does_not_read(hasty, path):
    with hasty.connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        time.sleep(2.5)
        out = read_to_end(s)
        assert out.endswith(b"<reset>") and len(out) < 30_000_000


@pytest.mark.parametrize("path", ["/file", "/made?n=6000000", "/json?n=900000", "/text?n=6000000"])
def test_slow_reader_gets_all(hasty, path):
    quick = hasty.get(path)
    with hasty.connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200_000)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        first = b""
        for _ in range(15):
            time.sleep(0.1)
            first += s.recv(100_000)
        r = read_reply(s, before=first)
        assert r.status == 200 and r.body == quick.body


# ---- bodies and peers that end early --------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/echo", "/count", "/large"])
@pytest.mark.parametrize("sent", [0, 10, 2_000_000])
def test_body_shorter_than_announced(hasty, path, sent):
    with hasty.connect() as s:
        size = 3_000_000 if path != "/echo" else 1_000_000
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {size}\r\n\r\n".encode() + b"a" * min(sent, size - 1))
        s.shutdown(socket.SHUT_WR)
        assert b" 200 " not in read_to_end(s)


def test_body_longer_than_announced_is_the_next_request(hasty):
    with hasty.connect() as s:
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabcdef")
        first = read_reply(s)
        assert first.body == b"abc"
        assert b" 400 " in first.rest + read_to_end(s)


def test_peers_that_vanish(hasty):
    """A reset at any byte of any request hurts nobody else."""
    rnd = random.Random(7)
    kinds = [GET, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000,
             b"PUT /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"a" * 32768 + b"\r\n") * 60,
             b"GET /file HTTP/1.1\r\nHost: t\r\n\r\n", b"GET /json?n=2000000 HTTP/1.1\r\nHost: t\r\n\r\n",
             b"GET /slow?ms=20 HTTP/1.1\r\nHost: t\r\n\r\n" * 3]
    for i in range(400):
        s = hasty.connect()
        sent = rnd.choice(kinds)
        with contextlib.suppress(OSError):
            s.sendall(sent[:rnd.randrange(1, len(sent) + 1)])
            if rnd.random() < 0.3:
                s.settimeout(0.02)
                s.recv(rnd.choice([1, 100_000]))
        if rnd.random() < 0.7:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    assert hasty.get("/hello").status == 200


# ---- caps -------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("option", ["conns", "per_address"])
def test_connection_cap(option):
    with Server(**{option: 5}) as server, contextlib.ExitStack() as open_ones:
        kept = [open_ones.enter_context(server.connect()) for _ in range(5)]
        for s in kept:
            s.sendall(GET)
            assert read_reply(s).status == 200
        for sent in (b"", GET):
            with server.connect() as s:
                s.sendall(sent)
                r = read_reply(s)
                assert (r.status, r["connection"], r["retry-after"]) == (503, "close", "5")
                assert read_to_end(s) == b""
        for s in kept:  # those that are in still work
            s.sendall(GET)
            assert read_reply(s).status == 200
        kept[0].close()

        def room():
            with server.connect() as s:
                s.sendall(GET)
                return read_reply(s).status == 200

        assert wait_for(room)


def test_flood_of_connections():
    """More than the cap at once: each gets an answer or a close, and the server goes on."""
    with Server(conns=300) as server:
        sockets = []
        for _ in range(1500):
            sockets.append(server.connect())
        for s in sockets[:300]:
            s.sendall(GET)
            assert read_reply(s).status == 200
        for s in sockets:
            s.close()
        assert wait_for(lambda: server.get("/hello").status == 200)


def test_out_of_descriptors():
    with Server() as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (60, 60))
        held = [server.connect() for _ in range(100)]
        time.sleep(0.3)
        held[0].sendall(GET)
        assert read_reply(held[0]).status == 200
        for s in held:
            s.close()

        def served():
            with contextlib.suppress(OSError):
                return server.get("/hello").status == 200

        assert wait_for(served)


def test_idle_connections_are_cheap():
    with Server(idle_ms=60_000) as server:
        server.get("/hello")
        before = server.memory()
        count = 5000
        held = []
        for _ in range(count):
            s = server.connect()
            s.sendall(GET)
            held.append(s)
        for s in held:
            assert read_reply(s).status == 200
        each = (server.memory() - before) / count
        for s in held:
            s.close()
        assert each < 600 or server.sanitized(), each


# ---- the others -------------------------------------------------------------------------------------------------------------
def quickest(server, seconds=1.0, path="/hello"):
    """Latencies of a polite client, sorted."""
    out = []
    until = time.monotonic() + seconds
    with server.connect(timeout=60) as s:
        while time.monotonic() < until:
            began = time.monotonic()
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
            assert read_reply(s).status == 200
            out.append(time.monotonic() - began)
    return sorted(out)


def test_slow_uploads_and_parked_readers_slow_nobody():
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(BIG)
        with Server(file=f.name) as server, contextlib.ExitStack() as held:
            for i in range(500):  # half of them past the buffer, so that a handler waits for them
                s = held.enter_context(server.connect())
                s.sendall(b"PUT /count HTTP/1.1\r\nHost: t\r\nContent-Length: 90000000\r\n\r\n" + b"a" * (1_100_000 if i % 2 else 1000))
            for i in range(1000):
                s = held.enter_context(socket.socket())
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.connect(("127.0.0.1", server.port))
                path = ["/file", "/made?n=64000000", "/text?n=8000000", "/long-json?n=4000000"][i % 4 if i < 100 else 0]
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
            calm = wait_for(lambda: quickest(server, 0.5)[-1] < 0.05, 30)  # all have taken what they can
            assert calm
            among = quickest(server)
            if not server.sanitized():
                assert among[len(among) // 2] < 0.1, among[len(among) // 2]
            assert server.threads() < 450


def test_quick_readers_slow_nobody():
    """Downloads that never block do not keep the threads."""
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(8 << 30)
        with Server(file=f.name) as server:
            stop = threading.Event()

            def download():
                room = bytearray(1 << 20)
                with server.connect() as s:
                    s.sendall(b"GET /file HTTP/1.1\r\nHost: t\r\n\r\n")
                    while not stop.is_set() and s.recv_into(room):
                        pass

            readers = [threading.Thread(target=download) for _ in range(8)]
            for t in readers:
                t.start()
            time.sleep(0.2)
            among = quickest(server)
            stop.set()
            for t in readers:
                t.join()
            assert among[len(among) // 2] < 0.1, among[len(among) // 2]


def test_handlers_that_wait_do_not_queue():
    """64 that sleep together are served together: pool 1 grows."""
    with Server() as server:
        def one():
            assert server.get("/slow?ms=300").status == 200

        threads = [threading.Thread(target=one) for _ in range(64)]
        began = time.monotonic()
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert time.monotonic() - began < 64 * 0.3 / 2, "one after another it is twice that"
        assert server.threads() > 60


# ---- stopping ---------------------------------------------------------------------------------------------------------------
def test_graceful_stop():
    server = Server(grace_ms=5000)
    with contextlib.ExitStack() as stack:
        idle = stack.enter_context(server.connect())
        half = stack.enter_context(server.connect())
        half.sendall(GET[:10])
        working = [stack.enter_context(server.connect()) for _ in range(10)]
        for s in working:
            s.sendall(b"GET /slow?ms=500 HTTP/1.1\r\nHost: t\r\n\r\n" + GET)
        time.sleep(0.2)
        server.process.stdin.close()
        replies = [read_reply(s) for s in working]
        assert all((r.status, r["connection"], r.body) == (200, "close", b"slept\n") for r in replies)
        assert read_to_end(idle) == b""
        read_to_end(half)
        assert server.process.wait(10) == 0
        assert int(server.process.stdout.read().split()[2]) < 2500
        with pytest.raises(OSError):
            server.connect()


def test_stop_does_not_wait_for_ever():
    server = Server(grace_ms=300)
    with contextlib.ExitStack() as stack:
        for sent in [b"PUT /count HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n" + b"a" * 2_000_000,
                     b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nab", b"GET /text?n=90000000 HTTP/1.1\r\nHost: t\r\n\r\n",
                     b"GET /long-json?n=20000000 HTTP/1.1\r\nHost: t\r\n\r\n"]:
            stack.enter_context(server.connect()).sendall(sent)
        time.sleep(0.3)
        server.stop()
        assert server.process.returncode == 0
        assert int(server.printed.split()[2]) < 3000
