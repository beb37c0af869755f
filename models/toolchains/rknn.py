"""For Rockchip's NPUs: what rknn-toolkit2 builds from. Its simulator builds anew at each start, on the other side."""

from typing import ClassVar, Literal

import numpy as np

from models.toolchains import graph
from models.toolchains.job import QUANTISED, Job, Product, versions
from sensors import config
from sensors.config import Settings

PRECISIONS = ("fp16", "int8")

PICTURES = "calibration.txt"


class Options(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/backends.md"

    algorithm: Literal["normal", "mmse", "kl_divergence"] = "kl_divergence"
    """How rknn-toolkit2 tells a tensor's range. Its own default, `normal`, takes the least and greatest number seen,
    and left YOLOX-nano an AP of .05 where this one leaves .47 of .48 (12 frames of PETS09-S2L1)."""
    dtype: Literal["w8a8", "w8a16", "w16a16i_dfp", "w4a16"] = "w8a8"
    """Bits of weights and activations; not every chip has each."""


def make(job: Job) -> Product:
    """The graph for `load_onnx`, the pictures for `build(dataset=...)`, mean and deviation for `config`."""
    options = config.convert(job.options, Options, "options of the rknn toolchain")
    model = graph.read(job.source, job.manifest.name)
    parted = graph.cut(model) if job.precision in QUANTISED else None
    path = graph.write(parted.trunk if parted else model, job.folder / "model.onnx")
    # RKNN normalises pixels itself, (pixel - mean) / std, and takes them as NHWC bytes.
    factor, offset = graph.normalisation(job.manifest.input)
    toolchain = versions("onnx") | {
        "opset": str(graph.OPSET),
        "mean": " ".join(f"{value:.9g}" for value in -offset / factor),
        "std": " ".join(f"{value:.9g}" for value in 1 / factor),
    }
    if job.precision in QUANTISED:
        toolchain |= {"quantiser": "rknn-toolkit2 at load", "algorithm": options.algorithm, "dtype": options.dtype}
    contract = graph.as_bytes(job.manifest.input)
    parts = {"onnx": path}
    if job.precision in QUANTISED:
        job.on_step("write pictures")
        names = []
        for number, feed in enumerate(job.feeds(contract)):
            # Calibration files are in the model's own layout, unlike what is inferred later.
            np.save(job.folder / f"picture{number:03}.npy", np.ascontiguousarray(feed.transpose(0, 3, 1, 2)))
            names.append(f"picture{number:03}.npy\n")
        (job.folder / PICTURES).write_text("".join(names), encoding="utf-8")
        parts["calibration"] = job.folder / PICTURES
    if parted is None:
        return Product(path, contract, toolchain, parts=parts)
    stitch = graph.write(parted.tail, job.folder / "stitch.onnx")
    return Product(path, contract, toolchain, parted.shapes, parted.heads, stitch, parts)
