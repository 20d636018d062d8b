# SPDX-License-Identifier: Apache-2.0
"""What a well-behaved client gets: keep-alive, pipelining, chunks, compression, ranges, HEAD, 100-continue, routes."""
import gzip
import json
import os
import random
import tempfile
import zlib

import pytest
from http_help import Server, read_reply, read_to_end

FILE = random.Random(1).randbytes(5_000_000)


@pytest.fixture(scope="module")
def server():
    with tempfile.NamedTemporaryFile() as f:
        f.write(FILE)
        f.flush()
        with Server(file=f.name, gzip=1) as s:
            yield s


def post(path, body, *lines, method="POST"):
    more = "".join(line + "\r\n" for line in lines)
    return f"{method} {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def chunks(body, size):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


# ---- connections ---------------------------------------------------------------------------------------------------
def test_reply_has_what_every_reply_has(server):
    r = server.get("/hello")
    assert (r.status, r.body, r["server"]) == (200, b"hello\n", "stemma")
    assert r["x-content-type-options"] == "nosniff" and r["x-frame-options"] == "SAMEORIGIN"
    assert r["date"].endswith(" GMT") and r["connection"] is None


def test_keep_alive(server):
    with server.connect() as s:
        for i in range(200):
            s.sendall(post("/echo", b"%d" % i))
            r = read_reply(s)
            assert r.body == b"%d" % i and r.rest == b""


@pytest.mark.parametrize("count", [2, 63, 64, 65, 500])
def test_pipelining(server, count):
    with server.connect() as s:
        s.sendall(b"".join(post("/echo", b"body %d" % i) for i in range(count)))
        rest = b""
        for i in range(count):
            r = read_reply(s, before=rest)
            assert r.body == b"body %d" % i
            rest = r.rest
        assert rest == b""


def test_pipelining_past_every_kind_of_request(server):
    """The bytes behind a request survive its way through the second pool, a stream and a slow reply."""
    kinds = [post("/echo", b"a"), b"GET /long-json?n=3 HTTP/1.1\r\nHost: t\r\n\r\n", post("/count", b"b" * 100),
             post("/count", b"c" * 1_500_000), post("/large", b"d" * 1_500_000),
             b"POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(b"e" * 1_200_000, 50_000),
             b"GET /file HTTP/1.1\r\nHost: t\r\n\r\n", b"HEAD /file HTTP/1.1\r\nHost: t\r\n\r\n",
             b"GET /json?n=200000 HTTP/1.1\r\nHost: t\r\n\r\n", post("/echo", b"last")]
    import threading
    with server.connect() as s:
        sender = threading.Thread(target=s.sendall, args=(b"".join(kinds * 2),))
        sender.start()
        rest, got = b"", []
        for i in range(2 * len(kinds)):
            r = read_reply(s, head=i % len(kinds) == 7, before=rest)
            assert r.status == 200
            got.append(r.body)
            rest = r.rest
        sender.join()
        assert rest == b"" and got[:len(kinds)] == got[len(kinds):]
        assert got[0] == b"a" and got[1] == b"[0,1,2]" and got[2].startswith(b"100 9800 ")
        assert got[3].startswith(b"1500000 148500000") and got[4] == b"d" * 1_500_000
        assert got[5].startswith(b"1200000 121200000") and got[6] == FILE and got[9] == b"last"
        assert json.loads(got[8]) == list(range(200000))


def test_close_when_asked(server):
    assert server.raw(b"GET /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").endswith(b"hello\n")


