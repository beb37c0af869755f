"""CVAT 1.1: tracks where every box has one, else pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from replay.datasets.cvat import NAME
from replay.datasets.writing.content import Content, FrameRows, Scales, Writer, plain, trackless, without
from replay.datasets.writing.voc import Voc, flags
from replay.truth import Truth
from sensors import atomic_files

CORNERS = ("xtl", "ytl", "xbr", "ybr")


class Cvat(Writer):
    """Occluded is a flag; a frame rate, and what need not be found, can't be said."""

    layout = NAME

    def label(self, name: str) -> str:
        return Voc().label(name)

    def kept(self, truth: Truth, _size: tuple[int, int], scales: Scales, /) -> Truth:
        told = without(truth, "truncated", "distance_m", "areas")
        # The format has no word for what nobody knows: without a flag a box is not hidden.
        occluded = flags(told.occluded)
        occluded[occluded != occluded] = 0
        return replace(told if scales.tracked else trackless(told), occluded=occluded)

    def pictures(self, _name: str, /) -> str:
        return "images"

    def write(self, root: Path, content: Content) -> None:
        names = [self.label(label) for label in content.labels]
        first = next(iter(content.frames), None)
        tracked = _is_tracked(content.frames)
        with atomic_files.replacing(root / f"{content.name}.xml") as file:
            file.write(_meta(content, names, first, tracked).encode())
            lines = _tracks(content.frames, names) if tracked else _images(content.frames, names)
            file.writelines(f"{line}\n".encode() for line in lines)
            file.write(b"</annotations>\n")


def _is_tracked(frames: Iterable[FrameRows]) -> bool:
    return any(bool((frame.rows.tracks >= 0).any()) for frame in frames)


def _meta(content: Content, names: list[str], first: FrameRows | None, tracked: bool) -> str:
    numbers = [frame.number for frame in content.frames]
    width, height = first.size if first else (0, 0)
    labels = "".join(f"<label><name>{escape(name)}</name></label>" for name in names)
    size = f"<original_size><width>{width}</width><height>{height}</height></original_size>" if tracked else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta><task>'
        f"<name>{escape(content.name)}</name><size>{len(numbers)}</size>"
        f"<start_frame>{numbers[0] if numbers else 0}</start_frame>"
        f"<stop_frame>{numbers[-1] if numbers else 0}</stop_frame>"
        f"<labels>{labels}</labels>{size}</task></meta>\n"
    )


def _images(frames: Iterable[FrameRows], names: list[str]) -> Iterator[str]:
    for frame in frames:
        width, height = frame.size
        name = quoteattr(frame.picture)
        yield f'  <image id="{frame.number}" name={name} width="{width}" height="{height}">'
        for place in range(len(frame.rows)):
            label = quoteattr(names[frame.rows.labels[place]])
            yield f'    <box label={label} source="manual" {_box(frame, place)} z_order="0"></box>'
        yield "  </image>"


def _tracks(frames: Iterable[FrameRows], names: list[str]) -> Iterator[str]:
    """A track has one class: an id of which the class changes is that of several."""
    boxes: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for frame in frames:
        for place in range(len(frame.rows)):
            key = int(frame.rows.tracks[place]), int(frame.rows.labels[place])
            boxes.setdefault(key, []).append((frame.number, _box(frame, place)))
    last = max((frame.number for frame in frames), default=0)
    for (track, label), shapes in boxes.items():
        yield f'  <track id="{track}" label={quoteattr(names[label])} source="manual">'
        for place, (number, box) in enumerate(shapes):
            yield f'    <box frame="{number}" keyframe="1" outside="0" {box} z_order="0"></box>'
            # Gone behind it, unless it is there: else it would be carried on, also into numbers that no frame has.
            gone = number + 1
            if gone <= last and (place + 1 == len(shapes) or shapes[place + 1][0] != gone):
                yield f'    <box frame="{gone}" keyframe="1" outside="1" {box} z_order="0"></box>'
        yield "  </track>"


def _box(frame: FrameRows, place: int) -> str:
    values = frame.rows.boxes[place].tolist()
    corners = " ".join(f'{name}="{plain(value)}"' for name, value in zip(CORNERS, values, strict=True))
    return f'occluded="{int(frame.rows.occluded[place] > 0)}" {corners}'
