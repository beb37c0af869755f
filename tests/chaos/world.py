"""A fleet to be maltreated: nodes behind a network that breaks, a broker, a hub; and what can be done to them."""

import os
import shutil
import signal
import socket
import subprocess
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

import sqlalchemy as sa
import tomli_w

from edge.wire.address import BrokerAt
from edge.wire.link import Link
from edge.wire.topics import NodeTopics
from fleet.broker import EmbeddedBroker
from fleet.ledger.schema import FRAMES as BOOKED
from fleet.ledger.store import Store, Where
from sensors.clock import NS_PER_S, SystemClock
from sensors.errors import GilmokError
from tests.chaos.answers import Answers
from tests.chaos.programs import GILMOK, Program
from tests.chaos.proxy import Proxy
from tests.chaos.verdict import Evidence
from tests.postgres import postgres_program, running_cluster
from tests.tiny import write_model, write_recording

SITE = "chaos"
FRAMES, FPS = 750, 25
DISK_MB = 12
GARBAGE = (b"", b"{", b"null", b"\xff\xfe\x00", b'{"session":-1}', b"[" * 5000, b'{"n":1e999}', b"\0" * 100_000)
YEAR_NS = 31_536_000 * NS_PER_S
STEPS_NS = (0, YEAR_NS, -YEAR_NS, -50 * YEAR_NS, 3600 * NS_PER_S, -3600 * NS_PER_S)
SHIFTED = """\
import os, time

real = time.time_ns

def shifted():
    with open(os.environ["CHAOS_CLOCK"]) as file:
        return max(real() + int(file.read() or 0), 0)

time.time_ns = shifted
"""
"""Read by every Python that finds it on its path: its wall clock is set while it runs. (libfaketime does that to any
program, but makes a Python's sleep fail as soon as its monotonic clock is left alone: EINVAL, tried with 0.9.10.)"""


