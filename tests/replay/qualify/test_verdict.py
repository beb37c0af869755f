import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from replay.qualify.limits import not_measured, remarks
from replay.qualify.parts.endurance import Endurance
from replay.qualify.parts.ratio import Ratio, RatioVerdict
from replay.qualify.qualification import Qualification, read
from replay.qualify.record import Measured
from replay.qualify.verdict import Criterion, Word, confidence, cosine_text, judged
from replay.statistics.deadline import DeadlineJudgement, DeadlineOutcome, judge_deadline

KEPT, BROKEN, OPEN = DeadlineOutcome

S = TypeVar("S", bound=msgspec.Struct)


def replace(struct: S | None, **changes: Any) -> S:
    """A copy with some fields changed, of a part that is there."""
    assert struct is not None
    return msgspec.structs.replace(struct, **changes)


@pytest.fixture
def idle(qualified: Path) -> Measured:
    """A finished campaign's figures, as if the machine had been idle."""
    measured = read(qualified).measured
    return replace(measured, identity=replace(measured.identity, load_before=0.0))


def of_part(measured: Measured, part: str, begins: str = "") -> Criterion:
    criteria = judged(measured, []).criteria
    return next(one for one in criteria if one.part == part and one.asked.startswith(begins))


def outcome(measured: Measured, part: str, begins: str = "") -> str:
    return of_part(measured, part, begins).outcome


@pytest.mark.parametrize(("cosine", "expected"), [(1.0, "pass"), (0.99, "pass"), (0.9899, "fail"), (math.nan, "fail")])
def test_the_worst_cosine_decides(idle: Measured, cosine: float, expected: str) -> None:
    assert idle.parity is not None
    output = replace(idle.parity.outputs[0], cosine_min=cosine)
    measured = replace(idle, parity=replace(idle.parity, outputs=(idle.parity.outputs[0], output)))
    assert outcome(measured, "parity", "cosine") == expected


def test_an_answer_that_is_no_number_fails_whatever_the_cosine(idle: Measured) -> None:
    measured = replace(idle, parity=replace(idle.parity, not_finite=1))
    assert outcome(measured, "parity", "cosine") == "fail"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(0.97, 0.97, "pass"), (1.0, 0.9699, "fail"), (0.9699, 1.0, "fail"), (math.nan, 0.0, "fail")],
)
def test_boxes_are_matched_both_ways(idle: Measured, ours: float, theirs: float, expected: str) -> None:
    assert idle.parity is not None
    boxes = replace(idle.parity.boxes, of_reference=theirs, of_candidate=ours)
    measured = replace(idle, parity=replace(idle.parity, boxes=boxes))
    assert outcome(measured, "parity", "boxes") == expected


@pytest.mark.parametrize(("shift", "expected"), [(0.05, "pass"), (0.0501, "fail")])
def test_scores_may_shift_by_a_twentieth(idle: Measured, shift: float, expected: str) -> None:
    assert idle.parity is not None
    boxes = replace(idle.parity.boxes, shift_p95=shift)
    assert outcome(replace(idle, parity=replace(idle.parity, boxes=boxes)), "parity", "scores") == expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (RatioVerdict.PASS_999, "pass"),
        (RatioVerdict.PASS_99, "pass"),
        (RatioVerdict.FAIL, "fail"),
        (RatioVerdict.INCONCLUSIVE, "open"),
    ],
)
def test_an_inconclusive_ratio_is_no_pass(idle: Measured, verdict: RatioVerdict, expected: str) -> None:
    ratio = Ratio(value=1.0, low=0.99, high=1.01, sequences=9, verdict=verdict, why="")
    measured = replace(idle, accuracy=replace(idle.accuracy, ratio=ratio))
    assert outcome(measured, "accuracy", "AP kept") == expected


