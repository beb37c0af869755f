"""Int8 by NNCF: convolutions' inputs and weights, with their biases corrected for what that does to them.

ONNX Runtime's own quantiser, calibrated with the same frames, left YOLOX-nano an AP of .005 on PETS09-S2L1: it rounds
what goes into every SiLU, too.
"""

from collections.abc import Iterator
from typing import Any

from models.toolchains.job import Job, tool, versions


def int8(job: Job, model: Any, feeds: Iterator[Any], preset: str) -> tuple[Any, dict[str, str]]:
    """`model` (ONNX or OpenVINO) quantised with `feeds`, as it takes them; and what did it."""
    nncf = tool("nncf", "nncf", "pip install 'gilmok[compile]'")
    job.on_step("quantise")
    quantised = nncf.quantize(
        model,
        nncf.Dataset(list(feeds)),
        preset=nncf.QuantizationPreset(preset),
        subset_size=len(job.pictures),
    )
    return quantised, versions("nncf") | {"quantiser": f"nncf.quantize, preset {preset}"}
