"""The options that say which recording is meant; what goes without saying may be left out."""

import argparse
from pathlib import Path


def add_dataset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", help="the data set's layout: coco, yolo, mot, kitti-tracking, ... (default: the folder's own)"
    )
    parser.add_argument("--root", required=True, type=Path, help="the data set's folder")


def add_recording(parser: argparse.ArgumentParser) -> None:
    add_dataset(parser)
    parser.add_argument("--name", help="the recording, where the folder holds several (`gilmok replay list`)")


def name_dataset(chosen: argparse.Namespace) -> None:
    """Fill in the layout if it was left out; raises LayoutUnknown or LayoutAmbiguous."""
    from replay.datasets.recognise import recognise

    if chosen.dataset is None:
        chosen.dataset = recognise(chosen.root)


def name_recording(chosen: argparse.Namespace) -> None:
    """Fill in layout and recording if they were left out; raises as `name_dataset`, or RecordingUnnamed."""
    from replay.recording import only_recording

    name_dataset(chosen)
    if chosen.name is None:
        chosen.name = only_recording(chosen.dataset, chosen.root)