def deadline(outcome: DeadlineOutcome) -> DeadlineJudgement:
    n, late = {KEPT: (900, 0), OPEN: (150, 2), BROKEN: (150, 150)}[outcome]
    told = judge_deadline([3] * (late // 2) + [1] * (n - late) + [3] * (late - late // 2), 2)
    assert told.outcome is outcome
    return told


def with_times(
    measured: Measured,
    *,
    paced: DeadlineOutcome,
    alone: DeadlineOutcome,
    three: DeadlineOutcome = DeadlineOutcome.OPEN,
    load: float = 0.0,
    kind: str = "cpu",
) -> Measured:
    """`paced`: the constant rate; `alone` and `three`: trials of one camera and of three."""
    assert measured.latency is not None
    assert measured.streams is not None
    identity = measured.identity
    identity = replace(identity, load_before=load, cores=2, candidate=replace(identity.candidate, device_kind=kind))
    scenarios = (*measured.latency.scenarios[:-1], replace(measured.latency.scenarios[-1], deadline=deadline(paced)))
    trial = measured.streams.trials[0]
    trials = [replace(trial, streams=n, cut_short=False, deadline=deadline(of)) for n, of in ((1, alone), (3, three))]
    return replace(
        measured,
        identity=identity,
        latency=replace(measured.latency, scenarios=scenarios),
        streams=replace(measured.streams, trials=tuple(trials)),
    )


@pytest.mark.parametrize(
    ("more", "latency", "streams"),
    [
        ({"paced": KEPT, "alone": KEPT}, "pass", "pass"),
        ({"paced": BROKEN, "alone": BROKEN}, "fail", "fail"),
        ({"paced": OPEN, "alone": OPEN}, "open", "open"),
        # Three cameras send more frames in the same time: what they show holds for one.
        ({"paced": OPEN, "alone": OPEN, "three": KEPT}, "open", "pass"),
        ({"paced": OPEN, "alone": OPEN, "three": BROKEN}, "open", "open"),
        # A machine that was busy: what was kept is kept all the more, what was missed is no evidence.
        ({"paced": KEPT, "alone": KEPT, "load": 1.5}, "pass", "pass"),
        ({"paced": BROKEN, "alone": BROKEN, "load": 1.5}, "open", "open"),
        # A stand-in's times are no chip's, good or bad.
        ({"paced": KEPT, "alone": KEPT, "kind": "emulated"}, "open", "open"),
        ({"paced": BROKEN, "alone": BROKEN, "kind": "simulator"}, "open", "open"),
    ],
)
def test_times_count_for_silicon_on_an_idle_machine(
    idle: Measured, more: dict[str, Any], latency: str, streams: str
) -> None:
    measured = with_times(idle, **more)
    assert (outcome(measured, "latency"), outcome(measured, "streams")) == (latency, streams)


def test_what_is_open_says_how_sure_it_is_and_what_would_decide_it(idle: Measured) -> None:
    told = of_part(with_times(idle, paced=OPEN, alone=OPEN), "latency")
    assert told.found == "2 of 150 later: open (19 % sure that it is kept, 55.6 % broken)"
    assert told.why == "too few to be sure: without a further late one, 838 would show that it is kept"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.9999, "over 99.9 %"), (0.99, "99 %"), (0.98999, "98.9 %"), (0.0, "0 %"), (1.0, "over 99.9 %")],
)
def test_a_confidence_is_never_more_than_it_is(share: float, text: str) -> None:
    assert confidence(share) == text


def soaked(measured: Measured, duration_s: float, ratio: float, growth: float) -> Measured:
    endurance: Endurance | None = measured.endurance
    assert endurance is not None
    soak = replace(endurance.soak, duration_s=duration_s, ratio=ratio)
    memory = replace(endurance.memory, growth_share=growth)
    return replace(measured, endurance=replace(endurance, soak=soak, memory=memory))


@pytest.mark.parametrize(
    ("duration_s", "ratio", "growth", "expected"),
    [
        (1800, 0.95, 0.01, ("pass", "pass")),
        (1800, 0.949, 0.011, ("fail", "fail")),
        (1800, math.nan, math.nan, ("open", "open")),
        (60, 1.0, 0.0, ("open", "open")),
    ],
)
def test_a_soak_of_half_an_hour_is_judged_and_a_shorter_one_indicates(
    idle: Measured, duration_s: float, ratio: float, growth: float, expected: tuple[str, str]
) -> None:
    measured = soaked(idle, duration_s, ratio, growth)
    assert (outcome(measured, "endurance", "throughput"), outcome(measured, "endurance", "memory")) == expected


@pytest.mark.parametrize(("repeats", "frames", "expected"), [(0, 0, "pass"), (1, 0, "fail"), (0, 1, "fail")])
def test_one_byte_that_differs_is_not_deterministic(idle: Measured, repeats: int, frames: int, expected: str) -> None:
    seen = replace(idle.determinism, unequal_repeats=repeats, unequal_frames=frames)
    assert outcome(replace(idle, determinism=seen), "determinism") == expected


def test_one_failure_outweighs_everything_and_one_open_criterion_a_pass(idle: Measured) -> None:
    ratio = Ratio(value=1.0, low=1.0, high=1.0, sequences=9, verdict=RatioVerdict.PASS_999, why="")
    good = soaked(with_times(idle, paced=KEPT, alone=KEPT), 1800, 1.0, 0.0)
    good = replace(good, accuracy=replace(good.accuracy, ratio=ratio))
    assert judged(good, []).word is Word.PASS
    assert judged(good, [("parity", "left out on request", False)]).word is Word.INCONCLUSIVE
    assert judged(good, [("parity", "the device hangs", True)]).word is Word.FAIL
    bad = with_times(good, paced=BROKEN, alone=KEPT)
    assert judged(bad, [("parity", "left out on request", False)]).word is Word.FAIL


def test_what_has_no_result_is_listed_with_its_reason(idle: Measured) -> None:
    listed = {one.what: one.why for one in not_measured(replace(idle, streams=None), [("streams", "it died", True)])}
    assert listed["streams"] == "it died"
    assert "power of the device" in listed
    assert "temperature" in listed or not math.isnan(idle.endurance.soak.windows[0].temperature_c)  # type: ignore[union-attr]


def test_a_busy_machine_and_a_stand_in_are_told_first(qualified: Path) -> None:
    from replay.qualify.campaign import from_record

    found: Qualification = read(qualified)
    campaign = from_record(found.campaign, "the record")
    identity = replace(found.measured.identity, load_before=9.0)
    told = " ".join(remarks(replace(found.measured, identity=identity), campaign))
    assert "The machine was not idle: 9.0" in told
    assert "below 8 of them differences are described" in told
    side = replace(identity.candidate, device_kind="emulated")
    pretended = replace(identity, candidate=side, evidence="Emulated: no measurement.")
    assert remarks(replace(found.measured, identity=pretended), campaign)[0] == "Emulated: no measurement."


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1 − 0"), (0.99999, "1 − 1e-05"), (0.9987, "0.9987"), (math.nan, "undefined")]
)
def test_near_one_the_distance_is_told(value: float, text: str) -> None:
    assert cosine_text(value) == text
