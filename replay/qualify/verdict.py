"""What the figures amount to: one line a criterion, and one word for all. What is open is not passed."""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from replay.qualify.parts.endurance import LEAST_SOAK_S
from replay.qualify.parts.identity import Identity
from replay.qualify.parts.parity import IOU, LEAST_COSINE, LEAST_MATCHED, MOST_SHIFT, SCORE
from replay.qualify.parts.ratio import RatioVerdict
from replay.qualify.parts.streams import Streams, kept
from replay.statistics.deadline import DeadlineJudgement, DeadlineOutcome
from sensors.record import Record

if TYPE_CHECKING:
    from replay.qualify.record import Measured

LEAST_STEADY = 0.95
MOST_GROWTH = 0.01
"""Of resident memory, over the second half of the soak."""
IDLE_SHARE = 0.15
"""A machine that was busier than this before, as a share of its cores, was not idle."""
STAND_INS = ("emulator", "simulator", "emulated")
"""Kinds of device whose times say nothing of a chip's."""


class Standing(StrEnum):
    """Of one criterion."""

    PASS = "pass"
    FAIL = "fail"
    OPEN = "open"


class Word(StrEnum):
    """Of all criteria together."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Criterion(Record, frozen=True, kw_only=True):
    part: str
    asked: str
    """The bar, as a sentence with its number and unit."""
    found: str
    """What was measured, in the same unit."""
    outcome: Standing
    why: str = ""
    """Why it is open, or what to look at."""


class Verdict(Record, frozen=True, kw_only=True):
    word: Word
    sentence: str
    criteria: tuple[Criterion, ...]


def judged(measured: "Measured", unfinished: Sequence[tuple[str, str, bool]]) -> Verdict:
    """Every part that has a result against its bars; PASS only where every criterion passes, and there is one.

    `unfinished`: (part, why, whether the device is to blame) of each part without a result.
    """
    criteria = [
        *(
            Criterion(part=part, asked="the part comes to its end", found="it did not", outcome=_blame(device), why=why)
            for part, why, device in unfinished
        ),
        *_accuracy(measured),
        *_parity(measured),
        *_determinism(measured),
        *_times(measured),
        *_endurance(measured),
    ]
    counts = {outcome: sum(one.outcome == outcome for one in criteria) for outcome in Standing}
    if counts[Standing.FAIL]:
        word = Word.FAIL
    elif counts[Standing.OPEN] or not criteria:
        word = Word.INCONCLUSIVE
    else:
        word = Word.PASS
    return Verdict(word=word, sentence=_sentence(word, counts), criteria=tuple(criteria))


def _blame(device: bool) -> Standing:
    return Standing.FAIL if device else Standing.OPEN


def _sentence(word: Word, counts: dict[Standing, int]) -> str:
    passed, failed, left = (counts[one] for one in (Standing.PASS, Standing.FAIL, Standing.OPEN))
    whole = passed + failed + left
    if word is Word.PASS:
        return f"All {whole} criteria are met."
    if word is Word.FAIL:
        return f"{failed} of {whole} criteria {'is' if failed == 1 else 'are'} not met; {passed} met, {left} open."
    return f"No criterion failed: {passed} of {whole} are met, {left} need more evidence than this campaign gathered."


def _accuracy(measured: "Measured") -> Iterator[Criterion]:
    accuracy = measured.accuracy
    if accuracy is None:
        return
    failed = sum(accuracy.failed.values())
    yield _criterion("accuracy", "every frame is answered", f"{failed} of {accuracy.frames} failed", failed == 0)
    ratio = accuracy.ratio
    outcomes = {RatioVerdict.FAIL: Standing.FAIL, RatioVerdict.INCONCLUSIVE: Standing.OPEN}
    interval = "" if math.isnan(ratio.low) else f" [{ratio.low:.4f}, {ratio.high:.4f}]"
    yield Criterion(
        part="accuracy",
        asked="AP kept: candidate / reference at least .99, with 95 % confidence",
        found=f"{ratio.value:.4f}{interval}: {ratio.verdict}",
        outcome=outcomes.get(ratio.verdict, Standing.PASS),
        why="" if ratio.verdict not in outcomes else ratio.why,
    )
    yield Criterion(
        part="accuracy",
        asked="no class loses more than 2 points of AP",
        found=", ".join(accuracy.dropped) or "none does",
        outcome=Standing.OPEN if accuracy.dropped else Standing.PASS,
        why="look at these classes, whatever their intervals say" if accuracy.dropped else "",
    )


def _parity(measured: "Measured") -> Iterator[Criterion]:
    parity = measured.parity
    if parity is None:
        return
    finite = parity.not_finite == 0
    cosines = [output.cosine_min for output in parity.outputs]
    worst = math.nan if any(map(math.isnan, cosines)) else min(cosines, default=math.nan)
    yield _criterion(
        "parity",
        f"cosine of every output at least {LEAST_COSINE}, on every frame",
        f"worst {cosine_text(worst)}" if finite else f"{parity.not_finite} frames were not finite numbers",
        finite and worst >= LEAST_COSINE,
    )
    boxes = parity.boxes
    asked = f"boxes (score ≥ {SCORE}) matched at IoU ≥ {IOU}: at least {LEAST_MATCHED:.0%}, both ways"
    if not boxes.reference and not boxes.candidate:
        yield Criterion(part="parity", asked=asked, found="no box on either side", outcome=Standing.OPEN)
        return
    shares = (boxes.of_reference, boxes.of_candidate)
    found = f"{percent(shares[0])} of the reference's {boxes.reference}, {percent(shares[1])} of the candidate's"
    yield _criterion("parity", asked, found, min(_zero(share) for share in shares) >= LEAST_MATCHED)
    yield _criterion(
        "parity",
        f"scores shift by at most {MOST_SHIFT} (p95 of matched boxes)",
        f"{boxes.shift_p95:.2g}",
        boxes.shift_p95 <= MOST_SHIFT,
    )


def _determinism(measured: "Measured") -> Iterator[Criterion]:
    seen = measured.determinism
    if seen is None:
        return
    whole = seen.frames * seen.repeats * seen.processes
    found = f"{seen.unequal_repeats} of {whole:,} repeats and {seen.unequal_frames} of {seen.frames} restarts differ"
    asked = "the same input gives the same bytes, repeated and after a restart"
    yield _criterion("determinism", asked, found, not (seen.unequal_repeats or seen.unequal_frames))


def _times(measured: "Measured") -> Iterator[Criterion]:
    latency, streams = measured.latency, measured.streams
    for one in latency.scenarios if latency else ():
        if one.name.startswith("Constant") and one.deadline is not None:
            assert latency is not None
            asked = f"{one.rate_qps:g} frames/s: p99 within {latency.deadline_ms:g} ms, with 99 % confidence"
            yield _timed(measured, "latency", asked, sureness(one.deadline), one.deadline)
    if streams is not None:
        asked = f"at least one camera at {streams.rate_fps:g}/s: p99 within {streams.deadline_ms:g} ms, likewise"
        found = f"{streams.most} by their p99, {streams.most_sure} with 99 % confidence"
        yield _timed(measured, "streams", asked, found, _one_camera(streams))


def _one_camera(streams: Streams) -> DeadlineJudgement | None:
    """Whoever keeps it with several cameras keeps it with one; only a trial with one can break it."""
    sure = [trial.deadline for trial in streams.trials if kept(trial)]
    alone = [trial.deadline for trial in streams.trials if trial.streams == 1]
    return next(iter([*sure, *alone]), None)


def _timed(measured: "Measured", part: str, asked: str, found: str, deadline: DeadlineJudgement | None) -> Criterion:
    """What is sure counts, for silicon on a machine that was idle; kept under load, it is kept all the more."""
    outcome, why = {
        DeadlineOutcome.KEPT: (Standing.PASS, ""),
        DeadlineOutcome.BROKEN: (Standing.FAIL, ""),
        DeadlineOutcome.OPEN: (Standing.OPEN, _too_few(deadline)),
    }[DeadlineOutcome.OPEN if deadline is None else deadline.outcome]
    busy = _busy(measured) if outcome is not Standing.PASS else ""
    stand_in = _stand_in(measured)
    if stand_in or (busy and outcome is Standing.FAIL):
        outcome = Standing.OPEN
    return Criterion(part=part, asked=asked, found=found, outcome=outcome, why=stand_in or busy or why)


def sureness(deadline: DeadlineJudgement) -> str:
    """The outcome with its confidence."""
    found = f"{deadline.over:,} of {deadline.n:,} later: {deadline.outcome}"
    if deadline.outcome is DeadlineOutcome.OPEN:
        return f"{found} ({confidence(deadline.kept)} sure that it is kept, {confidence(deadline.broken)} broken)"
    return f"{found} ({confidence(max(deadline.kept, deadline.broken))} sure)"


def confidence(share: float) -> str:
    """Never more than is known: 99.95 % is no 100."""
    return "over 99.9 %" if share > 0.999 else f"{math.floor(1000 * share) / 10:g} %"


def _too_few(deadline: DeadlineJudgement | None) -> str:
    if deadline is None or deadline.needed is None:
        return "too few answers to be sure of a p99"
    alone = round(deadline.counting_for)
    together = f"; slow ones come together, so that {deadline.n:,} count for {alone:,}" if alone < deadline.n else ""
    return f"too few to be sure: without a further late one, {deadline.needed:,} would show that it is kept{together}"


def _endurance(measured: "Measured") -> Iterator[Criterion]:
    if measured.endurance is None:
        return
    soak, memory = measured.endurance.soak, measured.endurance.memory
    short = soak.duration_s < 0.99 * LEAST_SOAK_S
    why = f"{soak.duration_s:.0f} s is an indication; a soak takes {LEAST_SOAK_S / 60:g} min" if short else ""
    steady, grown = soak.ratio, memory.growth_share
    slow = steady < LEAST_STEADY and _busy(measured)
    for asked, found, good, doubt in (
        (f"throughput of the last third at least {LEAST_STEADY} of the beginning's", f"{steady:.3f}",
         steady >= LEAST_STEADY, _stand_in(measured) or why or slow or _unknown(steady)),
        (f"memory grows by at most {MOST_GROWTH:.0%} over the second half", _grown(grown),
         grown <= MOST_GROWTH, why or _unknown(grown)),
    ):  # fmt: skip
        outcome = Standing.OPEN if doubt else Standing.PASS if good else Standing.FAIL
        yield Criterion(part="endurance", asked=asked, found=found, outcome=outcome, why=doubt or "")


def _criterion(part: str, asked: str, found: str, good: bool) -> Criterion:
    return Criterion(part=part, asked=asked, found=found, outcome=Standing.PASS if good else Standing.FAIL)


def _stand_in(measured: "Measured") -> str:
    kind = measured.identity.candidate.device_kind
    return f"the device is {kind}: its times are no chip's" if kind in STAND_INS else ""


def was_busy(identity: Identity) -> bool:
    """Whether other work had the machine's cores before the campaign; False where the system doesn't tell."""
    return identity.load_before > IDLE_SHARE * identity.cores


def _busy(measured: "Measured") -> str:
    """What makes a missed time no evidence against the device; kept under load, it is kept all the more."""
    if not was_busy(measured.identity):
        return ""
    return "the machine was busy with other work: measure again when it is idle"


def _grown(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.2%}".replace("-0.00%", "0.00%")


def _unknown(value: float) -> str:
    return "too short to tell" if math.isnan(value) else ""


def _zero(value: float) -> float:
    """Undefined is no match: where one side has no box, nothing of it is matched."""
    return 0.0 if math.isnan(value) else value


def percent(share: float) -> str:
    """A share from 0 to 1; a dash where it is NaN."""
    return "–" if math.isnan(share) else f"{share:.1%}"


def cosine_text(value: float) -> str:
    """Near 1 what matters is how far it is from it."""
    if math.isnan(value):
        return "undefined"
    return f"1 − {max(1 - value, 0):.1g}" if value > 0.9999 else f"{value:.4f}"
