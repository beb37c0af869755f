import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.metrics.matching import FALSE_ALARM, HIT, LEFT_OUT, Matching, Slice, take_turns
from replay.metrics.overlap import RegionKind, RegionRule, in_regions
from replay.metrics.pool import Found, Labelled
from replay.truth import Role

Box = tuple[float, float, float, float]


def labelled_rows(*rows: tuple[Box, Role, int]) -> Labelled:
    boxes = np.array([box for box, _, _ in rows], np.float64).reshape(-1, 4)
    return Labelled(
        images=np.zeros(len(rows), np.int64),
        labels=np.array([label for _, _, label in rows], np.int64),
        boxes=boxes,
        areas=boxes[:, 2] * boxes[:, 3],
        roles=np.array([role for _, role, _ in rows], np.int64),
    )


def found_rows(*rows: tuple[Box, float, int]) -> Found:
    return Found(
        images=np.zeros(len(rows), np.int64),
        labels=np.array([label for _, _, label in rows], np.int64),
        boxes=np.array([box for box, _, _ in rows], np.float64).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], np.float64),
    )


def states(found: Found, labelled: Labelled, rule: RegionRule, threshold: float = 0.5) -> list[int]:
    """By the order in which `found` was given."""
    outcomes = Matching(found, labelled, 2, regions=rule, thresholds=[threshold]).outcomes()
    given_order = np.empty(len(found), np.int8)
    given_order[outcomes.rows] = outcomes.states[0]
    return list(map(int, given_order))


SQUARE: Box = (0, 0, 10, 10)
NEAR: Box = (0, 0, 10, 9)
FAR: Box = (50, 50, 10, 10)
EACH = RegionRule("each")


@pytest.mark.parametrize(
    ("found", "labelled", "expected"),
    [
        pytest.param([(SQUARE, 0.9, 0)], [(SQUARE, Role.POSITIVE, 0)], [HIT], id="found"),
        pytest.param([(SQUARE, 0.9, 1)], [(SQUARE, Role.POSITIVE, 0)], [FALSE_ALARM], id="of another class"),
        pytest.param(
            [(NEAR, 0.8, 0), (SQUARE, 0.9, 0)],
            [(SQUARE, Role.POSITIVE, 0)],
            [FALSE_ALARM, HIT],
            id="the better score takes it",
        ),
        pytest.param(
            [(NEAR, 0.9, 0), (SQUARE, 0.9, 0)],
            [(SQUARE, Role.POSITIVE, 0)],
            [HIT, FALSE_ALARM],
            id="of equal scores the earlier takes it",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0)], [(SQUARE, Role.NEIGHBOUR, 0)], [LEFT_OUT], id="a neighbour takes it out"
        ),
        pytest.param(
            [(SQUARE, 0.9, 0), (SQUARE, 0.8, 0)],
            [(SQUARE, Role.NEIGHBOUR, 0)],
            [LEFT_OUT, FALSE_ALARM],
            id="a neighbour absorbs one",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0)],
            [(SQUARE, Role.NEIGHBOUR, 0), (NEAR, Role.POSITIVE, 0)],
            [HIT],
            id="a positive before a nearer neighbour",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0), (NEAR, 0.8, 0)],
            [(SQUARE, Role.NEIGHBOUR, 0), (NEAR, Role.POSITIVE, 0)],
            [HIT, LEFT_OUT],
            id="the second falls to the neighbour",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0), ((2, 2, 5, 5), 0.8, 0), (FAR, 0.7, 0)],
            [((-5, -5, 30, 30), Role.REGION, -1)],
            [LEFT_OUT, LEFT_OUT, FALSE_ALARM],
            id="a region absorbs many",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0)],
            [((-5, -5, 30, 30), Role.REGION, 1)],
            [FALSE_ALARM],
            id="a region of another class absorbs none",
        ),
        pytest.param(
            [(SQUARE, 0.9, 0)],
            [((-5, -5, 30, 30), Role.REGION, -1), (SQUARE, Role.POSITIVE, 0)],
            [HIT],
            id="a positive inside a region can be hit",
        ),
        pytest.param([(SQUARE, 0.9, 0)], [(SQUARE, Role.INVISIBLE, 0)], [FALSE_ALARM], id="invisible"),
    ],
)  # fmt: skip
def test_roles_by_hand(
    found: list[tuple[Box, float, int]], labelled: list[tuple[Box, Role, int]], expected: list[int]
) -> None:
    assert states(found_rows(*found), labelled_rows(*labelled), EACH) == expected


