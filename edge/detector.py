"""A model on a device, asked picture by picture: what a notebook has in the place of a stream."""

import os
import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from edge.assembly import Loaded, loaded
from edge.config import BackendChoice, ModelChoice
from edge.device.backend import InferenceFailed
from models.detections import Detections
from models.manifest import Manifest
from sensors.clock import SystemClock
from sensors.errors import GilmokError
from sensors.frame import Frame, FrameId, Image
from sensors.sources.pictures import read_picture

Colour: TypeAlias = Literal["BGR", "RGB"]
STREAM = "picture"


class PictureUnfit(GilmokError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"a picture is a path, a PIL image, or an array (height, width, 3) of uint8; this is {what}",
            "0 to 255, three channels: grey, alpha and floats have to be converted first",
        )


class DetectorClosed(GilmokError):
    def __init__(self, model: str) -> None:
        super().__init__(f"the model {model} is closed", "ask before `close`, or load it again")


class Detector:
    """Made by `load_model`. Used by `with`, or closed by `close` or when it is forgotten; by one thread at a time.

    The frame path is that of every run, so that what is found here is what a run's reports hold, to the last digit.
    """

    def __init__(self, parts: Loaded, held: ExitStack) -> None:
        self._parts = parts
        self._close = weakref.finalize(self, held.close)
        self._clock = SystemClock()
        self._pipeline = parts.pipeline(self._clock)
        self._asked = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The names that the findings' `labels` are indices into."""
        return tuple(self._parts.labels)

    @property
    def manifest(self) -> Manifest:
        """What it eats, and what its outputs mean."""
        return self._parts.manifest

    def detect(self, picture: object, *, colour: Colour = "BGR") -> Detections:
        """Boxes in pixels of the picture, best first; every one over the model's own score floor.

        picture: the path of a file, read as viewers show it; a PIL image; or an array (height, width, 3) of uint8.
        colour: an array's order, which it can't tell itself: "BGR" as of OpenCV and of `recording.picture`, or "RGB".

        Raises DetectorClosed, PictureUnreadable, PictureUnfit, or InferenceFailed where there is no answer: that is
        never "nothing".
        """
        if not self._close.alive:
            raise DetectorClosed(self._parts.manifest.name)
        frame = Frame(FrameId(STREAM, self._asked), self._clock.now(), "arrival", _as_bgr(picture, colour))
        self._asked += 1
        report = self._pipeline.step(frame)
        if report.findings is None:
            raise InferenceFailed(self._parts.backend, report.reason)
        return report.findings.detections()

    def close(self) -> None:
        self._close()

    def __enter__(self) -> "Detector":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        parts, size = self._parts, self._parts.artefact.input
        name = f"{parts.manifest.name} on {parts.backend}:{parts.device.name}"
        return f"<Detector {name}, {size.width}x{size.height}, {len(parts.labels)} classes>"


def load_model(
    model: str | os.PathLike[str],
    *,
    backend: str = "onnxruntime",
    device: str = "cpu",
    precision: str = "original",
    labels: str = "",
    options: Mapping[str, Any] | None = None,
) -> Detector:
    """A model of the catalogue, or a model's file, on a device, warmed up.

    labels: names for its classes, with commas between, in the order of the training; none: the model's own.
    options: of the backend, as `--set` gives them: {"threads": 2}.
    Raises ModelUnknown, FileUnrecognised, NamesUnfit, DeviceAbsent, or what else keeps it from running.
    """
    held = ExitStack()
    choice = BackendChoice(name=backend, device=device, precision=precision, options=dict(options or {}))
    parts = held.enter_context(loaded(ModelChoice.of(os.fspath(model), labels), choice, Path()))
    return Detector(parts, held)


def _as_bgr(picture: object, colour: str) -> Image:
    if isinstance(picture, str | os.PathLike):
        return read_picture(Path(picture))
    if hasattr(picture, "convert") and hasattr(picture, "getbands"):  # a PIL image, whose own order is RGB
        picture, colour = np.asarray(picture.convert("RGB")), "RGB"
    if not isinstance(picture, np.ndarray):
        raise PictureUnfit(f"a {type(picture).__name__}")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise PictureUnfit(f"{picture.shape} of {picture.dtype}")
    if colour not in ("BGR", "RGB"):
        raise PictureUnfit(f"said to be {colour!r}, which is neither BGR nor RGB")
    return np.ascontiguousarray(picture[:, :, ::-1] if colour == "RGB" else picture)
