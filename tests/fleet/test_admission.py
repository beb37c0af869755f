from collections.abc import Callable

import msgspec
import pytest

from edge.wire.messages import Conn, FrameReport, MessageWrong, StreamCounters, encode
from fleet.admission import Admission
from fleet.arrivals import BirthArrived, ConnArrived, HealthArrived, NodeKey, ReportArrived
from fleet.registry import Registry
from sensors.clock import NS_PER_S, Stamp, boot_id
from tests.fakes import ManualClock
from tests.speaker import TOTAL_NS, Speaker, findings

CLOCK = ManualClock()
KEY = NodeKey("seoul", "pole")
DET = "gilmok/v1/seoul/pole/up/det/camera"


@pytest.fixture
def speaker() -> Speaker:
    return Speaker(CLOCK)


@pytest.fixture
def admission(speaker: Speaker) -> Admission:
    admission = Admission(Registry(NS_PER_S), boot_id(), clock_tolerance_s=300)
    assert isinstance(admission.admit(speaker.topics.birth, encode(speaker.birth), CLOCK.now()), BirthArrived)
    return admission


def test_a_report_is_admitted_with_its_way_to_the_hub(admission: Admission, speaker: Speaker) -> None:
    report = speaker.report(0)
    received = report.published.shifted_to(report.published.mono_ns + 700)
    arrival = admission.admit(DET, encode(report), received)
    assert arrival == ReportArrived(KEY, report, encode(report), received, TOTAL_NS + 700, boot_id())


def test_without_a_common_clock_the_way_to_the_hub_is_unknown(speaker: Speaker) -> None:
    admission = Admission(Registry(NS_PER_S), "another machine's boot", clock_tolerance_s=300)
    admission.admit(speaker.topics.birth, encode(speaker.birth), CLOCK.now())
    arrival = admission.admit(DET, encode(speaker.report(0)), Stamp(0, CLOCK.now().utc_ns))
    assert isinstance(arrival, ReportArrived)
    assert arrival.hub_latency_ns is None


def test_health_and_conn_are_admitted(admission: Admission, speaker: Speaker) -> None:
    now = CLOCK.now()
    health = speaker.health(3)
    assert admission.admit(speaker.topics.health, encode(health), now) == HealthArrived(
        KEY, health, encode(health), now
    )
    assert admission.admit(speaker.topics.conn, speaker.conn("online"), now) == ConnArrived(KEY, 1, "online", now)
    assert admission.admit(speaker.topics.conn, speaker.conn("online"), now) is None


def test_clearing_a_retained_message_is_no_message(admission: Admission, speaker: Speaker) -> None:
    assert admission.admit(speaker.topics.birth, b"", CLOCK.now()) is None
    assert admission.admit(speaker.topics.conn, b"", CLOCK.now()) is None


def test_fields_that_this_version_does_not_know_are_ignored(admission: Admission, speaker: Speaker) -> None:
    payload = encode(speaker.report(0)).replace(b'"seq"', b'"moon_phase":0.5,"seq"')
    assert isinstance(admission.admit(DET, payload, CLOCK.now()), ReportArrived)


def _with(**changes: object) -> Callable[[FrameReport], bytes]:
    return lambda report: encode(msgspec.structs.replace(report, **changes))


def _found(**changes: object) -> Callable[[FrameReport], bytes]:
    return _with(findings=msgspec.structs.replace(findings(2), **changes))


