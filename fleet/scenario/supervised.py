"""What of a scenario can die, and how each part is started again."""

from collections.abc import Iterator

from edge.config import Resume, ResumeAt
from fleet.broker import EmbeddedBroker
from fleet.ledger.reader import LedgerReader
from fleet.scenario.parts import HUB, READY, Parts
from fleet.workers.supervisor import Part
from sensors.processes.child import Child, ChildDied
from sensors.processes.progress import Progress

BROKER = "the embedded broker"


def infrastructure(parts: Parts) -> Iterator[Part]:
    """The broker, if it is ours, and the hub: they must not end before the nodes have."""
    if parts.broker is not None:
        yield _broker(parts.broker)

    hub_works = Progress()

    def hub() -> Child:
        assert parts.hub is not None
        return parts.hub

    yield Part(
        name=HUB,
        death=lambda: "" if hub().running else _why(hub()) or f"{HUB} ended unasked",
        start=parts.start_hub_again,
        ready=lambda: hub().has_printed(READY),
        end=lambda: hub().kill(),
        works=lambda: hub_works.made(hub().pid),
    )


def nodes(parts: Parts) -> Iterator[Part]:
    """Each node: one that ended without trouble has done its work."""
    for name in parts.nodes:
        yield _node(parts, name)


def _broker(broker: EmbeddedBroker) -> Part:
    def death() -> str:
        status = broker.died
        if status is None:
            return ""
        return f"{BROKER} was killed by signal {-status}" if status < 0 else f"{BROKER} ended with status {status}"

    return Part(name=BROKER, death=death, start=broker.revive, ready=broker.answers, end=broker.kill)


def _node(parts: Parts, name: str) -> Part:
    progress = Progress()

    def node() -> Child:
        return parts.nodes[name]

    def ready() -> bool:
        if not node().has_printed(READY):
            return False
        if not parts.holding:
            node().go()
        return True

    return Part(
        name=node().name,
        death=lambda: _why(node()),
        start=lambda: parts.start_node_again(name, _resume(parts, name)),
        ready=ready,
        end=lambda: node().kill(),
        works=lambda: progress.made(node().pid),
    )


def _why(child: Child) -> str:
    try:
        child.check()
    except ChildDied as death:
        return death.sentence
    return ""


def _resume(parts: Parts, name: str) -> Resume | None:
    """Where the node was last known to be, a stream that nothing is known of at its beginning; None where no session of
    it was heard of.
    """
    streams: dict[str, ResumeAt] = {}
    session = ""
    with LedgerReader(parts.store) as ledger:
        for key in [key for key, owner in parts.sessions.items() if owner == name]:
            birth = ledger.birth(key)
            session = key.id if birth else session
            for stream in birth.streams if birth else ():
                if (report := ledger.newest(key, stream.name)) is not None:
                    streams[stream.name] = ResumeAt(seq=report.seq, mono_ns=report.stamp.mono_ns)
    return Resume(session=session, streams=streams) if session else None
