from collections.abc import Callable

import msgspec
import pytest

from edge.wire.acknowledgements import PUT_OFF
from edge.wire.deployments.states import NodeProcess, Reported
from edge.wire.messages import Conn, FrameReport, HubClock, MessageWrong, StreamCounters, encode
from fleet.admission import Admission
from fleet.arrivals import (
    Arrival,
    BirthArrived,
    ConnArrived,
    HealthArrived,
    ReportArrived,
    ShadowArrived,
    UnitReported,
)
from fleet.latency import Outages
from fleet.registry import Registry
from sensors.clock import NS_PER_S, Stamp, boot_id
from tests.fakes import ManualClock
from tests.fleet.shadowing import beside_it, speaker_with_shadow
from tests.speaker import TOTAL_NS, Speaker, findings

CLOCK = ManualClock()
DET = "gilmok/v1/seoul/pole/up/det/camera"


def _one(admission: Admission, topic: str, payload: bytes, received: Stamp) -> Arrival:
    (arrival,) = admission.admit(topic, payload, received)
    return arrival


def outages() -> Outages:
    """Of a hub whose nodes say their health once a second."""
    return Outages(late_after_ns=NS_PER_S, silence_ns=2 * NS_PER_S)


@pytest.fixture
def speaker() -> Speaker:
    return Speaker(CLOCK)


@pytest.fixture
def admission(speaker: Speaker) -> Admission:
    admission = Admission(Registry(NS_PER_S), boot_id(), clock_tolerance_s=300, outages=outages())
    assert isinstance(_one(admission, speaker.topics.birth, encode(speaker.birth), CLOCK.now()), BirthArrived)
    return admission


def test_a_picture_is_for_the_dashboard_and_nothing_to_book(admission: Admission) -> None:
    assert admission.admit("gilmok/v1/seoul/pole/up/picture/camera", b"anything", CLOCK.now()) == ()


def test_what_a_unit_reports_of_its_deployment_is_booked_also_of_one_whose_node_never_spoke(
    admission: Admission,
) -> None:
    assert admission.admit("gilmok/v1/seoul/pole/up/reply/order-1", b"{}", CLOCK.now()) == ()
    assert admission.admit("gilmok/v1/seoul/pole/up/reported", b"", CLOCK.now()) == ()
    said = Reported(unit="c" * 32, stamp=CLOCK.now(), boot="b", software="0", node=NodeProcess(state="starting"))
    (arrived,) = admission.admit("gilmok/v1/seoul/pole/up/reported", encode(said), CLOCK.now())
    assert isinstance(arrived, UnitReported)
    assert arrived.reported == said
    with pytest.raises(MessageWrong, match="schema"):
        admission.admit("gilmok/v1/seoul/pole/up/reported", b"{}", CLOCK.now())


def test_a_shadows_report_is_admitted_by_its_own_model_and_refused_by_any_other() -> None:
    shadowed, plain = speaker_with_shadow(CLOCK), Speaker(CLOCK, node="mast")
    admission = Admission(Registry(NS_PER_S), boot_id(), clock_tolerance_s=300, outages=outages())
    for one in (shadowed, plain):
        admission.admit(one.topics.birth, encode(one.birth), CLOCK.now())
    own, topic = beside_it(shadowed, 0, 0), shadowed.topics.shadow("camera")
    arrived = _one(admission, topic, own.payload, own.received)
    assert isinstance(arrived, ShadowArrived)
    assert (arrived.key, arrived.report) == (shadowed.key, own.report)
    replace = msgspec.structs.replace
    strange = replace(own.report, findings=findings(1), stages={"guess": own.report.total_ns})
    for at, wrong, reason in (
        (topic, shadowed.report(0), "model"),
        (shadowed.topics.detections("camera"), own.report, "model"),
        (shadowed.topics.shadow("south"), own.report, "stream"),
        (topic, strange, "stages"),
        (topic, replace(own.report, findings=replace(findings(1), labels=(9,))), "findings"),
        (plain.topics.shadow("camera"), replace(plain.report(0), stream="camera"), "shadow"),
    ):
        with pytest.raises(MessageWrong) as refusal:
            admission.admit(at, encode(wrong), CLOCK.now())
        assert refusal.value.reason == reason


def test_a_report_is_admitted_with_its_way_to_the_hub(admission: Admission, speaker: Speaker) -> None:
    report = speaker.report(0)
    received = report.published.shifted_to(report.published.mono_ns + 700)
    arrival = _one(admission, DET, encode(report), received)
    assert arrival == ReportArrived(speaker.key, report, encode(report), received, TOTAL_NS + 700, boot_id())


