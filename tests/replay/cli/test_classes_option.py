import argparse
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from replay.cli.classes_option import ClassesUnreadable, add_classes, classes_of, names
from sensors.config import ConfigWrong


def said(*texts: str) -> dict[str, tuple[str, ...]]:
    parser = argparse.ArgumentParser()
    add_classes(parser)
    return classes_of(parser.parse_args([word for text in texts for word in ("--classes", text)]))


def test_classes_are_said_in_one_text_in_several_or_in_a_file(tmp_path: Path) -> None:
    expected = {"vehicle": ("car", "stop sign"), "person": (), "heavy:Truck,Tram": ("truck",)}
    assert said("vehicle = car, stop sign; person; heavy:Truck,Tram=truck") == expected
    assert said("vehicle=car,stop sign", "person", "heavy:Truck,Tram=truck") == expected
    path = tmp_path / "classes.toml"
    path.write_text('vehicle = ["car", "stop sign"]\nperson = []\n"heavy:Truck,Tram" = ["truck"]\n')
    assert said(str(path)) == expected


@pytest.mark.parametrize("text", ["", "vehicle=", "=car", "vehicle=car;vehicle=bus", ";"])
def test_what_is_no_class_is_refused(text: str) -> None:
    with pytest.raises(ClassesUnreadable):
        said(text)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "classes.toml"
    path.write_text('vehicle = "car"\n')
    with pytest.raises(ConfigWrong, match="vehicle"):
        said(str(path))


def test_names_of_nothing_are_no_names() -> None:
    assert names("car,person") == "car,person"
    for text in ("", " , "):
        with pytest.raises(ArgumentTypeError, match="names nothing"):
            names(text)


def test_a_name_longer_than_any_name_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="longer than 100 characters"):
        names(f"car,{'x' * 101}")
