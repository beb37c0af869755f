"""Rows that are in the rollups and older than they are to be kept, taken out of the ledger a few at a time."""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from edge.wire.spans import Range, Spans
from fleet.ledger.rollups.keys import OF_SESSION, OF_STREAM, distinct, is_
from fleet.ledger.rollups.roll import MINUTE_S
from fleet.ledger.schema import FRAMES, HEALTH, ROLLED, ROLLED_HEALTH, ROLLUPS, SHADOW_FRAMES
from fleet.ledger.store import Store, Where
from sensors.clock import NS_PER_S

AT_ONCE = 2000
SHADOWS_AT_ONCE = 500
"""Named one by one: a statement takes so many names."""
SPAN_S = 6 * 3600
"""Minutes are taken out so many seconds at a time."""

Rest = Callable[[], bool]


def prune_reports(where: Where, before_utc_ns: int, rest: Rest = lambda: True) -> int:
    """Reports that the hub received before that instant, as far as they are in the rollups, and health messages
    likewise, but for each session's last word; how many reports those were.

    What was received late lies before what came in time and keeps it: a stream's rows go in the order of n. `rest`:
    see `Rollups.roll`. Raises StoreBroken.
    """
    store = Store(where, write=True)
    try:
        pruned = 0
        for key in distinct(store, FRAMES, OF_STREAM):
            while found := _prune_stream(store, key, before_utc_ns):
                pruned += found
                if not rest():
                    return pruned
        while _prune_shadows(store, before_utc_ns):
            if not rest():
                return pruned
        for key in distinct(store, HEALTH, OF_SESSION):
            while _prune_session(store, key, before_utc_ns):
                if not rest():
                    return pruned
        return pruned
    finally:
        store.close()


def prune_minutes(where: Where, before_utc_ns: int, rest: Rest = lambda: True) -> int:
    """Minutes that ended before that instant; the hours stay. How many rows they were."""
    store = Store(where, write=True)
    end, pruned = before_utc_ns // NS_PER_S - MINUTE_S, 0
    of_minutes = ROLLUPS.c.step_s == MINUTE_S
    try:
        while True:
            with store.writing(alone=True) as connection:
                first = connection.scalar(sa.select(sa.func.min(ROLLUPS.c.begin_utc_s)).where(of_minutes))
                if first is None or first > end:
                    return pruned
                old = ROLLUPS.c.begin_utc_s <= min(first + SPAN_S, end)
                pruned += connection.execute(sa.delete(ROLLUPS).where(of_minutes, old)).rowcount
            if not rest():
                return pruned
    finally:
        store.close()


def _prune_stream(store: Store, key: tuple[str, ...], before_utc_ns: int) -> int:
    own = is_(FRAMES, OF_STREAM, key)
    oldest = sa.select(FRAMES.c.n, FRAMES.c.received_utc_ns).where(own).order_by(FRAMES.c.n).limit(AT_ONCE)
    with store.writing(alone=True) as connection:
        text = connection.scalar(sa.select(ROLLED.c.spans).where(is_(ROLLED, OF_STREAM, key)))
        rolled = Spans(msgspec.json.decode(text or "[]", type=list[Range]))
        last = -1
        for n, received_utc_ns in connection.execute(oldest):
            if received_utc_ns >= before_utc_ns or n not in rolled:
                break
            last = n
        if last < 0:
            return 0
        # One that came meanwhile is younger.
        old = sa.delete(FRAMES).where(own, FRAMES.c.n <= last, FRAMES.c.received_utc_ns < before_utc_ns)
        count = connection.execute(old).rowcount
        more = sa.update(ROLLED).where(is_(ROLLED, OF_STREAM, key)).values(pruned=ROLLED.c.pruned + count)
        connection.execute(more)
        return count


def _prune_shadows(store: Store, before_utc_ns: int) -> int:
    """They are in no rollup: what they were held against goes, too."""
    of = SHADOW_FRAMES.c
    key = sa.tuple_(of.site, of.node, of.session, of.stream, of.n)
    old = sa.select(of.site, of.node, of.session, of.stream, of.n).where(of.received_utc_ns < before_utc_ns)
    with store.writing(alone=True) as connection:
        rows = connection.execute(old.limit(SHADOWS_AT_ONCE)).all()
        if not rows:
            return 0
        return connection.execute(sa.delete(SHADOW_FRAMES).where(key.in_([tuple(row) for row in rows]))).rowcount


def _prune_session(store: Store, key: tuple[str, ...], before_utc_ns: int) -> int:
    own = is_(HEALTH, OF_SESSION, key)
    stamp = HEALTH.c.stamp_mono_ns
    with store.writing(alone=True) as connection:
        top = connection.scalar(sa.select(ROLLED_HEALTH.c.top_mono_ns).where(is_(ROLLED_HEALTH, OF_SESSION, key)))
        newest = connection.scalar(sa.select(sa.func.max(stamp)).where(own))
        if top is None or newest is None:
            return 0
        rolled = own & (stamp <= min(top, newest - 1)) & (HEALTH.c.received_utc_ns < before_utc_ns)
        some = sa.select(stamp).where(rolled).order_by(stamp).limit(AT_ONCE)
        last = connection.scalar(sa.select(sa.func.max(some.subquery().c.stamp_mono_ns)))
        if last is None:
            return 0
        return connection.execute(sa.delete(HEALTH).where(rolled, stamp <= last)).rowcount
