import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge import backlog
from edge import uplink as uplinks
from edge.assembly import loaded, open_stream
from edge.birth import birth
from edge.config import BackendChoice, ModelChoice, SourceChoice, SpoolChoice, StreamConfig
from edge.device.backend import Telemetry
from edge.session_name import next_session
from edge.spool.spool import Spool
from edge.stream import Stream
from edge.uncommitted import ReportsUncommitted
from edge.uplink import Uplink
from edge.wire.address import BrokerAt
from edge.wire.births import BirthRefused, BirthUnfit
from edge.wire.link import Delivery, Link
from edge.wire.messages import Birth, Conn, FrameReport, Health, decode, decode_birth
from edge.wire.topics import NodeTopics
from fleet.arrivals import key_of
from fleet.config import HubConfig, PerNode
from fleet.hub import Hub, StateRefused
from fleet.ledger.reader import LedgerReader
from sensors.clock import NS_PER_S, SystemClock, boot_id
from tests.brokers import mosquitto
from tests.hubs import running
from tests.processes import pid_of
from tests.speaker import Speaker, findings
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

CLOCK = SystemClock()
FRAMES = 3
WARM = Telemetry(temperature_c=41.5, power_w=float("nan"), clock_mhz=800.0, utilisation=0.25, throttled=False)


Introduced = tuple[Birth, Stream]


@pytest.fixture
def introduced(tmp_path: Path, site: str) -> Iterator[Introduced]:
    root = write_recording(tmp_path / "mot", frames=FRAMES)
    options = {"dataset": "mot", "root": str(root), "recording": "WALK"}
    config = StreamConfig(name="camera", source=SourceChoice(kind="recording", options=options), pace="lockstep")
    session = next_session(tmp_path, "pole")
    with (
        loaded(ModelChoice(file=write_model(tmp_path)), BackendChoice(), tmp_path) as parts,
        open_stream(config, parts, tmp_path, CLOCK, name=session) as opened,
    ):
        said = birth(
            site=site,
            node="pole",
            session=session,
            kind="roadside",
            run="drive",
            parts=parts,
            configs=[config],
            streams=[opened],
            clock=CLOCK,
        )
        yield said, opened


def _spool(folder: Path, **settings: object) -> Spool:
    return Spool(folder / "pole.spool", msgspec.convert(settings, SpoolChoice), CLOCK, boot_id())


class Listener:
    """Whatever the nodes of a site say, by topic."""

    def __init__(self, broker: BrokerAt, site: str) -> None:
        self.deliveries: list[Delivery] = []
        subscriptions = [(f"gilmok/v1/{site}/+/up/#", 1)]
        self.link = Link(
            broker, f"{site}-l", clock=CLOCK, subscriptions=subscriptions, on_delivery=self.deliveries.append
        )
        self.link.connect()

    def on(self, topic: str) -> list[bytes]:
        return [one.payload for one in self.deliveries if one.topic == topic]


def test_a_session_is_announced_reported_committed_and_taken_leave_of(
    broker: BrokerAt, site: str, introduced: Introduced, tmp_path: Path
) -> None:
    said, stream = introduced
    listener, topics = Listener(broker, site), NodeTopics(site, "pole")
    with running(Hub(HubConfig(broker=broker, site=site, store=tmp_path / "hub.db"), CLOCK)):
        uplink = Uplink(broker, said, CLOCK, _spool(tmp_path))
        uplink.connect()
        stream.run(uplink.report)
        uplink.tell([stream], WARM)
        left = uplink.farewell([stream], None)
        assert (left.complete, left.spooled.reports, left.hub_heard) == (True, 0, True)
        wait_until(lambda: len(listener.on(topics.conn)) == 2, "the goodbye")
    assert decode(listener.on(topics.birth)[0], Birth) == said
    assert [decode(word, Conn).state for word in listener.on(topics.conn)] == ["online", "offline"]
    reports = [decode(word, FrameReport) for word in listener.on(topics.detections("camera"))]
    assert [(report.n, report.status) for report in reports] == [(n, "ok") for n in range(FRAMES)]
    running_, *_, final = (decode(word, Health) for word in listener.on(topics.health))
    assert (running_.temperature_c, running_.power_w, running_.utilisation) == (41.5, None, 0.25)
    assert (final.final, final.streams["camera"].ok, final.streams["camera"].spooled) == (True, FRAMES, 0)
    listener.link.close()


