# SPDX-License-Identifier: Apache-2.0
"""The Debian package: what is in it, and that what it says of the program is true. Installing it is tests/package/in_root.sh."""

import hashlib
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest
import yaml  # PyYAML

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/stemma"
UNIT = "usr/lib/systemd/system/stemma.service"


def output(*command, **kwargs):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT, timeout=120, **kwargs)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pathlib.Path(output("tools/package.sh", tmp_path_factory.mktemp("package")).strip())


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    output("dpkg-deb", "-R", package, folder)
    return folder


def field(package, name):
    return output("dpkg-deb", "-f", package, name).strip()


def test_it_is_named_after_the_version(package):
    version = output(BINARY, "version").removeprefix("stemma ").strip()
    assert field(package, "Version") == f"{version}-1"
    assert package.name == f"stemma_{version}-1_{field(package, 'Architecture')}.deb"


def test_the_same_tree_gives_the_same_bytes(package, tmp_path):
    again = pathlib.Path(output("tools/package.sh", tmp_path).strip())
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()


def test_files_owners_and_modes(package):
    lines = output("dpkg-deb", "-c", package).splitlines()
    listed = {line.split()[-1].removeprefix("./"): line.split()[:2] for line in lines}
    assert all(owner == "root/root" for _, owner in listed.values())
    assert listed["usr/bin/stemma"][0] == "-rwxr-xr-x"
    assert listed["etc/stemma/env"][0] == "-rw-------"  # it is for secrets
    assert listed[UNIT][0] == "-rw-r--r--"
    for name in ("copyright", "changelog.Debian.gz", "changelog.gz", "operations.md", "alerts.yml"):
        assert f"usr/share/doc/stemma/{name}" in listed
    commands = output(BINARY, "help")
    for command, file in (("man", "man/man1/stemma.1.gz"), ("completion", "bash-completion/completions/stemma")):
        assert bool(re.search(rf"^  {command} ", commands, re.M)) == (f"usr/share/{file}" in listed)


def test_it_depends_on_what_the_program_links(package):
    depends = field(package, "Depends")
    for library in ("libc6", "libcurl", "libpq5", "libsqlite3-0", "libssl3", "libpcre2-8-0", "adduser"):
        assert library in depends
    needed = output("readelf", "-d", BINARY)
    assert "BIND_NOW" in needed and "PIE" in needed  # hardened


def test_the_program_holds_the_page(unpacked):
    page = (ROOT / "build/web/dist/index.html").read_bytes()
    assert page in (unpacked / "usr/bin/stemma").read_bytes()


def test_sums_and_conffiles(unpacked):
    assert (unpacked / "DEBIAN/conffiles").read_text() == "/etc/stemma/env\n"
    for line in (unpacked / "DEBIAN/md5sums").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.md5((unpacked / name).read_bytes()).hexdigest() == digest


def test_scripts_are_shell(unpacked):
    for name in ("postinst", "prerm", "postrm"):
        script = unpacked / "DEBIAN" / name
        assert os.access(script, os.X_OK)
        output("sh", "-n", script)


def test_env_names_each_option_of_the_server_and_sets_none(unpacked):
    text = (unpacked / "etc/stemma/env").read_text()
    assert all(line.startswith("#") for line in text.splitlines() if line)
    assert set(re.findall(r"^#(STEMMA_\w+)=", text, re.M)) == set(re.findall(r"\((STEMMA_\w+)\)", output(BINARY, "help", "serve")))


def test_the_unit_starts_what_is_there(unpacked):
    unit = (unpacked / UNIT).read_text()
    program = re.search(r"^ExecStart=(\S+) (.*)$", unit, re.M)
    assert (unpacked / program[1].lstrip("/")).exists() and program[2] == "serve"
    assert "EnvironmentFile=-/etc/stemma/env" in unit and "NoNewPrivileges=yes" in unit
    sections = re.findall(r"^\[(\w+)\]$", unit, re.M)
    assert sections == ["Unit", "Service", "Install"]
    assert all(re.fullmatch(r"\[\w+\]|#.*|[A-Za-z]+=.*|", line) for line in unit.splitlines())


@pytest.mark.parametrize("abstract", [False, True])
def test_the_server_says_when_it_answers_and_when_it_stops(unpacked, tmp_path, abstract):
    """The unit has Type=notify: without that datagram systemd would never take the service for started."""
    assert re.search(r"^Type=notify$", (unpacked / UNIT).read_text(), re.M)
    with socket.socket() as s, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as starter:
        s.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{s.getsockname()[1]}"
        s.close()
        starter.settimeout(30)
        name = f"stemma-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
        starter.bind("\0" + name if abstract else name)
        env = {"PATH": os.environ["PATH"], "NOTIFY_SOCKET": "@" + name if abstract else name}
        server = subprocess.Popen([BINARY, "serve", "--data", tmp_path / "data", "--listen", address, "--log", "warn"], env=env)
        try:
            assert starter.recv(100) == b"READY=1"
            output(BINARY, "health", "--url", f"http://{address}")
            server.send_signal(signal.SIGTERM)
            assert starter.recv(100) == b"STOPPING=1"
            assert server.wait(30) == 0
        finally:
            server.kill()
            server.wait()


def test_the_image_asks_for_its_health():
    """All options are said, because what engines take for one that is left out differs; the exit code is 0 or 1."""
    text = (ROOT / "packaging/Containerfile").read_text()
    check = re.search(r"^HEALTHCHECK (.*) CMD (.*)$", text, re.M)
    assert {o.split("=")[0] for o in check[1].split()} == {"--interval", "--timeout", "--start-period", "--retries"}
    assert check[2] == "stemma health >/dev/null || exit 1" and re.search(r"^  health ", output(BINARY, "help"), re.M)


def test_alerts_name_metrics_that_there_are():
    """Each name in a rule's expression is a metric of the reference page (or Prometheus' own up)."""
    known = set(re.findall(r"^\| `((?:stemma|process)_\w+)` \|", output(BINARY, "reference"), re.M))
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")} | {"up"}
    rules = yaml.safe_load((ROOT / "packaging/alerts.yml").read_text())["groups"]
    names = set()
    for rule in (r for group in rules for r in group["rules"]):
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"} and rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "1m"))
        expression = re.sub(r"\{.*?\}|\[\w+\]|\"[^\"]*\"", "", rule["expr"])
        names |= set(re.findall(r"\b(?:stemma|process)_\w+|\bup\b", expression))
    assert names and names <= known, names - known
