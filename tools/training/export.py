"""From the trained network to the shipped files: ONNX, its int8 twin with QDQ nodes, and the manifest."""

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.training.evaluate import FLOOR, IOU, KEEP
from tools.training.frames import HEIGHT, LABELS, PAD, WIDTH
from tools.training.network import STRIDES, Detector, Shipped

NAME = "gilmok-mini"
OPSET = 17
CALIBRATION_FRAMES = 160
INPUT = "images"


def to_onnx(detector: Detector, path: Path) -> None:
    """float32, batch 1, raw BGR 0..255 in, YOLOX's layout out."""
    import onnx

    shipped = Shipped(detector).eval()
    example = torch.zeros(1, 3, HEIGHT, WIDTH)
    with warnings.catch_warnings():
        # The exporter without torch.dynamo is called deprecated; the other one needs a package more for the same graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            shipped,
            (example,),
            str(path),
            input_names=[INPUT],
            output_names=["output"],
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    model.graph.name = NAME
    model.doc_string = "Detector of the built-in world of gilmok; drawn scenes, not real roads. Apache-2.0."
    onnx.checker.check_model(model)
    onnx.save(model, path)


class _Pictures:
    """Calibration frames, one at a time, as ONNX Runtime's quantiser reads them."""

    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._images: Iterator[NDArray[np.uint8]] = iter(images)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        image = next(self._images, None)
        return None if image is None else {INPUT: image.transpose(2, 0, 1)[None].astype(np.float32)}


def to_int8(source: Path, path: Path, images: NDArray[np.uint8]) -> None:
    """Static QDQ, int8 per channel, calibrated on `images`; the predictions themselves stay float.

    Boxes, objectness and classes share one output tensor but not one range: quantised together, the small ones vanish.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        graph = onnx.load(ready).graph
        excluded = [
            node.name for node in graph.node if node.op_type != "Conv" and node.op_type not in ("Relu", "Add", "Resize")
        ]
        excluded = [
            name for name in excluded if "heads" in name or "/Concat" in name or "Sigmoid" in name or "Slice" in name
        ]
        predictions = [n.name for n in graph.node if n.op_type == "Conv" and ("/box/" in n.name or "/label/" in n.name)]
        reader: Any = _Pictures(images[:: max(len(images) // CALIBRATION_FRAMES, 1)][:CALIBRATION_FRAMES])
        quantize_static(
            str(ready), str(path), reader, quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Resize", "Concat"],
            nodes_to_exclude=[*predictions, *[n for n in excluded if n.startswith("/Concat") or "heads" in n]],
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )  # fmt: skip


def manifest_toml(path: Path, summary: str) -> str:
    """The manifest of an exported file, as the catalogue reads it."""
    content = path.read_bytes()
    cells = sum((HEIGHT // s) * (WIDTH // s) for s in STRIDES)
    labels = ", ".join(f'"{label}"' for label in LABELS)
    return f"""name = "{path.stem}"
summary = "{summary}"
file = "{path.name}"
sha256 = "{hashlib.sha256(content).hexdigest()}"
bytes = {len(content)}
outputs = [[1, {cells}, {5 + len(LABELS)}]]
decoder = "yolox"
labels = [{labels}]

[origin]
url = "models/shipped/{path.name}"
licence = "Apache-2.0"
note = "trained by models/training on the built-in world; drawn scenes, not real roads"

[input]
width = {WIDTH}
height = {HEIGHT}
colour = "BGR"
resize = "letterbox-top-left"
pad = {PAD}

[suppression]
score_floor = {FLOOR}
iou = {IOU}
keep = {KEEP}
"""
