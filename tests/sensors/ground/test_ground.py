"""Places on the ground against the built-in world's exact truth, and against the camera's own arithmetic."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sensors.config import ConfigWrong, convert
from sensors.ground.footpoints import ground_points, pixels_of
from sensors.ground.geometry import CameraGeometry
from sensors.world.camera import Camera, View

SAMPLES = Path(__file__).parents[3] / "replay/samples"
NS_PER_S = 1e9


def geometry(facts: dict[str, Any]) -> CameraGeometry:
    """Of a camera of the built-in world, whose pose is exact."""
    focal_px = facts["width"] / 2 / math.tan(math.radians(facts["hfov_deg"]) / 2)
    return CameraGeometry(
        width_px=facts["width"],
        height_px=facts["height"],
        fx_px=focal_px,
        fy_px=focal_px,
        cx_px=facts["width"] / 2,
        cy_px=facts["height"] / 2,
        x_m=facts["x"],
        y_m=facts["y"],
        z_m=facts["z"],
        bearing_deg=-math.degrees(facts["yaw"]),
        pitch_deg=math.degrees(facts["pitch"]),
        box_sd_px=1.0,
    )


def crossing(camera: str) -> tuple[CameraGeometry, list[dict[str, Any]]]:
    folder = SAMPLES / f"crossing-day-{camera}"
    with gzip.open(folder / "truth.jsonl.gz") as file:
        return geometry(json.loads((folder / "recording.json").read_text())["camera"]), [
            json.loads(one) for one in file
        ]


def walkers(camera: str) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray, float]]:
    """By track and frame: where a person's box says that they stand, where they do, and how far off they are."""
    where, frames = crossing(camera)
    seen = [
        ((one["track"], frame["seq"]), one)
        for frame in frames
        for one in frame["objects"]
        if one["label"] == "person" and one["truncated"] == 0 and one["occluded"] < 0.1
    ]
    boxes = np.array([one["amodal"] for _, one in seen])
    found = ground_points(where, np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])).points
    return {
        key: (place, np.array(one["position_m"][:2]), one["distance_m"])
        for (key, one), place in zip(seen, found, strict=True)
    }


def test_two_cameras_of_a_crossing_agree_with_the_world_within_half_a_metre_at_30_m() -> None:
    one, other = walkers("rsu-1"), walkers("rsu-3")
    for seen in (one, other):
        errors = np.array([math.dist(found, truth) for found, truth, metres in seen.values() if 20 < metres < 30])
        assert len(errors) > 100
        # A box ends at the nearer shoe, half a stride before a person's middle at times: of one in twenty, .51 m.
        assert np.median(errors) < 0.25
        assert np.percentile(errors, 90) < 0.5
    # They face each other, so that each errs to its own side.
    both = one.keys() & other.keys()
    assert len(both) > 100
    assert np.median([math.dist(one[key][0], other[key][0]) for key in both]) < 0.5


def test_what_stands_30_m_from_two_cameras_is_at_one_place_for_both_where_boxes_are_good_to_half_a_pixel() -> None:
    one, other = crossing("rsu-1")[0], crossing("rsu-3")[0]
    across = np.array([other.x_m - one.x_m, other.y_m - one.y_m])
    apart = np.linalg.norm(across)
    aside = np.array([across[1], -across[0]]) / apart * math.sqrt(30**2 - (apart / 2) ** 2)
    middle = np.array([one.x_m, one.y_m]) + across / 2
    # Turned to look there; the places and heights are the world's own.
    spot = np.append(middle + aside, 0.0)
    found = []
    for camera in (one, other):
        east, north = spot[:2] - [camera.x_m, camera.y_m]
        turned = replace(camera, bearing_deg=math.degrees(math.atan2(east, north)) + 9.0)
        pixel = pixels_of(turned, spot[None])[0]
        found += [ground_points(turned, pixel + np.array([0.0, half])).points[0] for half in (-0.5, 0.5)]
    assert max(math.dist(a, b) for a in found for b in [*found, spot[:2]]) < 0.5


def test_the_arithmetic_is_the_worlds_own() -> None:
    facts = {"hfov_deg": 71.0, "width": 640, "height": 360, "x": 3.0, "y": -8.0, "z": 5.5, "yaw": 0.7, "pitch": -0.2}
    where = geometry(facts)
    view = View(facts["x"], facts["y"], facts["z"], facts["yaw"], facts["pitch"])
    points = np.column_stack([np.random.default_rng(1).uniform(-40, 40, (200, 2)), np.zeros(200)])
    told = Camera("c", "roadside", view, 71.0).project(view, points)
    ahead = told[:, 2] > 1.0
    assert 20 < ahead.sum() < 180
    np.testing.assert_allclose(pixels_of(where, points)[ahead], told[ahead, :2], atol=1e-6)
    np.testing.assert_allclose(ground_points(where, told[ahead, :2]).points, points[ahead, :2], atol=1e-6)
    assert np.isnan(pixels_of(where, points)[told[:, 2] < 0]).all()


