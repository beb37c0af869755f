import ast
from pathlib import Path

import pytest

import edge.wire
import replay
from sensors.record import Record


class Figure(Record, frozen=True, kw_only=True):
    value: float


def test_a_record_is_frozen_and_its_fields_are_named() -> None:
    figure = Figure(value=0.5)
    with pytest.raises(AttributeError):
        figure.value = 1.0  # type: ignore[misc]  # that is the test
    with pytest.raises(TypeError):
        Figure(0.5)  # type: ignore[call-arg]  # that is the test


def test_only_what_is_said_over_mqtt_is_a_message() -> None:
    assert "Message" in _bases(Path(edge.wire.__file__).parent)
    assert "Message" not in _bases(Path(replay.__file__).parent)


def _bases(package: Path) -> set[str]:
    """The names of the classes that the package's own inherit."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py"))
    classes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {base.id for one in classes for base in one.bases if isinstance(base, ast.Name)}
