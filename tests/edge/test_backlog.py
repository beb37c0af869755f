from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from edge.backlog import RESEND_NS, WINDOW, Backlog
from edge.config import SpoolChoice
from edge.spool.spool import Spool
from edge.spool.store import Kept, Lane
from sensors.clock import Stamp
from tests.fakes import ManualClock

OLD, NEW = Lane("a", "camera"), Lane("b", "camera")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    one = Spool(tmp_path / "none", SpoolChoice(durability="off"), ManualClock(), "boot")
    for lane, count in ((OLD, 3), (NEW, 10)):
        one.write([Kept(lane, n, b"{}", Stamp(0, 0)) for n in range(count)], {})
    yield one
    one.close()


def _next(backlog: Backlog, most: int = 100) -> tuple[str, list[int]]:
    found = backlog.next(most)
    return (found[0].lane.session if found else "", [one.n for one in found])


def test_the_oldest_that_are_not_on_their_way_go_out_next(spool: Spool) -> None:
    backlog = Backlog(spool)
    backlog.sent(NEW, (7, 9))
    assert _next(backlog, 2) == ("a", [0, 1])
    backlog.sent(OLD, (0, 2), late=True)
    assert _next(backlog) == ("b", list(range(7)))
    backlog.set_aside(NEW, 0)
    assert (_next(backlog, 2), backlog.aside) == (("b", [1, 2]), 1)
    backlog.sent(NEW, (1, 6), late=True)
    assert _next(backlog) == ("", [])
    backlog.connected(0)
    assert (_next(backlog), backlog.aside) == (("a", [0, 1, 2]), 0)


def test_what_a_hub_that_answers_does_not_commit_goes_out_again_with_growing_patience(spool: Spool) -> None:
    backlog, now_ns = Backlog(spool), 0
    backlog.connected(now_ns)
    times_ns: list[int] = []
    for _ in range(100):
        if _next(backlog)[1]:
            times_ns.append(now_ns)
            backlog.sent(OLD, (0, 2))
            backlog.sent(NEW, (0, 9))
        now_ns += RESEND_NS
        backlog.turn(now_ns, hub_answers=True)
    waits = [later - sooner for sooner, later in pairwise(times_ns)]
    assert waits == sorted(waits)
    assert waits[0] <= 3 * RESEND_NS
    assert waits[-1] > 8 * RESEND_NS
    backlog.connected(now_ns)
    backlog.sent(OLD, (0, 2))
    backlog.sent(NEW, (0, 9))
    for _ in range(100):
        now_ns += RESEND_NS
        backlog.turn(now_ns, hub_answers=False)
    assert _next(backlog) == ("", [])


def test_no_more_is_on_its_way_to_the_ledger_than_the_window_holds(spool: Spool) -> None:
    spool.write([Kept(NEW, n, b"{}", Stamp(0, 0)) for n in range(10, 3 * WINDOW)], {})
    backlog = Backlog(spool)
    backlog.sent(OLD, (0, 2), late=True)
    backlog.sent(NEW, (0, WINDOW - 5), late=True)
    assert len(_next(backlog)[1]) == 1
    backlog.sent(NEW, (WINDOW - 4, WINDOW - 4), late=True)
    assert _next(backlog) == ("", [])
    spool.write([], {NEW: [(0, 99)]})
    assert len(_next(backlog, 1000)[1]) == 100
