"""For Qualcomm's HTP: QDQ as the QNN execution provider wants it, 16-bit activations for choice."""

from typing import ClassVar, Literal

from onnxruntime.quantization import QuantType, quantize
from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config, qnn_preprocess_model

from models.toolchains import graph, qdq
from models.toolchains.job import Job, Product, versions
from sensors import config
from sensors.config import Settings

PRECISIONS = ("u16", "int8")

ACTIVATIONS = {"u16": QuantType.QUInt16, "int8": QuantType.QUInt8}


class Options(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/backends.md"

    method: Literal["", "minmax", "percentile", "entropy"] = ""
    """How the range of a tensor is told from the numbers seen; empty: `minmax` for 16 bits, which have room for
    outliers, `percentile` for 8, which haven't."""
    per_channel: bool = True
    """A scale for each channel of a weight. With one scale for all, depthwise networks lose everything (YOLOX-nano
    finds nobody on PETS09-S2L1, at 16 bits of activation, too)."""


def make(job: Job) -> Product:
    """`u16`: 16-bit activations and 8-bit weights; `int8`: both in 8 bits."""
    options = config.convert(job.options, Options, "options of the qnn toolchain")
    model = graph.read(job.source, job.manifest.name)
    parted = graph.cut(model)
    trunk = graph.write(parted.trunk if parted else model, job.scratch / "trunk.onnx")
    readied = job.scratch / "readied.onnx"
    if not qnn_preprocess_model(trunk, readied):
        readied = trunk
    job.on_step("quantise")
    method = options.method or ("minmax" if job.precision == "u16" else "percentile")
    contract, name = job.manifest.input, model.graph.input[0].name
    settings = get_qnn_qdq_config(
        readied,
        qdq.Pictures(job, name, contract),
        calibrate_method=qdq.methods()[method],
        activation_type=ACTIVATIONS[job.precision],
        weight_type=QuantType.QInt8 if options.per_channel else QuantType.QUInt8,
        weight_symmetric=options.per_channel,
        per_channel=options.per_channel,
    )
    path = job.folder / "model.onnx"
    quantize(readied, path, settings)
    toolchain = versions("onnx", "onnxruntime") | {
        "opset": str(graph.OPSET),
        "quantiser": f"get_qnn_qdq_config, {method}, activations "
        f"{'uint16' if job.precision == 'u16' else 'uint8'}, weights "
        f"{'int8 per channel' if options.per_channel else 'uint8'}",
    }
    if parted is None:
        return Product(path, contract, toolchain)
    stitch = graph.write(parted.tail, job.folder / "stitch.onnx")
    return Product(path, contract, toolchain, parted.shapes, parted.heads, stitch)