def test_a_positive_outside_the_slice_absorbs_its_found_box() -> None:
    labelled = labelled_rows((SQUARE, Role.POSITIVE, 0), (FAR, Role.POSITIVE, 0))
    found = found_rows((SQUARE, 0.9, 0), (FAR, 0.8, 0), ((90, 90, 5, 5), 0.7, 0))
    part = Slice("first", np.array([True, False]), np.array([False, False, True]))
    outcomes = Matching(found, labelled, 1, thresholds=[0.5]).outcomes(part)
    assert outcomes.states.tolist() == [[HIT, LEFT_OUT, LEFT_OUT]]
    assert outcomes.partners.tolist() == [[0, 1, -1]]
    assert outcomes.positive_images.tolist() == [0]


@pytest.mark.parametrize(
    ("kind", "regions", "inclusive", "inside"),
    [
        ("each", [(0, 0, 10, 5)], False, False),
        ("each", [(0, 0, 10, 5)], True, True),
        ("each", [(0, 0, 10, 5.1)], False, True),
        ("each", [(0, 0, 10, 4), (0, 4, 10, 4)], False, False),
        ("union", [(0, 0, 10, 4), (0, 4, 10, 4)], False, True),
        ("union", [(0, 0, 10, 4), (0, 1, 10, 4)], False, False),
        ("union", [(0, 0, 10, 4), (0, 1, 10, 4)], True, True),
        ("union", [(0, 0, 5, 10), (0, 0, 10, 5)], False, True),
        ("centre", [(5, 5, 10, 10)], False, True),
        ("centre", [(5.1, 0, 10, 10)], False, False),
        ("centre", [(20, 20, 10, 10)], False, False),
    ],
)
def test_a_box_lies_in_a_region_by_the_rule(
    kind: RegionKind, regions: list[Box], inclusive: bool, inside: bool
) -> None:
    labelled = labelled_rows(*((region, Role.REGION, -1) for region in regions))
    rule = RegionRule(kind, 0.5, inclusive)
    assert in_regions(found_rows((SQUARE, 0.5, 0)), labelled, rule).tolist() == [inside]


@given(st.integers(0, 2**32 - 1))
def test_rounds_assign_what_going_one_by_one_assigns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 15)), int(rng.integers(1, 12))
    lists = [rng.permutation(m)[: int(rng.integers(0, m + 1))].tolist() for _ in range(n)]
    shared = rng.random(m) < 0.2
    pairs = [(chooser, one) for chooser, wanted in enumerate(lists) for one in wanted]
    free, expected = set(range(m)), []
    for chooser, wanted in enumerate(lists):
        for one in wanted:
            if one in free:
                expected.append((chooser, one))
                free -= set() if shared[one] else {one}
                break
    choosers = np.array([chooser for chooser, _ in pairs], np.int64)
    chosen = np.array([one for _, one in pairs], np.int64)
    assert [pairs[row] for row in take_turns(choosers, chosen, shared)] == expected


def test_a_found_class_that_nobody_evaluates_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="not one of the 2 evaluated classes"):
        Matching(found_rows((SQUARE, 0.5, 2)), labelled_rows(), 2)


def test_a_region_of_every_class_is_no_crowd() -> None:
    with pytest.raises(ValueError, match="crowds have a class"):
        Matching(found_rows(), labelled_rows((SQUARE, Role.REGION, -1)), 2)
