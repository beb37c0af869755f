"""A tiny recording in the layout of each data set plugin: what the contract suite asks for."""

from collections.abc import Callable
from pathlib import Path

from tests import layouts, layouts_labelling, mcap_files, roadside_layouts
from tests.layouts import Made

MAKERS: dict[str, Callable[[Path], Made]] = {
    "bdd100k": layouts_labelling.bdd100k,
    "coco": layouts.coco,
    "cvat": layouts_labelling.cvat,
    "kitti-object": layouts.kitti_object,
    "kitti-tracking": layouts.kitti_tracking,
    "mcap": mcap_files.made,
    "mot": layouts.mot15,
    "dair-v2x-i": roadside_layouts.dair_v2x_i,
    "nuimages": layouts_labelling.nuimages,
    "openlabel": roadside_layouts.openlabel,
    "rope3d": roadside_layouts.rope3d,
    "tumtraf": roadside_layouts.tumtraf,
    "visdrone": roadside_layouts.visdrone,
    "ua-detrac": layouts.ua_detrac,
    "voc": layouts_labelling.voc,
    "world": layouts.world,
    "yolo": layouts_labelling.yolo,
}
"""By the name of the plugin."""
