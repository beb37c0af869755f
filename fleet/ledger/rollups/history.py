"""What a fleet did, by any step of whole minutes or hours, out of the rollups: what a page or a program reads.

What is not in them is unknown: a point without a row is left out, a figure that nobody told is None.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

import sqlalchemy as sa

from fleet.ledger.rollups.roll import DAY_S, HOUR_S, MINUTE_S
from fleet.ledger.rollups.sums import Gauge, Sums
from fleet.ledger.schema import GAPS, ROLLUPS
from fleet.ledger.store import Store, Where
from sensors.clock import NS_PER_S
from sensors.errors import GilmokError

Place: TypeAlias = tuple[str, str, str]
"""Site, node, stream."""


class StepWrong(GilmokError):
    def __init__(self, step_s: int) -> None:
        super().__init__(f"a step of {step_s} s is no number of whole minutes", "write 1m, 15m, 1h or 1d, say")


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Nanoseconds, to within `fleet.ledger.rollups.sums.ALPHA`, of `n` frames."""

    n: int
    p50_ns: int
    p90_ns: int
    p99_ns: int


@dataclass(frozen=True, slots=True)
class ClassFound:
    n: int
    mean_score: float


@dataclass(frozen=True, slots=True)
class Point:
    """A stream in one step. `ok` and `failed` are reports that are booked; None: no health message told it."""

    begin_utc_s: int
    site: str
    node: str
    stream: str
    ok: int
    failed: int
    late: int
    unlabelled: int
    """Placed by the hub's clock, since the node's can't be right."""
    captured: int | None
    dropped: int | None
    evicted: int | None
    down: int | None
    """Due while the node was dead."""
    latency: dict[str, Quantiles]
    """By stage, `total` (capture to result) and `hub` (capture to receipt, of what was not late)."""
    classes: dict[str, ClassFound]


@dataclass(frozen=True, slots=True)
class NodePoint:
    """A node in one step, by its health messages: `measures` holds those that it told."""

    begin_utc_s: int
    site: str
    node: str
    healths: int
    measures: dict[str, Gauge] = field(default_factory=dict)
    """temperature_c, power_w, utilisation, spooled, spool_bytes, clock_bound_ns."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Reports of a stream that had not come when a later one did; by the hub's clock; None: some never did."""

    opened_utc_ns: int
    closed_utc_ns: int | None
    site: str
    node: str
    session_id: str
    stream: str
    first: int
    last: int


