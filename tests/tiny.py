"""A model and a recording small enough to be made by the test that needs them.

The model answers every picture with one box, and is the surer of it the brighter the picture; the recording shows
bright pictures with a person in just that place.
"""

from pathlib import Path

import cv2
import numpy as np
import onnx
import tomli_w
from onnx import TensorProto, helper

SIZE_PX = 32
FRAME_PX = 64
BOX = (16, 8, 32, 48)
"""Left, top, width, height of the person in the 64-pixel frame."""


def write_model(folder: Path, name: str = "tiny") -> Path:
    """`name`.onnx with its manifest beside it: a one-cell YOLOX head that always says BOX, person first, then car."""
    left, top, width, height = (edge / 2 for edge in BOX)
    cx, cy = (left + width / 2) / SIZE_PX, (top + height / 2) / SIZE_PX
    box = [cx, cy, np.log(width / SIZE_PX), np.log(height / SIZE_PX)]
    constants = [
        helper.make_tensor("box", TensorProto.FLOAT, [1, 1, 4], box),
        helper.make_tensor("classes", TensorProto.FLOAT, [1, 1, 2], [0.9, 0.001]),
        helper.make_tensor("white", TensorProto.FLOAT, [], [255.0]),
        helper.make_tensor("cell", TensorProto.INT64, [3], [1, 1, 1]),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Div", ["mean", "white"], ["brightness"]),
        helper.make_node("Reshape", ["brightness", "cell"], ["objectness"]),
        helper.make_node("Concat", ["box", "objectness", "classes"], ["output"], axis=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIZE_PX, SIZE_PX])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 7])],
        constants,
    )
    path = folder / f"{name}.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    manifest = {
        "input": {"width": SIZE_PX, "height": SIZE_PX, "colour": "BGR", "resize": "letterbox-top-left"},
        "outputs": [[1, 1, 7]],
        "decoder": "yolox",
        "decoder_options": {"strides": [SIZE_PX]},
        "suppression": {"score_floor": 0.01, "iou": 0.65},
        "labels": ["person", "car"],
    }
    path.with_suffix(".toml").write_text(tomli_w.dumps(manifest))
    return path


def write_recording(root: Path, name: str = "WALK", frames: int = 12, fps: int = 50) -> Path:
    """A MOTChallenge folder `root`/train/`name`; returns `root`."""
    folder = root / "train" / name
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    rows = []
    for number in range(1, frames + 1):
        picture = np.full((FRAME_PX, FRAME_PX, 3), 128 + number % 100, np.uint8)
        cv2.imwrite(str(folder / "img1" / f"{number:06}.jpg"), picture)
        rows.append(f"{number},1,{','.join(map(str, BOX))},1,-1,-1,-1")
    (folder / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate={fps}\nseqLength={frames}\n"
        f"imWidth={FRAME_PX}\nimHeight={FRAME_PX}\nimExt=.jpg\n"
    )
    return root
