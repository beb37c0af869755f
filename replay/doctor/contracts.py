"""The ways to feed a detector and to read it that people mix up, each told from the manifest's own by words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace

from models.decoders.cells import around
from models.detections import Detections
from models.manifest import Filter, InputContract, Manifest
from models.preprocess import levels

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Red, green, blue."""
PADS = (0, 114)
FILTERS: dict[Filter, Filter] = {"linear": "antialiased", "antialiased": "linear"}

WHOLE_PIXELS = ("uint8", "int8", "uint16", "int16")


@dataclass(frozen=True, slots=True)
class Reading:
    """What is made of the decoder's boxes, in input pixels, before they go back to the frame."""

    name: str
    boxes: Callable[[Detections], Detections]
    options: tuple[tuple[str, str], ...] = ()
    """Of the decoder, in the place of the manifest's."""


@dataclass(frozen=True, slots=True)
class Contract:
    input: InputContract
    reading: Reading
    shift: int = 0
    """Added to every label's number."""

    def differs(self, own: InputContract) -> tuple[str, ...]:
        """What has to be changed in a manifest with `own` [input], one key or sentence each; empty: nothing."""
        changed = [
            f"{key} = {_toml(getattr(self.input, key))}"
            for key in ("colour", "resize", "pad", "scale", "mean", "std", "filter", "rectangle_stride")
            if getattr(self.input, key) != getattr(own, key)
        ]
        if self.reading is not AS_WRITTEN:
            changed.append(self.reading.name)
        if self.shift:
            changed.append(LABEL_HINT[self.shift])
        return tuple(changed)


LABEL_HINT = {
    1: "labels: the first name is none of the network's classes, take it away",
    -1: "labels: the names begin one place too early, put one for the background (or the one that is missing) first",
}


def _as_they_are(found: Detections) -> Detections:
    return found


def _centres_as_corners(found: Detections) -> Detections:
    """The four numbers that were read as centre and sides are corners."""
    left_top, right_bottom = found.boxes[:, :2], found.boxes[:, 2:]
    corners = np.concatenate(((left_top + right_bottom) / 2, right_bottom - left_top), axis=1)
    return Detections(corners, found.scores, found.labels)


def _corners_as_centres(found: Detections) -> Detections:
    """The four numbers that were read as corners are centre and sides."""
    return Detections(around(found.boxes[:, :2], found.boxes[:, 2:]), found.scores, found.labels)


def _turned(found: Detections) -> Detections:
    """x and y change places."""
    return Detections(found.boxes[:, [1, 0, 3, 2]], found.scores, found.labels)


AS_WRITTEN = Reading("as the decoder reads it", _as_they_are)
READINGS = (
    Reading("boxes are x1 y1 x2 y2, and the decoder takes them for cx cy w h", _centres_as_corners),
    Reading("boxes are cx cy w h, and the decoder takes them for x1 y1 x2 y2", _corners_as_centres),
    Reading("boxes have y before x, and the decoder takes x first", _turned),
)

SCORES = ("sigmoid", "softmax", "as-they-are")
"""What a query head's decoder may make of its logits (`models.decoders.detr`): who writes the wrong one finds nothing,
or scores that are no scores."""


def inputs(own: InputContract, usual: InputContract | None = None) -> list[InputContract]:
    """`own` first, then `usual` and every other way to feed the network; each different in what it does."""
    candidates = [own, *([usual] if usual is not None else [])]
    # Smoothing is mixed up, too, but with nothing else: all the others both ways would take twice as long.
    candidates += [replace(one, filter=FILTERS[one.filter]) for one in candidates]
    candidates += [
        replace(own, colour=colour, **pixels, **resize)
        for colour in ("BGR", "RGB")
        for pixels in _pixels(own, colour)
        for resize in _resizes(own)
    ]
    found: dict[tuple[Any, ...], InputContract] = {}
    for one in candidates:
        found.setdefault(_identity(one), one)
    return list(found.values())


def same_input(one: InputContract, other: InputContract) -> bool:
    """Whether both make the same tensor of every picture."""
    return _identity(one) == _identity(other)


def readings(manifest: Manifest) -> Iterator[tuple[Reading, int]]:
    """Every way to read the network, differing from the manifest's in one thing at most; the manifest's first."""
    yield AS_WRITTEN, 0
    if manifest.decoder == "detr":
        own = manifest.decoder_options.get("scores", SCORES[0])
        for scores in SCORES:
            if scores != own:
                yield Reading(f'decoder_options.scores = "{scores}"', _as_they_are, (("scores", scores),)), 0
    for reading in READINGS:
        yield reading, 0
    yield AS_WRITTEN, 1
    yield AS_WRITTEN, -1


def _pixels(own: InputContract, colour: str) -> list[dict[str, Any]]:
    if own.dtype in WHOLE_PIXELS:
        return [{}]
    order = slice(None, None, -1) if colour == "BGR" else slice(None)
    none, ones = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    turned = slice(None, None, 1 if colour == own.colour else -1)
    return [
        {"mean": own.mean[turned], "std": own.std[turned]},
        # Whoever mixed up the colours may have left the means where they belonged.
        {},
        {"scale": 1.0, "mean": none, "std": ones},
        {"scale": 1 / 255, "mean": none, "std": ones},
        {"scale": 1 / 255, "mean": IMAGENET_MEAN[order], "std": IMAGENET_STD[order]},
        {"scale": 1 / 127.5, "mean": ones, "std": ones},
    ]


def _resizes(own: InputContract) -> list[dict[str, Any]]:
    pads = sorted({*PADS, own.pad})
    boxes = [
        {"resize": resize, "pad": pad, "rectangle_stride": stride}
        for resize in ("letterbox-top-left", "letterbox-centre")
        for pad in pads
        for stride in sorted({0, own.rectangle_stride})
    ]
    return [*boxes, {"resize": "stretch", "rectangle_stride": 0}]


def _identity(contract: InputContract) -> tuple[Any, ...]:
    """Equal for two contracts that make the same tensor of every picture."""
    pad = None if contract.resize == "stretch" else contract.pad
    placed = (contract.resize, contract.whole, contract.filter, contract.rectangle_stride, pad)
    return contract.colour, *placed, levels(contract).round(4).tobytes()


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Sequence):
        return f"[{', '.join(f'{number:.6g}' for number in value)}]"
    return f"{value:.6g}"