def test_http_1_0(server):
    assert server.raw(b"GET /hello HTTP/1.0\r\n\r\n").endswith(b"hello\n")
    with server.connect() as s:
        for _ in range(3):
            s.sendall(b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert read_reply(s)["connection"] == "keep-alive"


def test_reply_to_a_half_closed_connection(server):
    import socket
    with server.connect() as s:
        s.sendall(post("/echo", b"abc"))
        s.shutdown(socket.SHUT_WR)
        assert read_to_end(s).endswith(b"\r\n\r\nabc")


def test_byte_by_byte(server):
    with server.connect() as s:
        sent = post("/echo", b"abcdef") + b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(
            b"ghijkl", 2)
        for i in range(len(sent)):
            s.sendall(sent[i:i + 1])
        first = read_reply(s)
        assert first.body == b"abcdef"
        assert read_reply(s, before=first.rest).body == b"ghijkl"


# ---- bodies in --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [0, 1, 1000, 65536, 1 << 20])
def test_length(server, size):
    body = FILE[:size]
    assert server.ask(post("/echo", body)).body == body


@pytest.mark.parametrize("size", [1, 7, 4096, 65536, 300_000])
def test_chunked(server, size):
    body = FILE[:300_000 if size > 7 else 5000]
    head = b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.ask(head + chunks(body, size)).body == body
    head = b"POST /count HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: Chunked\r\n\r\n"
    assert server.ask(head + chunks(body, size)).body == b"%d %d -1\n" % (len(body), sum(body))


def test_chunk_extensions_and_trailers_are_dropped(server):
    sent = (b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;a=\"b c\"\r\nabc\r\n00\r\nX-Type: evil\r\nContent-Length: 7\r\n\r\n")
    r = server.ask(sent)
    assert r.body == b"abc" and r["x-type"] is None


@pytest.mark.parametrize("path", ["/count", "/count?piece=1", "/count?piece=70000"])
@pytest.mark.parametrize("size", [0, 1, 65535, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_stream(server, path, size):
    if path.endswith("=1"):
        size //= 10
    body = FILE[:size]
    assert server.ask(post(path, body)).body == b"%d %d %d\n" % (size, sum(body), size)
    head = f"POST {path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert server.ask(head + chunks(body, 99_991)).body == b"%d %d -1\n" % (size, sum(body))


def test_limits(server):
    assert server.ask(post("/small", b"a" * 1000)).status == 200
    r = server.ask(post("/small", b"a" * 1001))
    assert (r.status, json.loads(r.body)["error"]) == (413, "TOO_LARGE")
    head = b"POST /small HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.ask(head + chunks(b"a" * 1000, 100)).status == 200
    assert server.ask(head + chunks(b"a" * 1001, 100)).status == 413
    assert server.ask(post("/echo", b"a" * ((1 << 20) + 1))).status == 413
    assert server.ask(post("/large", FILE)).body == FILE
    assert server.ask(post("/count-some", b"a" * (3 << 20), method="PUT")).status == 200
    assert server.ask(post("/count-some", b"a" * ((3 << 20) + 1), method="PUT")).status == 413
    head = b"PUT /count-some HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.ask(head + chunks(b"a" * ((3 << 20) + 1), 65536)).status == 413


def test_unread_body_closes_but_the_reply_arrives(server):
    for size, kept in ((10, None), (100_000, None), (3_000_000, "close")):
        with server.connect() as s:
            s.sendall(post("/ignore", b"a" * size, method="PUT"))
            r = read_reply(s)
            assert (r.status, r["connection"]) == (200, kept)
            if kept:
                assert read_to_end(s) in (b"", b"<reset>")


def test_refused_with_its_body_sent_keeps_the_connection(server):
    with server.connect() as s:
        s.sendall(post("/nope", b"a" * 500) + post("/secret", b"b" * 500) + post("/echo", b"c"))
        first = read_reply(s)
        second = read_reply(s, before=first.rest)
        third = read_reply(s, before=second.rest)
        assert (first.status, second.status, third.status, third.body) == (404, 401, 200, b"c")


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress])
@pytest.mark.parametrize("path", ["/large", "/count"])
def test_packed_body(server, packed, path):
    body = FILE[:200_000] + b"a" * 300_000
    encoding = "gzip" if packed is gzip.compress else "deflate"
    z = packed(body)
    want = body if path == "/large" else b"%d %d -1\n" % (len(body), sum(body))
    assert server.ask(post(path, z, f"Content-Encoding: {encoding}")).body == want
    head = f"POST {path} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}\r\n\r\n"
    assert server.ask(head.encode() + chunks(z, 999)).body == want
    assert server.ask(post(path, z[:-9], f"Content-Encoding: {encoding}")).status == 400
    assert server.ask(post(path, z[:5000] + b"xxxx" + z[5004:], f"Content-Encoding: {encoding}")).status == 400
    assert server.ask(post(path, z + b"rubbish", f"Content-Encoding: {encoding}")).status == 400


def test_packed_body_of_several_members(server):
    z = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    assert server.ask(post("/echo", z, "Content-Encoding: gzip")).body == b"one two"


def test_zip_bomb(server):
    bomb = gzip.compress(bytes(50_000_000))
    before = server.memory()
    r = server.ask(post("/echo", bomb, "Content-Encoding: gzip"))
    assert (r.status, json.loads(r.body)["error"]) == (413, "TOO_LARGE")
    assert server.ask(post("/count-some", bomb, "Content-Encoding: gzip", method="PUT")).status == 413
    assert server.memory() - before < 8_000_000


def test_unknown_encoding(server):
    assert server.ask(post("/echo", b"abc", "Content-Encoding: br")).status == 400
    assert server.ask(post("/echo", b"abc", "Content-Encoding: identity")).body == b"abc"


# ---- 100-continue -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/echo", "/count"])
def test_continue(server, path):
    with server.connect() as s:
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode())
        first = read_reply(s)
        assert first.status == 100 and first.rest == b""
        s.sendall(b"abc")
        assert read_reply(s).body == (b"abc" if path == "/echo" else b"3 294 3\n")