INSIDE_OUT = ((10.0, 10.0, 5.0, 20.0), (0.0, 0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("reason", "topic", "payload"),
    [
        ("json", DET, lambda _: b"{garbage"),
        ("json", DET, lambda _: b""),
        ("json", DET, lambda _: b"\xff\xfe\x00"),
        ("json", DET, lambda report: encode(report)[:-9]),
        ("json", DET, lambda report: encode(report).replace(b"24000000", b"NaN")),
        ("json", DET, lambda _: b'{"moon":' + b"[" * 100_000),
        ("schema", DET, lambda _: b"[]"),
        ("schema", DET, lambda report: encode(report).replace(b'"seq":0', b'"seq":"0"')),
        ("schema", DET, _with(status="maybe")),
        ("schema", DET, lambda report: encode(report).replace(b"[0.0,20.5,", b"[20.5,")),
        ("oversize", DET, lambda report: encode(report) + b" " * 1_000_000),
        ("range", DET, _with(n=-1)),
        ("range", DET, _with(seq=2**63)),
        ("stages", DET, _with(total_ns=1)),
        ("range", DET, _with(stages={"infer": -1, "decode": 1}, total_ns=0)),
        ("stages", DET, _with(stages={"dream": 5}, total_ns=5)),
        ("findings", DET, _with(findings=None)),
        ("findings", DET, _with(status="failed")),
        ("findings", DET, _found(boxes=INSIDE_OUT)),
        ("findings", DET, _found(scores=(0.5,))),
        ("findings", DET, _found(labels=(0, 2))),
        ("range", DET, _found(labels=(0, -1))),
        ("model", DET, _with(model="d" * 12)),
        ("model", DET, _with(artefact="d" * 12)),
        ("session", DET, _with(session=2)),
        ("stream", DET, _with(stream="lidar")),
        ("stream", DET.replace("camera", "lidar"), _with(stream="lidar")),
        ("future", DET, _with(stamp=CLOCK.now().shifted_to(CLOCK.mono_ns + 1))),
        ("future", DET, _with(stamp=Stamp(0, CLOCK.now().utc_ns + 301 * NS_PER_S))),
        ("session", DET.replace("pole", "stranger"), _with()),
        ("topic", DET + "/left", _with()),
        ("topic", DET.replace("/camera", ""), _with()),
        ("topic", DET.replace("det", "rumour"), _with()),
        ("topic", DET.replace("pole", "po le"), _with()),
        ("topic", "", _with()),
    ],
)
def test_a_bad_report_is_refused_for_the_right_reason(
    admission: Admission, speaker: Speaker, reason: str, topic: str, payload: Callable[[FrameReport], bytes]
) -> None:
    bad = payload(speaker.report(0))
    with pytest.raises(MessageWrong) as refusal:
        admission.admit(topic, bad, CLOCK.now())
    assert refusal.value.reason == reason
    assert isinstance(admission.admit(DET, encode(speaker.report(0)), CLOCK.now()), ReportArrived)


def test_what_contradicts_its_topic_or_its_birth_is_refused(admission: Admission, speaker: Speaker) -> None:
    now = CLOCK.now()
    stranger = Speaker(CLOCK, node="stranger")
    health = msgspec.structs.replace(speaker.health(0), streams={"lidar": StreamCounters()})
    for reason, topic, payload in [
        ("foreign", speaker.topics.birth, encode(stranger.birth)),
        ("session", stranger.topics.health, encode(stranger.health(0))),
        ("stream", speaker.topics.health, encode(health)),
        ("range", speaker.topics.conn, encode(Conn(state="lost", session=2**64))),
    ]:
        with pytest.raises(MessageWrong) as refusal:
            admission.admit(topic, payload, now)
        assert refusal.value.reason == reason


def test_a_session_number_used_twice_is_refused_and_so_are_its_reports(admission: Admission, speaker: Speaker) -> None:
    admission.admit(DET, encode(speaker.report(0)), CLOCK.now())
    assert isinstance(admission.admit(speaker.topics.birth, encode(speaker.birth), CLOCK.now()), BirthArrived)
    CLOCK.pass_ns(1)
    forgetful = Speaker(CLOCK)
    for topic, payload in ((forgetful.topics.birth, forgetful.birth), (DET, forgetful.report(0))):
        with pytest.raises(MessageWrong, match="session 1") as refusal:
            admission.admit(topic, encode(payload), CLOCK.now())
        assert refusal.value.reason == "session"
