"""No world that teaches is ever scored or shipped."""

from collections import Counter
from itertools import combinations

from sensors.world.conditions import CONDITIONS
from sensors.world.layouts import LAYOUTS
from tools.training.split import SPLIT, UNTAUGHT_CONDITIONS, Part, of

PARTS: tuple[Part, ...] = ("train", "valid", "test", "shipped")


def test_no_seed_belongs_to_two_parts() -> None:
    for a, b in combinations(PARTS, 2):
        assert not {e.seed for e in of(a)} & {e.seed for e in of(b)}


def test_no_layout_that_teaches_is_scored_or_shipped() -> None:
    taught = {e.layout for e in (*of("train"), *of("valid"))}
    assert not taught & {e.layout for e in (*of("test"), *of("shipped"))}


def test_what_is_called_untaught_is_untaught_and_scored() -> None:
    assert not {e.condition for e in (*of("train"), *of("valid"))} & set(UNTAUGHT_CONDITIONS)
    assert set(UNTAUGHT_CONDITIONS) < {e.condition for e in of("test")}


def test_every_condition_is_scored_on_the_same_worlds() -> None:
    worlds = {c: {(e.layout, e.seed) for e in of("test") if e.condition == c} for c in CONDITIONS}
    assert len(set(map(frozenset, worlds.values()))) == 1


def test_every_entry_exists_and_stands_once() -> None:
    assert {e.layout for e in SPLIT} <= set(LAYOUTS)
    assert {e.condition for e in SPLIT} <= set(CONDITIONS)
    assert max(Counter(SPLIT).values()) == 1
