# SPDX-License-Identifier: Apache-2.0
"""stemma import mlflow from tracking servers that answer otherwise than MLflow of today: old ones, and ones that go wrong."""

import http.server
import json
import threading
import urllib.parse

import pytest

from import_target import target  # noqa: F401, a fixture

NO_SUCH = (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such version"})
NO_FILTER = (400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid attribute key"})
VERSION = {"name": "bot", "version": "1", "creation_timestamp": 5, "source": "models:/other/1", "status": "READY"}


class Tracker:
    """A tracking server with one registered model of one version. `other` maps ends of paths, with "?" when there is a filter,
    to what is answered there instead."""

    def __init__(self):
        tracker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = urllib.parse.urlparse(self.path)
                what = "/".join(url.path.split("/")[-2:]) + ("?" if "filter" in urllib.parse.parse_qs(url.query) else "")
                code, body = tracker.other.get(what) or (200, tracker.usual.get(what, {}))
                text = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *words):
                pass

        self.other = {}
        self.usual = {
            "experiments/search": {"experiments": [{"experiment_id": "0", "name": "Default", "lifecycle_stage": "active"}]},
            "registered-models/search": {"registered_models": [{"name": "bot", "creation_timestamp": 5}]},
            "model-versions/search?": {"model_versions": [VERSION]},
            "model-versions/get-download-uri": {"artifact_uri": "s3://bucket/other"},
        }
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def tracker():
    t = Tracker()
    yield t
    t.server.shutdown()
    t.server.server_close()


@pytest.mark.parametrize("other", [
    {},
    {"registered-models/search?": NO_FILTER},
    {"model-versions/get-download-uri": NO_SUCH},
    {"model-versions/search?": (200, {"model_versions": [VERSION, VERSION]})},
], ids=["usual", "no prompts yet", "a version deleted meanwhile", "a page that moved"])  # fmt: skip
def test_what_is_odd_and_no_fault(other, tracker, target):
    tracker.other = other
    report = target.bring(tracker.uri)
    assert report["equal"] and report["registered"]["new"] == 1 and report["proof"]["versions"]["here"]["count"] == 1


@pytest.mark.parametrize("path", ["registered-models/search", "model-versions/search?", "experiments/search", "runs/search"])
def test_a_page_that_is_its_own_next_one(path, tracker, target):
    tracker.other = {path: (200, {**tracker.usual.get(path, {}), "next_page_token": "again"})}
    assert "the same page again and again" in target.refused(tracker.uri)
