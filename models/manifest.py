"""What a model is: its input contract, its decoder, its labels, and which file holds it."""

from pathlib import Path
from typing import Any, Literal

from models.tensors import DType, Layout
from sensors.config import Settings

Resize = Literal["letterbox-top-left", "letterbox-centre", "stretch"]


class InputContract(Settings, frozen=True, kw_only=True):
    """How a BGR picture becomes the network's input tensor (batch 1).

    Order: colour order, resize (bilinear, on uint8), then (pixel * scale - mean) / std per channel, in the
    channel order of `colour`.
    """

    width: int
    height: int
    colour: Literal["BGR", "RGB"]
    resize: Resize
    layout: Layout = "NCHW"
    dtype: DType = "float32"
    pad: int = 114
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    whole: Literal["down", "nearest"] = "down"
    """How a letterbox makes whole pixels of the resized picture's sides."""
    fixed: dict[str, list[list[float]]] = {}
    """The network's other inputs by name, the same for every frame: (rows, columns)."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the input tensor."""
        if self.layout == "NCHW":
            return (1, 3, self.height, self.width)
        return (1, self.height, self.width, 3)


class Suppression(Settings, frozen=True, kw_only=True):
    """From candidates to findings, as the model's reference program does it."""

    score_floor: float
    """A (cell, class) pair is a candidate if its score is greater."""
    iou: float
    """Within a class, a box that overlaps a better one by more is suppressed."""
    clipped: bool = True
    """Whether boxes are compared as they are clipped to the frame, or as the network gives them."""
    candidates: int = 3000
    keep: int = 100
    """Boxes kept of a frame, all classes together."""


class Origin(Settings, frozen=True, kw_only=True):
    """Where the file officially comes from, and what may be done with it."""

    url: str
    licence: str
    note: str = ""


class Manifest(Settings, frozen=True, kw_only=True):
    name: str
    summary: str
    file: str
    """The file's usual name."""
    sha256: str
    bytes: int
    parts: dict[str, str] = {}
    """Name -> sha256 of the files beside it that hold its weights (ONNX's external data)."""
    origin: Origin
    input: InputContract
    outputs: tuple[tuple[int, ...], ...]
    """Shapes by position, checked when a session loads; a 0 stands for a length that differs from frame to frame."""
    decoder: str
    """A name in the entry point group `gilmok.decoders`."""
    decoder_options: dict[str, Any] = {}
    suppression: Suppression
    labels: str | tuple[str, ...] = "coco80"
    """A named label table (`models.labels`) or the names themselves."""


class Calibration(Settings, frozen=True, kw_only=True):
    """Frames that a quantiser saw: they can't be used to tell how good its artefact is."""

    dataset: str
    recording: str
    digest: str
    """The recording's own (`replay.recording.Recording.digest`)."""
    frames: tuple[int, ...]


class Artefact(Settings, frozen=True, kw_only=True):
    """One file of a model, for one backend and precision.

    The original ONNX is the artefact of backend `onnxruntime`, precision `fp32`; a compiler makes others, which
    may take another input (uint8, NHWC, normalisation folded in) and say so in `input`.
    """

    model: str
    path: Path
    sha256: str
    precision: str
    backend: str
    input: InputContract
    toolchain: dict[str, str] = {}
    """What made it: programs with their versions, and the options that they were given."""
    source: str = ""
    """sha256 of the model's file that it was compiled from; empty where it is that file."""
    outputs: tuple[tuple[int, ...], ...] = ()
    """Shapes by position where its heads were cut off the graph; empty: those of the manifest."""
    cuts: tuple[str, ...] = ()
    """The tensors of the model's graph that are its outputs then."""
    stitch: Path | None = None
    """The graph (ONNX, run on the host) that makes the manifest's outputs of those."""
    parts: dict[str, Path] = {}
    """More files that the backend reads, by what they are to it."""
    calibration: tuple[Calibration, ...] = ()
    files: dict[str, str] = {}
    """Name -> sha256 of everything in its folder; `sha256` is the file's own, or over this list where there are more
    (`models.artefacts`)."""
