"""A session over another one, which it owns: what isn't said otherwise is passed on."""

from collections.abc import Mapping, Sequence

from edge.device.backend import Session, Telemetry, Tensors
from models.tensors import TensorSpec


class DelegatingSession:
    """A Session that answers as `inner` does and closes it; subclasses say what is other."""

    def __init__(self, inner: Session) -> None:
        self._inner = inner

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        return self._inner.inputs

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return self._inner.outputs

    @property
    def facts(self) -> Mapping[str, str]:
        return self._inner.facts

    def run(self, feeds: Tensors) -> Tensors:
        return self._inner.run(feeds)

    def telemetry(self) -> Telemetry | None:
        return self._inner.telemetry()

    def close(self) -> None:
        self._inner.close()
