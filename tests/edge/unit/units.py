"""A unit as a process of its own, on a made recording with the tiny model; what it says, and what it is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tomli_w

from edge.unit.state import StateAbsent, UnitState, kept
from edge.wire.acknowledgements import Fenced, SessionAt
from edge.wire.address import BrokerAt
from edge.wire.births import Birth, decode_birth
from edge.wire.deployments.orders import Order, Receipt
from edge.wire.deployments.states import Deployment, Desired, Reported
from edge.wire.link import Delivery, Link
from edge.wire.message import decode, encode
from edge.wire.topics import NodeTopics
from sensors.clock import NS_PER_S, SystemClock
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

NODE = "pole"
FRAMES, FPS = 2000, 20
MINUTE_NS = 60 * NS_PER_S


def write_config(folder: Path, site: str, broker: BrokerAt, **unit: Any) -> Path:
    """NODE.toml of a unit; its recording is a hundred seconds long, and begun again."""
    write_recording(folder / "mot", "LONG", frames=FRAMES, fps=FPS)
    options = {"dataset": "mot", "root": "mot", "recording": "LONG"}
    table = {
        "name": NODE,
        "site": site,
        "state": "state",
        "model": {"file": str(write_model(folder).name)},
        "broker": {"url": broker.url},
        "streams": [{"name": "north", "source": {"kind": "recording", "options": options}}],
        "unit": {"watch_s": 1.0, "p99_ratio": 0, "streams_again": True, **unit},
    }
    path = folder / "node.toml"
    path.write_text(tomli_w.dumps(table))
    return path


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`gilmok unit run`, ended at the end, if it is still there."""
    command = [sys.executable, "-P", "-m", "gilmok", "unit", "run", str(config)]
    with (config.parent / "unit.log").open("ab") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


def state_of(config: Path) -> UnitState:
    """As it is on the disk; before there is any, the one that a unit begins with."""
    with suppress(StateAbsent):
        return kept(config.parent / "state" / f"{NODE}.unit" / "unit.json")
    return UnitState()


def node_pid(unit: subprocess.Popen[bytes]) -> int:
    """Of the node that the unit runs; 0 where there is none at this moment."""
    return _child(unit, b"--vitals")


def trial_pid(unit: subprocess.Popen[bytes]) -> int:
    """Likewise, of the self-test."""
    return _child(unit, b"edge.unit.trial")


def _child(unit: subprocess.Popen[bytes], word: bytes) -> int:
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if word in words and f"PPid:\t{unit.pid}\n" in (entry / "status").read_text():
                return int(entry.name)
        except OSError:
            continue
    return 0


class Ear:
    """A hub's side of the unit's topics: hears its reports and receipts, says what is desired and ordered."""

    def __init__(self, broker: BrokerAt, site: str) -> None:
        self._topics = NodeTopics(site, NODE)
        self.reports: list[Reported] = []
        self.receipts: list[Receipt] = []
        self.births: list[Birth] = []
        topics = [(topic, 1) for topic in (self._topics.reported, self._topics.birth, self._topics.reply("+"))]
        self._link = Link(
            broker, f"{site}-ear-{os.getpid()}", clock=SystemClock(), subscriptions=topics, on_delivery=self._hear
        )

    def __enter__(self) -> "Ear":
        self._link.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def desire(self, wish: str, digest: str | None) -> None:
        deployment = None if digest is None else Deployment(digest=digest, name="tiny", version=wish)
        self._link.publish(self._topics.desired, encode(Desired(id=wish, deployment=deployment)), retain=True)

    def order(self, identity: str, verb: str, *, digest: str | None = None, within_ns: int = MINUTE_NS) -> None:
        deadline_utc_ns = SystemClock().now().utc_ns + within_ns
        order = Order(id=identity, verb=verb, deadline_utc_ns=deadline_utc_ns, digest=digest, by="kim", why="a try")
        self._link.publish(self._topics.order(verb), encode(order))

    def fence(self, session_id: str) -> None:
        """What a hub says to the older of two nodes of one name."""
        older, newer = SessionAt(session=1, session_id=session_id), SessionAt(session=2, session_id="cd" * 16)
        self._link.publish(self._topics.fenced, encode(Fenced(hub="hub", older=older, newer=newer)))

    def wait(self, what: str, **facts: Any) -> Reported:
        """The first report from now on, or the last one before, of which all of `facts` are so."""

        def there() -> list[Reported]:
            return [one for one in self.reports[-1:] if all(getattr(one, key) == fact for key, fact in facts.items())]

        wait_until(there, f"the unit to report {what}")
        return self.reports[-1]

    def _hear(self, delivery: Delivery) -> None:
        if delivery.topic == self._topics.reported:
            self.reports.append(decode(delivery.payload, Reported))
        elif delivery.topic == self._topics.birth:
            self.births.append(decode_birth(delivery.payload))
        else:
            self.receipts.append(decode(delivery.payload, Receipt))
