"""From a model's file to its manifest: read, tried once, recognised; what stays open is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.labels import TABLES, plain_label
from models.recognise import metadata, open_sides
from models.recognise.conventions import ULTRALYTICS_DETR
from models.recognise.graph import Graph, Port
from models.recognise.head import Head, Tried
from models.recognise.heads import heads
from models.recognise.metadata import Metadata
from models.recognise.questions import InputForeign, LabelsAsked, LabelsUnfit, NoDetector, SizeAsked, TaskForeign
from models.recognise.recognition import Answers, Recognition

NORMALISED = ("float32", "float16")
MOST_SIDE_PX = 4096
"""No detector takes more, and a try of it would take gigabytes."""
BACKGROUNDS = ("background", "bg", "n/a", "???", "none")
SIZES = ("orig_target_sizes", "orig_size", "orig_sizes")
"""RT-DETR's and D-FINE's second input: the picture's width and height. The input's own leave boxes in its pixels."""


def recognise(path: Path, answers: Answers | None = None) -> Recognition:
    """Raises ModelFileBroken, TaskForeign, InputForeign, NoDetector, or what is asked for: LabelsAsked, SizeAsked."""
    answers = answers or Answers()
    graph = Graph(path)
    about = metadata.read(graph.metadata)
    picture = _picture(graph.inputs)
    layout, size = _placed(picture, answers.size or about.size)
    fixed = _fixed(graph.inputs, picture, size)
    width, height = size
    if max(size) > MOST_SIDE_PX:
        raise NoDetector(f"pictures of {width}x{height} pixels: a side has {MOST_SIDE_PX:,} at most")
    outputs = graph.tried({picture.name: _shape(picture, layout, width, height)}, fixed)
    tried = Tried(outputs, width, height, "scale_factor" in fixed, about.suppressed)
    head, labels = _head(tried, about, answers)
    shapes, stride = tried.shapes, 0
    sides_open = None in _sides(picture, layout)
    if answers.size is None and not fixed and _sides(picture, layout) == (None, None):
        stride = open_sides.rectangle_stride(about, head, size)
    if stride and height > stride:
        smaller = graph.tried({picture.name: _shape(picture, layout, width, height - stride)}, fixed)
        shapes = open_sides.of_both(outputs, smaller)
    contract = {
        "width": width,
        "height": height,
        "layout": layout,
        "dtype": picture.dtype,
        **head.convention.contract(normalised=picture.dtype in NORMALISED),
        **({"filter": answers.filter} if answers.filter else {}),
        **({"rectangle_stride": stride} if stride else {}),
        **({"fixed": fixed} if fixed else {}),
    }
    suppression = {
        "score_floor": head.convention.score_floor,
        "iou": 1.0 if head.in_graph else head.convention.iou,
        "clipped": head.convention.clipped,
        "candidates": head.convention.candidates,
        "keep": head.convention.keep,
    }
    manifest = {
        "outputs": [list(shape) for shape in shapes],
        "decoder": head.decoder,
        "decoder_options": dict(head.options),
        "labels": labels,
        "input": contract,
        "suppression": suppression,
    }
    assumed = _assumed(head, labels, suppression, about, answers)
    if sides_open:
        assumed.append(open_sides.assumed(head, stride, size, trained=answers.size is None))
    return Recognition(manifest, _read(picture, tried, about, head), assumed)


def _shape(picture: Port, layout: str, width: int, height: int) -> tuple[int, ...]:
    sides = (3, height, width) if layout == "NCHW" else (height, width, 3)
    return (1, *sides)[-len(picture.shape) :]


def _sides(picture: Port, layout: str) -> tuple[int | None, ...]:
    """Height and width, None where the graph leaves them open."""
    return picture.shape[-2:] if layout == "NCHW" else picture.shape[-3:-1]


def _picture(inputs: Sequence[Port]) -> Port:
    """Of four axes, or of three: torchvision's detectors are exported without one for the batch."""
    found = [port for port in inputs if len(port.shape) == 4] or [port for port in inputs if len(port.shape) == 3]
    if len(found) != 1:
        raise InputForeign(
            f"{len(found)} inputs that may be a picture" if found else "no input that may be a picture",
            "export it with one picture of (1, 3, height, width) or (1, height, width, 3)",
        )
    if found[0].dtype not in (*NORMALISED, "uint8"):
        raise InputForeign(f"a picture of {found[0].dtype}", "export it with pixels of float32, float16 or uint8")
    return found[0]


def _placed(picture: Port, said: tuple[int, int] | None) -> tuple[str, tuple[int, int]]:
    """Layout, and width and height; what the graph fixes comes before what anybody says."""
    batch, *sides = (1, *picture.shape)[-4:]
    if batch not in (None, 1):
        raise InputForeign(f"a batch of {batch} pictures", "export it for one picture at a time, or with an open batch")
    layout = "NHWC" if sides[2] == 3 and sides[0] != 3 else "NCHW"
    channels, (height, width) = (sides[2], sides[:2]) if layout == "NHWC" else (sides[0], sides[1:])
    if channels not in (None, 3):
        raise InputForeign(f"pictures of {channels} channels", "export a model of colour pictures, three channels")
    if (width is None or height is None) and said is None:
        raise SizeAsked
    return layout, (width or said[0], height or said[1]) if said else (width or 0, height or 0)


