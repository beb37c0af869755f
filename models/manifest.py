"""What a model is: its input contract, its decoder, its labels, and which file holds it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from models.tensors import DType, Layout
from sensors.config import Settings
from sensors.ranges import (
    Bytes,
    Count,
    CountOrNone,
    Digest,
    DigestOrNone,
    FileName,
    FrameNumber,
    Level,
    Name,
    Offset,
    Pixels,
    Positive,
    Share,
    Text,
)

Resize = Literal["letterbox-top-left", "letterbox-centre", "stretch"]
Filter = Literal["linear", "antialiased"]


class InputContract(Settings, frozen=True, kw_only=True):
    """How a BGR picture becomes the network's input tensor (batch 1).

    Order: colour order, resize (bilinear, to uint8), then (pixel * scale - mean) / std per channel, in the
    channel order of `colour`.
    """

    width: Pixels
    height: Pixels
    colour: Literal["BGR", "RGB"]
    resize: Resize
    layout: Layout = "NCHW"
    dtype: DType = "float32"
    pad: Level = 114
    scale: Positive = 1.0
    mean: tuple[Offset, Offset, Offset] = (0.0, 0.0, 0.0)
    std: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    whole: Literal["down", "nearest"] = "down"
    """How a letterbox makes whole pixels of the resized picture's sides."""
    filter: Filter = "linear"
    """Which pixels a resized one is made of: the four about it, or, where the picture shrinks, all that it covers."""
    rectangle_stride: Annotated[int, Meta(ge=0, le=1024)] = 0
    """Of a network that takes any size: each picture's input is the smallest rectangle of whole multiples of this that
    its letterbox fits in, `width` x `height` at most. 0: it is always `width` x `height`."""
    fixed: dict[Text, list[list[Offset]]] = {}
    """The network's other inputs by name, the same for every frame: (rows, columns)."""

    def __post_init__(self) -> None:
        stride = self.rectangle_stride
        if not stride:
            return
        if self.resize == "stretch":
            raise ValueError('`rectangle_stride` is for a letterbox, and `resize` is "stretch"')
        if self.width % stride or self.height % stride:
            raise ValueError(f"{self.width}x{self.height} is not whole multiples of `rectangle_stride`, {stride}")
        if self.fixed:
            raise ValueError("`rectangle_stride` lets the picture's size change, and `fixed` inputs stay the same")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the input tensor; of its greatest where the sides follow the picture."""
        return self.shape_of(self.width, self.height)

    def shape_of(self, width: int, height: int) -> tuple[int, int, int, int]:
        if self.layout == "NCHW":
            return (1, 3, height, width)
        return (1, height, width, 3)


class Suppression(Settings, frozen=True, kw_only=True):
    """From candidates to findings, as the model's reference program does it."""

    score_floor: Share
    """A (cell, class) pair is a candidate if its score is greater."""
    iou: Share
    """Within a class, a box that overlaps a better one by more is suppressed."""
    clipped: bool = True
    """Whether boxes are compared as they are clipped to the frame, or as the network gives them."""
    candidates: Count = 3000
    keep: Count = 100
    """Boxes kept of a frame, all classes together."""


class Origin(Settings, frozen=True, kw_only=True):
    """Where the file officially comes from, and what may be done with it."""

    url: Text
    licence: Text
    note: Text = ""


class Manifest(Settings, frozen=True, kw_only=True):
    name: Name
    summary: Text
    file: FileName
    """The file's usual name."""
    sha256: Digest
    bytes: Bytes
    parts: dict[FileName, Digest] = {}
    """Name -> sha256 of the files beside it that hold its weights (ONNX's external data)."""
    origin: Origin
    input: InputContract
    outputs: tuple[tuple[CountOrNone, ...], ...]
    """Shapes by position, checked when a session loads; a 0 stands for a length that differs from frame to frame."""
    decoder: Name
    """A name in the entry point group `gilmok.decoders`."""
    decoder_options: dict[str, Any] = {}
    suppression: Suppression
    labels: Name | Annotated[tuple[Name, ...], Meta(min_length=1)] = "coco80"
    """A named label table (`models.labels`) or the names themselves."""


class Calibration(Settings, frozen=True, kw_only=True):
    """Frames that a quantiser saw: they can't be used to tell how good its artefact is."""

    dataset: Name
    recording: FileName
    digest: Digest
    """The recording's own (`replay.recording.Recording.digest`)."""
    frames: tuple[FrameNumber, ...]


class Artefact(Settings, frozen=True, kw_only=True):
    """One file of a model, for one backend and precision.

    The original ONNX is the artefact of backend `onnxruntime`, precision `fp32`; a compiler makes others, which
    may take another input (uint8, NHWC, normalisation folded in) and say so in `input`.
    """

    model: Name
    path: Path
    sha256: Digest
    precision: Name
    backend: Name
    input: InputContract
    toolchain: dict[Name, Text] = {}
    """What made it: programs with their versions, and the options that they were given."""
    source: DigestOrNone = ""
    """sha256 of the model's file that it was compiled from; empty where it is that file."""
    outputs: tuple[tuple[Count, ...], ...] = ()
    """Shapes by position where its heads were cut off the graph; empty: those of the manifest."""
    cuts: tuple[Text, ...] = ()
    """The tensors of the model's graph that are its outputs then."""
    stitch: Path | None = None
    """The graph (ONNX, run on the host) that makes the manifest's outputs of those."""
    parts: dict[Name, Path] = {}
    """More files that the backend reads, by what they are to it."""
    calibration: tuple[Calibration, ...] = ()
    files: dict[FileName, Digest] = {}
    """Name -> sha256 of everything in its folder; `sha256` is the file's own, or over this list where there are more
    (`models.artefacts`)."""
