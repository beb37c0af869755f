"""Label tables: what the class indices of a model mean."""

from collections.abc import Sequence

import msgspec

from models.manifest import Manifest
from sensors.errors import GilmokError

# fmt: off
COCO80 = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck",
    "boat", "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat",
    "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe",
    "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake",
    "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop",
    "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on
"""COCO's 80 detection classes, numbered without the holes of COCO's own category ids."""

_UNUSED = {
    12: "street sign",
    26: "hat",
    29: "shoe",
    30: "eye glasses",
    45: "plate",
    66: "mirror",
    68: "window",
    69: "desk",
    71: "toilet seat",
    83: "blender",
}


def _with_holes() -> tuple[str, ...]:
    names = iter(COCO80)
    return ("background", *(_UNUSED.get(number) or next(names) for number in range(1, 91)))


COCO91 = _with_holes()
"""By COCO's own category ids, 0 to 90: 0 is the background, and ten words of 2014 were never labelled."""

TABLES = {"coco80": COCO80, "coco91": COCO91}


class LabelsUnknown(GilmokError):
    def __init__(self, model: str, name: str) -> None:
        super().__init__(
            f"model {model!r} asks for the label table {name!r}, which doesn't exist",
            f"known tables: {', '.join(sorted(TABLES))}; or list the names themselves in the manifest's `labels`",
        )


class NamesUnfit(GilmokError):
    def __init__(self, manifest: Manifest, names: Sequence[str]) -> None:
        super().__init__(
            f"model {manifest.name!r} has {len(table(manifest))} classes; names given: {len(names)}",
            "name every class, in the order of the training: car,person,truck",
        )


def renamed(manifest: Manifest, names: Sequence[str]) -> Manifest:
    """The manifest with these names for its classes; none, its own. A named table is a name, too. Raises NamesUnfit."""
    if not names:
        return manifest
    named = TABLES.get(names[0], ()) if len(names) == 1 else ()
    chosen = named or tuple(names)
    if len(chosen) != len(table(manifest)):
        raise NamesUnfit(manifest, chosen)
    return msgspec.structs.replace(manifest, labels=chosen)


def table(manifest: Manifest) -> tuple[str, ...]:
    """The names by class index; raises LabelsUnknown."""
    if isinstance(manifest.labels, tuple):
        return manifest.labels
    try:
        return TABLES[manifest.labels]
    except KeyError:
        raise LabelsUnknown(manifest.name, manifest.labels) from None


def plain_label(label: str) -> str:
    """A label as labels of two tables are compared: without case, whatever stands between its words."""
    return " ".join(label.casefold().replace("_", " ").replace("-", " ").split())
