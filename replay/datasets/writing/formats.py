"""The layouts that are written, by name."""

from replay.datasets.writing.coco import Coco
from replay.datasets.writing.content import Writer
from replay.datasets.writing.cvat import Cvat
from replay.datasets.writing.kitti import KittiObject, KittiTracking
from replay.datasets.writing.mot import Mot
from replay.datasets.writing.openlabel import OpenLabel
from replay.datasets.writing.voc import Voc
from replay.datasets.writing.yolo import Yolo

WRITERS: dict[str, Writer] = {
    writer.layout: writer
    for writer in (Coco(), Cvat(), Mot(), KittiObject(), KittiTracking(), OpenLabel(), Voc(), Yolo())
}
