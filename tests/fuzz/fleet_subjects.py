"""Nodes, hubs, their stores, and whole fleets."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.wire.messages import encode
from fleet.alerts import records
from fleet.alerts.records import AlertEvent, KeptAlerts, StandingAlert
from sensors.clock import SystemClock
from tests.fuzz.subject import Subject
from tests.speaker import Speaker
from tests.tiny import write_model, write_recording

NODE = """\
name = "n"
site = "s"
run = "r"
kind = "roadside"
state = "state"
model = { file = "tiny.onnx" }
[broker]
url = "mqtt://127.0.0.1:9"
[[streams]]
name = "north"
pace = "lockstep"
[streams.source]
kind = "recording"
options = { dataset = "mot", root = "mot", recording = "WALK" }
"""
HUB = 'store = "hub.sqlite"\n[embedded]\nport = 0\nfolder = "broker"\n[[truth]]\ndataset = "mot"\nroot = "mot"\n'


def nodes(folder: Path) -> Iterator[Subject]:
    """Programs that live until they are stopped, and whole scenarios."""
    base = folder / "node"
    base.mkdir()
    write_model(base)
    write_recording(base / "mot")
    (base / "node.toml").write_text(NODE)
    (base / "hub.toml").write_text(HUB)
    streams = NODE[NODE.index("[[streams]]") :].replace("[[streams]]", "[[nodes.streams]]")
    own = 'name = "n"\nkind = "roadside"\nmodel = { file = "tiny.onnx" }\n'
    sources = streams.replace("[streams.source]", "[nodes.streams.source]")
    (base / "scenario.toml").write_text(f'name = "x"\nsite = "s"\n[[nodes]]\n{own}{sources}')
    messages(base / "said.tsv")
    yield Subject(("node", "run", "{here}/node.toml"), base, ("node.toml",), lives=True)
    yield Subject(("tell", "{here}/said.tsv", "{here}/told.sqlite"), base, ("said.tsv",))
    yield Subject(("hub", "run", "{here}/hub.toml"), base, ("hub.toml",), lives=True)
    yield Subject(("hub", "nodes", "--hub", "{here}/hub.toml", "--json"), base, ("hub.toml",))
    yield Subject(("run", "{here}/scenario.toml", "--out", "{here}/out"), base, ("scenario.toml",), slow=True)


def messages(path: Path) -> None:
    """What a node says in a life of a few frames, a topic and a payload a line; some late, and a former session."""
    speaker, before = Speaker(SystemClock()), Speaker(SystemClock(), session=0)
    topics, late = speaker.topics, [encode(speaker.report(n)) for n in (8, 9)]
    said = [
        (topics.former, encode(before.birth)),
        (topics.birth, encode(speaker.birth)),
        (topics.conn, speaker.conn("online")),
        *((topics.detections("camera"), encode(speaker.report(n))) for n in range(8)),
        (topics.late("camera"), b"[" + b",".join(late) + b"]"),
        *((topics.health, encode(speaker.health(ok))) for ok in (8, 10)),
        (topics.conn, speaker.conn("offline")),
    ]
    path.write_bytes(b"".join(topic.encode() + b"\t" + payload + b"\n" for topic, payload in said))


def spools(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """What a node keeps that its broker never took; the node starts again upon it."""
    base = folder / "spool"
    shutil.copytree(folder / "node", base)
    call("node", "run", base / "node.toml", lives=True)
    yield Subject(("node", "run", "{here}/node.toml"), base, ("state/**/*",), lives=True)


def stores(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """A hub's store after a scenario, and what asks it; slow to make."""
    base = folder / "store"
    call("run", folder / "node" / "scenario.toml", "--out", base)
    store = ("--store", "{here}/parts/hub.sqlite")
    for words in (("nodes",), ("runs",), ("refused",), ("report", "store")):
        yield Subject(("hub", *words, *store, "--json"), base, ("parts/hub.sqlite",))
        yield Subject(("hub", *words, *store), base, ("parts/hub.sqlite",))
    shutil.copy(base / "parts/hub.sqlite", base / "copy.sqlite")
    for asked in (
        ("history", "--since", "7d ago", "--step", "1h", "--json"),
        ("rollup",),
        ("prune", "--days", "1"),
        ("migrate",),
        ("backup", "{here}/other.sqlite"),
        ("export", "--parquet", "{here}/out", "--json"),
    ):
        yield Subject(("hub", *asked, *store), base, ("parts/hub.sqlite",))
    (base / "hub.toml").write_text(HUB.replace("hub.sqlite", "parts/hub.sqlite").replace('"broker"', '"parts/broker"'))
    kept = ("parts/hub.sqlite*", "parts/broker/**/*", "hub.toml")
    yield Subject(("hub", "run", "{here}/hub.toml"), base, kept, lives=True)
    yield Subject(("hub", "web", "--port", "0", *store), base, ("parts/hub.sqlite",), lives=True)
    yield Subject(("ask", "{here}/parts/hub.sqlite"), base, ("parts/hub.sqlite",))
    yield Subject(("replay", "report", "{here}"), base, ("*.json", "reports/**/*"))
    stands = StandingAlert(
        id="1", name="lost", rule="lost", severity="critical", site="s", node="n", stream="", since_utc_ns=10**18,
        value=None, worst=1.0, bound=0.0, unit="s", what="it is gone", do="look for it",
    )  # fmt: skip
    risen = AlertEvent(at_utc_ns=10**18, became="raised", alert=stands)
    records.write(base / "parts/hub.sqlite.alerts.json", KeptAlerts(standing=(stands,), past=(risen,)))
    alerts = ("parts/hub.sqlite.alerts.json",)
    for more in ((), ("--past",), ("--json",)):
        yield Subject(("hub", "alerts", *store, *more), base, alerts)
    yield Subject(("ask", "{here}/parts/hub.sqlite"), base, alerts)
    load = ("--nodes", "1", "--rate", "2", "--seconds", "1", "--patience", "1", "--json", "--reports", "{here}")
    simulated = ("fleet", "simulate", "--broker", "mqtt://127.0.0.1:9", *load)
    yield Subject(simulated, base, ("*.json", "reports/**/*"), lives=True)
    yield Subject(("hub", "restore", "--store", "{here}/new.sqlite", "{here}/copy.sqlite"), base, ("copy.sqlite",))


def fleets(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """A fleet's authority and what it issued, and a broker that isn't there."""
    base = folder / "fleet"
    call("fleet", "enrol", "one", "--fleet", base)
    call("fleet", "enrol", "two", "--fleet", base)
    call("fleet", "revoke", "two", "--fleet", base)
    for words in (
        ("enrol", "three", "--host", "127.0.0.1", "--days", "7"),
        ("renew", "one"),
        ("revoke", "one"),
        ("list", "--json"),
        ("acl", "--for", "mosquitto"),
        ("acl", "--for", "nats"),
    ):
        yield Subject(("fleet", *words, "--fleet", "{here}"), base, ("**/*",))
    load = ("--nodes", "2", "--rate", "2", "--seconds", "1", "--patience", "1", "--json")
    yield Subject(("fleet", "simulate", "--broker", "mqtt://127.0.0.1:9", *load), base, ("*.json",), lives=True)
