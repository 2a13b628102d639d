"""PostgreSQL for tests: fresh databases on the shared clusters, and clusters a test may kill."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from tests.services.network import LOOPBACK, free_port, give_to, server_account, wait_until
from tests.services.settings import setting
from ward_hub import pg

SETTING_OF: Final[dict[str, str]] = {
    "postgres": "WARD_TEST_POSTGRES_DSN",
    "timescale": "WARD_TEST_TIMESCALE_DSN",
}


@dataclass(slots=True)
class Cluster:
    """One of the clusters that scripts/services started; makes and drops databases on it."""

    kind: str
    dsn: str
    _template: str = ""
    _made: list[str] = field(default_factory=list)

    def fresh(self) -> str:
        """The DSN of a new, empty database."""
        return self._dsn_of(self._create("template1"))

    def migrated(self) -> str:
        """The DSN of a new database with the hub's schema, copied from one migrated once."""
        if not self._template:
            name = self._create("template1")
            pg.migrate(self._dsn_of(name))
            self._template = name
        return self._dsn_of(self._create(self._template))

    def drop(self, dsn: str) -> None:
        """Remove a database made here, whoever is still connected to it."""
        self._drop(urlsplit(dsn).path.removeprefix("/"))

    def drop_all(self) -> None:
        """Remove what is left, the template too."""
        for name in tuple(self._made):
            self._drop(name)

    def _dsn_of(self, name: str) -> str:
        return urlsplit(self.dsn)._replace(path=f"/{name}").geturl()

    def _create(self, template: str) -> str:
        name = f"ward_test_{secrets.token_hex(8)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._made.remove(name)

    def _run(self, statement: str, *names: str) -> None:
        text = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(self.dsn, autocommit=True, connect_timeout=10) as connection:
            connection.execute(text)


class OwnPostgres:
    """A plain cluster of the test's own, on one port for life: start, kill -9, start again."""

    def __init__(self) -> None:
        """Make the cluster (about a second). `start` runs it; `close` removes everything."""
        self.port: Final = free_port()
        self.folder: Final = Path(tempfile.mkdtemp(prefix="ward-postgres-"))
        self._account: Final = server_account("postgres")
        self._bin: Final = Path(setting("WARD_TEST_PG_BIN"))
        self._process: subprocess.Popen[bytes] | None = None
        password = secrets.token_hex(12)
        self.dsn: Final = f"postgresql://ward:{password}@{LOOPBACK}:{self.port}/postgres"
        password_file = self.folder / "password"
        password_file.write_text(password)
        give_to(self._account, self.folder, password_file)
        self._initialise(password_file)

    @property
    def is_running(self) -> bool:
        """Whether the postmaster we started still lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What the server has written since the cluster was made."""
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers, crash recovery included."""
        if self.is_running:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = self._run_as_server(
                ["postgres", "-D", str(self.folder / "data"), "-p", str(self.port)], log.fileno()
            )
        wait_until(self._answers_or_is_dead, "PostgreSQL's start", within_s=40)
        if not self.is_running:
            raise RuntimeError(f"PostgreSQL ended at once:\n{self.log}")

    def stop(self) -> None:
        """Stop it in an orderly way, ending whatever it is doing for others."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def kill9(self) -> None:
        """Kill the server and all its backends outright."""
        if self._process is None:
            return
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        self._process.wait(timeout=20)
        self._process = None
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=20)

    def restart(self) -> None:
        """Kill it, if it still runs, and start it again on the same port and data."""
        self.kill9()
        self.start()

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        self._free_shared_memory()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self, password_file: Path) -> None:
        with (self.folder / "log").open("ab") as log:
            arguments = ["initdb", "-D", str(self.folder / "data"), "-U", "ward", "--no-sync"]
            arguments += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
            arguments += ["--encoding=UTF8", "--locale=C.UTF-8"]
            process = self._run_as_server(arguments, log.fileno())
            if process.wait(timeout=60) != 0:
                raise RuntimeError(f"initdb failed:\n{self.log}")
        with (self.folder / "data" / "postgresql.conf").open("a") as conf:
            # A killed server loses nothing for want of fsync: the system still has its pages.
            conf.write(
                f"listen_addresses = '{LOOPBACK}'\nunix_socket_directories = ''\n"
                "fsync = off\nshared_buffers = 32MB\ndynamic_shared_memory_type = mmap\n"
                "timezone = 'UTC'\n"
            )

    def _run_as_server(self, arguments: list[str], log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._bin / arguments[0]), *arguments[1:]],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            user=self._account,
            group=self._account,
            extra_groups=[] if self._account else None,
            stdout=log,
            stderr=log,
        )

    def _answers_or_is_dead(self) -> bool:
        if not self.is_running:
            return True
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(self.dsn, connect_timeout=2),
        ):
            return True
        return False

    def _free_shared_memory(self) -> None:
        """A killed server leaves a System V segment, which its next start would have reused."""
        left = self.folder / "data" / "postmaster.pid"
        if left.exists():
            segment = left.read_text().splitlines()[6].split()[-1]
            command = ["ipcrm", "--shmem-id", segment]
            subprocess.run(command, check=False, capture_output=True, timeout=10)
