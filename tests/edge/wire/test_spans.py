import random

from edge.wire.acknowledgements import MOST_RANGES, told
from edge.wire.spans import Spans


def test_spans_are_the_set_of_their_numbers() -> None:
    dice = random.Random(7)
    spans, numbers = Spans(), set[int]()
    for _ in range(400):
        first = dice.randrange(60)
        last = first + dice.randrange(8)
        if dice.random() < 0.6:
            spans.add(first, last)
            numbers |= set(range(first, last + 1))
        else:
            spans.remove(first, last)
            numbers -= set(range(first, last + 1))
        assert [n for a, b in spans for n in range(a, b + 1)] == sorted(numbers)
        assert all(b + 1 < c for (_, b), (c, _) in zip(spans.ranges, spans.ranges[1:], strict=False))
        assert (spans.count, spans.top, bool(spans)) == (len(numbers), max(numbers, default=-1), bool(numbers))
        low, high = sorted((dice.randrange(70), dice.randrange(70)))
        window = set(range(low, high + 1))
        assert {n for a, b in spans.within(low, high) for n in range(a, b + 1)} == numbers & window
        assert {n for a, b in spans.holes(low, high) for n in range(a, b + 1)} == window - numbers
        assert (low in spans) == (low in numbers)


def test_a_message_tells_the_lowest_and_the_highest_of_very_many_ranges() -> None:
    ranges = told(Spans((3 * k, 3 * k + 1) for k in range(1000)))
    assert len(ranges) == MOST_RANGES
    assert (ranges[0], ranges[-1]) == ((0, 1), (2997, 2998))
