"""What a network that takes pictures of any size is fed."""

from collections.abc import Sequence

from models.recognise.graph import Output
from models.recognise.head import Head
from models.recognise.metadata import Metadata


def rectangle_stride(about: Metadata, head: Head, size: tuple[int, int]) -> int:
    """Of the rectangles that its makers' own program feeds it, picture by picture; 0: it feeds one size.

    Ultralytics' does so of what it exported with `dynamic=True` (and says so in the file since it does), but for its
    RT-DETR, whose pictures are stretched.
    """
    follows = about.maker == "ultralytics" and about.dynamic and head.convention.resize != "stretch"
    return about.stride if follows and not any(side % about.stride for side in size) else 0


def of_both(outputs: Sequence[Output], others: Sequence[Output]) -> list[tuple[int, ...]]:
    """The shapes of two tries with pictures of two sizes: 0 where they differ."""
    return [
        tuple(a if a == b else 0 for a, b in zip(one.shape, other.shape, strict=True))
        for one, other in zip(outputs, others, strict=True)
    ]


def assumed(head: Head, stride: int, size: tuple[int, int], *, trained: bool) -> str:
    """`size`: width and height. `trained`: whether it is the file that names them."""
    width, height = size
    if stride:
        wide = min(-(-width * 9 // 16 // stride) * stride, height)
        return (
            f"its sides follow the picture, as its makers' own program has it: the smallest rectangle of whole "
            f"{stride} pixels, {width}x{height} at most ({width}x{wide} for one of 16:9); --size WxH fixes them"
        )
    if trained:
        return f"its open sides are {width}x{height} for every picture, as it was trained; --size WxH says otherwise"
    kept = ", stretched, even where its makers' own program keeps a picture's proportions"
    return f"its open sides are {width}x{height} for every picture{kept * (head.convention.resize == 'stretch')}"
