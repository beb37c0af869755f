"""From a BGR picture to the network's input tensor, and the way back for boxes."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detections import Boxes
from models.manifest import InputContract, Resize
from models.tensors import TensorSpec, quantise
from sensors.errors import GilmokError
from sensors.frame import Array, Image

LEVELS = np.arange(256, dtype=np.float64)


class PictureUnfit(GilmokError):
    def __init__(self, image: Array) -> None:
        super().__init__(
            f"a picture of shape {image.shape} and type {image.dtype} can't be prepared",
            "a picture is (height, width, 3) uint8, BGR, and not empty",
        )


class InputUnfit(GilmokError):
    """The input contract can't be kept with the tensor that the session takes."""

    def __init__(self, contract: InputContract, spec: TensorSpec, why: str) -> None:
        super().__init__(
            f"the manifest's input {list(contract.shape)} doesn't fit what the session takes, "
            f"{spec.dtype}{list(spec.shape)}: {why}",
            "the file is another model than the manifest says, or the manifest's [input] is wrong",
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame of `width` x `height` pixels lies in the network's input: input = frame * scale + offset."""

    width: int
    height: int
    scale: tuple[float, float]
    """x and y."""
    offset: tuple[int, int]
    """Left and top, in input pixels."""
    covered: tuple[int, int]
    """Width and height of the resized picture, in input pixels."""
    input: tuple[int, int]
    """Width and height of the input: the contract's, or those of the picture's own rectangle."""

    def to_frame(self, boxes: Boxes) -> Boxes:
        """Boxes in input pixels as boxes in frame pixels, neither clipped nor rounded."""
        offset = np.array(self.offset * 2, np.float32)
        scale = np.array(self.scale * 2, np.float32)
        placed: Boxes = (boxes - offset) / scale
        return placed


def place(width: int, height: int, contract: InputContract) -> Placement:
    """How the resize rule of `contract` places a frame of that size.

    Letterboxes have one ratio r = min(W/w, H/h) and make whole pixels of the resized picture's sides, down or to the
    nearest; boxes go back by r itself, as the models' reference programs do.
    """
    sides = (contract.width, contract.height)
    scale_x, scale_y = contract.width / width, contract.height / height
    if contract.resize == "stretch":
        return Placement(width, height, (scale_x, scale_y), (0, 0), sides, sides)
    ratio = min(scale_x, scale_y)
    whole = round if contract.whole == "nearest" else int
    covered = (max(whole(width * ratio), 1), max(whole(height * ratio), 1))
    if stride := contract.rectangle_stride:
        sides = (-(-covered[0] // stride) * stride, -(-covered[1] // stride) * stride)
    return Placement(width, height, (ratio, ratio), _offset(contract.resize, sides, covered), covered, sides)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A picture as the network takes it."""

    tensor: Array
    """In the memory that was given for it: all of it, or its beginning where the picture's rectangle is smaller."""
    placement: Placement


class Preparer:
    """Fills input tensors; owns the scratch memory for it, so one thread uses it at a time."""

    def __init__(self, contract: InputContract, spec: TensorSpec) -> None:
        """`spec` is what the session takes; raises InputUnfit where `contract` can't fill it."""
        if spec.shape != contract.shape:
            raise InputUnfit(contract, spec, "the shapes differ")
        if contract.rectangle_stride and not spec.open_axes:
            raise InputUnfit(contract, spec, "by `rectangle_stride` its sides follow the picture, and these are fixed")
        self._contract = contract
        self._spec = spec
        self._placement: Placement | None = None
        self._make_room(contract.width, contract.height)
        self._tables = _tables(contract, spec)
        self._plain = bool((self._tables == LEVELS).all())

    def buffer(self) -> Array:
        """Memory for an input tensor, not yet filled."""
        return np.empty(self._spec.shape, self._spec.dtype)

    def prepare(self, image: Image, memory: Array) -> Prepared:
        """`image` as a tensor in `memory`, which `buffer` made; raises PictureUnfit."""
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != np.uint8:
            raise PictureUnfit(image)
        placement = self._place(image)
        (left, top), (width, height) = placement.offset, placement.covered
        target = self._canvas[top : top + height, left : left + width]
        if self._contract.filter == "linear":
            cv2.resize(image, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
        else:
            target[...] = antialiased(image, width, height)
        shape = self._contract.shape_of(*placement.input)
        tensor = memory.reshape(-1)[: math.prod(shape)].reshape(shape)
        if self._contract.layout == "NCHW":
            self._fill_planes(tensor[0])
        else:
            self._fill_pixels(tensor[0])
        return Prepared(tensor, placement)

    def _place(self, image: Image) -> Placement:
        height, width = image.shape[:2]
        known = self._placement
        if known is not None and (known.width, known.height) == (width, height):
            return known
        self._placement = place(width, height, self._contract)
        self._make_room(*self._placement.input)
        return self._placement

    def _make_room(self, width: int, height: int) -> None:
        self._canvas = np.full((height, width, 3), self._contract.pad, np.uint8)
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        self._pixels = np.empty_like(self._canvas)

    def _fill_planes(self, out: Array) -> None:
        cv2.split(self._canvas, self._planes)
        planes = self._planes if self._contract.colour == "BGR" else self._planes[::-1]
        for plane, table, target in zip(planes, self._tables, out, strict=True):
            if self._plain:
                target[...] = plane
            else:
                cv2.LUT(plane, table, dst=target)

    def _fill_pixels(self, out: Array) -> None:
        pixels = self._canvas
        if self._contract.colour == "RGB":
            cv2.cvtColor(self._canvas, cv2.COLOR_BGR2RGB, dst=self._pixels)
            pixels = self._pixels
        if self._plain:
            out[...] = pixels
        else:
            cv2.LUT(pixels, self._tables.T[None], dst=out)


def levels(contract: InputContract) -> NDArray[np.float64]:
    """(3, 256): the real number that each level of a channel becomes, channels in the order of `contract.colour`."""
    mean, std = np.array(contract.mean)[:, None], np.array(contract.std)[:, None]
    real: NDArray[np.float64] = (LEVELS * contract.scale - mean) / std
    return real


def antialiased(image: Image, width: int, height: int) -> Image:
    """`image` resized by Pillow's bilinear filter: a pixel has its part of every one that it covers."""
    # Most networks are fed by OpenCV alone, and don't wait for this.
    from PIL.Image import Resampling, fromarray

    resized: Image = np.asarray(fromarray(image).resize((width, height), Resampling.BILINEAR))
    return resized


def _offset(resize: Resize, sides: tuple[int, int], covered: tuple[int, int]) -> tuple[int, int]:
    if resize == "letterbox-top-left":
        return (0, 0)
    return ((sides[0] - covered[0]) // 2, (sides[1] - covered[1]) // 2)


def _tables(contract: InputContract, spec: TensorSpec) -> Array:
    """(3, 256): what each level of a channel becomes, channels in the order of `contract.colour`.

    A pixel has only 256 values, so normalisation and quantisation together are one look-up, exact for every type.
    """
    real = levels(contract)
    if spec.quantisation is None and np.issubdtype(spec.dtype, np.integer):
        limits = np.iinfo(spec.dtype)
        if (real != np.rint(real)).any() or real.min() < limits.min or real.max() > limits.max:
            raise InputUnfit(contract, spec, f"normalised pixels are no {spec.dtype}, and no quantisation is known")
    return quantise(real, spec)