def test_what_a_shadow_found_is_said_while_there_is_a_link_and_not_kept_for_later(
    broker: BrokerAt, site: str, introduced: Introduced, tmp_path: Path
) -> None:
    said, stream = introduced
    reports: list[FrameReport] = []
    stream.run(reports.append)
    listener, topics = Listener(broker, site), NodeTopics(site, "pole")
    uplink = Uplink(broker, said, CLOCK, _spool(tmp_path))
    assert not uplink.say_shadow(reports[0])
    uplink.connect()
    assert uplink.say_shadow(reports[1])
    assert uplink.farewell([stream], None).spooled.reports == 0
    wait_until(lambda: listener.on(topics.conn), "the birth and all before the goodbye")
    wait_until(lambda: listener.on(topics.shadow("camera")), "the shadow's report")
    assert [decode(word, FrameReport).n for word in listener.on(topics.shadow("camera"))] == [1]
    listener.link.close()


def test_what_no_hub_commits_stays_for_the_next_start_which_sends_it_late(
    broker: BrokerAt, site: str, introduced: Introduced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, stream = introduced
    monkeypatch.setattr(uplinks, "PATIENCE_S", 0.2)
    first = Uplink(broker, said, CLOCK, _spool(tmp_path))
    first.connect()
    stream.run(first.report)
    left = first.farewell([stream], None)
    assert (left.complete, left.spooled.reports, left.hub_heard) == (False, FRAMES, False)
    assert "3 reports are not committed by a hub: no hub is heard" in str(ReportsUncommitted(left, "mqtt://b", None))
    # The hub has never met the first session: the broker keeps only the newest birth.
    again = msgspec.structs.replace(said, session=2, session_id="b" * 32)
    second = Uplink(broker, again, CLOCK, _spool(tmp_path))
    second.connect()
    listener, topics = Listener(broker, site), NodeTopics(site, "pole")
    config = HubConfig(broker=broker, site=site, store=tmp_path / "hub.db", name="late")
    with running(Hub(config, CLOCK)), LedgerReader(config.store) as ledger:
        monkeypatch.setattr(uplinks, "PATIENCE_S", 30.0)
        assert second.farewell([], None).complete
        assert [decode_birth(word).session for word in listener.on(topics.former)] == [1]
        late = [row.late for row in ledger.frames(key_of(said), "camera")]
        assert len(late) == FRAMES
        assert next(ledger.newest_births()).session == 2
    listener.link.close()


def test_a_report_that_is_larger_than_the_broker_takes_stays_and_the_others_go_on(
    tmp_path: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplinks, "PATIENCE_S", 0.5)
    speaker = Speaker(CLOCK, site=site)
    with mosquitto(tmp_path, "allow_anonymous true\nmax_packet_size 2500") as url:
        config = HubConfig(broker=BrokerAt(url=url), site=site, store=tmp_path / "hub.db")
        with running(Hub(config, CLOCK)), LedgerReader(config.store) as ledger:
            uplink = Uplink(BrokerAt(url=url), speaker.birth, CLOCK, _spool(tmp_path))
            uplink.connect()
            for n in range(6):
                uplink.report(speaker.report(n, findings=findings(90 if n == 2 else 3)))
            wait_until(lambda: ledger.count(speaker.key, "camera") == 5, "the others")
            left = uplink.farewell([], None)
    assert (left.spooled.reports, left.spooled.unsendable) == (1, 1)
    assert "1 of them are larger than the 2484 bytes that the broker takes" in str(
        ReportsUncommitted(left, url, tmp_path)
    )


def test_a_node_without_a_disk_keeps_what_is_put_off_and_says_it_again(
    tmp_path: Path, site: str, mosquitto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "RESEND_NS", NS_PER_S // 5)
    speaker, at = Speaker(CLOCK, site=site), BrokerAt(url=mosquitto_url)
    bound = PerNode(messages_per_s=20, burst_s=0.5)
    config = HubConfig(broker=at, site=site, store=tmp_path / "hub.db", name="strict", per_node=bound)
    with running(Hub(config, CLOCK)), LedgerReader(config.store) as ledger:
        uplink = Uplink(at, speaker.birth, CLOCK, _spool(tmp_path, durability="off"))
        uplink.connect()
        for n in range(50):
            uplink.report(speaker.report(n))
        left = uplink.farewell([], None)
        assert (left.complete, left.refused.count) == (True, 0)
        wait_until(lambda: ledger.last_heard(speaker.key).state == "offline", "the goodbye")
        assert ledger.count(speaker.key, "camera") == 50
        assert ledger.refusals()["rate"] > 0
    assert not (tmp_path / "pole.spool").exists()


def allowed(folder: Path, *topics: str) -> str:
    """Settings of a Mosquitto that takes messages on these alone; written anew, they hold from its next SIGHUP on."""
    acl = folder / "acl"
    acl.write_text("\n".join(["topic read #", *(f"topic write {topic}" for topic in topics)]) + "\n")
    acl.chmod(0o644)
    return f"allow_anonymous true\nacl_file {acl}"


def left_in(health: Health) -> int:
    assert health.spool is not None
    return health.spool.reports


def test_a_topic_that_the_broker_forbids_is_named(tmp_path: Path, site: str) -> None:
    speaker = Speaker(CLOCK, site=site)
    with mosquitto(tmp_path, allowed(tmp_path, speaker.topics.birth, speaker.topics.conn)) as url:
        uplink = Uplink(BrokerAt(url=url), speaker.birth, CLOCK, _spool(tmp_path))
        uplink.connect()
        uplink.report(speaker.report(0))
        left = uplink.farewell([], None)
    said = str(ReportsUncommitted(left, url, tmp_path))
    assert f"the broker refuses messages on {speaker.topics.detections('camera')} (Not authorized)" in said


def test_what_it_forbade_goes_out_as_soon_as_it_allows_it(
    tmp_path: Path, site: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(backlog, "RESEND_NS", NS_PER_S // 5)
    speaker = Speaker(CLOCK, site=site)
    own, down, hub = f"gilmok/v1/{site}/pole/up", f"gilmok/v1/{site}/+/down/#", f"gilmok/v1/{site}/hub/#"
    settings = allowed(tmp_path, down, hub, *(f"{own}/{each}" for each in ("birth", "conn", "health", "clock")))
    with mosquitto(tmp_path, settings) as url:
        config = HubConfig(broker=BrokerAt(url=url), site=site, store=tmp_path / "hub.db")
        with running(Hub(config, CLOCK)):
            uplink = Uplink(BrokerAt(url=url), speaker.birth, CLOCK, _spool(tmp_path))
            uplink.connect()
            uplink.tell([], None)
            uplink.report(speaker.report(0))
            try:
                wait_until(lambda: "refuses messages" in caplog.text, "the refusal")
                allowed(tmp_path, down, hub, f"{own}/#")
                os.kill(pid_of(tmp_path / "mosquitto.conf"), signal.SIGHUP)
                wait_until(lambda: left_in(uplink.tell([], None)) == 0, "the report to be taken, late")
                uplink.report(speaker.report(1))
            finally:
                left = uplink.farewell([], None)
    assert (left.complete, left.denied) == (True, {})


def test_a_node_and_a_hub_whose_word_the_broker_does_not_take_end_before_they_begin(tmp_path: Path, site: str) -> None:
    """As one with another node's certificate: Mosquitto lets it in, and drops whatever it says."""
    speaker = Speaker(CLOCK, site=site)
    spool = _spool(tmp_path)
    refused = pytest.raises(BirthRefused, match=f"this node's birth, on {speaker.topics.birth}: Not authorized")
    with mosquitto(tmp_path, allowed(tmp_path, f"gilmok/v1/{site}/kerb/up/#")) as url:
        with refused:
            Uplink(BrokerAt(url=url), speaker.birth, CLOCK, spool).connect()
        spool.close()
        hub = Hub(HubConfig(broker=BrokerAt(url=url), site=site, store=tmp_path / "hub.db"), CLOCK)
        with pytest.raises(StateRefused, match=f"this hub's state, on gilmok/v1/{site}/hub/hub/state: Not authorized"):
            hub.run(pytest.fail)


def test_a_birth_that_no_hub_would_take_is_told_before_anything_is_connected(tmp_path: Path) -> None:
    birth = msgspec.structs.replace(Speaker(CLOCK).birth, software="1" * 1000)
    with pytest.raises(BirthUnfit, match=r"software"):
        Uplink(BrokerAt(url="mqtt://nobody.invalid"), birth, CLOCK, _spool(tmp_path))
