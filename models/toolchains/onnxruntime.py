"""For ONNX Runtime's CPU: weights as constants, bytes in, int8 where asked."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import onnx

from models.toolchains import graph
from models.toolchains.job import Job, Product, versions
from models.toolchains.quantiser import int8
from sensors import config
from sensors.config import Settings

PRECISIONS = ("fp32", "int8")


class Options(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/backends.md"

    bytes_in: bool = True
    """Take uint8 NHWC pictures and normalise them in the graph."""
    preset: Literal["performance", "mixed"] = "mixed"
    """NNCF's: `mixed` quantises activations asymmetrically, which SiLU needs."""


def make(job: Job) -> Product:
    options = config.convert(job.options, Options, "options of the onnxruntime toolchain")
    model = graph.read(job.source, job.manifest.name)
    toolchain = versions("onnx") | {"opset": str(graph.OPSET)}
    if job.precision == "fp32":
        return _written(job, model, options, toolchain, None)
    parted = graph.cut(model)
    name = model.graph.input[0].name
    feeds = ({name: feed} for feed in job.feeds(job.manifest.input))
    quantised, quantiser = int8(job, parted.trunk if parted else model, feeds, options.preset)
    return _written(job, quantised, options, toolchain | quantiser, parted)


def _written(
    job: Job, model: onnx.ModelProto, options: Options, toolchain: Mapping[str, str], parted: graph.Cut | None
) -> Product:
    contract = job.manifest.input
    if options.bytes_in:
        model, contract = graph.fed_with_bytes(model, contract)
        toolchain = {**toolchain, "input": "uint8 NHWC, normalised in the graph"}
    path = graph.write(model, job.folder / "model.onnx")
    if parted is None:
        return Product(path, contract, toolchain)
    stitch = graph.write(parted.tail, job.folder / "stitch.onnx")
    return Product(path, contract, toolchain, parted.shapes, parted.heads, stitch)
