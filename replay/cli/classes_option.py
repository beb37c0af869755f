"""`--classes`: which classes are evaluated, and which of the model's labels count for each."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from sensors.errors import GilmokError

HELP = (
    "more classes to evaluate, each with the model's labels that count for it (default: those that mean the same): "
    '"vehicle=car,truck,bus; person=pedestrian", of the data set\'s own labels "heavy:Truck,Tram=truck,train"; '
    "or a TOML file with such keys"
)


class ClassesUnreadable(GilmokError):
    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"--classes {text!r}: {why}", 'write CLASS=LABEL,LABEL with ";" between classes: "vehicle=car,truck,bus"'
        )


def add_classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--classes", action="append", default=[], metavar="CLASS=LABEL,...", help=HELP)


def names(text: str) -> str:
    """What argparse takes as `type` for names with commas between."""
    from sensors.ranges import LONGEST_NAME, quoted

    if not text.strip(", "):
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    for name in (one.strip() for one in text.split(",")):
        if len(name) > LONGEST_NAME:
            raise argparse.ArgumentTypeError(f"{quoted(name)} is longer than {LONGEST_NAME} characters")
    return text


def classes_of(chosen: argparse.Namespace) -> dict[str, tuple[str, ...]]:
    """What every `--classes` says, together; raises ClassesUnreadable, ConfigMissing or ConfigWrong."""
    found: dict[str, tuple[str, ...]] = {}
    texts: Sequence[str] = chosen.classes
    for text in texts:
        for key, labels in (_of_file(Path(text)) if text.endswith(".toml") else _of_text(text)).items():
            if key in found:
                raise ClassesUnreadable(text, f"{key} stands there twice")
            found[key] = labels
    return found


def _of_text(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        key, equals, labels = (one.strip() for one in part.partition("="))
        named = tuple(filter(None, (label.strip() for label in labels.split(","))))
        if not key or bool(equals) != bool(named):
            raise ClassesUnreadable(text, f"{part!r} is no CLASS=LABEL")
        if key in found:
            raise ClassesUnreadable(text, f"{key} stands there twice")
        found[key] = named
    if not found:
        raise ClassesUnreadable(text, "it names no class")
    return found


def _of_file(path: Path) -> dict[str, tuple[str, ...]]:
    from sensors import config
    from sensors.ranges import ClassKey, Name

    table = config.read(path, dict[ClassKey, tuple[Name, ...]])
    if not table:
        raise ClassesUnreadable(str(path), "it names no class")
    return table
