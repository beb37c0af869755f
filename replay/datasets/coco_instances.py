"""What a COCO `instances` file holds, as it lies on the disk."""

from pathlib import Path
from typing import TypeAlias

import msgspec

from replay.datasets.labels import LabelsWrong, Loose, json_labels
from sensors.outside import ContentWrong
from sensors.outside_json import json_elements

WHAT = "a COCO instances file"
LARGE_BYTES = 2**27
"""A larger file is read through for each of its lists, and never whole: slower, in a fraction of its size."""

Id: TypeAlias = int | float | str


class Image(msgspec.Struct):
    id: Id
    file_name: str
    width: Loose = None
    height: Loose = None
    frame_id: Loose = None
    frame_index: Loose = None
    """Of a video."""


class Annotation(msgspec.Struct):
    image_id: Id
    category_id: Id
    bbox: tuple[Loose, Loose, Loose, Loose]
    id: Loose = None
    area: Loose = None
    iscrowd: bool | Loose = None


class Category(msgspec.Struct):
    id: Id
    name: str
    supercategory: str | None = None


class Instances(msgspec.Struct):
    """The content of a file that somebody has in memory."""

    images: list[Image]
    categories: list[Category]
    annotations: list[Annotation]


class InstancesFile(msgspec.Struct):
    images: list[Image]
    categories: list[Category]
    annotations: msgspec.Raw
    """Left as they are: they are read one by one, so that a file of millions takes little more than its own size."""


class LargeInstances(msgspec.Struct):
    """The annotations are left on the disk."""

    images: list[Image]
    categories: list[Category]


def read_instances(path: Path) -> InstancesFile | LargeInstances:
    """Raises LabelsWrong."""
    if not path.is_file() or path.stat().st_size <= LARGE_BYTES:
        return json_labels(path, InstancesFile, WHAT)
    try:
        # Read through once for each list, so that no more of it is ever in memory than a block.
        images = list(json_elements(path, Image, "images"))
        return LargeInstances(images, list(json_elements(path, Category, "categories")))
    except ContentWrong as error:
        raise LabelsWrong(path, error.line, f"is not {WHAT}: {error.what}") from error
