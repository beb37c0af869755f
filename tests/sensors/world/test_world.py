"""The same seed gives the same world, pixels and truth; cameras of one world agree about who is who."""

import dataclasses
import functools
import gzip
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("libsumo", reason="needs libsumo: pip install 'gilmok[world]'")
pytest.importorskip("panda3d", reason="needs panda3d: pip install 'gilmok[world]'")
pytest.importorskip("av", reason="needs av: pip install 'gilmok[world]'")

from replay.datasets.world import WorldRecordings
from replay.truth import Role
from sensors.atomic_files import FileUnwritable
from sensors.clock import SystemClock
from sensors.world import cli, conditions, rig, scene
from sensors.world.conditions import CONDITIONS, ConditionUnknown
from sensors.world.layouts import LAYOUTS, LayoutUnknown
from sensors.world.recording import NothingDelivered
from sensors.world.render import Renderer, Shot
from sensors.world.scene import World
from sensors.world.source import WorldSource
from sensors.world.traffic import KINDS
from tests.layouts import told

SECONDS = 6.0


@pytest.fixture(scope="module")
def world() -> World:
    return scene.build("crossing", 77, SECONDS)


@contextmanager
def drawing(world: World, condition: str) -> Iterator[Renderer]:
    renderer = Renderer(world, conditions.named(condition), 320, 180, 1)
    try:
        yield renderer
    finally:
        renderer.close()


def shots(world: World, renderer: Renderer) -> list[Shot]:
    cameras = rig.named(world, ["rsu-1", "rsu-3", "vehicle-1"], width=320, height=180)
    found = [renderer.shoot(camera, seq) for camera in cameras for seq in (0, 31)]
    assert None not in found
    return [shot for shot in found if shot is not None]


@pytest.fixture(scope="module")
def day(world: World) -> Iterator[Renderer]:
    """What takes its time is to build the scene: whoever only looks, looks into this one."""
    with drawing(world, "day") as renderer:
        yield renderer


@pytest.fixture(scope="module")
def first(world: World, day: Renderer) -> Callable[[str], list[Shot]]:
    """What is seen under a condition, drawn once."""

    @functools.cache
    def seen(condition: str) -> list[Shot]:
        if condition == "day":
            return shots(world, day)
        with drawing(world, condition) as renderer:
            return shots(world, renderer)

    return seen


LONG = pytest.mark.long


@LONG
@pytest.mark.parametrize("condition", ["day", "night", "rain"])
def test_the_same_seed_gives_the_same_pixels_and_the_same_truth(
    first: Callable[[str], list[Shot]], condition: str
) -> None:
    again = scene.build("crossing", 77, SECONDS)
    with drawing(again, condition) as renderer:
        second = shots(again, renderer)
    for one, other in zip(first(condition), second, strict=True):
        assert (one.image == other.image).all()
        assert (one.numbers == other.numbers).all()
        assert one.seen == other.seen


def test_another_seed_gives_other_traffic(world: World) -> None:
    other = scene.build("crossing", 78, SECONDS)
    assert [t.kind for t in world.tracks] != [t.kind for t in other.tracks]


@pytest.mark.slow
def test_two_cameras_see_the_same_road_user_under_the_same_id_at_the_same_place(world: World, day: Renderer) -> None:
    at = [rig.roadside(world, k, phase_free, width=320, height=180) for k, phase_free in ((0, "a"), (2, "b"))]
    seen = [day.shoot(camera, 0, time_s=2.0) for camera in at]
    tables = [{s.track: (s.kind, s.position_m) for s in shot.seen} for shot in seen if shot]
    shared = set(tables[0]) & set(tables[1])
    assert len(shared) >= 3
    assert all(tables[0][track] == tables[1][track] for track in shared)


