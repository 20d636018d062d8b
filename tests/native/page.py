# SPDX-License-Identifier: Apache-2.0
"""Holds what is sent and answered under /api/v1 against the page that describes it, /api/v1/openapi.json.

`watching()` looks at every exchange of `requests` in this process (conftest.py does so for all tests of this folder): a
reply that the page does not describe, and a request that was accepted although the page forbids it, raise in the test
that sent it. Operations that succeeded at least once are kept in the folder that STEMMA_PAGE_SEEN names, a file a
process; `page.py FOLDER` tells afterwards which operations of the page no test exercised, a line each.
"""

import contextlib
import json
import os
import pathlib
import re
import sys
import urllib.parse
import uuid

import requests

PREFIX = "/api/v1/"
BASE = "urn:page"


def pointer(*parts):
    return BASE + "#/" + "/".join(urllib.parse.quote(p.replace("~", "~0").replace("/", "~1")) for p in parts)


class Operation:
    def __init__(self, path, method, described):
        self.path, self.method, self.described = path, method.upper(), described
        self.name = f"{self.method} {path}"
        rest = {p["name"] for p in described["parameters"] if p.get("x-rest")}
        parts = re.split(r"\{(\w+)\}", path)
        pattern = [re.escape(p) if i % 2 == 0 else ".+" if p in rest else "[^/]+" for i, p in enumerate(parts)]
        self.pattern = re.compile("".join(pattern))
        self.rank = (bool(rest), len(parts))  # a literal wins over a parameter, that over a rest

    def parameters(self, where):
        return {p["name"]: p for p in self.described["parameters"] if p["in"] == where}

    def success(self):
        """(status, description) of a reply without an error."""
        return next((int(s), r) for s, r in self.described["responses"].items() if s != "default")


class Page:
    def __init__(self, document):
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        self.document = document
        self.registry = Registry().with_resource(BASE, DRAFT202012.create_resource(document))
        self.validators = {}
        self.operations = sorted(
            (Operation(p, m, o) for p, methods in document["paths"].items() for m, o in methods.items()),
            key=lambda o: o.rank,
        )

    def find(self, method, path):
        method = "GET" if method == "HEAD" else method
        return next((o for o in self.operations if o.method == method and o.pattern.fullmatch(path)), None)

    def problems(self, value, *where):
        """What is wrong with a value by the schema at a place of the page; empty: nothing."""
        from jsonschema import Draft202012Validator

        ref = pointer(*where)
        if ref not in self.validators:
            self.validators[ref] = Draft202012Validator({"$ref": ref}, registry=self.registry)
        found = [f"{e.json_path}: {e.message[:300]}" for e in self.validators[ref].iter_errors(value)]
        return "; ".join(found[:5])

    # ---- replies ----

    def check_reply(self, operation, reply, has_body):
        assert reply.status_code < 600, reply.status_code
        if reply.status_code >= 400:
            return self.check_problem(reply, has_body)
        status, described = operation.success()
        headers = reply.request.headers
        if reply.status_code == 304:
            assert "If-None-Match" in headers, "304 without If-None-Match"
            return
        asked = 206 if "Range" in headers and reply.status_code == 206 else status
        assert reply.status_code == asked, f"status {reply.status_code}, and the page says {status}"
        content_type = reply.headers.get("Content-Type", "").partition(";")[0]
        types = described.get("content", {})
        assert any_type(content_type, types), f"Content-Type {content_type!r}, and the page says {list(types)}"
        if has_body and "schema" in types.get(content_type, {}):
            where = ["paths", operation.path, operation.method.lower(), "responses", str(status), "content"]
            wrong = self.problems(reply.json(), *where, content_type, "schema")
            assert not wrong, f"the reply is not as the page says: {wrong}"

    def check_problem(self, reply, has_body):
        content_type = reply.headers.get("Content-Type", "")
        assert content_type == "application/problem+json", f"an error as {content_type!r}"
        if not has_body:
            return
        problem = reply.json()
        wrong = self.problems(problem, "components", "schemas", "Problem")
        assert not wrong, f"the problem is not as the page says: {wrong}"
        assert problem["status"] == reply.status_code and problem["detail"], problem
        assert reply.status_code != 401 or reply.headers.get("WWW-Authenticate"), "401 without WWW-Authenticate"

    # ---- requests ----

    def check_request(self, operation, request):
        """Of a request that was accepted: the page allows it too."""
        known = operation.parameters("query")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query, keep_blank_values=True)
        for name, values in query.items():
            assert name in known, f"the page does not have the parameter {name!r}"
            for value in values:
                self.check_parameter(known[name], value)
        missing = [n for n, p in known.items() if p["required"] and n not in query]
        assert not missing, f"the page requires {missing}"
        self.check_body(operation, request)

    def check_parameter(self, parameter, value):
        kind = parameter["schema"].get("type")
        if kind == "integer":
            assert re.fullmatch(r"-?\d+", value), f"{parameter['name']}={value!r} is no integer"
        elif kind == "boolean":
            assert value in ("true", "false", "1", "0"), f"{parameter['name']}={value!r} is no boolean"
        names = parameter["schema"].get("enum")
        assert not names or value in names, f"{parameter['name']}={value!r} is none of {names}"

    def check_body(self, operation, request):
        body, described = request.body, operation.described.get("requestBody")
        if not body or (not described and body in (b"{}", "{}")):
            return
        assert described, "the page has no body for it"
        content_type = request.headers.get("Content-Type", "").partition(";")[0]
        if not content_type:
            return
        assert any_type(content_type, described["content"]), f"the page does not take {content_type!r}"
        if "schema" in described["content"].get(content_type, {}) and isinstance(body, (bytes, str)):
            where = ["paths", operation.path, operation.method.lower(), "requestBody", "content", content_type]
            wrong = self.problems(without_nulls(json.loads(body)), *where, "schema")
            assert not wrong, f"it was accepted, and the page forbids it: {wrong}"


