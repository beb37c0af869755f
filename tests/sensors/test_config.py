from pathlib import Path

import pytest

from sensors.config import ConfigMissing, ConfigWrong, Settings, assignments, plain, read


class Lens(Settings, frozen=True, kw_only=True):
    focal_mm: float = 4.0


class Camera(Settings, frozen=True, kw_only=True):
    name: str
    pictures: Path = Path("pictures")
    lens: Lens = Lens()
    note: str | None = None


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
        ('name = "a"\n[lens]\nfokal_mm = 3\n', "unknown key 'fokal_mm' - at '$.lens'"),
        ("name = 3\n", "Expected 'str', got 'int' - at '$.name'"),
        ("[lens]\n", "missing required field 'name'"),
        ("name = \n", "is not TOML"),
    ],
)
def test_a_wrong_key_or_value_is_told_with_its_path(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigWrong) as caught:
        read(written(tmp_path, text), Camera)
    assert told in caught.value.sentence
    assert "camera.toml" in caught.value.sentence


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing, match="there is no file"):
        read(tmp_path / "none.toml", Camera)


def test_plain_has_no_nones_and_only_absolute_paths() -> None:
    assert plain(Camera(name="a", pictures=Path("/b"))) == {"name": "a", "pictures": "/b", "lens": {"focal_mm": 4.0}}


def test_assignments_read_toml_values_and_fall_back_to_strings() -> None:
    assert assignments(["threads=2", "device=gpu", "ratio=0.5", 'name="x"']) == {
        "threads": 2,
        "device": "gpu",
        "ratio": 0.5,
        "name": "x",
    }


def test_an_assignment_without_equals_is_refused() -> None:
    with pytest.raises(ConfigWrong, match="KEY=VALUE"):
        assignments(["threads"])
