"""What is checked, a backend with a device and a model, and what every check is made of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.device.backend import Backend, Session
from models.manifest import Artefact
from models.tensors import TensorSpec, quantise
from sensors.errors import GilmokError
from sensors.frame import Array


class CheckFailed(GilmokError):
    """The backend does not do what every backend must."""


class NotApplicable(GilmokError):
    """The check doesn't concern this backend, or nothing was given to check it with."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One backend with a device and a model that it should run there."""

    backend: Backend
    device: str
    artefact: Artefact
    reference: Path | None = None
    """The ONNX file that `artefact` was made from."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        session = self.backend.load(self.artefact, self.device)
        try:
            yield session
        finally:
            session.close()


def demand(kept: bool, otherwise: str) -> None:
    if not kept:
        raise CheckFailed(otherwise)


def reals(specs: Sequence[TensorSpec], seed: int) -> list[Array]:
    """Pixel values as real numbers, whole so that every input type can hold them."""
    chance = np.random.default_rng(seed)
    return [chance.integers(0, 256, spec.shape).astype(np.float32) for spec in specs]


def stored(specs: Sequence[TensorSpec], reals: Sequence[Array]) -> list[Array]:
    return [quantise(real, spec) for real, spec in zip(reals, specs, strict=True)]


def feeds_of(session: Session, seed: int) -> list[Array]:
    return stored(session.inputs, reals(session.inputs, seed))


def equal(first: Sequence[Array], second: Sequence[Array]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
