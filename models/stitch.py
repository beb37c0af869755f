"""What a compiler cut off a model's graph, done on the host: heads apart, tensors as the decoder reads them."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort

from models.manifest import Artefact
from sensors.frame import Array


class Stitch:
    """Joins the outputs of an artefact; any number of threads may call it at once."""

    def __init__(self, artefact: Artefact) -> None:
        self._session = _open(artefact) if artefact.stitch else None

    def __call__(self, outputs: Sequence[Array]) -> Sequence[Array]:
        """The manifest's outputs, from float32 `outputs` in the artefact's order; as they are where nothing was cut."""
        if self._session is None:
            return outputs
        feeds = {port.name: output for port, output in zip(self._session.get_inputs(), outputs, strict=True)}
        return [np.asarray(joined) for joined in self._session.run(None, feeds)]


def _open(artefact: Artefact) -> ort.InferenceSession:
    settings = ort.SessionOptions()
    settings.log_severity_level = 4
    # Reshapes and a few sigmoids: a second thread would cost more than it computes.
    settings.intra_op_num_threads = 1
    return ort.InferenceSession(artefact.stitch, settings, providers=["CPUExecutionProvider"])