class History:
    """Reads the store that a hub writes, also while it does. Used by `with`."""

    def __init__(self, where: Where) -> None:
        """Raises what opening a ledger to read raises."""
        self._store = Store(where, write=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def minutes_since(self) -> int | None:
        """The first minute that is kept, in seconds of UTC; before it only hours are told. None: none is kept."""
        query = sa.select(sa.func.min(ROLLUPS.c.begin_utc_s)).where(ROLLUPS.c.step_s == MINUTE_S)
        with self._store.reading() as connection:
            found = connection.scalar(query)
        return None if found is None else int(found)

    def streams(
        self, since_utc_s: int, until_utc_s: int, step_s: int, node: str | None = None, stream: str | None = None
    ) -> list[Point]:
        """Of every stream, or of some, what began in [since, until), by time. Raises StepWrong or StoreBroken."""
        chosen = ROLLUPS.c.stream != "" if stream is None else ROLLUPS.c.stream == stream
        return [_point(*one) for one in self._steps(since_utc_s, until_utc_s, step_s, node, chosen)]

    def nodes(self, since_utc_s: int, until_utc_s: int, step_s: int, node: str | None = None) -> list[NodePoint]:
        """As `streams`."""
        steps = self._steps(since_utc_s, until_utc_s, step_s, node, ROLLUPS.c.stream == "")
        return [
            NodePoint(begin, site, name, sums.counts["healths"], sums.gauges) for begin, (site, name, _), sums in steps
        ]

    def holes(self, since_utc_s: int, until_utc_s: int, node: str | None = None) -> list[Hole]:
        """Those that were open at some time in [since, until), as they opened. Raises StoreBroken."""
        closed = GAPS.c.closed_utc_ns
        there = (GAPS.c.opened_utc_ns < until_utc_s * NS_PER_S) & (
            closed.is_(None) | (closed >= since_utc_s * NS_PER_S)
        )
        query = sa.select(GAPS).where(there if node is None else there & (GAPS.c.node == node)).order_by(GAPS.c.id)
        with self._store.reading() as connection:
            return [
                Hole(
                    row.opened_utc_ns,
                    row.closed_utc_ns,
                    row.site,
                    row.node,
                    row.session,
                    row.stream,
                    row.first,
                    row.last,
                )
                for row in connection.execute(query)
            ]

    def _steps(
        self, since: int, until: int, step_s: int, node: str | None, chosen: sa.ColumnElement[bool]
    ) -> Iterator[tuple[int, Place, Sums]]:
        if step_s < MINUTE_S or step_s % MINUTE_S:
            raise StepWrong(step_s)
        chosen = chosen & _steps_of(since, until, step_s)
        query = sa.select(ROLLUPS).where(chosen if node is None else chosen & (ROLLUPS.c.node == node))
        found: dict[tuple[int, Place], Sums] = {}
        with self._store.reading(many=True) as connection:
            for row in connection.execute(query):
                at = row.begin_utc_s - row.begin_utc_s % step_s, (row.site, row.node, row.stream)
                if at in found:
                    found[at].merge(Sums.of_row(row))
                else:
                    found[at] = Sums.of_row(row)
        for at in sorted(found):
            yield *at, found[at]


def _steps_of(since: int, until: int, step_s: int) -> sa.ColumnElement[bool]:
    """Which rows make up what began in [since, until): days where they will do, and hours of what is no whole day and
    of days that an older gilmok rolled, which have no row of their own."""
    step, begin = ROLLUPS.c.step_s, ROLLUPS.c.begin_utc_s
    if step_s % DAY_S:
        return (step == (MINUTE_S if step_s % HOUR_S else HOUR_S)) & (begin >= since) & (begin < until)
    first, end = -(-since // DAY_S) * DAY_S, until // DAY_S * DAY_S
    day = ROLLUPS.alias("day")
    same = (day.c[name] == ROLLUPS.c[name] for name in ("site", "node", "stream"))
    within = day.c.begin_utc_s == begin - begin % DAY_S
    whole = sa.exists().where(day.c.step_s == DAY_S, *same, within, day.c.begin_utc_s >= first, day.c.begin_utc_s < end)
    days = (step == DAY_S) & (begin >= first) & (begin < end)
    return days | ((step == HOUR_S) & (begin >= since) & (begin < until) & ~whole)


def quantiles(sums: Sums) -> dict[str, Quantiles]:
    """By stage; one that no frame had is not in it."""
    found: dict[str, Quantiles] = {}
    for stage, buckets in sums.latency.items():
        p50, p90, p99 = (buckets.quantile(q) for q in (0.5, 0.9, 0.99))
        if p50 is not None and p90 is not None and p99 is not None:
            found[stage] = Quantiles(buckets.n, p50, p90, p99)
    return found


def _point(begin: int, place: Place, sums: Sums) -> Point:
    counts, told = sums.counts, sums.counts["healths"] > 0
    site, node, stream = place
    return Point(
        begin, site, node, stream,
        ok=counts["ok"],
        failed=counts["failed"],
        late=counts["late"],
        unlabelled=counts["unlabelled"],
        captured=counts["captured"] if told else None,
        dropped=counts["dropped"] if told else None,
        evicted=counts["evicted"] if told else None,
        down=counts["down"] if told else None,
        latency=quantiles(sums),
        classes={label: ClassFound(one.n, one.total / one.n) for label, one in sums.classes.items() if one.n},
    )  # fmt: skip
