"""Real models on real streets: each known way to be wrong must show, on frames whose shape lets it show."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from edge.backends.onnxruntime import OnnxRuntime
from models import boxes, catalogue
from models.decode import read
from models.detections import Boxes, Detections
from models.labels import table
from models.manifest import Manifest
from models.preprocess import Preparer
from sensors.frame import Image

VEHICLES = {"car", "bus", "truck"}


def found_by(shared: Path, manifest: Manifest, image: Image) -> Detections:
    _, artefact = catalogue.locate(str(shared / "models" / manifest.file))
    session = OnnxRuntime(OnnxRuntime.Options()).load(artefact, "cpu")
    preparer = Preparer(manifest.input, session.inputs[0])
    fed = preparer.prepare(image, preparer.buffer())
    found = read(session.run([fed.tensor]), manifest, fed.placement)
    session.close()
    return found


def road(shared: Path) -> tuple[Image, Boxes]:
    """Frame 100 of MVI_40201, 960 x 540, and its vehicles."""
    root = shared / "recordings/UA-DETRAC"
    image = cv2.imread(str(root / "Insight-MVT_Annotation_Train/MVI_40201/img00100.jpg"))
    assert image is not None
    truth = ET.parse(root / "DETRAC-Train-Annotations-XML-v3/MVI_40201_v3.xml")
    rows = [
        [float(box.attrib[side]) for side in ("left", "top", "width", "height")]
        for box in truth.findall("frame[@num='100']/target_list/target/box")
    ]
    corners = np.array(rows, np.float32)
    corners[:, 2:] += corners[:, :2]
    return np.asarray(image, np.uint8), corners


def kitti(shared: Path, number: str, kinds: set[str]) -> tuple[Image, Boxes]:
    """A picture of 1224 x 370, which a wrong resize rule distorts by three."""
    root = shared / "recordings/KITTI_object/training"
    image = cv2.imread(str(root / f"image_2/{number}.png"))
    assert image is not None
    lines = [line.split() for line in (root / f"label_2/{number}.txt").read_text().splitlines()]
    rows = [[float(value) for value in line[4:8]] for line in lines if line[0] in kinds]
    return np.asarray(image, np.uint8), np.array(rows, np.float32)


def fit(found: Detections, manifest: Manifest, names: set[str], truth: Boxes, score: float = 0.0) -> float:
    """The mean over `truth` of the best IoU with a finding of those names over that score."""
    wanted = np.isin(found.labels, [table(manifest).index(name) for name in names]) & (found.scores > score)
    overlap = boxes.iou(truth, found.boxes[wanted])
    return float(overlap.max(axis=1, initial=0).mean())


@pytest.mark.parametrize(
    ("name", "least"),
    [("yolox-nano", 0.75), ("picodet-s-416", 0.75), ("nanodet-m", 0.7), ("fastestdet", 0.6), ("yolo-fastestv2", 0.5)],
)
def test_each_model_sees_the_vehicles_of_a_known_frame(shared: Path, name: str, least: float) -> None:
    manifest = catalogue.known()[name]
    image, truth = road(shared)
    found = found_by(shared, manifest, image)
    assert fit(found, manifest, VEHICLES, truth) > least
    # A second sigmoid on scores leaves AP as it is and every score above one half.
    assert found.scores.min() < 0.3
    assert found.scores.max() > 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"resize": "stretch"},
        {"colour": "RGB"},
        {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    ],
    ids=["stretched", "channels swapped", "normalised"],
)
def test_a_wide_picture_shows_what_is_wrong_with_the_input(shared: Path, wrong: dict[str, Any]) -> None:
    right = catalogue.known()["yolox-nano"]
    spoilt = msgspec.structs.replace(right, input=msgspec.structs.replace(right.input, **wrong))
    image, truth = kitti(shared, "000003", {"Car"})
    assert fit(found_by(shared, right, image), right, VEHICLES, truth, score=0.1) > 0.85
    assert fit(found_by(shared, spoilt, image), spoilt, VEHICLES, truth, score=0.1) < 0.4
