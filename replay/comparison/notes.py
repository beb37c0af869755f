"""What is to be known beside a comparison's figures."""

from collections.abc import Iterator, Sequence

from replay.comparison.pairing import Pair
from replay.comparison.result import Row
from replay.statistics.bootstrap import LEAST_SEQUENCES


def notes_of(paired: Sequence[Pair], unlabelled: Sequence[Pair], per_class: Sequence[Row]) -> Iterator[str]:
    """`paired`: those with a truth."""
    if unlabelled:
        names = ", ".join(pair.name for pair in unlabelled)
        yield f"Nobody labelled a frame of {names}: told is how far A and B agree there, which is no accuracy."
    if not (paired or unlabelled):
        yield "No stream has a recording with a truth: only latency is compared."
        return
    if 0 < len(paired) < LEAST_SEQUENCES:
        yield (
            f"{len(paired)} sequence{'' if len(paired) == 1 else 's'}: accuracy is described and not judged; "
            f"a judgement takes {LEAST_SEQUENCES}, and finds small differences only with more."
        )
    rare = [f"{row.of} in {row.n}" for row in per_class if row.n < LEAST_SEQUENCES <= len(paired)]
    if rare:
        yield (
            f"AP is a mean over classes, and some are in few of the {len(paired)} sequences ({', '.join(rare)}): leave "
            "them out with --labels, or read AP with care."
        )
    seen = {pair.recording.note for pair in paired if pair.recording.note}
    yield from (f"About the recordings: {note}." for note in sorted(seen))


def counted_otherwise(paired: Sequence[Pair]) -> Iterator[str]:
    """Where the sides count other labels of their models for a class."""
    seen: dict[str, None] = {}
    for pair in paired:
        sides = [[pair.asked.classes(one, pair.recording).groups for one in side] for side in (pair.a, pair.b)]
        for name in pair.labels:
            a, b = ({groups[name].found for groups in side} for side in sides)
            if a != b:
                shown = [" or ".join(sorted(", ".join(found) for found in side)) for side in (a, b)]
                seen[f"For {name} A's findings of {shown[0]} count, and B's of {shown[1]}."] = None
    yield from seen
