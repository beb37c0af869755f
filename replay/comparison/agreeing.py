"""How far two sides agree on recordings that nobody labelled: what can be told of them without a truth."""

from collections.abc import Iterator, Sequence

from replay.comparison.pairing import Pair
from replay.comparison.result import AgreementRow
from replay.comparison.same_frames import agreed


def agreements(paired: Sequence[Pair]) -> Iterator[AgreementRow]:
    """Of each recording the first pass of either side, over the frames that both answered."""
    for pair in paired:
        a, b = pair.scored(pair.a[0]), pair.scored(pair.b[0])
        both = [(x, y) for x, y in zip(a.answers, b.answers, strict=True) if x is not None and y is not None]
        yield AgreementRow(
            recording=pair.name,
            digest=pair.recording.digest,
            captured=pair.captured,
            agreement=agreed(both, a.model_labels, b.model_labels),
        )
