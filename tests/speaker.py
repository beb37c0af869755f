"""A node that only speaks: births, reports and health as a real one sends them, one by one at a test's wish.

As a program (URL SITE NODE COUNT) it says COUNT reports, prints "said", and stays until it is killed.
"""

import sys

import msgspec

from edge.clock_client import ClockClient
from edge.wire.address import BrokerAt
from edge.wire.connection.dialects import Will
from edge.wire.link import Delivery, Link
from edge.wire.messages import (
    BackendBirth,
    Birth,
    ClockAsk,
    Conn,
    ConnState,
    Findings,
    FrameReport,
    Health,
    ModelBirth,
    StreamBirth,
    StreamCounters,
    encode,
)
from edge.wire.topics import NodeTopics
from fleet.arrivals import SessionKey, key_of
from sensors.clock import NS_PER_MS, Clock, Stamp, SystemClock, boot_id

SHA = "c" * 64
STAGES_NS = {"wait": 1 * NS_PER_MS, "prepare": 2 * NS_PER_MS, "infer": 20 * NS_PER_MS, "decode": 1 * NS_PER_MS}
TOTAL_NS = sum(STAGES_NS.values())


def findings(count: int) -> Findings:
    """`count` boxes that differ in every number."""
    return Findings(
        boxes=tuple((10.0 * i, 20.5, 10.0 * i + 64.3, 97.1 + i) for i in range(count)),
        scores=tuple(round(0.9 - 0.01 * i, 5) for i in range(count)),
        labels=tuple(i % 2 for i in range(count)),
    )


class Speaker:
    """One session of one node with one stream, `camera`."""

    def __init__(
        self,
        clock: Clock,
        site: str = "seoul",
        node: str = "pole",
        session: int = 1,
        run: str = "drive",
        boot: str | None = None,
        session_id: str | None = None,
    ) -> None:
        """`boot`: whose `clock` is, if not this machine's. `session_id`: by default made of `session`."""
        self.clock = clock
        self.clocks = ClockClient(session, boot or boot_id(), clock)
        self.topics = NodeTopics(site, node)
        self.node = node
        self.session = session
        self.session_id = f"{session:032x}" if session_id is None else session_id
        self.birth = Birth(
            site=site,
            node=node,
            session=session,
            session_id=self.session_id,
            kind="roadside",
            run=run,
            stamp=clock.now(),
            boot=boot or boot_id(),
            host={"name": "test"},
            software="0",
            streams=(StreamBirth(name="camera", source="folder", pace="lockstep", fps=25.0),),
            model=ModelBirth(name="yolox-nano", sha256=SHA, artefact=SHA, precision="fp32", labels=("car", "bus")),
            backend=BackendBirth(name="onnxruntime", device="cpu", device_kind="cpu", facts={}),
        )
        self.link: Link | None = None

    @property
    def key(self) -> SessionKey:
        return key_of(self.birth)

    def connect(self, at: BrokerAt) -> "Speaker":
        """Introduce oneself, with a will, as a node does."""

        def introduce() -> None:
            link.publish(self.topics.birth, encode(self.birth), retain=True)
            link.publish(self.topics.conn, self.conn("online"), retain=True)
            self.ask(self.clocks.question(burst=True))

        def hear(delivery: Delivery) -> None:
            self.ask(self.clocks.answered(delivery.payload))

        link = self.link = Link(
            at,
            f"{self.topics.site}-{self.node}-{self.session_id[-8:]}",
            clock=self.clock,
            will=Will(self.topics.conn, self.conn("lost")),
            subscriptions=[(self.topics.clock_answer, 0)],
            on_delivery=hear,
            on_up=introduce,
        )
        link.connect()
        return self

    def ask(self, question: ClockAsk | None) -> None:
        assert self.link is not None
        if question is not None:
            self.link.publish(self.topics.clock_ask, encode(question), qos=0)

    def conn(self, state: ConnState) -> bytes:
        return encode(Conn(state=state, session=self.session, session_id=self.session_id))

    def report(self, n: int, **changes: object) -> FrameReport:
        """Frame n, taken just long enough ago to be done now."""
        now = self.clock.now()
        report = FrameReport(
            session=self.session,
            session_id=self.session_id,
            n=n,
            stream="camera",
            seq=n,
            stamp=Stamp(now.mono_ns - TOTAL_NS, now.utc_ns - TOTAL_NS),
            kind="scheduled",
            stages=STAGES_NS,
            total_ns=TOTAL_NS,
            published=now,
            status="ok",
            findings=findings(12),
            model=SHA[:12],
            artefact=SHA[:12],
        )
        return msgspec.structs.replace(report, **changes)

    def health(self, ok: int, final: bool = False, failed: int = 0, dropped: int = 0) -> Health:
        counted = StreamCounters(captured=ok + failed + dropped, ok=ok, failed=failed, dropped=dropped)
        return Health(
            session=self.session,
            session_id=self.session_id,
            stamp=self.clock.now(),
            streams={"camera": counted},
            queued=0,
            final=final,
            clocks=self.clocks.collect(),
        )

    def say(self, *reports: FrameReport) -> None:
        assert self.link is not None
        for report in reports:
            assert self.link.publish(self.topics.detections("camera"), encode(report))

    def tell(self, health: Health) -> None:
        assert self.link is not None
        self.link.publish(self.topics.health, encode(health), qos=1)

    def leave(self, ok: int) -> None:
        """Say goodbye as a node does that has nothing left to say."""
        assert self.link is not None
        self.link.drain(10)
        self.tell(self.health(ok, final=True))
        self.link.publish(self.topics.conn, self.conn("offline"), retain=True)
        assert self.link.close() == 0


def main(url: str, site: str, node: str, count: str) -> None:
    speaker = Speaker(SystemClock(), site, node).connect(BrokerAt(url=url))
    assert speaker.link is not None
    speaker.tell(speaker.health(int(count)))
    speaker.say(*map(speaker.report, range(int(count))))
    assert speaker.link.drain(10)
    sys.stdout.write("said\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
