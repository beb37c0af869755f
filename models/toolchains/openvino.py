"""For OpenVINO: its own format, bytes in; int8 by NNCF."""

from typing import Any, ClassVar, Literal

from models.manifest import InputContract
from models.toolchains import graph
from models.toolchains.job import CompilerRefused, Job, Product, tool, versions
from models.toolchains.quantiser import int8
from sensors import config
from sensors.config import Settings

NAME = "openvino"
PRECISIONS = ("fp32", "fp16", "int8")


class Options(Settings, frozen=True, kw_only=True):
    page: ClassVar[str] = "docs/backends.md"

    preset: Literal["performance", "mixed"] = "mixed"
    """NNCF's: `mixed` quantises activations asymmetrically, as SiLU needs it."""


def make(job: Job) -> Product:
    """fp16 is the weights' type in the file; what is computed in, the device decides (`edge.backends.openvino`)."""
    options = config.convert(job.options, Options, "options of the openvino toolchain")
    ov = tool(NAME, "openvino", "pip install 'gilmok[openvino]'")
    source = graph.read(job.source, job.manifest.name)
    parted = graph.cut(source) if job.precision == "int8" else None
    path = graph.write(parted.trunk if parted else source, job.scratch / "trunk.onnx")
    toolchain = versions("onnx", "openvino") | {"input": "uint8 NHWC, PrePostProcessor"}
    contract = graph.as_bytes(job.manifest.input)
    try:
        model = _fed_with_bytes(ov, ov.Core().read_model(path), job.manifest.input)
        if job.precision == "int8":
            model, quantiser = int8(job, model, job.feeds(contract), options.preset)
            toolchain |= quantiser
        job.on_step("write")
        ov.save_model(model, job.folder / "model.xml", compress_to_fp16=job.precision == "fp16")
    except RuntimeError as error:
        raise CompilerRefused("openvino", job.manifest.name, str(error).splitlines()[0]) from error
    made = job.folder / "model.xml"
    if parted is None:
        return Product(made, contract, toolchain)
    stitch = graph.write(parted.tail, job.folder / "stitch.onnx")
    return Product(made, contract, toolchain, parted.shapes, parted.heads, stitch)


def _fed_with_bytes(ov: Any, model: Any, contract: InputContract) -> Any:
    steps = ov.preprocess.PrePostProcessor(model)
    source = steps.input(0)
    source.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    source.model().set_layout(ov.Layout("NCHW"))
    source.preprocess().convert_element_type(ov.Type.f32)
    factor, offset = graph.normalisation(contract)
    # OpenVINO subtracts and divides: (pixel - mean) / scale.
    if offset.any():
        source.preprocess().mean([float(value) for value in -offset / factor])
    if (factor != 1).any():
        source.preprocess().scale([float(value) for value in 1 / factor])
    return steps.build()
