"""Two models on the same frames, as tables for a terminal."""

import math
from collections.abc import Iterator, Sequence

from replay.metrics.percentiles import QUANTILES, Percentiles, least_n
from replay.runs.same_frames.figures import OnSameFrames
from sensors.terminal.figures import between, ms, number, signed
from sensors.terminal.text_table import Table, Text, numbers

TITLES = {
    "shadow": "Agreement of the shadow with the active model, on the same frames (no accuracy: both may err alike)",
    "streams": "Agreement of two streams that saw the same recording (no accuracy: both may err alike)",
}
STAGES = ("infer", "total")


def render_pairs(found: Sequence[OnSameFrames]) -> list[Text | Table]:
    """Nothing where there is nothing."""
    parts: list[Text | Table] = []
    for kind, title in TITLES.items():
        of_kind = [one for one in found if one.seen_by == kind]
        if of_kind:
            parts += [Text(line) for one in of_kind for line in _who(one)]
            parts += [_agreement(title, of_kind), _accuracy(of_kind), _latency(of_kind)]
    if costs := [one for one in found if one.cost is not None]:
        parts.append(_cost(costs))
    parts += [Text(line, "dim") for one in found for line in _notes(one)]
    parts += [Text(f"{one.b.name}'s shadow: {one.why}", "red") for one in found if one.why]
    return parts


def _who(one: OnSameFrames) -> Iterator[str]:
    a, b = one.a, one.b
    yield f"A {a.name}: {a.model} {a.precision} on {a.backend}:{a.device} ({a.device_kind or 'kind unknown'})"
    yield f"B {b.name}: {b.model} {b.precision} on {b.backend}:{b.device} ({b.device_kind or 'kind unknown'})"


def _agreement(title: str, found: Sequence[OnSameFrames]) -> Table:
    heads = ("frames", "F1", "its 95 %", "mean IoU", "pairs", "of A", "of B", "AP, A teaches", "AP50")
    table = Table(title, ["stream", *numbers(*heads)])
    for one in found:
        told, sure = one.agreement, between(one.agreement.f1_low, one.agreement.f1_high)
        whole = told.paired
        table.add(
            Text(one.b.name, "bold"), str(told.frames), number(whole.f1), sure, number(whole.mean_iou),
            *map(str, (whole.pairs, whole.n_a, whole.n_b)), number(told.taught.ap), number(told.taught.ap50),
        )  # fmt: skip
        for name, each in told.per_class.items():
            if each.paired.n_a + each.paired.n_b:
                table.add(
                    f"  {name}", "", number(each.paired.f1), "", number(each.paired.mean_iou),
                    *map(str, (each.paired.pairs, each.paired.n_a, each.paired.n_b)),
                    number(each.taught.ap), number(each.taught.ap50),
                )  # fmt: skip
    return table


def _accuracy(found: Sequence[OnSameFrames]) -> Table:
    heads = ("AP of A", "AP of B", "B - A", "its 95 %", "AP50 of A", "AP50 of B", "pictures", "boxes")
    table = Table("Accuracy of both on the same labelled frames (COCO)", ["stream", *numbers(*heads)])
    for one in found:
        told = one.accuracy
        if told.unknown:
            table.note(one.b.name, Text(told.unknown, "dim"))
            continue
        table.add(
            one.b.name, number(told.a), number(told.b), signed(told.difference), between(told.low, told.high),
            number(told.a50), number(told.b50), str(told.frames), str(told.n_truth),
        )  # fmt: skip
    return table


def _latency(found: Sequence[OnSameFrames]) -> Table:
    table = Table("Latency on the same frames, ms", ["stream", *numbers("A p50", "A p99", "B p50", "B p99", "n")])
    for one in found:
        table.add(Text(one.b.name, "bold"))
        for stage in STAGES:
            a, b = one.latency_a_ns.get(stage), one.latency_b_ns.get(stage)
            if a is not None and b is not None:
                table.add(f"  {stage}", _at(a, "p50"), _at(a, "p99"), _at(b, "p50"), _at(b, "p99"), str(b.n))
    return table


def _at(row: Percentiles, mark: str) -> str:
    value = getattr(row, mark)
    return f"n<{least_n(QUANTILES[mark])}" if value is None else ms(value, 2)


def _cost(found: Sequence[OnSameFrames]) -> Table:
    heads = ("p99 with", "n", "p99 without", "n", "ratio", "limit", "share", "seen", "ok", "failed", "skipped", "lost")
    table = Table("What the shadow cost the active stream (p99 in ms, capture to result)", ["stream", *numbers(*heads)])
    for one in found:
        cost, counts = one.cost, one.counts
        assert cost is not None
        told = [] if counts is None else [counts.seen, counts.ok, counts.failed, sum(counts.skipped.values())]
        p99s = ["n<100" if value is None else ms(value, 2) for value in (cost.p99_with_ns, cost.p99_without_ns)]
        table.add(
            one.b.name, p99s[0], str(cost.n_with), p99s[1], str(cost.n_without), number(cost.ratio, 3),
            number(cost.max_p99_ratio, 2), number(cost.share, 3), *map(str, told),
            *([] if counts is None else [str(counts.lost + counts.unsent)]),
        )  # fmt: skip
    return table


def _notes(one: OnSameFrames) -> Iterator[str]:
    name = one.b.name
    if one.counts is not None and one.counts.skipped:
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(one.counts.skipped.items()))
        yield f"{name}: the shadow skipped {why}"
    if one.failed_a or one.failed_b:
        yield f"{name}: of {one.pairs} pairs A failed in {one.failed_a} and B in {one.failed_b}"
    if one.alone_b:
        yield f"{name}: {one.alone_b} reports of B have no report of A here (yet)"
    for side, only in (("A", one.agreement.only_a), ("B", one.agreement.only_b)):
        if only:
            more = f" and {len(only) - 6} more" if len(only) > 6 else ""
            yield f"{name}: only {side} knows {', '.join(only[:6])}{more}; these are left out of the agreement"
    if one.cost is not None and one.cost.power_with_w is not None and one.cost.power_without_w is not None:
        more_w = one.cost.power_with_w - one.cost.power_without_w
        yield (
            f"{name}: the device draws {signed(more_w, 2)} W with the shadow ({number(one.cost.power_with_w, 2)} W, "
            f"n = {one.cost.n_power_with}; without {number(one.cost.power_without_w, 2)} W, "
            f"n = {one.cost.n_power_without})"
        )
    if one.seen_by == "shadow" and not math.isnan(one.agreement.paired.f1):
        yield f"{name}: B's latency is that of a process that waits for everybody else; active, it would be another"