def test_no_continue_for_what_is_refused(server):
    for path, length, status in [("/nope", 3, 404), ("/secret", 3, 401), ("/small", 1001, 413), ("/hello", 3, 405)]:
        with server.connect() as s:
            s.sendall(
                f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode())
            r = read_reply(s)
            assert r.status == status and r["connection"] == "close"


def test_continue_is_not_for_http_1_0(server):
    with server.connect() as s:
        s.sendall(b"POST /echo HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
        assert read_to_end(s).startswith(b"HTTP/1.1 200 ")


# ---- replies ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/hello", "/text?n=50000", "/json?n=10", "/file", "/made?n=777"])
def test_head(server, path):
    get = server.get(path)
    with server.connect() as s:
        s.sendall(f"HEAD {path} HTTP/1.1\r\nHost: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        r = read_reply(s, head=True)
        assert (r.status, r["content-length"]) == (200, get["content-length"])
        assert read_reply(s, before=r.rest).body == b"hello\n"


def test_head_of_a_stream(server):
    with server.connect() as s:
        s.sendall(b"HEAD /json?n=1000000 HTTP/1.1\r\nHost: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n")
        r = read_reply(s, head=True)
        assert r.status == 200
        assert read_reply(s, before=r.rest).body == b"hello\n"


def test_json_stream(server):
    r = server.get("/json?n=1000000")
    assert r["transfer-encoding"] == "chunked" and json.loads(r.body) == list(range(1_000_000))
    assert server.get("/json?n=1000")["content-length"] == str(len(r.body[:0]) + len(json.dumps(list(range(1000)),
                                                                                             separators=(",", ":"))))
    old = server.raw(b"GET /json?n=1000000 HTTP/1.0\r\n\r\n")
    head, body = old.split(b"\r\n\r\n", 1)
    assert b"chunked" not in head and body == r.body


def test_json_fails_before_and_in_the_stream(server):
    r = server.get("/json?n=1000&fail=900")
    assert r.status == 404 and json.loads(r.body)["message"] == "gone at 900"
    out = server.raw(b"GET /json?n=1000000&fail=900000 HTTP/1.1\r\nHost: t\r\n\r\n")
    assert out.startswith(b"HTTP/1.1 200") and not out.endswith(b"0\r\n\r\n")


def test_packed_reply(server):
    for path in ("/text?n=100000", "/json?n=5000", "/json?n=1000000", "/long-json?n=600000"):
        plain = server.get(path)
        assert plain["content-encoding"] is None and plain["vary"] == "Accept-Encoding"
        for accept in ("gzip", "br, GZIP;q=0.5", "deflate,gzip ; q=1"):
            r = server.get(path, f"Accept-Encoding: {accept}")
            assert r["content-encoding"] == "gzip" and r["vary"] == "Accept-Encoding"
            assert gzip.decompress(r.body) == plain.body
        for accept in ("br", "gzip;q=0", "gzip; q=0.000", "x-gzip"):
            assert server.get(path, f"Accept-Encoding: {accept}")["content-encoding"] is None
    assert server.get("/text?n=4000", "Accept-Encoding: gzip")["content-encoding"] is None
    assert server.get("/file", "Accept-Encoding: gzip")["content-encoding"] is None


def test_replies_to_this_machine_are_not_packed():
    with Server() as s:
        assert s.get("/text?n=100000", "Accept-Encoding: gzip")["content-encoding"] is None


def test_header_that_would_split_the_reply_is_dropped(server):
    r = server.get("/x/a")
    assert r["x-bad"] is None and r["x-injected"] is None


def test_no_reply_is_an_error(server):
    assert server.get("/silent").status == 500


def test_error_of_the_dialect(server):
    r = server.get("/fail")
    assert (r.status, json.loads(r.body)) == (404, {"error": "NOT_FOUND", "message": "no such thing"})


# ---- ranges ----------------------------------------------------------------------------------------------------------------
N = len(FILE)


@pytest.mark.parametrize("asked, first, end", [
    ("bytes=0-0", 0, 1), ("bytes=0-", 0, N), ("bytes=100-199", 100, 200), (f"bytes={N-1}-", N - 1, N),
    (f"bytes=10-{N+100}", 10, N), ("bytes=-1", N - 1, N), (f"bytes=-{N+5}", 0, N), ("bytes=2000000-4000000", 2000000,
                                                                                    4000001),
    (f"bytes=5-{10**30}", 5, N),
])
def test_range(server, asked, first, end):
    r = server.get("/file", f"Range: {asked}")
    assert r.status == 206 and r.body == FILE[first:end]
    assert r["content-range"] == f"bytes {first}-{end-1}/{N}" and r["etag"] == '"v1"'


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=5-2", "bytes=-", "bytes=", "bytes",
                                   "bytes=1-2-3", "bytes=+1-2"])
