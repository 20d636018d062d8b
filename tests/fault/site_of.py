# SPDX-License-Identifier: Apache-2.0
"""A data folder, with or without a PostgreSQL database, and the servers that run on it."""
import os
import sqlite3
import subprocess
import time

import servers
from faults import Faults


class Database(servers.Database):
    """A database of PostgreSQL, with statements for the tests' own use."""

    def execute(self, sql, *args):
        import psycopg2

        link = psycopg2.connect(self.url)
        try:
            with link, link.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall() if cursor.description else cursor.rowcount
        finally:
            link.close()

    def drop(self):
        import psycopg2

        self.admin = psycopg2.connect(self.admin_url)  # the first one may be gone with its PostgreSQL
        self.admin.autocommit = True
        super().drop()


class Site:
    def __init__(self, folder, database=None, data=None):
        self.folder = str(folder)
        self.database = database
        self.data = data or os.path.join(self.folder, "data")
        os.makedirs(self.data, exist_ok=True)
        self.running = []
        self.faults = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.running:
            server.kill()
        if self.database:
            self.database.drop()

    @property
    def arguments(self):
        return ["--data", self.data] + (["--db", self.database.url] if self.database else [])

    def start(self, faults=None, **env):
        """A server; with `faults` the shim is below it."""
        env = servers.fresh_environment({"STEMMA_LOG": "info", **env, **(faults.environment() if faults else {})})
        port = servers.free_port()
        command = [servers.stemma_binary(), "serve", *self.arguments, "--listen", f"127.0.0.1:{port}"]
        if self.database:  # the last counts; PostgreSQL tells by this name which connections are whose
            command += ["--db", f"{self.database.url}?application_name=port-{port}"]
        server = servers.Server("stemma", command, self.folder, port, env)
        self.running.append(server)
        return server

    def with_faults(self, journal=False):
        return Faults(self.data, self.folder, journal)

    def kill(self, server):
        """As a crash would end it. What it had sent to PostgreSQL may be committed a moment later: that is waited for."""
        server.kill()
        if self.database:
            wait_for(lambda: not self.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", f"port-{server.port}"),
                     what="the end of the killed server's connections")
        self.running.remove(server)
        server.log.close()

    def stop(self, server):
        """As an operator would; it must end well."""
        code = server.terminate()
        self.running.remove(server)
        server.log.close()
        assert code == 0, f"the server ended with {code}:\n{server.tail()}"

    def command(self, name, *options):
        return subprocess.run([servers.stemma_binary(), name, *self.arguments, *options], capture_output=True,
                              text=True, env=servers.fresh_environment(), timeout=300)

    def sql(self, statement, *args):
        """For looking at the tables, and for damaging them; no server of ours may run on SQLite. Rows, or how many were
        changed. Placeholders are %s."""
        if self.database:
            return self.database.execute(statement, *args)
        assert not self.running
        db = sqlite3.connect(os.path.join(self.data, "stemma.db"))
        try:
            with db:
                cursor = db.execute(statement.replace("%s", "?"), args)
                return cursor.fetchall() if cursor.description else cursor.rowcount
        finally:
            db.close()

    def check(self, *options):
        """`stemma check` calls the data whole."""
        done = self.command("check", *options)
        assert done.returncode == 0, f"stemma check: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


def wait_for(condition, seconds=30, what="it"):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what} did not come within {seconds} s"
        time.sleep(0.02)
