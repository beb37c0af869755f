"""Boxes of the truth against pictures: an object alone, behind another, half outside, and gone."""

import math
from collections.abc import Iterator

import numpy as np
import pytest

pytest.importorskip("panda3d", reason="needs panda3d: pip install 'gilmok[world]'")

from sensors.world.bodies import Body, body
from sensors.world.camera import Camera, View
from sensors.world.stage import Stage
from sensors.world.traffic import KINDS, Pose, Track
from sensors.world.truth import Seen, observe, role

CAMERA = Camera("c", "roadside", View(0, 0, 5.0, 0.0, math.radians(-12)), hfov_deg=70)
NUMBER = 4000


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage(CAMERA.width, CAMERA.height, 2)
    yield made
    made.close()


def user(kind: str, number: int = 1) -> tuple[Track, Body]:
    still = np.zeros(2, np.float32)
    track = Track(number, kind, 0.0, np.zeros((2, 2), np.float32), still, still, still > 0)
    return track, body(track, seed=11)


def placed(stage: Stage, shown: list[tuple[Track, Body, Pose]]) -> list[Seen | None]:
    """What the truth says of road users that stand in an empty world."""
    paths = []
    for track, shape, pose in shown:
        path = stage.hang(stage.number_root, stage.node(shape.frames[0]))
        path.set_pos(pose.x, pose.y, 0)
        path.set_h(math.degrees(pose.heading))
        stage.number(path, NUMBER + track.id)
        paths.append(path)
    _, numbers = stage.shoot(CAMERA, CAMERA.view, (0, 0, 0))
    for path in paths:
        path.remove_node()
    return [observe(CAMERA, CAMERA.view, t, b, p, numbers, NUMBER + t.id) for t, b, p in shown]


def at(x: float, y: float, heading: float = 0.4) -> Pose:
    return Pose(x, y, heading, 0.0, 0.0, braking=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "y"), [(0.0, 14.0), (-5.0, 22.0), (6.0, 35.0)])
def test_an_object_alone_is_drawn_exactly_where_its_geometry_says(stage: Stage, kind: str, x: float, y: float) -> None:
    track, shape = user(kind)
    (seen,) = placed(stage, [(track, shape, at(x, y))])
    assert seen is not None
    assert seen.visible is not None
    assert np.abs(np.array(seen.visible) - np.array(seen.amodal)).max() <= 1.0
    assert seen.truncated == 0.0
    assert seen.occluded < 0.2


def test_what_a_bus_hides_is_invisible_and_keeps_its_full_box(stage: Stage) -> None:
    bus, person = user("bus", 1), user("person", 2)
    behind = at(0.0, 24.0)
    alone = placed(stage, [(*person, behind)])[0]
    hidden = placed(stage, [(*bus, at(0.0, 18.0, math.pi / 2)), (*person, behind)])[1]
    assert alone is not None
    assert hidden is not None
    assert hidden.visible is None
    assert hidden.occluded == 1.0
    assert hidden.amodal == alone.amodal
    assert role(hidden, CAMERA) == "invisible"


def test_the_share_hidden_grows_with_what_stands_in_front(stage: Stage) -> None:
    car, van = user("car", 1), user("van", 2)
    shares = []
    for x in (7.0, 2.2, 1.2):
        seen = placed(stage, [(*van, at(x, 15.0, 0.0)), (*car, at(0.0, 24.0, math.pi / 2))])[1]
        assert seen is not None
        shares.append(seen.occluded)
    assert shares[0] < 0.1
    assert shares[0] < shares[1] < shares[2]


def test_a_car_across_the_edge_is_cut_and_says_by_how_much(stage: Stage) -> None:
    track, shape = user("car")
    edge = 14.0 * math.tan(math.radians(35))
    (seen,) = placed(stage, [(track, shape, at(-edge, 14.0, math.pi / 2))])
    assert seen is not None
    assert seen.amodal[0] == 0.0
    assert 0.2 < seen.truncated < 0.8


def test_a_bus_beside_the_camera_that_reaches_behind_it_still_has_a_box() -> None:
    camera = Camera("low", "vehicle", View(0, 0, 1.3, 0, 0))
    track, shape = user("bus")
    empty = np.zeros((camera.height, camera.width), np.int32)
    seen = observe(camera, camera.view, track, shape, at(2.6, 2.0, 0.0), empty, NUMBER)
    assert seen is not None
    assert seen.amodal[2] == camera.width
    assert seen.truncated > 0.5


def test_what_lies_behind_the_camera_is_not_in_the_picture() -> None:
    track, shape = user("car")
    empty = np.zeros((CAMERA.height, CAMERA.width), np.int32)
    assert observe(CAMERA, CAMERA.view, track, shape, at(0.0, -20.0), empty, NUMBER) is None


def test_distance_is_measured_from_the_lens(stage: Stage) -> None:
    track, shape = user("car")
    (seen,) = placed(stage, [(track, shape, at(3.0, 20.0))])
    assert seen is not None
    middle = shape.frames[0].size[2] / 2
    assert seen.distance_m == pytest.approx(math.sqrt(9 + 400 + (5.0 - middle) ** 2))
    assert seen.position_m == (3.0, 20.0, 0.0)
