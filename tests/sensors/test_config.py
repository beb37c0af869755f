from pathlib import Path
from typing import ClassVar, Literal

import pytest

from sensors.config import ConfigMissing, ConfigWrong, Settings, assignments, plain, read
from sensors.ranges import Count, Milliseconds, Name, Share


class Lens(Settings, frozen=True, kw_only=True):
    haze: Share = 0.5


class Camera(Settings, frozen=True, kw_only=True):
    name: Name
    pictures: Path = Path("pictures")
    lens: Lens = Lens()
    note: Name | None = None


class Ranges(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/lenses.md"
    name: Name | None = None
    pictures: Path = Path("pictures")
    frames: Count | None = None
    delays_ms: tuple[Milliseconds, ...] = ()
    lens: Lens = Lens()
    lenses: dict[str, Lens] = {}
    colour: Literal["grey", "rgb"] = "rgb"


def written(folder: Path, text: str) -> Path:
    path = folder / "camera.toml"
    path.write_text(text)
    return path


def test_relative_paths_start_where_the_file_lies(tmp_path: Path) -> None:
    camera = read(written(tmp_path, 'name = "a"\npictures = "b/c"\n'), Camera)
    assert camera.pictures == tmp_path / "b/c"


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    assert read(written(tmp_path, 'name = "a"\npictures = "/b"\n'), Camera).pictures == Path("/b")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "a"\n[lens]\nhase = 3\n', "unknown key 'hase' - at '$.lens'"),
        ("name = 3\n", "name = 3: expected a text of 1 to 100 characters"),
        ("[lens]\n", "missing required field 'name'"),
        ("name = \n", "is not TOML"),
    ],
)
def test_a_wrong_key_or_value_is_told_with_its_path(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigWrong) as caught:
        read(written(tmp_path, text), Camera)
    assert told in caught.value.sentence
    assert "camera.toml" in caught.value.sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("frames = -5", "frames = -5: expected a whole number from 1 to 1,000,000,000"),
        ("frames = 0", "frames = 0: expected a whole number from 1"),
        ("frames = 2.5", "frames = 2.5: expected a whole number from 1"),
        ("frames = true", "frames = True: expected a whole number from 1"),
        (f"frames = {'9' * 400}", "99... (400 characters): expected a whole number from 1"),
        ("lens.haze = nan", "lens.haze = nan: expected a number from 0 to 1"),
        ("lens.haze = inf", "lens.haze = inf: expected a number from 0 to 1"),
        ("delays_ms = [1, 2.5, -inf]", "delays_ms[2] = -inf: expected a number from 0.000001 to 86,400,000"),
        ("[lenses.wide]\nhaze = 2", "lenses.wide.haze = 2: expected a number from 0 to 1"),
        (f"name = '{'a' * 300}'", "aaa... (300 characters): expected a text of 1 to 100 characters"),
        ("colour = 'pink'", "colour = 'pink': expected one of 'grey', 'rgb'"),
        (f"name = 'rtsp://user:secret@camera/{'a' * 300}'", "name = 'rtsp://***@camera/"),
        (f"frames = 0x{'f' * 20_000}", "frames = a whole number of 80000 bits: expected a whole number from 1"),
        (f"frames = {'9' * 20_000}", "is not TOML: Exceeds the limit"),
        ("lenses = 3", "lenses = 3: expected a table"),
        ("delays_ms = 3", "delays_ms = 3: expected a list"),
        ("pictures = ''", "pictures = '': expected a path"),
        ('pictures = "a\\u0000b"', "pictures = 'a\\x00b': expected a path"),
        ("pictures = '~nobody-of-that-name/x'", "expected a path"),
    ],
)
def test_a_value_out_of_its_range_is_refused_with_key_value_and_range_in_one_line(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigWrong) as caught:
        read(written(tmp_path, text), Ranges)
    assert told in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_the_hint_names_the_page_that_has_the_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigWrong, match=r"docs/lenses\.md names every key"):
        read(written(tmp_path, "frames = 0"), Ranges)


def test_a_file_that_nobody_wrote_by_hand_is_refused(tmp_path: Path) -> None:
    nested = written(tmp_path, f"name = {'[' * 100_000}")
    with pytest.raises(ConfigWrong, match="nested too deep"):
        read(nested, Camera)
    nested.write_bytes(b" " * 5_000_000)
    with pytest.raises(ConfigWrong, match="5,000,000 bytes: more than 4,000,000 are not read"):
        read(nested, Camera)
    with pytest.raises(ConfigWrong, match="it is no file"):
        read(Path("/dev/zero"), Camera)
    with pytest.raises(ConfigWrong, match="can't be read"):
        read(tmp_path, Camera)
    with pytest.raises(ConfigWrong, match="can't be read"):
        read(Path("a\0b"), Camera)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing, match="there is no file"):
        read(tmp_path / "none.toml", Camera)


def test_plain_has_no_nones_and_only_absolute_paths() -> None:
    assert plain(Camera(name="a", pictures=Path("/b"))) == {"name": "a", "pictures": "/b", "lens": {"haze": 0.5}}


def test_assignments_read_toml_values_and_fall_back_to_strings() -> None:
    assert assignments(["threads=2", "device=gpu", "ratio=0.5", 'name="x"']) == {
        "threads": 2,
        "device": "gpu",
        "ratio": 0.5,
        "name": "x",
    }


def test_an_assignment_nested_too_deeply_is_a_string() -> None:
    assert assignments([f"a={'[' * 10_000}"]) == {"a": "[" * 10_000}


def test_an_assignment_without_equals_is_refused() -> None:
    with pytest.raises(ConfigWrong, match="KEY=VALUE"):
        assignments(["threads"])