def test_of_one_boot_and_two_clocks_no_latency_is_told_once_health_says_so(
    admission: Admission, speaker: Speaker
) -> None:
    ahead = msgspec.structs.replace(speaker.report(0), stamp=CLOCK.now().shifted_to(2**50))
    with pytest.raises(MessageWrong) as refusal:
        admission.admit(DET, encode(ahead), CLOCK.now())
    assert refusal.value.reason in PUT_OFF
    compared = msgspec.structs.replace(
        speaker.health(ok=1), clocks={boot_id(): HubClock(offset_ns=-(2**50), bound_ns=9, steps=0, exchanges=())}
    )
    admission.admit(speaker.topics.health, encode(compared), CLOCK.now())
    arrived = _one(admission, DET, encode(ahead), CLOCK.now())
    assert isinstance(arrived, ReportArrived)
    assert (arrived.hub_latency_ns, arrived.late) == (None, False)


def test_what_waited_through_an_outage_is_late_and_what_is_slow_all_the_time_is_not(
    admission: Admission, speaker: Speaker
) -> None:
    begin = CLOCK.now()

    def late(n: int, published_s: float, received_s: float) -> bool:
        report = speaker.report(n)
        moved = begin.shifted_to(begin.mono_ns + int(published_s * NS_PER_S))
        taken = moved.shifted_to(moved.mono_ns - TOTAL_NS)
        report = msgspec.structs.replace(report, stamp=taken, published=moved)
        received = begin.shifted_to(begin.mono_ns + int(received_s * NS_PER_S))
        arrival = _one(admission, DET, encode(report), received)
        assert isinstance(arrival, ReportArrived)
        return arrival.late

    slow = [late(n, 0.1 * n, 0.1 * n + 1.5) for n in range(20)]
    # Silence from 3.4 to 8.4 s; what was said meanwhile comes in one go, the newest of it in time.
    backlog = [late(20 + n, 2.0 + n, 8.4 + n / 100) for n in range(6)]
    just_said = late(26, 8.0, 8.5)
    slow_again = [late(27 + n, 8.5 + 0.1 * n, 10.0 + 0.1 * n) for n in range(5)]
    assert (any(slow), all(backlog), just_said, any(slow_again)) == (False, True, False, False)


def test_without_a_common_clock_the_way_to_the_hub_is_unknown(speaker: Speaker) -> None:
    admission = Admission(Registry(NS_PER_S), "another machine's boot", clock_tolerance_s=300, outages=outages())
    admission.admit(speaker.topics.birth, encode(speaker.birth), CLOCK.now())
    arrival = _one(admission, DET, encode(speaker.report(0)), Stamp(0, CLOCK.now().utc_ns))
    assert isinstance(arrival, ReportArrived)
    assert arrival.hub_latency_ns is None


def test_health_and_conn_are_admitted(admission: Admission, speaker: Speaker) -> None:
    now = CLOCK.now()
    health = speaker.health(3)
    arrival = _one(admission, speaker.topics.health, encode(health), now)
    assert arrival == HealthArrived(speaker.key, health, encode(health), now)
    arrival = _one(admission, speaker.topics.conn, speaker.conn("online"), now)
    assert arrival == ConnArrived(speaker.key, "online", now)
    assert admission.admit(speaker.topics.conn, speaker.conn("online"), now) == ()


def test_what_is_said_of_a_connection_before_its_birth_is_booked_with_the_birth(speaker: Speaker) -> None:
    admission = Admission(Registry(NS_PER_S), boot_id(), clock_tolerance_s=300, outages=outages())
    now = CLOCK.now()
    assert admission.admit(speaker.topics.conn, speaker.conn("online"), now) == ()
    born, said = admission.admit(speaker.topics.birth, encode(speaker.birth), now)
    assert isinstance(born, BirthArrived)
    assert said == ConnArrived(speaker.key, "online", now)


def test_clearing_a_retained_message_is_no_message(admission: Admission, speaker: Speaker) -> None:
    assert admission.admit(speaker.topics.birth, b"", CLOCK.now()) == ()
    assert admission.admit(speaker.topics.conn, b"", CLOCK.now()) == ()


def test_fields_that_this_version_does_not_know_are_ignored(admission: Admission, speaker: Speaker) -> None:
    payload = encode(speaker.report(0)).replace(b'"seq"', b'"moon_phase":0.5,"seq"')
    assert isinstance(_one(admission, DET, payload, CLOCK.now()), ReportArrived)


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
        ("unintroduced", DET, _with(session_id="2" * 32)),
        ("stream", DET, _with(stream="lidar")),
        ("stream", DET.replace("camera", "lidar"), _with(stream="lidar")),
        ("future", DET, _with(stamp=CLOCK.now().shifted_to(CLOCK.mono_ns + 1))),
        ("topic", DET.replace("pole", "p" * 500), _with()),
        ("unintroduced", DET.replace("pole", "stranger"), _with()),
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
    assert isinstance(_one(admission, DET, encode(speaker.report(0)), CLOCK.now()), ReportArrived)


