"""A real PostgreSQL for tests: a cluster of one's own, made when first asked for, and a database for each test."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleet.config import LedgerAt
from tests.waiting import wait_until

SECRET = "correct-horse"
FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "listen_addresses=127.0.0.1")


@dataclass(slots=True)
class Cluster:
    programs: Path
    folder: Path
    port: int
    who: dict[str, Any]
    """Who runs it: the server refuses to run as root."""
    server: "subprocess.Popen[str] | None" = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def password_file(self) -> Path:
        return self.folder / "secret"

    def at(self, database: str) -> LedgerAt:
        return LedgerAt(url=f"postgresql://fleet@127.0.0.1:{self.port}/{database}", password_file=self.password_file)

    def make(self) -> None:
        self.password_file.write_text(f"{SECRET}\n", encoding="utf-8")
        made = [
            str(self.programs / "initdb"),
            "-D",
            str(self.folder / "data"),
            "--no-sync",
            "-U",
            "fleet",
            "-E",
            "UTF8",
        ]
        access = ["--locale=C", "--auth=scram-sha-256", f"--pwfile={self.password_file}"]
        subprocess.run([*made, *access], stdout=subprocess.DEVNULL, check=True, **self.who)
        # Whoever runs the server had to read it; a hub takes no secret that everybody may read.
        self.password_file.chmod(0o600)

    def start(self) -> None:
        settings = [f"-c{one}" for one in (*FAST, f"port={self.port}", f"unix_socket_directories={self.folder}")]
        program = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *settings]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(program, stderr=log, text=True, **self.who)
        wait_until(self._answers, "PostgreSQL to answer")

    def stop(self) -> None:
        """At once: what was committed is on the disk."""
        if self.server is not None:
            self.server.send_signal(signal.SIGQUIT)
            self.server.wait()
            self.server = None

    def signal(self, number: signal.Signals) -> None:
        """To the server and every process of it."""
        if self.server is not None:
            children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text(encoding="ascii")
            for process in (self.server.pid, *map(int, children.split())):
                with suppress(ProcessLookupError):
                    os.kill(process, number)

    def database(self, encoding: str = "UTF8") -> LedgerAt:
        """A new one, empty."""
        name = f"ledger{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'")
        return self.at(name)

    def sql(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        login = f"host=127.0.0.1 port={self.port} user=fleet password={SECRET} dbname={database}"
        with psycopg.connect(login, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, (self.folder / "log").read_text()
        asked = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0


def postgres_program() -> str | None:
    """Where the server is installed, the newest; None: nowhere."""
    found = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))]
    return shutil.which("postgres") or next(reversed(found), None)


@contextmanager
def running_cluster(program: str) -> Iterator[Cluster]:
    """In a folder of its own, gone afterwards."""
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="gilmok-pg-") as folder:
        if who:
            shutil.chown(folder, "postgres", "postgres")
        cluster = Cluster(Path(program).resolve().parent, Path(folder), _free_port(), {"cwd": folder, **who})
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    program = postgres_program()
    if program is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install gilmok[postgres])")
    with running_cluster(program) as cluster:
        yield cluster


@pytest.fixture
def database(postgres: Cluster) -> LedgerAt:
    """An empty database that no other test uses."""
    return postgres.database()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
