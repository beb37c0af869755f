"""Which streams of two sides belong together, and why two sides can't be held against each other at all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from replay.comparison.sides import Side
from replay.recording import Recording
from replay.runs.loaded import LoadedStream
from replay.scoring.classes import NONE, Classes, Wanted, evaluated, known_to
from replay.scoring.stream import ScoredStream
from replay.scoring.summary import calibrated_on
from sensors.errors import GilmokError


class NotComparable(GilmokError):
    def __init__(self, why: str, hint: str) -> None:
        super().__init__(f"A and B can't be compared: {why}", hint)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which classes are to be evaluated; nothing: those that each run asked for."""

    labels: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=lambda: NONE)
    tables: tuple[tuple[str, ...], ...] = ()
    """The label tables of all models: a label that none has is a mistake."""

    def of(self, stream: LoadedStream) -> tuple[tuple[str, ...], Wanted]:
        """Raises LabelsUnknownToModel."""
        if not (self.labels or self.wanted):
            return stream.stream.labels, stream.stream.classes
        return self.labels, known_to(self.wanted, stream.birth.model.labels, *self.tables)

    def classes(self, stream: LoadedStream, recording: Recording) -> Classes:
        """Raises as `replay.scoring.classes.evaluated`."""
        return evaluated(recording, stream.birth.model.labels, *self.of(stream))


@dataclass(frozen=True, eq=False)
class Pair:
    """One recording, and every stream of either side that played it."""

    recording: Recording
    labels: tuple[str, ...]
    """The evaluated classes, the same on both sides; at least one."""
    captured: int
    a: tuple[LoadedStream, ...]
    b: tuple[LoadedStream, ...]
    asked: "Asked"

    def scored(self, stream: LoadedStream) -> ScoredStream:
        """One of the streams, against this recording."""
        labels, wanted = self.asked.of(stream)
        return ScoredStream.of(
            stream.reports,
            self.recording,
            stream.birth.model.labels,
            labels,
            captured=self.captured,
            wanted=wanted,
            unreported=self._unreported,
        )

    @property
    def _unreported(self) -> frozenset[int]:
        """What is unknown of one is left out of all: they are compared over the same frames."""
        return frozenset(frame for one in (*self.a, *self.b) for frame in one.summary.unreported)

    @cached_property
    def labelled(self) -> bool:
        """Whether somebody labelled one of its frames."""
        return any(self.recording.truth(number) is not None for number in self.recording.numbers[: self.captured])

    @property
    def name(self) -> str:
        return f"{self.recording.dataset} {self.recording.name}"


def streams(side: Side) -> list[LoadedStream]:
    return [stream for run in side.runs for stream in run.streams]


def pairs(
    a: Side, b: Side, labels: Sequence[str] = (), wanted: Wanted = NONE, *, common: bool = False
) -> tuple[Pair, ...]:
    """One for each recording, by name; none where neither side played any.

    Recordings pair by digest; where a run plays one several times, its streams' names must be the same on both
    sides. `labels` and `wanted`: the classes to evaluate instead of those that the runs asked for. `common`: leave
    out what only one side played. Raises NotComparable, or what `replay.scoring.classes.evaluated` raises.
    """
    _check_pace([*streams(a), *streams(b)])
    of_a, of_b = _by_digest(streams(a)), _by_digest(streams(b))
    _check_same_truth(of_a, of_b)
    both = [digest for digest in of_a if digest in of_b]
    if not common or not both:
        _check_same_recordings(of_a, of_b)
    _check_names(a, b, both)
    tables = {one.birth.model.labels: None for one in (*streams(a), *streams(b))}
    asked = Asked(tuple(labels), wanted, tuple(tables))
    made = [_pair(of_a[digest], of_b[digest], asked) for digest in both]
    return tuple(sorted(made, key=lambda pair: pair.name))


def _by_digest(found: Iterable[LoadedStream]) -> dict[str, list[LoadedStream]]:
    grouped: dict[str, list[LoadedStream]] = {}
    for one in found:
        if one.stream.digest:
            grouped.setdefault(one.stream.digest, []).append(one)
    return grouped


