"""Scores of a detector on drawn frames, through PyTorch or through an exported ONNX file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.boxes import suppress
from models.detections import Detections
from sensors.world.truth import FAIR_HEIGHT
from tools.training.frames import LABELS, PICTURE, Frames
from tools.training.score import Asked, average_precision

FLOOR, IOU, KEEP = 0.01, 0.55, 100
"""Chosen on the validation part."""
MIN_HEIGHT_PX = FAIR_HEIGHT * PICTURE[1]
VEHICLES = tuple(LABELS.index(name) for name in ("car", "bus", "truck"))
Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(B, 3, H, W) BGR 0..255 to (B, cells, 5 + classes), sigmoids done."""


def grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    places, strides = [], []
    for stride in (8, 16, 32):
        y, x = np.mgrid[: height // stride, : width // stride]
        places.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(strides).astype(np.float32)


def findings(network: Network, images: NDArray[np.uint8], batch: int = 16) -> list[Detections]:
    """What the network finds in (N, H, W, 3) pictures, boxes in input pixels."""
    places, strides = grid(images.shape[1], images.shape[2])
    found: list[Detections] = []
    for start in range(0, len(images), batch):
        tensor = images[start : start + batch].transpose(0, 3, 1, 2).astype(np.float32)
        for raw in network(tensor):
            scores = raw[:, 4:5] * raw[:, 5:]
            rows, labels = np.nonzero(scores > FLOOR)
            centre = (raw[rows, :2] + places[rows]) * strides[rows]
            half = np.exp(np.clip(raw[rows, 2:4], -8, 8)) * strides[rows] / 2
            boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
            candidates = Detections(boxes, scores[rows, labels].astype(np.float32), labels.astype(np.int64))
            found.append(candidates.pick(suppress(candidates, IOU, KEEP)))
    return found


def truth(frames: Frames, min_height_px: float = MIN_HEIGHT_PX) -> list[Asked]:
    """What each picture asks for; lower boxes than that may be found."""
    roles = np.where(frames.boxes[:, 3] - frames.boxes[:, 1] < min_height_px, 1, frames.roles)
    out = []
    for i in range(len(frames.images)):
        mine = frames.owners == i
        out.append(Asked(frames.boxes[mine], frames.labels[mine], roles[mine]))
    return out


def scores(network: Network, frames: Frames, min_height_px: float = MIN_HEIGHT_PX) -> Mapping[str, float]:
    """AP50 by class, their mean `AP50`, `AP50 vehicle` (car, bus, truck as one), and how many boxes were asked for."""
    found, asked = findings(network, frames.images), truth(frames, min_height_px)
    out: dict[str, float] = {}
    for k, name in enumerate(LABELS):
        out[f"AP50 {name}"], out[f"n {name}"] = average_precision(found, asked, [k])
    out["AP50"] = float(np.nanmean([out[f"AP50 {name}"] for name in LABELS]))
    out["AP50 vehicle"], out["n vehicle"] = average_precision(found, asked, VEHICLES)
    out["n"] = float(sum(out[f"n {name}"] for name in LABELS))
    out["frames"] = float(len(frames.images))
    return out


def onnx_network(path: Path, threads: int = 2) -> Network:
    """An exported file, one picture at a time as it runs on a node."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.concatenate([session.run(None, {name: images[i : i + 1]})[0] for i in range(len(images))])

    return run
