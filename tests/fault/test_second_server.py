# SPDX-License-Identifier: Apache-2.0
"""Who may open a data folder: one process, of a version that knows its schema."""
import os
import time

import servers
from ledger import Api, Ledger, Load


def second(site):
    return site.command("serve", "--listen", f"127.0.0.1:{servers.free_port()}")


def test_a_second_server_is_told_who_holds_the_folder(site):
    first = site.start()
    for command in ("check", "gc", "rebuild"):
        done = site.command(command)
        assert done.returncode == 1 and f"in use by process {first.process.pid}" in done.stderr, done
    done = second(site)
    assert done.returncode == 1, done
    assert f"in use by process {first.process.pid} on {os.uname().nodename}" in done.stderr, done.stderr
    assert Api(first.port).call("GET", "/health") == (200, b"OK")
    site.stop(first)
    site.check()


def test_a_folder_reached_by_another_name_is_the_same(site, tmp_path):
    first = site.start()
    site.data, data = str(tmp_path / "link"), site.data
    os.symlink(data, site.data)
    done = second(site)
    assert done.returncode == 1 and f"in use by process {first.process.pid}" in done.stderr, done


def test_a_killed_server_holds_nothing(site):
    first = site.start()
    site.kill(first)
    site.stop(site.start())


def test_newer_data_is_refused_and_not_touched(any_site):
    site = any_site
    server, ledger = site.start(), Ledger()
    with Load(ledger, [server.port], seed=1):
        time.sleep(0.3)
    site.stop(server)
    change_schema(site, 1000)
    for done in (second(site), site.command("check"), site.command("rebuild")):
        assert done.returncode == 1, done
        assert "stemma 99.0 (schema 1000)" in done.stderr and "use a newer stemma" in done.stderr, done.stderr
    change_schema(site, None)
    server = site.start()
    ledger.verify(server.port)
    site.stop(server)
    site.check()


def change_schema(site, number):
    """Adds a migration of the future, or takes it back."""
    if number is None:
        n = site.sql("DELETE FROM schema_migration WHERE number = 1000")
    else:
        n = site.sql("INSERT INTO schema_migration (number, name, program_version, applied_at)"
                     " VALUES (%s, 'future', '99.0', 1)", number)
    assert n == 1