def test_no_range(server, asked):
    r = server.get("/made?n=100", f"Range: {asked}")
    assert (r.status, len(r.body), r["accept-ranges"]) == (200, 100, "bytes")


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={10**30}-"])
def test_range_not_satisfiable(server, asked):
    r = server.get("/made?n=100", f"Range: {asked}")
    assert (r.status, r["content-range"]) == (416, "bytes */100")


def test_empty_source(server):
    assert server.get("/made?n=0").status == 200
    assert server.get("/made?n=0", "Range: bytes=0-").status == 416


def test_conditions(server):
    for known in ('"m"', 'W/"m"', '"a", "m"', "*"):
        r = server.get("/made", f"If-None-Match: {known}")
        assert (r.status, r.body, r["etag"]) == (304, b"", '"m"')
    assert server.get("/made", 'If-None-Match: "other"').status == 200
    assert server.get("/made", "Range: bytes=1-2", 'If-Range: "m"').status == 206
    for other in ('"x"', 'W/"m"', "Mon, 01 Jan 2024 00:00:00 GMT"):
        assert server.get("/made", "Range: bytes=1-2", f"If-Range: {other}").status == 200


def test_source_that_fails(server):
    assert b"abc" not in server.raw(b"GET /made?n=1000&stop=0 HTTP/1.1\r\nHost: t\r\n\r\n")
    out = server.raw(b"GET /made?n=5000000&stop=3000000 HTTP/1.1\r\nHost: t\r\n\r\n")
    assert len(out) < 5_000_000
    out = server.raw(b"GET /file?damaged=1 HTTP/1.1\r\nHost: t\r\n\r\n")
    body = out.split(b"\r\n\r\n", 1)[1].replace(b"<reset>", b"")
    assert FILE.startswith(body) and len(body) <= 1 << 20