def _fixed(inputs: Sequence[Port], picture: Port, size: tuple[int, int]) -> dict[str, list[list[float]]]:
    width, height = map(float, size)
    fixed: dict[str, list[list[float]]] = {}
    for port in inputs:
        if port is picture:
            continue
        if port.name in SIZES:
            fixed[port.name] = [[width, height]]
        elif port.name == "im_shape":
            fixed[port.name] = [[height, width]]
        elif port.name == "scale_factor":
            fixed[port.name] = [[1.0, 1.0]]
        else:
            raise InputForeign(
                f"a further input {port.name!r}",
                "export it with the picture alone, or write a manifest whose input.fixed names it (docs/settings.md)",
            )
    return fixed


def _head(tried: Tried, about: Metadata, answers: Answers) -> tuple[Head, str | list[str]]:
    found = heads(tried)
    shapes = ", ".join(f"{output.name} {list(output.shape)}" for output in tried.outputs)
    if answers.decoder:
        found = [head for head in found if head.decoder == answers.decoder]
    elif about.maker == "ultralytics":
        found = [head for head in found if head.decoder in ("yolov8", "yolov5", "end2end", "detr")]
    if about.maker == "ultralytics":
        found = [replace(head, convention=ULTRALYTICS_DETR) if head.decoder == "detr" else head for head in found]
    if not found and len(tried.shapes) == 2 and sorted(map(len, tried.shapes)) == [3, 4]:
        # Boxes beside prototypes of masks: YOLOv5's exports don't name their task.
        raise TaskForeign("segment")
    if not found:
        raise NoDetector(f"the outputs {shapes}")
    labels = _labels(about, answers)
    counts = sorted({n for head in found for n in head.n_labels})
    if labels is None:
        return _with_table(found, counts)
    n = len(labels)
    fitting = [head for head in found if not head.n_labels or n in head.n_labels]
    if not fitting:
        raise LabelsUnfit(n, counts)
    return fitting[0], [*_without_background(labels, fitting[0])]


def _without_background(labels: Sequence[str], head: Head) -> Sequence[str]:
    """The network's numbers leave room for the background, or out: either way it is no label."""
    named = head.background and len(labels) > 1 and plain_label(labels[0]).strip() in BACKGROUNDS
    return labels[1:] if named else labels


def _labels(about: Metadata, answers: Answers) -> Sequence[str] | None:
    if answers.labels is None:
        return about.labels or None
    if answers.labels in TABLES:
        return TABLES[answers.labels]
    return [name.strip() for name in answers.labels.split(",") if name.strip()]


def _with_table(found: Sequence[Head], counts: Sequence[int]) -> tuple[Head, str]:
    """Nobody names the labels: as many as COCO's are COCO's."""
    for name, table in TABLES.items():
        fitting = [head for head in found if len(table) in head.n_labels]
        if len({head.decoder for head in fitting}) == 1:
            return fitting[0], name
    raise LabelsAsked(counts if all(head.n_labels for head in found) else ())


def _read(picture: Port, tried: Tried, about: Metadata, head: Head) -> list[str]:
    said = [f"input {picture.name}: {tried.width}x{tried.height}, {picture.dtype}"]
    said += [f"output {output.name}: {list(output.shape)}" for output in tried.outputs]
    if about.maker:
        said.append(f"made by {about.maker}")
    if about.labels:
        said.append(f"labels: {', '.join(about.labels[:8])}{', ...' if len(about.labels) > 8 else ''}")
    return [*said, f"head: {head.decoder} ({head.why})"]


def _assumed(
    head: Head, labels: str | Sequence[str], suppression: Mapping[str, Any], about: Metadata, answers: Answers
) -> list[str]:
    convention = head.convention
    assumed = [f"fed the way of {convention.whose} own programs: {convention.said()}"]
    if convention.smoothed_by and answers.filter is None:
        assumed.append(
            f"pictures shrink by OpenCV's plain rule; {convention.smoothed_by} smooth them: --filter antialiased"
        )
    if head.in_graph:
        assumed.append("nothing is left to suppress")
    else:
        assumed.append(
            f"suppression within a class at IoU {suppression['iou']:g}, scores over {suppression['score_floor']:g}"
        )
    if head.options.get("first_label"):
        assumed.append("the network calls the first label 1, and 0 is the background")
    if (
        head.decoder == "detr"
        and head.options.get("boxes") is not None
        and len(TABLES[labels] if isinstance(labels, str) else labels) < head.n_labels[0]
    ):
        assumed.append(
            'the column more than there are labels comes last and is "nothing"; where classes count from 1 (RF-DETR\'s '
            "of a COCO training), name a label for the first column, too: --labels none,car,..."
        )
    if not about.labels and answers.labels is None:
        assumed.append("labels are COCO's: the outputs have room for as many")
    return assumed
