import msgspec
import pytest

from edge.clock_client import BURST, REMEMBERED, ClockClient
from edge.wire.messages import ClockAnswer, ClockAsk, Exchange, MessageWrong, encode
from tests.fakes import ManualClock

HELD_NS = 40
WAY_NS = 1000
AHEAD_NS = 5_000_000


class Wire:
    """Takes a question to a hub whose clock is AHEAD_NS ahead, and the answer back."""

    def __init__(self, boot: str = "hub", session: int = 1, ahead_ns: int = AHEAD_NS) -> None:
        self.clock = ManualClock()
        self.clocks = ClockClient(session, "edge", self.clock)
        self.boot = boot
        self.ahead_ns = ahead_ns

    def answer(self, ask: ClockAsk, boot: str = "") -> ClockAnswer:
        self.clock.pass_ns(WAY_NS)
        t2_ns = self.clock.mono_ns + self.ahead_ns
        self.clock.pass_ns(HELD_NS)
        t3_ns = self.clock.mono_ns + self.ahead_ns
        self.clock.pass_ns(WAY_NS)
        return ClockAnswer(session=ask.session, t1_ns=ask.t1_ns, t2_ns=t2_ns, t3_ns=t3_ns, boot=boot or self.boot)

    def run(self, ask: ClockAsk | None) -> int:
        """Until nothing is asked any more; how often something was."""
        asked = 0
        while ask is not None:
            asked += 1
            ask = self.clocks.answered(encode(self.answer(ask)))
        return asked


def test_an_exchange_says_how_far_the_hub_is_ahead() -> None:
    wire = Wire()
    ask = wire.clocks.question()
    t1_ns = wire.clock.mono_ns
    assert ask == ClockAsk(session=1, t1_ns=t1_ns)
    wire.clocks.answered(encode(wire.answer(ask)))
    known = wire.clocks.collect()["hub"]
    t4_ns = t1_ns + 2 * WAY_NS + HELD_NS
    # r = 2,000: half of it, a nanosecond for rounding, and what 100 ppm make of the distance to its middle.
    assert (known.offset_ns, known.steps) == (AHEAD_NS, 0)
    assert known.bound_ns in (1001, 1002)
    arrived = t1_ns + WAY_NS + AHEAD_NS
    assert known.exchanges == (Exchange(t1_ns, arrived, arrived + HELD_NS, t4_ns),)
    assert wire.clocks.collect()["hub"].exchanges == ()


def test_a_connection_and_a_new_hub_begin_a_burst() -> None:
    wire = Wire()
    assert wire.run(wire.clocks.question(burst=True)) == BURST
    assert wire.run(wire.clocks.question()) == 1
    assert wire.run(wire.clocks.question(burst=True)) == BURST
    wire.boot = "another hub"
    assert wire.run(wire.clocks.question()) == BURST
    assert wire.clocks.collect().keys() == {"hub", "another hub"}


def test_two_hubs_answers_do_not_double_the_questions() -> None:
    wire = Wire()
    ask: ClockAsk | None = wire.clocks.question(burst=True)
    asked = 0
    while ask is not None:
        asked += 1
        first, second = wire.answer(ask, "one"), wire.answer(ask, "two")
        ask = wire.clocks.answered(encode(first))
        assert ask is None or wire.clocks.answered(encode(second)) is None
    # The second hub, first heard after the first one's answer, begins the burst again.
    assert asked <= 2 * BURST
    assert len(wire.clocks.collect()["two"].exchanges) >= BURST


def test_a_hub_on_this_very_clock_needs_no_comparison() -> None:
    wire = Wire(boot="edge", ahead_ns=0)
    wire.run(wire.clocks.question())
    assert wire.clocks.collect() == {}


def test_a_clock_of_the_same_boot_is_compared_where_it_cannot_be_the_same() -> None:
    wire = Wire(boot="edge")
    wire.run(wire.clocks.question())
    assert wire.clocks.collect()["edge"].offset_ns == AHEAD_NS


def test_what_answers_no_question_of_ours_is_ignored() -> None:
    wire = Wire()
    answer = wire.answer(wire.clocks.question())
    for foreign in (
        msgspec.structs.replace(answer, session=2),
        msgspec.structs.replace(answer, t1_ns=answer.t1_ns + 1),
    ):
        assert wire.clocks.answered(encode(foreign)) is None
    for _ in range(REMEMBERED):
        wire.clock.pass_ns(1)
        wire.clocks.question()
    assert wire.clocks.answered(encode(answer)) is None
    assert wire.clocks.collect() == {}


@pytest.mark.parametrize("payload", [b"{}", b"no JSON", b'{"session":1,"t1_ns":-1,"t2_ns":0,"t3_ns":0,"boot":"b"}'])
def test_a_malformed_answer_is_told(payload: bytes) -> None:
    with pytest.raises(MessageWrong):
        Wire().clocks.answered(payload)


def test_an_impossible_answer_leaves_the_clock_unknown() -> None:
    wire = Wire()
    answer = wire.answer(wire.clocks.question())
    wire.clocks.answered(encode(msgspec.structs.replace(answer, t3_ns=answer.t2_ns - 1)))
    known = wire.clocks.collect()["hub"]
    assert (known.offset_ns, known.bound_ns) == (None, None)


def test_a_clock_that_was_set_is_counted() -> None:
    wire = Wire()
    wire.run(wire.clocks.question())
    wire.clock.pass_ns(AHEAD_NS)
    answer = wire.answer(wire.clocks.question())
    late = {"t2_ns": answer.t2_ns - AHEAD_NS, "t3_ns": answer.t3_ns - AHEAD_NS}
    wire.clocks.answered(encode(msgspec.structs.replace(answer, **late)))
    assert wire.clocks.collect()["hub"].steps == 1
    assert wire.clocks.collect()["hub"].offset_ns == 0