def _check_pace(every: Sequence[LoadedStream]) -> None:
    paces = sorted({one.summary.pace for one in every})
    if len(paces) > 1:
        raise NotComparable(f"streams ran at different paces, {' and '.join(paces)}", "run both sides at one pace")


def _check_same_truth(a: dict[str, list[LoadedStream]], b: dict[str, list[LoadedStream]]) -> None:
    names = [{_recorded(found[0]): digest for digest, found in side.items()} for side in (a, b)]
    for name in sorted(names[0].keys() & names[1].keys()):
        if names[0][name] != names[1][name]:
            raise NotComparable(
                f"the recording {name} has another digest in B ({names[1][name][:12]}) than in A "
                f"({names[0][name][:12]}): its pictures or its truth are others",
                "run both sides over the same files",
            )


def _check_same_recordings(a: dict[str, list[LoadedStream]], b: dict[str, list[LoadedStream]]) -> None:
    only = [sorted(_recorded(side[digest][0]) for digest in side if digest not in other)
            for side, other in ((a, b), (b, a))]  # fmt: skip
    if only[0] or only[1]:
        told = [f"only {name} played {_listing(alone)}" for name, alone in zip("AB", only, strict=True) if alone]
        raise NotComparable(
            " and ".join(told),
            "run both sides over the same; `gilmok replay compare --common` leaves out what only one side played",
        )


def _check_names(a: Side, b: Side, digests: Sequence[str]) -> None:
    names = [
        {
            digest: {tuple(sorted(one.name for one in run.streams if one.stream.digest == digest)) for run in side.runs}
            for digest in digests
        }
        for side in (a, b)
    ]
    for digest in digests:
        several = [{told for told in side[digest] if told} for side in names]
        if max(len(told) for side in several for told in side) > 1 and several[0] != several[1]:
            shown = [_listing(sorted({name for told in side for name in told})) for side in several]
            raise NotComparable(
                f"a recording is played by several streams, and their names differ: {shown[0]} in A, {shown[1]} in B",
                "give the streams the same names",
            )


def _pair(a: list[LoadedStream], b: list[LoadedStream], asked: Asked) -> Pair:
    name = _recorded(a[0])
    recording = next((one.recording for one in (*a, *b) if one.recording is not None), None)
    if recording is None:
        raise NotComparable(
            f"the recording {name} is not to be had: {a[0].absent or b[0].absent}",
            "intervals are worked out from the truth: put the recording back where it was",
        )
    if {one.stream.dataset for one in (*a, *b)} != {recording.dataset}:
        raise NotComparable(f"{name} was read by different data set plugins", "read both by the same one")
    for name_of_side, side in (("A", a), ("B", b)):
        for one in side:
            if why := calibrated_on(one.birth, one.stream, one.reports):
                raise NotComparable(
                    f"on {name} {name_of_side}'s {why}", "compare on recordings that nothing was calibrated on"
                )
    captured = Counter(one.summary.frames.captured for one in (*a, *b))
    if len(captured) > 1:
        counts = [_listing(sorted({f"{one.summary.frames.captured:,}" for one in side})) for side in (a, b)]
        raise NotComparable(
            f"of {name} A captured {counts[0]} frames and B {counts[1]}", "run both sides over as many frames"
        )
    classes = _classes(name, recording, a, b, asked)
    return Pair(recording, classes, next(iter(captured)), tuple(a), tuple(b), asked)


def _classes(
    name: str, recording: Recording, a: list[LoadedStream], b: list[LoadedStream], asked: Asked
) -> tuple[str, ...]:
    found = [{tuple(asked.classes(one, recording).groups) for one in side} for side in (a, b)]
    if len(found[0] | found[1]) > 1:
        shown = [_listing(sorted({label for told in side for label in told})) for side in found]
        raise NotComparable(
            f"on {name} A is scored for {shown[0]}, B for {shown[1]}",
            "name the classes that both know: --labels or --classes, or `labels` below [baseline] in GATES.toml",
        )
    return next(iter(found[0]))


def _recorded(one: LoadedStream) -> str:
    return f"{one.stream.dataset} {one.stream.recording}"


def _listing(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