def test_what_contradicts_its_topic_or_its_birth_is_refused(admission: Admission, speaker: Speaker) -> None:
    now = CLOCK.now()
    stranger = Speaker(CLOCK, node="stranger")
    health = msgspec.structs.replace(speaker.health(0), streams={"lidar": StreamCounters()})
    for reason, topic, payload in [
        ("foreign", speaker.topics.birth, encode(stranger.birth)),
        ("stream", speaker.topics.health, encode(health)),
        ("range", speaker.topics.conn, encode(Conn(state="lost", session=2**64))),
    ]:
        with pytest.raises(MessageWrong) as refusal:
            admission.admit(topic, payload, now)
        assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("utc_ns", "believed"),
    [
        (0, True),
        (-299 * NS_PER_S, True),
        (299 * NS_PER_S, True),
        (301 * NS_PER_S, False),
        (3600 * NS_PER_S, False),
        (2**62, False),
        (3600 * NS_PER_S - CLOCK.now().utc_ns, False),
    ],
    ids=["right", "behind", "ahead", "too far ahead", "an hour", "beyond any calendar", "1970"],
)
def test_a_wrong_wall_clock_is_noted_and_nothing_is_refused_for_it(
    admission: Admission, speaker: Speaker, utc_ns: int, believed: bool
) -> None:
    report = speaker.report(0)
    stamp = Stamp(report.stamp.mono_ns, report.stamp.utc_ns + utc_ns)
    arrival = _one(admission, DET, encode(msgspec.structs.replace(report, stamp=stamp)), CLOCK.now())
    assert isinstance(arrival, ReportArrived)
    assert arrival.clock_known is believed


def test_a_clock_that_is_behind_is_noticed_where_a_common_clock_tells(admission: Admission, speaker: Speaker) -> None:
    elsewhere = Speaker(CLOCK, node="van", boot="another machine's")
    admission.admit(elsewhere.topics.birth, encode(elsewhere.birth), CLOCK.now())
    for node, believed in ((speaker, False), (elsewhere, True)):
        report = node.report(0)
        stamp = Stamp(report.stamp.mono_ns, report.stamp.utc_ns - 3600 * NS_PER_S)
        payload = encode(msgspec.structs.replace(report, stamp=stamp))
        arrival = _one(admission, node.topics.detections("camera"), payload, CLOCK.now())
        assert isinstance(arrival, ReportArrived)
        # From elsewhere it may have waited for an hour.
        assert arrival.clock_known is believed


def test_a_birth_that_no_honest_node_sends_is_refused(admission: Admission, speaker: Speaker) -> None:
    with pytest.raises(MessageWrong, match="the limit is 256000"):
        admission.admit(speaker.topics.birth, encode(speaker.birth) + b" " * 256_000, CLOCK.now())


def test_a_counter_used_twice_is_refused_and_so_are_its_reports(admission: Admission) -> None:
    first = Speaker(CLOCK, session_id="", node="old")
    det = first.topics.detections("camera")
    for topic, payload in ((first.topics.birth, encode(first.birth)), (det, encode(first.report(0)))):
        assert admission.admit(topic, payload, CLOCK.now())
    CLOCK.pass_ns(1)
    forgetful = Speaker(CLOCK, session_id="", node="old")
    for topic, payload in ((first.topics.birth, encode(forgetful.birth)), (det, encode(forgetful.report(0)))):
        with pytest.raises(MessageWrong) as refusal:
            admission.admit(topic, payload, CLOCK.now())
        assert refusal.value.reason == "session"


def test_a_replaced_disk_is_another_session_and_both_are_booked(admission: Admission, speaker: Speaker) -> None:
    replaced = Speaker(CLOCK, session_id="f" * 32)
    assert replaced.session == speaker.session
    assert isinstance(_one(admission, speaker.topics.birth, encode(replaced.birth), CLOCK.now()), BirthArrived)
    for node, current in ((speaker, False), (replaced, True)):
        arrival = _one(admission, DET, encode(node.report(0)), CLOCK.now())
        assert isinstance(arrival, ReportArrived)
        assert (arrival.key, arrival.current) == (node.key, current)


def test_health_may_overtake_its_birth_for_a_while_and_is_then_refused(admission: Admission) -> None:
    overtaking = Speaker(CLOCK, node="overtaking")
    begin = CLOCK.now()
    health = overtaking.topics.health, encode(overtaking.health(0))
    assert admission.admit(*health, begin) == ()
    assert admission.admit(*health, begin.shifted_to(begin.mono_ns + 9 * NS_PER_S)) == ()
    with pytest.raises(MessageWrong) as refusal:
        admission.admit(*health, begin.shifted_to(begin.mono_ns + 11 * NS_PER_S))
    assert refusal.value.reason == "unintroduced"
    admission.admit(overtaking.topics.birth, encode(overtaking.birth), begin)
    assert isinstance(_one(admission, *health, begin), HealthArrived)