class World:
    """Used by `with`; everything in it lies in `folder`."""

    def __init__(
        self, folder: Path, nodes: int, broker: str, random: Random, *, ledger: str = "sqlite", workers: int = 1
    ) -> None:
        """`broker`: mosquitto, which forgets everything when it is killed, or embedded; `ledger`: sqlite, postgres."""
        self.random = random
        self.evidence = Evidence()
        self._folder = folder
        self._stack = ExitStack()
        self._broker_port = _free_port()
        self._embedded = (
            EmbeddedBroker(self._broker_port, folder / "broker", SystemClock()) if broker != "mosquitto" else None
        )
        self.proxy = Proxy(self._broker_port)
        (folder / "path").mkdir()
        (folder / "path/sitecustomize.py").write_text(SHIFTED)
        self.model = write_model(folder)
        self.root = write_recording(folder / "mot", "LONG", frames=FRAMES, fps=FPS)
        self.database = self._stack.enter_context(running_cluster(_postgres())) if ledger == "postgres" else None
        self._database_frozen = False
        self.store: Where = folder / "hub.db" if self.database is None else self.database.database()
        self.broker = self._mosquitto() if self._embedded is None else None
        self.several = workers > 1
        """Whether the hub has workers of its own to be killed."""
        own = {**_ledger(self.store), "site": SITE, "workers": workers}
        self.hub = self._program("hub", "hub", "run", "hub.toml", {**own, **self._at(self._broker_port)})
        self.nodes = [self._node(f"node-{number}") for number in range(nodes)]
        self.full: set[str] = set()
        """Nodes whose disk has no room."""
        self.disks = self._mount_disks()

    def _at(self, port: int) -> dict[str, object]:
        return {"broker": {"url": f"mqtt://127.0.0.1:{port}"}}

    def _mosquitto(self) -> Program:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin") or ""
        settings = self._folder / "mosquitto.conf"
        settings.write_text(
            f"user root\nlistener {self._broker_port} 127.0.0.1\npersistence false\nallow_anonymous true\n"
        )
        return Program("broker", [program, "-c", str(settings)], self._folder / "broker.log")

    def _node(self, name: str) -> Program:
        options = {"dataset": "mot", "root": str(self.root), "recording": "LONG"}
        settings = {
            "name": name,
            "site": SITE,
            "state": str(self.state(name)),
            "model": {"file": str(self.model)},
            "streams": [{"name": "north", "source": {"kind": "recording", "options": options}}],
            **self._at(self.proxy.port),
        }
        return self._program(name, "node", "run", f"{name}.toml", settings)

    def _program(self, name: str, noun: str, verb: str, file: str, settings: dict[str, object]) -> Program:
        path = self._folder / file
        path.write_text(tomli_w.dumps(settings))
        self._clock_of(name).write_text("0")
        environment = {"PYTHONPATH": str(self._folder / "path"), "CHAOS_CLOCK": str(self._clock_of(name))}
        return Program(name, [*GILMOK, noun, verb, str(path)], self._folder / f"{name}.log", environment)

    def _clock_of(self, name: str) -> Path:
        return self._folder / f"{name}.clock"

    def state(self, name: str) -> Path:
        return self._folder / f"{name}.state"

    def spool(self, name: str) -> Path:
        return self.state(name) / f"{name}.spool"

    def _mount_disks(self) -> bool:
        """A small disk for each node's state; False where nobody may mount one."""
        for node in self.nodes:
            place = self.state(node.name)
            place.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
            if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
                return False
            self._stack.callback(subprocess.run, ["umount", "-l", str(place)], check=False)
        return True

    def __enter__(self) -> "World":
        self.start_broker()
        self.answers = self._stack.enter_context(Answers(self._broker_port, SITE))
        self.hub.start()
        return self

    def __exit__(self, *_: object) -> None:
        for program in [*self.nodes, self.hub, *([self.broker] if self.broker else [])]:
            program.kill()
        if self._embedded is not None:
            self._embedded.stop()
        self._stack.close()

    def booked(self) -> Counter[str]:
        """How many reports of each node are in the ledger."""
        found: Counter[str] = Counter()
        query = sa.select(BOOKED.c.node, sa.func.count()).group_by(BOOKED.c.node)
        with suppress(GilmokError):
            store = Store(self.store, write=False)
            try:
                with store.reading() as connection:
                    found.update({node: int(count) for node, count in connection.execute(query)})
            finally:
                store.close()
        return found

    def look(self) -> None:
        """Whether the hub speaks, wherever nothing keeps it from it."""
        brokers = self.broker.running and not self.broker.frozen if self.broker else bool(self._embedded_runs())
        servers = self.database is None or (self.database.server is not None and not self._database_frozen)
        able = brokers and servers and self.hub.running and not self.hub.frozen
        self.answers.look(able=able, waited_s=self.hub.waited_s())

    def _embedded_runs(self) -> bool:
        return self._embedded is not None and self._embedded.pid is not None

    def start_database(self) -> None:
        if self.database is not None and self.database.server is None:
            self.database.start()

    def freeze_database(self, *, frozen: bool) -> None:
        if self.database is not None:
            self.database.signal(signal.SIGSTOP if frozen else signal.SIGCONT)
            self._database_frozen = frozen

    def start_broker(self) -> None:
        """If it doesn't run."""
        if self.broker is not None:
            if not self.broker.running:
                self.broker.start()
        elif self._embedded is not None and self._embedded.pid is None:
            with suppress(GilmokError):
                self._embedded.revive()

    def kill_broker(self) -> None:
        if self.broker is not None:
            self.broker.kill()
        elif self._embedded is not None:
            self._embedded.kill()

    def kill_worker(self) -> None:
        if workers := self.hub.workers():
            with suppress(ProcessLookupError):
                os.kill(self.random.choice(workers), signal.SIGKILL)

    def kill_node(self, node: Program) -> None:
        """And look at what it had recorded, before it is started again."""
        node.kill()
        self._look_into(node)

    def start_node(self, node: Program) -> None:
        """Again, if it has ended by itself."""
        self._look_into(node)
        node.start()

    def _look_into(self, node: Program) -> None:
        full = node.name in self.full
        self.evidence.see(self.spool(node.name), full=full)
        count = self.state(node.name) / f"{node.name}.session"
        if full and count.exists():
            self.evidence.excuse(node.name, int(count.read_text() or 0))

    def fill(self, node: Program) -> None:
        if self.disks:
            self.full.add(node.name)
            self._look_into(node)
            with suppress(OSError), (self.state(node.name) / "ballast").open("wb", 0) as file:
                while file.write(b"\0" * 65_536):
                    pass

    def empty(self, node: Program) -> None:
        if node.name in self.full:
            self._look_into(node)
            self.full.discard(node.name)
            (self.state(node.name) / "ballast").unlink(missing_ok=True)

    def step_clock(self, program: Program) -> None:
        self._clock_of(program.name).write_text(str(self.random.choice(STEPS_NS)))

    def garble(self) -> None:
        """Rubbish on every topic of a node, and on what nodes hear."""
        topics = NodeTopics(SITE, self.random.choice(self.nodes).name)
        places = (
            topics.detections("north"), topics.late("north"), topics.health, topics.birth, topics.conn, topics.former,
            topics.clock_ask, topics.clock_answer, topics.committed, topics.refused, topics.fenced,
        )  # fmt: skip
        link = Link(BrokerAt(url=f"mqtt://127.0.0.1:{self._broker_port}"), "chaos-garbage", clock=SystemClock())
        with suppress(GilmokError):
            link.connect(1.0)
            for place in places:
                link.publish(place, self.random.choice(GARBAGE))
            link.close(1.0)


def _postgres() -> str:
    program = postgres_program()
    if program is None:
        raise SystemExit("PostgreSQL is not installed (Debian: postgresql)")
    return program


def _ledger(store: Where) -> dict[str, object]:
    if isinstance(store, Path):
        return {"store": str(store)}
    return {"ledger": {"url": store.url, "password_file": str(store.password_file)}}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