@pytest.mark.slow
def test_a_riding_camera_does_not_see_its_carrier_and_moves_with_it(world: World, day: Renderer) -> None:
    (camera,) = rig.named(world, ["vehicle-1"])
    assert camera.rides is not None
    carrier = world.by_id[camera.rides]
    pose, view = carrier.at(3.0), camera.at(3.0, carrier)
    assert pose is not None
    assert view is not None
    assert math.hypot(view.x - pose.x, view.y - pose.y) == pytest.approx(math.hypot(camera.view.x, camera.view.y))
    shot = day.shoot(dataclasses.replace(camera, width=320, height=180), 0, time_s=3.0)
    assert shot is not None
    assert camera.rides not in {s.track for s in shot.seen}


def test_between_two_samples_a_road_user_is_between_two_places(world: World) -> None:
    moving = max(world.tracks, key=lambda t: float(t.speed[:5].mean()) if len(t.middle) > 20 else 0.0)
    t = moving.start_s + 0.3
    a, b, c = moving.at(t), moving.at(t + 0.05), moving.at(t + 0.1)
    assert a is not None
    assert b is not None
    assert c is not None
    assert b.x == pytest.approx((a.x + c.x) / 2, abs=1e-3)
    assert b.y == pytest.approx((a.y + c.y) / 2, abs=1e-3)
    assert moving.at(moving.end_s + 1) is None


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_has_traffic_crossings_and_houses(layout: str) -> None:
    made = scene.build(layout, 5, 16.0)
    kinds = {track.kind for track in made.tracks}
    assert {"car", "person"} <= kinds <= set(KINDS)
    assert made.network.of_kind("crossing")
    assert len(made.scenery.houses) > 10
    middle = [t.at(15.0) for t in made.tracks if t.kind == "person"]
    assert any(p is not None and math.hypot(p.x, p.y) < 40 for p in middle)


@pytest.mark.long
def test_conditions_look_different(first: Callable[[str], list[Shot]]) -> None:
    means = {name: float(np.mean([s.image.mean() for s in first(name)])) for name in ("day", "fog", "night", "rain")}
    assert means["fog"] > means["day"] > means["night"] > 5
    assert set(CONDITIONS) == {"day", "overcast", "lowsun", "dusk", "night", "rain", "fog"}


