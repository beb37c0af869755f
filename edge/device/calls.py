"""Sessions made of an SDK's calls: what every backend would else write again around its vendor's `infer`."""

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge.device.backend import InferenceFailed, Telemetry, Tensors
from edge.device.feeds import checked_feeds, checked_outputs, spec_of, zeros
from models.tensors import TensorSpec
from sensors.frame import Array

Failures = tuple[type[Exception], ...]


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Calls:
    """An SDK's calls for one loaded model.

    `start` begins an inference and returns what `finish` takes; `finish` waits and returns the outputs. An SDK that
    only has one blocking call does everything in `finish`.
    """

    backend: str
    finish: Callable[[Any], Any]
    start: Callable[[list[Array]], Any] = lambda feeds: feeds
    release: Callable[[], object] = _nothing
    telemetry: Callable[[], Telemetry | None] = _nothing
    failures: Failures = (RuntimeError, ValueError)
    """What the SDK raises where an inference fails."""
    depth: int = 1
    facts: Mapping[str, str] = field(default_factory=dict)


class CalledSession:
    """One inference at a time: a second caller waits.

    Where the SDK doesn't tell its outputs (`outputs` None), the warm-up's answer does.
    """

    def __init__(self, calls: Calls, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec] | None = None) -> None:
        self._calls = calls
        self.inputs: Sequence[TensorSpec] = inputs
        self.outputs: Sequence[TensorSpec] = outputs if outputs is not None else self._learnt()
        self._closed = False
        self._turns = threading.Semaphore(calls.depth)
        self._closing = threading.Lock()

    @property
    def facts(self) -> Mapping[str, str]:
        return self._calls.facts

    def run(self, feeds: Tensors) -> Tensors:
        return self._finished(self._started(feeds))

    def telemetry(self) -> Telemetry | None:
        return None if self._closed else self._calls.telemetry()

    def close(self) -> None:
        """Waits for what is running; nothing runs afterwards."""
        with self._closing, contextlib.ExitStack() as held:
            if self._closed:
                return
            for _ in range(self._calls.depth):
                held.enter_context(self._turns)
            self._closed = True
            self._calls.release()
            # The closures hold the SDK's objects, and those the device.
            self._calls = Calls(self._calls.backend, finish=list, facts=self._calls.facts)

    def _started(self, feeds: Tensors) -> Any:
        fed = checked_feeds(self._calls.backend, self.inputs, feeds)
        self._turns.acquire()
        try:
            if self._closed:
                raise InferenceFailed(self._calls.backend, "the session is closed")
            return fed, self._calls.start(fed)
        except self._calls.failures as error:
            self._turns.release()
            raise InferenceFailed(self._calls.backend, gist(error)) from error
        except BaseException:
            self._turns.release()
            raise

    def _finished(self, started: Any) -> Tensors:
        _, handle = started
        try:
            return checked_outputs(self._calls.backend, self.outputs, self._calls.finish(handle))
        except self._calls.failures as error:
            raise InferenceFailed(self._calls.backend, gist(error)) from error
        finally:
            self._turns.release()

    def _learnt(self) -> list[TensorSpec]:
        try:
            first = self._calls.finish(self._calls.start(zeros(self.inputs)))
        except self._calls.failures as error:
            raise InferenceFailed(self._calls.backend, f"its first inference: {gist(error)}") from error
        if not isinstance(first, (list, tuple)):
            raise InferenceFailed(self._calls.backend, f"its first inference returned {first!r}")
        arrays = [np.asarray(output) for output in first]
        return [spec_of(f"output{n}", array.shape, array.dtype.name) for n, array in enumerate(arrays)]


class QueuedSession(CalledSession):
    """Up to `Calls.depth` inferences in flight; `start` and `finish` of the SDK may be called from any thread."""

    @property
    def depth(self) -> int:
        return self._calls.depth

    def submit(self, feeds: Tensors) -> Any:
        return self._started(feeds)

    def collect(self, ticket: Any) -> Tensors:
        return self._finished(ticket)


def gist(error: Exception) -> str:
    """The line of an SDK's message that says something: some raise whole tracebacks, or name their sources first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '", "Please visit", "File "))]
    if telling and telling[0].startswith("Traceback"):
        return telling[-1]
    return telling[0] if telling else type(error).__name__