LENS = geometry(
    {"hfov_deg": 90.0, "width": 640, "height": 360, "x": 0.0, "y": 0.0, "z": 6.0, "yaw": 0.0, "pitch": -0.25}
)


@pytest.mark.parametrize("distortion", [(), (-0.25, 0.05, 0.001, -0.002), (-0.3, 0.1, 0, 0, -0.01)])
@pytest.mark.parametrize("roll_deg", [0.0, 7.0])
def test_lens_and_roll_are_undone_to_the_millimetre(distortion: tuple[float, ...], roll_deg: float) -> None:
    camera = replace(LENS, distortion=distortion, roll_deg=roll_deg)
    points = np.array([[0.0, 12.0, 0.0], [-7.0, 18.0, 0.0], [9.0, 30.0, 0.0], [2.0, 50.0, 0.0]])
    np.testing.assert_allclose(ground_points(camera, pixels_of(camera, points)).points, points[:, :2], atol=1e-3)


def test_a_camera_rolled_clockwise_sees_the_world_turn_the_other_way() -> None:
    left, right = pixels_of(replace(LENS, roll_deg=10.0), np.array([[-5.0, 20.0, 0.0], [5.0, 20.0, 0.0]]))
    assert left[1] > right[1]


def test_at_the_horizon_and_above_nothing_is_known() -> None:
    # 640 pixels over 90 degrees: the focal length is 320 pixels, and the horizon tan(.25) of it above the middle.
    horizon = 180 - 320 * math.tan(0.25)
    found = ground_points(
        LENS, np.array([[320, 0], [320, horizon], [320, horizon + 1.5], [320, horizon + 60], [np.nan, 200]])
    )
    assert np.isnan(found.points).all(axis=1).tolist() == [True, True, True, False, True]
    assert np.isnan(found.covariance).all(axis=(1, 2)).tolist() == [True, True, True, False, True]
    assert ground_points(LENS, np.empty((0, 2))).points.shape == (0, 2)
    # Far outside of the picture the lens polynomial folds back.
    folded = replace(LENS, distortion=(-0.4, 0.0, 0.0, 0.0))
    assert np.isnan(ground_points(folded, np.array([[4000.0, 3000.0]])).points).all()


def test_the_uncertainty_is_that_of_drawn_errors() -> None:
    camera = replace(LENS, box_sd_px=1.5, position_sd_m=0.2, z_sd_m=0.1, angle_sd_deg=0.4)
    pixel = pixels_of(camera, np.array([[6.0, 20.0, 0.0]]))[0]
    draw = np.random.default_rng(7)
    points = []
    for _ in range(2000):
        x, y, z = draw.normal([camera.x_m, camera.y_m, camera.z_m], [0.2, 0.2, 0.1])
        bearing, pitch, roll = draw.normal([camera.bearing_deg, camera.pitch_deg, camera.roll_deg], 0.4)
        at = replace(camera, x_m=x, y_m=y, z_m=z, bearing_deg=bearing, pitch_deg=pitch, roll_deg=roll)
        points.append(ground_points(at, draw.normal(pixel, 1.5)).points[0])
    drawn, told = np.cov(np.array(points).T), ground_points(camera, pixel).covariance[0]
    np.testing.assert_allclose(np.sqrt(np.diagonal(told)), np.sqrt(np.diagonal(drawn)), rtol=0.12)
    assert abs(told[0, 1] - drawn[0, 1]) < 0.12 * math.sqrt(drawn[0, 0] * drawn[1, 1])


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"distortion": [0.1, 0.2]}, "2 coefficients"),
        ({"z_m": 0}, "z_m = 0"),
        ({"pitch_deg": -95}, "pitch_deg"),
        ({"fx_px": math.nan}, "fx_px"),
        ({"bearing": 3}, "unknown key"),
    ],
)
def test_a_geometry_that_cant_be_is_refused_with_its_key(wrong: dict[str, Any], what: str) -> None:
    plain: dict[str, Any] = {name: getattr(LENS, name) for name in LENS.__struct_fields__}
    with pytest.raises(ConfigWrong, match=what):
        convert(plain | {"distortion": [], "on_ground": []} | wrong, CameraGeometry, "NODE.toml")