@pytest.mark.slow
def test_the_command_writes_recordings_that_the_dataset_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["render", "--layout", "narrow", "--seed", "9", "--seconds", "2", "--size", "160x90", "--json"]
    words += ["--fps", "5", "--cameras", "rsu-1", "rsu-2", "--fault", "loss@0.5-1:1", "--fault", "black@1.5-2"]
    words += ["--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    assert cli.main(words) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [fact["name"] for fact in facts] == ["narrow-day-rsu-1", "narrow-day-rsu-2"]
    dataset = WorldRecordings(tmp_path / "out")
    recording = dataset.open("narrow-day-rsu-1")
    assert recording.numbers[:2] == (0, 1)
    assert len(recording.numbers) == facts[0]["frames"] < 10
    complaints = told(recording)
    assert any("lost by the camera" in words for words in complaints)
    assert any("black" in words for words in complaints)
    assert not any("digest" in words for words in complaints)
    assert recording.picture(9).mean() < 3 < recording.picture(2).mean()
    truth = recording.truth(2)
    assert truth is not None
    assert set(truth.roles.tolist()) <= {Role.POSITIVE, Role.REGION, Role.INVISIBLE}
    before = (tmp_path / "out/narrow-day-rsu-1/video.mp4").read_bytes()
    cached = sorted(p.name for p in (tmp_path / "cache").iterdir())
    # What one camera sees does not hang on who else looks.
    words.remove("rsu-2")
    words[words.index(str(tmp_path / "out"))] = str(tmp_path / "again")
    assert cli.main(words) == 0
    assert (tmp_path / "again/narrow-day-rsu-1/video.mp4").read_bytes() == before
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == cached


def test_what_does_not_exist_is_named_with_what_does() -> None:
    with pytest.raises(LayoutUnknown, match="crossing"):
        scene.build("roundabout", 1, 1.0)
    with pytest.raises(ConditionUnknown, match="lowsun"):
        conditions.named("snow")


@pytest.mark.parametrize(
    "name", ["rsu-0", "rsu-4", "rsu-9", "rsu-01", "rsu-²", f"rsu-{'9' * 5000}", "vehicle-0", "cam-1", ""]
)
def test_a_camera_that_the_layout_does_not_have_is_refused_before_the_traffic_runs(name: str) -> None:
    assert rig.check_names("narrow", ["rsu-4", "vehicle-12"]) == [("rsu", 4), ("vehicle", 12)]
    with pytest.raises(rig.CameraUnknown, match="rsu-1 to rsu-3"):
        rig.check_names("tjunction", [name])
    with pytest.raises(rig.CameraTwice):
        rig.check_names("narrow", ["rsu-1", "vehicle-1", "rsu-1"])


@pytest.mark.parametrize(
    "words",
    [
        ["--seconds", "inf"],
        ["--seconds", "nan"],
        ["--seconds", "0"],
        ["--fps", "nan"],
        ["--fps", "-1"],
        ["--seed", "-1"],
        ["--size", "641x360"],
        ["--size", "640"],
        ["--size", "0x0"],
        ["--size", "²x²"],
        ["--size", "1000000x1000000"],
        ["--seconds", "0.5", "--fps", "1"],
    ],
)
def test_what_the_command_cannot_mean_is_refused_by_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["render", *words, "--out", str(tmp_path / "out")])
    assert words[0] in capsys.readouterr().err.splitlines()[0]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of frames: two tests ask for the same world, with other faults of its camera."""
    return tmp_path_factory.mktemp("drawn")


@pytest.mark.slow
def test_a_fault_without_an_end_is_written_as_json_that_everybody_reads(tmp_path: Path, drawn: Path) -> None:
    words = ["render", "--layout", "narrow", "--seconds", "0.2", "--fps", "10", "--size", "64x64", "--cameras", "rsu-1"]
    assert cli.main([*words, "--fault", "clock@0.1:-2", "--out", str(tmp_path), "--cache", str(drawn)]) == 0
    with gzip.open(tmp_path / "narrow-day-rsu-1" / "truth.jsonl.gz") as lines:
        first, second = (json.loads(line)["t_ns"] for line in lines)
    assert second < 0 < first
    assert WorldRecordings(tmp_path).open("narrow-day-rsu-1").numbers == (0, 1)


def test_a_camera_that_loses_every_frame_is_told(tmp_path: Path, drawn: Path) -> None:
    words = ["render", "--layout", "narrow", "--seconds", "0.2", "--fps", "10", "--size", "64x64", "--cameras", "rsu-1"]
    with pytest.raises(NothingDelivered, match="rsu-1 delivered not a single frame"):
        cli.main([*words, "--fault", "loss@0:1", "--out", str(tmp_path), "--cache", str(drawn)])


def test_folders_that_cannot_be_written_are_told_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(scene, "build")
    (tmp_path / "file").touch()
    words = ["render", "--layout", "narrow", "--seconds", "0.2", "--fps", "10", "--size", "64x64", "--cameras", "rsu-1"]
    for out, cache in ((tmp_path / "file", tmp_path / "c"), (tmp_path / "out", tmp_path / "file")):
        with pytest.raises(FileUnwritable, match="--out and --cache"):
            cli.main([*words, "--out", str(out), "--cache", str(cache)])


@pytest.mark.slow
def test_a_source_plays_the_world_with_its_faults() -> None:
    options = WorldSource.Options(
        layout="narrow", seed=3, fps=5, seconds=1, width=320, height=180, faults=("black@0.6",)
    )
    with WorldSource(options, stream="corner", clock=SystemClock()) as source:
        frames = list(source.frames())
    assert [frame.id.seq for frame in frames] == [0, 1, 2, 3, 4]
    assert not any(frame.image.flags.writeable for frame in frames)
    assert frames[0].image.mean() > 20
    assert not frames[4].image.any()
    assert source.origin.name == "narrow-3-day-rsu-1"
