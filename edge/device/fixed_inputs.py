"""A network with more inputs than the picture, as a session of the picture alone: the others stay the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge.device.backend import ArtefactRefused, PipelinedSession, Session, Tensors
from edge.device.delegating import DelegatingSession
from models.manifest import Artefact
from models.tensors import TensorSpec


def picture_only(session: Session, artefact: Artefact, backend: str) -> Session:
    """`session` itself where the picture is its only input; else it is owned and closed by what is returned.

    Raises ArtefactRefused where the session's other inputs are not those that the contract's `fixed` names.
    """
    fixed = artefact.input.fixed
    pictures = [spec.name for spec in session.inputs if spec.name not in fixed]
    strangers = [name for name in fixed if name not in {spec.name for spec in session.inputs}]
    if len(pictures) != 1 or strangers:
        said = ", ".join(f"{spec.name!r} {spec.dtype}{list(spec.shape)}" for spec in session.inputs)
        why = f"it takes {said}; the manifest's `fixed` inputs are {', '.join(map(repr, fixed)) or 'none'}"
        raise ArtefactRefused(backend, artefact, why)
    if not fixed:
        return session
    for spec in session.inputs:
        if spec.name in fixed and np.shape(fixed[spec.name]) != spec.shape:
            why = f"its input {spec.name!r} is {list(spec.shape)}, the manifest gives it {fixed[spec.name]}"
            raise ArtefactRefused(backend, artefact, why)
    if isinstance(session, PipelinedSession):
        return FixedInputsPipelined(session, fixed)
    return FixedInputs(session, fixed)


class FixedInputs(DelegatingSession):
    def __init__(self, session: Session, fixed: Mapping[str, Sequence[Sequence[float]]]) -> None:
        """`fixed`: every input but the picture, by name, in the session's shape."""
        super().__init__(session)
        self._feeds = [
            np.array(fixed[spec.name], spec.dtype) if spec.name in fixed else None for spec in session.inputs
        ]

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        return [spec for spec, feed in zip(self._inner.inputs, self._feeds, strict=True) if feed is None]

    def run(self, feeds: Tensors) -> Tensors:
        return super().run(self._all(feeds))

    def _all(self, feeds: Tensors) -> Tensors:
        given = iter(feeds)
        return [next(given) if feed is None else feed for feed in self._feeds]


class FixedInputsPipelined(FixedInputs):
    def __init__(self, session: PipelinedSession, fixed: Mapping[str, Sequence[Sequence[float]]]) -> None:
        super().__init__(session, fixed)
        self._pipelined = session

    @property
    def depth(self) -> int:
        return self._pipelined.depth

    def submit(self, feeds: Tensors) -> Any:
        return self._pipelined.submit(self._all(feeds))

    def collect(self, ticket: Any) -> Tensors:
        return self._pipelined.collect(ticket)
