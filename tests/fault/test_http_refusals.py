# SPDX-License-Identifier: Apache-2.0
"""Bytes that no server may take for a request: told 400 (or what fits better), then closed."""
import pytest
from http_help import Server, read_reply, read_to_end

OK = b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"


@pytest.fixture(scope="module")
def server():
    with Server() as s:
        yield s


def chunked(body, more=b""):
    return b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n" + more + b"\r\n" + body


HEADS = {
    "bare LF in the request line": (400, b"GET /hello HTTP/1.1\nHost: t\r\n\r\n"),
    "bare LF in a header": (400, b"GET /hello HTTP/1.1\r\nHost: t\nX: y\r\n\r\n"),
    "bare LF for the empty line": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\n\n"),
    "bare CR in a header": (400, b"GET /hello HTTP/1.1\r\nHost: t\rX: y\r\n\r\n"),
    "bare CR for a line": (400, b"GET /hello HTTP/1.1\rHost: t\r\n\r\n"),
    "NUL in a value": (400, b"GET /hello HTTP/1.1\r\nHost: t\0u\r\n\r\n"),
    "NUL in the target": (400, b"GET /hel\0lo HTTP/1.1\r\nHost: t\r\n\r\n"),
    "NUL in a name": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX\0: y\r\n\r\n"),
    "control byte in a value": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: \x01\r\n\r\n"),
    "obs-fold with a space": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: y\r\n z\r\n\r\n"),
    "obs-fold with a tab": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: y\r\n\tz\r\n\r\n"),
    "first line folded": (400, b"GET /hello HTTP/1.1\r\n Host: t\r\n\r\n"),
    "space before the colon": (400, b"GET /hello HTTP/1.1\r\nHost : t\r\n\r\n"),
    "tab before the colon": (400, b"GET /hello HTTP/1.1\r\nHost\t: t\r\n\r\n"),
    "empty name": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\n: y\r\n\r\n"),
    "no colon": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nnonsense\r\n\r\n"),
    "byte 0xff in a name": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX\xff: y\r\n\r\n"),
    "no Host": (400, b"GET /hello HTTP/1.1\r\nX: y\r\n\r\n"),
    "two Hosts": (400, b"GET /hello HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"),
    "two Hosts in HTTP/1.0": (400, b"GET /hello HTTP/1.0\r\nHost: t\r\nHost: u\r\n\r\n"),
    "two Hosts in one": (400, b"GET /hello HTTP/1.1\r\nHost: t, u\r\n\r\n"),
    "Host with a path": (400, b"GET /hello HTTP/1.1\r\nHost: t/u\r\n\r\n"),
    "absolute target": (400, b"GET http://t/hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "authority target": (501, b"CONNECT t:80 HTTP/1.1\r\nHost: t\r\n\r\n"),
    "asterisk for GET": (400, b"GET * HTTP/1.1\r\nHost: t\r\n\r\n"),
    "target without slash": (400, b"GET hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "fragment": (400, b"GET /hello#x HTTP/1.1\r\nHost: t\r\n\r\n"),
    "byte 0xff in the target": (400, b"GET /hello\xff HTTP/1.1\r\nHost: t\r\n\r\n"),
    "two spaces": (400, b"GET  /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "space in the target": (400, b"GET /hel lo HTTP/1.1\r\nHost: t\r\n\r\n"),
    "space behind the version": (400, b"GET /hello HTTP/1.1 \r\nHost: t\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /hello\r\n\r\n"),
    "HTTP/1.2": (400, b"GET /hello HTTP/1.2\r\nHost: t\r\n\r\n"),
    "HTTP/2.0": (505, b"GET /hello HTTP/2.0\r\nHost: t\r\n\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "another protocol": (400, b"GET /hello RTSP/1.0\r\nHost: t\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40),
    "lower-case method": (400, b"get /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "unknown method": (400, b"FOO /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "method of others": (501, b"TRACE /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    "too many lines": (431, b"GET /hello HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 100 + b"\r\n"),
    "too long a line": (431, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + b"y" * 17000 + b"\r\n\r\n"),
    "too long a line without end": (431, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + b"y" * 17000),
    "too long a target": (431, b"GET /" + b"y" * 17000 + b" HTTP/1.1\r\nHost: t\r\n\r\n"),
    "unknown Expect": (417, b"POST /echo HTTP/1.1\r\nHost: t\r\nExpect: tea\r\nContent-Length: 1\r\n\r\na"),
}

FRAMING = {
    "Transfer-Encoding with Content-Length": (400, chunked(b"0\r\n\r\n", b"Content-Length: 5\r\n")),
    "Content-Length with Transfer-Encoding": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Content-Length 0 with Transfer-Encoding": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Content-Length twice": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "Content-Length twice, differing": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    "Content-Length 0 twice": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\nabc"),
    "Content-Length as a list": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3, 3\r\n\r\nabc"),
    "Content-Length with a sign": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: +3\r\n\r\nabc"),
    "negative Content-Length": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: -3\r\n\r\nabc"),
    "hexadecimal Content-Length": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0x3\r\n\r\nabc"),
    "Content-Length of two words": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3 3\r\n\r\nabc"),
    "empty Content-Length": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length:\r\n\r\nabc"),
    "Content-Length past 64 bits": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 18446744073709551617\r\n\r\na"),
    "Content-Length past 63 bits": (
        400, b"PUT /count HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775808\r\n\r\na"),
    "Transfer-Encoding twice": (400, chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n")),
    "chunked twice": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "gzip, chunked": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunked, identity": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "identity": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: identity\r\n\r\n"),
    "xchunked": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "chunked in quotes": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    "chunked with a control byte": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding with a space": (
        400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "empty Transfer-Encoding": (400, b"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding:\r\n\r\n"),
    "Transfer-Encoding in HTTP/1.0": (
        400, b"POST /echo HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunk size not hexadecimal": (400, chunked(b"g\r\nabc\r\n0\r\n\r\n")),
    "chunk size with 0x": (400, chunked(b"0x3\r\nabc\r\n0\r\n\r\n")),
    "chunk size with a sign": (400, chunked(b"+3\r\nabc\r\n0\r\n\r\n")),
    "chunk size past 64 bits": (400, chunked(b"10000000000000003\r\nabc\r\n0\r\n\r\n")),
    "chunk size with a space": (400, chunked(b"3 \r\nabc\r\n0\r\n\r\n")),
    "no chunk size": (400, chunked(b"\r\nabc\r\n0\r\n\r\n")),
    "chunk size ends with LF": (400, chunked(b"3\nabc\r\n0\r\n\r\n")),
    "chunk ends with LF": (400, chunked(b"3\r\nabc\n0\r\n\r\n")),
    "chunk without an end": (400, chunked(b"3\r\nabcd\r\n0\r\n\r\n")),
    "LF in an extension": (400, chunked(b"3;a\nb\r\nabc\r\n0\r\n\r\n")),
    "NUL in an extension": (400, chunked(b"3;a\0b\r\nabc\r\n0\r\n\r\n")),
    "endless extension": (400, chunked(b"3;" + b"a" * 20000 + b"\r\nabc\r\n0\r\n\r\n")),
    "extensions without a body": (400, chunked((b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 40 + b"0\r\n\r\n")),
    "endless trailers": (400, chunked(b"0\r\n" + b"X: yyyyyyyyyyyyyyyy\r\n" * 1000 + b"\r\n")),
    "trailer with bare CR": (400, chunked(b"0\r\nX: y\rZ: z\r\n\r\n")),
    "trailer with bare LF": (400, chunked(b"0\r\nX: y\n\r\n")),
    "trailers end with LF": (400, chunked(b"0\r\n\n")),
    "last chunk ends with LF": (400, chunked(b"0\n\r\n")),
}


@pytest.mark.parametrize("name", list(HEADS) + list(FRAMING))
def test_refused_and_closed(server, name):
    status, sent = {**HEADS, **FRAMING}[name]
    with server.connect() as s:
        s.sendall(sent + OK)  # what follows must never be taken for a request
        reply = read_reply(s)
        assert reply.status == status, reply.body
        assert reply["connection"] == "close"
        assert read_to_end(s) == b"" and reply.rest == b""


@pytest.mark.parametrize("name", ["NUL in a value", "chunk ends with LF", "Content-Length twice"])
def test_refused_byte_by_byte(server, name):
    status, sent = {**HEADS, **FRAMING}[name]
    with server.connect() as s:
        try:
            for i in range(len(sent)):
                s.sendall(sent[i:i + 1])
        except OSError:
            pass  # it was refused before all was sent
        assert read_reply(s).status == status


LEGAL = {
    "HTTP/1.0 without Host": b"GET /hello HTTP/1.0\r\n\r\n",
    "an empty line first": b"\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n",
    "an empty Host": b"GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
    "spaces around a value": b"GET /hello HTTP/1.1\r\nHost: \t t \t\r\n\r\n",
    "100 lines": b"GET /hello HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 99 + b"\r\n",
    "16 KiB": b"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + b"y" * (16384 - 40) + b"\r\n\r\n",
    "an offer to upgrade": b"GET /hello HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "bytes past ASCII in a value": b"GET /hello HTTP/1.1\r\nHost: t\r\nX: \xc3\xa9\r\n\r\n",
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal(server, name):
    reply = server.ask(LEGAL[name])
    assert (reply.status, reply.body) == (200, b"hello\n")


def test_smuggled_request_is_not_served(server):
    inner = b"GET /secret HTTP/1.1\r\nHost: t\r\n\r\n"
    for sent in [chunked(b"0\r\n\r\n" + inner, b"Content-Length: %d\r\n" % (5 + len(inner))),
                 b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner]:
        assert server.raw(sent).count(b"HTTP/1.1 ") == 1


def test_still_alive(server):
    assert server.ask(OK).status == 200