def without_nulls(value):
    """In requests null is the same as leaving a member out."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def any_type(content_type, types):
    return content_type in types or "*/*" in types


def page_of(uri):
    reply = requests.get(uri + PREFIX + "openapi.json", timeout=60)
    assert reply.status_code == 200, reply.text[:300]
    return Page(reply.json())


class Watch:
    def __init__(self):
        self.page, self.seen, self.busy = None, set(), False

    def saw(self, reply, streamed):
        parts = urllib.parse.urlsplit(reply.request.url)
        if self.busy or not parts.path.startswith(PREFIX):
            return
        if not self.page:
            self.busy = True
            try:
                self.page = page_of(f"{parts.scheme}://{parts.netloc}")
            finally:
                self.busy = False
        request = reply.request
        what = f"{request.method} {request.path_url[:300]} -> {reply.status_code}"
        has_body = request.method != "HEAD" and not streamed
        operation = self.page.find(request.method, parts.path)
        try:
            if operation:
                self.page.check_reply(operation, reply, has_body)
            else:
                self.page.check_problem(reply, has_body)
            if reply.status_code < 400:
                self.page.check_request(operation, request)
                self.seen.add(operation.name)
        except AssertionError as e:
            raise AssertionError(f"{what}: {e}") from None

    def keep(self):
        folder = os.environ.get("STEMMA_PAGE_SEEN")
        if folder:
            file = pathlib.Path(folder) / f"{uuid.uuid4().hex}.json"
            file.write_text(json.dumps(sorted(self.seen)))


@contextlib.contextmanager
def watching():
    watch, send = Watch(), requests.Session.send

    def send_and_look(self, request, **kwargs):
        reply = send(self, request, **kwargs)
        watch.saw(reply, bool(kwargs.get("stream")))
        return reply

    requests.Session.send = send_and_look
    try:
        yield watch
    finally:
        requests.Session.send = send
        watch.keep()


def exercised(folder):
    """The operations that the processes of a run saw succeed."""
    return {name for file in pathlib.Path(folder).glob("*.json") for name in json.loads(file.read_text())}


def main(folder):
    """A line an operation of the page; 1 when one was not exercised."""
    sys.path.append(str(pathlib.Path(__file__).parents[1] / "clients"))
    import servers

    server = servers.Stemma()
    try:
        page = page_of(server.uri)
    finally:
        server.stop()
    seen = exercised(folder)
    for operation in page.operations:
        print(f"{'ok' if operation.name in seen else 'FAILED'}: {operation.name}")
    return 0 if all(o.name in seen for o in page.operations) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
