"""What every accelerator offers: tensors in, tensors out. Meaning is made elsewhere (`models.decoders`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from models.manifest import Artefact, Manifest
from models.tensors import TensorSpec
from sensors.errors import GilmokError
from sensors.frame import Array

Tensors: TypeAlias = Sequence[Array]
"""By position, as the session's `inputs` and `outputs` list them."""

DeviceKind: TypeAlias = Literal["cpu", "gpu", "npu", "emulator", "simulator", "emulated"]
"""Where numbers come from: silicon, a vendor's emulator or simulator, or CPU numerics with a profile's latency."""


@dataclass(frozen=True, slots=True)
class Device:
    """`name` is what a configuration asks for; `facts` is the tuple of board, driver, firmware, runtime."""

    name: str
    kind: DeviceKind
    description: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Telemetry:
    """NaN where the SDK doesn't tell."""

    temperature_c: float
    power_w: float
    clock_mhz: float
    utilisation: float
    """0..1"""
    throttled: bool | None


class BackendError(GilmokError):
    """An accelerator refused; the frame or the start fails, nothing falls back."""


class DeviceAbsent(BackendError):
    def __init__(self, backend: str, wanted: str, found: Sequence[str], hint: str = "") -> None:
        super().__init__(
            f"backend {backend!r} has no device {wanted!r} (found: {', '.join(found) or 'none'})",
            hint or f"`gilmok backend list` shows what is there and what {backend!r} needs",
        )


class ArtefactRefused(BackendError):
    def __init__(self, backend: str, artefact: Artefact, why: str, hint: str = "") -> None:
        super().__init__(
            f"backend {backend!r} can't load {artefact.path}: {why}",
            hint or "check that the file is whole (`gilmok model verify`) and was made for this backend",
        )


class OutputsForeign(BackendError):
    def __init__(self, manifest: Manifest, found: Sequence[tuple[int, ...]]) -> None:
        super().__init__(
            f"this file is not what model {manifest.name!r} says: its outputs are {list(found)}, "
            f"decoder {manifest.decoder!r} reads {list(manifest.outputs)}",
            "name the model that the file belongs to, or correct `outputs` and `decoder` in the manifest",
        )


class InferenceFailed(BackendError):
    def __init__(self, backend: str, why: str) -> None:
        super().__init__(f"backend {backend!r} failed: {why}")


class SessionLost(InferenceFailed):
    """The device hung or its process died: this session can't run again, a new one can (`edge.device.watched`)."""


class Session(Protocol):
    """A model loaded on a device. Thread-safe: one that can't be, serialises inside."""

    @property
    def inputs(self) -> Sequence[TensorSpec]: ...

    @property
    def outputs(self) -> Sequence[TensorSpec]: ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What is known of where it runs: runtime, driver, operators by device."""
        ...

    def run(self, feeds: Tensors) -> Tensors:
        """One inference; raises InferenceFailed. The caller may reuse `feeds` afterwards, and owns the result."""
        ...

    def telemetry(self) -> Telemetry | None: ...

    def close(self) -> None:
        """Give the device back; closing twice is harmless."""
        ...


@runtime_checkable
class PipelinedSession(Session, Protocol):
    """A session that works on several inferences at once, as NPUs with several cores or queues do."""

    @property
    def depth(self) -> int:
        """How many inferences may be in flight; submitting more blocks."""
        ...

    def submit(self, feeds: Tensors) -> Any:
        """Start an inference, return its ticket. `feeds` belongs to the session until the ticket is collected."""
        ...

    def collect(self, ticket: Any) -> Tensors:
        """Wait for a ticket's outputs; raises InferenceFailed. Each ticket is collected once."""
        ...


class Backend(Protocol):
    """An accelerator's SDK, built from its own `Options` struct (a nested class of the plugin)."""

    def devices(self) -> Sequence[Device]:
        """What is here now; empty where the SDK finds nothing. Raises BackendError only if the SDK itself is broken."""
        ...

    def load(self, artefact: Artefact, device: str) -> Session:
        """`artefact` on the device of that name, warmed up.

        Raises DeviceAbsent or ArtefactRefused; never runs elsewhere than asked.
        """
        ...


def check_outputs(manifest: Manifest, session: Session, cut: Sequence[tuple[int, ...]] = ()) -> None:
    """Raises OutputsForeign where the session's outputs are not the ones that the manifest's decoder reads.

    `cut` are an artefact's own, where its heads were cut off the graph.
    """
    found = [spec.shape for spec in session.outputs]
    stated = cut or manifest.outputs
    if len(found) != len(stated) or not all(map(_agree, found, stated)):
        raise OutputsForeign(manifest, found)


def _agree(found: Sequence[int], stated: Sequence[int]) -> bool:
    """A stated 0 is any length."""
    return len(found) == len(stated) and all(b in (0, a) for a, b in zip(found, stated, strict=True))
