"""A shadow beside the active model, as tables: how alike they answer, which is righter, what the active model felt."""

from collections.abc import Iterator

from replay.report import texts
from replay.report.views.shapes import Row, Table
from replay.runs.same_frames.figures import OnSameFrames

AGREEMENT = (
    ("F1 (its 95 %)", "agreement"), ("mean IoU", "agreement"), ("pairs", ""), ("findings, active", ""),
    ("findings, shadow", ""), ("AP, taught by the active model", "agreement"),
)  # fmt: skip
ACCURACY = (("AP50", "ap"), ("AP", "ap"), ("pictures", ""), ("objects", ""))
COST = (("p99, ms", "percentile"), ("n", ""))


def shadow_tables(pair: OnSameFrames) -> Iterator[Table]:
    if not pair.b.model:
        return
    told, whole = pair.agreement, pair.agreement.paired
    rows = [Row("all classes", (
        _sure(whole.f1, told.f1_low, told.f1_high), texts.figure(whole.mean_iou), f"{whole.pairs:,}",
        f"{whole.n_a:,}", f"{whole.n_b:,}", texts.figure(told.taught.ap),
    ))]  # fmt: skip
    for name, each in told.per_class.items():
        of = each.paired
        if of.n_a + of.n_b:
            counts = f"{of.pairs:,}", f"{of.n_a:,}", f"{of.n_b:,}"
            figures = texts.figure(of.f1), texts.figure(of.mean_iou)
            rows.append(Row(name, (*figures, *counts, texts.figure(each.taught.ap)), inner=True))
    yield Table("Agreement with the active model (no accuracy: both may err alike)", AGREEMENT, tuple(rows))
    yield from _accuracy(pair)
    yield from _cost(pair)


def _accuracy(pair: OnSameFrames) -> Iterator[Table]:
    one = pair.accuracy
    if one.unknown:
        return
    counts = f"{one.frames:,}", f"{one.n_truth:,}"
    difference = _sure(one.difference, one.low, one.high)
    yield Table("Both on the same labelled frames", ACCURACY, (
        Row(pair.a.model, (texts.figure(one.a50), texts.figure(one.a), *counts)),
        Row(pair.b.model, (texts.figure(one.b50), texts.figure(one.b), *counts)),
        Row("difference of AP (its 95 %)", (texts.UNKNOWN, difference, *counts)),
    ))  # fmt: skip


def _cost(pair: OnSameFrames) -> Iterator[Table]:
    cost = pair.cost
    if cost is None:
        return
    yield Table("What the active model felt of it", COST, (
        Row("with the shadow", (_ms(cost.p99_with_ns), f"{cost.n_with:,}")),
        Row("without", (_ms(cost.p99_without_ns), f"{cost.n_without:,}")),
        Row("ratio", (texts.figure(cost.ratio, 3), texts.UNKNOWN)),
    ))  # fmt: skip


def _ms(value_ns: int | None) -> str:
    return texts.UNKNOWN if value_ns is None else texts.ms(value_ns)


def _sure(value: float, low: float, high: float) -> str:
    told = texts.between(low, high)
    return f"{texts.figure(value)} ({'-' if told == texts.UNKNOWN else told})"
