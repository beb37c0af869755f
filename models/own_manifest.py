"""The manifest of a model that somebody brings: as it is written, or recognised from the file, and completed."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.fetch import digest
from models.manifest import InputContract, Manifest
from models.onnxfile import ModelFileBroken, external_files
from models.recognise.recognition import Answers, Recognition
from sensors import config
from sensors.errors import GilmokError

log = logging.getLogger(__name__)


class FileUnrecognised(GilmokError):
    """A file without a manifest that doesn't tell enough of itself."""

    def __init__(self, path: Path, error: GilmokError) -> None:
        super().__init__(
            f"{path} has no manifest, and not enough can be told from the file: {error.sentence}",
            f"`gilmok model add NAME {path}` takes the answer: {error.hint}",
        )


def written(manifest: Path, name: str, file: Path) -> Manifest:
    """The user's own manifest; `name`, `file`, `sha256`, `bytes`, `summary`, `origin` and `parts` may be missing in it.

    Raises ConfigMissing or ConfigWrong.
    """
    return _completed(config.read(manifest, dict[str, Any]), name, file, str(manifest))


def recognised(name: str, file: Path, answers: Answers) -> tuple[Manifest, Recognition]:
    """What the file says of itself, and `answers` where it is silent; raises as `models.recognise.recognise` does."""
    # It imports ONNX Runtime, which a list of models does without.
    from models.recognise.recognise import recognise

    found = recognise(file, answers)
    return _completed(found.manifest, name, file, str(file)), found


def self_described(file: Path, answers: Answers | None = None) -> Manifest:
    """A file that lies anywhere, without a manifest: what it tells is enough, or FileUnrecognised says what isn't."""
    try:
        manifest, found = recognised(file.stem, file, answers or Answers())
    except ModelFileBroken:
        raise
    except GilmokError as error:
        raise FileUnrecognised(file, error) from error
    log.info("%s has no manifest: %s", file, "; ".join([*found.read, *found.assumed]))
    return manifest


def usual_input(file: Path, labels: Sequence[str]) -> InputContract | None:
    """How the makers of such heads feed them; None where the head isn't recognised."""
    from models.recognise.recognise import recognise

    try:
        return config.convert(
            recognise(file, Answers(labels=",".join(labels))).manifest["input"], InputContract, str(file)
        )
    except GilmokError:
        return None


def _completed(table: Mapping[str, Any], name: str, file: Path, where: str) -> Manifest:
    found = {
        "name": name,
        "summary": "",
        "file": file.name,
        "sha256": digest(file),
        "bytes": file.stat().st_size,
        "origin": {"url": str(file.absolute()), "licence": "not stated"},
        "parts": {part.name: digest(part) for part in external_files(file)},
    }
    full = config.convert(found | dict(table), Manifest, where)
    if full.name != name:
        raise config.ConfigWrong(where, f"it is the manifest of {full.name!r}, not of {name!r}")
    if Path(full.file).name != full.file:
        raise config.ConfigWrong(where, f"`file` is the name of a file, not a path: {full.file!r}")
    return full
