"""The device under load: queries in, answers out, in the order in which they came; never the one who keeps time."""

import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from edge.assembly import Loaded
from edge.device.backend import InferenceFailed, PipelinedSession, Tensors
from models.decode import read
from models.preprocess import Placement, Preparer
from models.stitch import Stitch
from models.tensors import dequantise
from sensors.frame import Array, Image

Done: TypeAlias = Callable[[int], None]
"""Called with a query's id when its boxes are there; from another thread."""

WARM_UP = 5


class Library:
    """Input tensors, prepared beforehand: what a load generator calls samples."""

    def __init__(self, parts: Loaded, pictures: Sequence[Image]) -> None:
        preparer = Preparer(parts.artefact.input, parts.session.inputs[0])
        self.tensors: list[Array] = []
        self.placements: list[Placement] = []
        for picture in pictures:
            prepared = preparer.prepare(picture, preparer.buffer())
            self.placements.append(prepared.placement)
            self.tensors.append(prepared.tensor)

    def __len__(self) -> int:
        return len(self.tensors)


class Serving:
    """One device, asked through a queue; used by `with`.

    A query is an input tensor; its answer is the decoded boxes. After a fault every further query is answered at
    once, so that whoever waits for answers comes to an end, and `check` raises it.
    """

    def __init__(self, parts: Loaded, library: Library, done: Done) -> None:
        self._parts = parts
        self._library = library
        self._done = done
        self._stitch = Stitch(parts.artefact)
        self._asked: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()
        self._running: queue.SimpleQueue[tuple[int, int, Any] | None] = queue.SimpleQueue()
        self._fault: Exception | None = None
        session = parts.session
        self._pipelined = session if isinstance(session, PipelinedSession) else None
        works = [self._submit, self._collect] if self._pipelined else [self._serve]
        self._threads = [threading.Thread(target=work, name=f"serving-{work.__name__}") for work in works]

    def __enter__(self) -> "Serving":
        for place in range(WARM_UP):
            self.answer(place % len(self._library))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def ask(self, query: int, sample: int) -> None:
        """Returns at once."""
        self._asked.put((query, sample))

    def answer(self, sample: int) -> None:
        """One query by itself, in the caller's thread."""
        self._read(self._parts.session.run([self._library.tensors[sample]]), sample)

    def check(self) -> None:
        """Raises what went wrong, if anything did."""
        if self._fault is not None:
            raise self._fault

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            query, sample = asked
            self._guarded(partial(self.answer, sample))
            self._done(query)

    def _submit(self) -> None:
        assert self._pipelined is not None
        session = self._pipelined
        while (asked := self._asked.get()) is not None:
            query, sample = asked
            ticket = self._guarded(partial(session.submit, [self._library.tensors[sample]]))
            self._running.put((query, sample, ticket))
        self._running.put(None)

    def _collect(self) -> None:
        assert self._pipelined is not None
        session = self._pipelined
        while (running := self._running.get()) is not None:
            query, sample, ticket = running
            if ticket is not None:
                self._guarded(partial(self._finish, session, ticket, sample))
            self._done(query)

    def _finish(self, session: PipelinedSession, ticket: Any, sample: int) -> None:
        self._read(session.collect(ticket), sample)

    def _guarded(self, work: Callable[[], Any]) -> Any:
        if self._fault is not None:
            return None
        try:
            return work()
        except Exception as error:  # noqa: BLE001  the top of a thread; `check` raises it again
            self._fault = error
            return None

    def _read(self, raw: Tensors, sample: int) -> None:
        session = self._parts.session
        outputs = [dequantise(stored, spec) for stored, spec in zip(raw, session.outputs, strict=True)]
        if not all(np.isfinite(output).all() for output in outputs):
            raise InferenceFailed(self._parts.backend, "its outputs are not finite numbers")
        read(self._stitch(outputs), self._parts.manifest, self._library.placements[sample])
