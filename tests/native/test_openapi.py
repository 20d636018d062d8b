# SPDX-License-Identifier: Apache-2.0
"""The page that describes the native API: it is valid OpenAPI, and what it lists is served."""

import http.client
import json
import re
import urllib.parse

import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

import page


@pytest.fixture(scope="module")
def document(server):
    return requests.get(server.uri + "/api/v1/openapi.json", timeout=60).json()


@pytest.fixture(scope="module")
def described(server):
    return page.page_of(server.uri)


def probe(server, method, path):
    """(status, content type, body of an error). Not by requests: what is probed does not count as exercised (page.py)."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.uri).netloc, timeout=60)
    try:
        connection.request(method, re.sub(r"\{\w+\}", "0" * 32, path))
        reply = connection.getresponse()
        return reply.status, reply.getheader("Content-Type"), reply.read() if reply.status >= 400 else b""
    finally:
        connection.close()


def test_the_page_is_valid_openapi(document):
    assert document["openapi"].startswith("3.1.")
    assert [f"{list(e.absolute_path)}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()] == []


PERMISSIONS = ("PUBLIC", "KNOWN", "READ", "WRITE", "MAINTAIN", "ADMIN", "OPERATE")


def test_operations_have_what_generators_need(described):
    ids = [o.described["operationId"] for o in described.operations]
    assert len(ids) == len(set(ids))
    for o in described.operations:
        assert o.described["summary"] and o.described["x-permission"] in PERMISSIONS, o.name
        assert re.findall(r"\{(\w+)\}", o.path) == list(o.parameters("path")), o.name
        assert ("security" in o.described) == (o.described["x-permission"] == "PUBLIC"), o.name


def test_every_field_says_what_it_is(document):
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema["properties"].items()
        if not described.get("description")
    ]
    assert silent == []


def test_what_the_page_lists_is_served(server, described):
    """Each path answers under each method: not 404 for the route (a missing object is another code), not 405."""
    for o in described.operations:
        status, _, body = probe(server, o.method, o.path)
        assert status != 405, o.name
        assert status != 404 or json.loads(body)["code"] != "NO_ENDPOINT", o.name


def test_what_the_page_does_not_list_is_not_served(server, described):
    for path in {o.path for o in described.operations}:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if not described.find(method, re.sub(r"\{\w+\}", "0" * 32, path)):
                status, content_type, _ = probe(server, method, path)
                assert status in (404, 405) and content_type == "application/problem+json", f"{method} {path}: {status}"