# ---- routes ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path, body", [
    ("/x/literal", b"hello\n"), ("/x/liter%61l", b"hello\n"), ("//x///literal", b"hello\n"), ("/x/posted", b"posted|"),
    ("/x/a%2Fb%20c%25", b"a/b c%|"), ("/x/%C3%A9", "é|".encode()), ("/r/a/b/c", b"a|b/c"), ("/r/a//b//c%2fd", b"a|b//c%2fd"),
    ("/r/a/%ff%00", b"a|%ff%00"), ("/a/pre", b"hello\n"), ("/b/pre?x=/y", b"hello\n"), ("/r/a/" + "z/" * 100, b"a|" + b"z/" * 100),
])
def test_route(server, path, body):
    r = server.get(path)
    assert (r.status, r.body) == (200, body)


@pytest.mark.parametrize("path, status, error", [
    ("/nope", 404, "NO_ENDPOINT"), ("/hello/", 404, "NO_ENDPOINT"), ("/x", 404, "NO_ENDPOINT"), ("/x/", 404, "NO_ENDPOINT"),
    ("/r/a/", 404, "NO_ENDPOINT"), ("/pre", 404, "NO_ENDPOINT"), ("/x/%zz", 400, "MALFORMED"), ("/x/%ff", 400, "MALFORMED"),
    ("/x/a%00b", 400, "MALFORMED"), ("/x/%", 400, "MALFORMED"), ("/x/a/b", 404, "NO_ENDPOINT"), ("/" + "y/" * 100, 404, "NO_ENDPOINT"),
    ("/secret", 401, "UNAUTHENTICATED"),
])
def test_route_errors(server, path, status, error):
    r = server.get(path)
    assert (r.status, json.loads(r.body)["error"]) == (status, error)


def test_owner_words_the_404(server):
    assert server.get("/other/x").body == b"There is no such route."


def test_methods(server):
    r = server.ask(post("/hello", b""))
    assert (r.status, r["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert server.ask(b"DELETE /slow HTTP/1.1\r\nHost: t\r\n\r\n")["allow"] == "GET, HEAD, POST, OPTIONS"
    r = server.ask(b"OPTIONS /echo HTTP/1.1\r\nHost: t\r\n\r\n")
    assert (r.status, r["allow"], r["content-length"]) == (204, "POST, PUT, OPTIONS", None)
    assert server.ask(b"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n").status == 204
    assert server.ask(b"OPTIONS /nope HTTP/1.1\r\nHost: t\r\n\r\n").status == 404
    assert server.get("/secret", "Authorization: Bearer t0ken").status == 200


# ---- the log -----------------------------------------------------------------------------------------------------------------
def test_log_line():
    with Server(log=1) as s:
        get = "GET %s HTTP/1.1\r\nHost: t\r\n%s\r\n\r\n"
        with s.connect() as one:  # lines of one connection are in order
            for sent in [get % ("/n/" + "y" * 400 + "?secret=1", "X-Secret: s3"), get % ("/quiet", "X: s3"),
                         get % ("/secret", "Authorization: Bearer t0ken"), post("/echo", b"s3cret body").decode()]:
                one.sendall(sent.encode())
                read_reply(one)
        s.stop()
        lines = [json.loads(line) for line in s.errors.decode().splitlines()]
        assert [line["event"] for line in lines] == ["request"] * 3
        assert lines[0]["path"] == "/n/" + "y" * 297 and lines[0]["method"] == "GET" and lines[0]["peer"] == "127.0.0.1"
        assert lines[1]["user"] == "tester" and lines[2]["in"] == 11 and lines[2]["out"] > 11 and lines[2]["us"] >= 0
        assert b"s3" not in s.errors.replace(b"secret\"", b"")
