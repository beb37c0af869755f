"""A backend and its session in a worker process, behind the protocols of `edge.device.backend`."""

import contextlib
import queue
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge.device.backend import BackendError, Device, Telemetry, Tensors
from edge.device.feeds import checked_feeds
from edge.device.remote import memory
from edge.device.remote.process import GOODBYE_S, Worker
from models.manifest import Artefact
from models.tensors import TensorSpec
from sensors import config
from sensors.config import Settings

START_S = 600.0
"""Importing an SDK, building and loading a model on a slow board."""

TELEMETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Remote:
    """Any backend plugin, run by another environment's Python."""

    name: str
    plugin: str
    """`module:Class`, as its entry point says."""
    python: Path
    options: Settings
    deadline_ms: float = 10_000.0
    """An inference that takes longer has hung: its process is ended."""

    def devices(self) -> Sequence[Device]:
        worker = self._opened()
        try:
            return [msgspec.convert(device, Device) for device in worker.ask("devices", START_S)]
        finally:
            worker.close()

    def load(self, artefact: Artefact, device: str) -> "RemoteSession":
        worker = self._opened()
        try:
            loaded = worker.ask("load", START_S, artefact=config.plain(artefact), device=device)
            return RemoteSession(self.name, worker, loaded, self.deadline_ms / 1000)
        except BaseException:
            worker.close()
            raise

    def _opened(self) -> Worker:
        worker = Worker(self.name, self.python, self.plugin.partition(":")[0])
        try:
            worker.ask("open", START_S, name=self.name, plugin=self.plugin, options=config.plain(self.options))
        except BaseException:
            worker.close()
            raise
        return worker


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    slot: int
    answer: "Future[Any]"


class RemoteSession:
    """Raises SessionLost once its process has died or hung; it never comes back by itself."""

    keeps_deadline = True
    """A process that hangs is ended, so that the device is free for the next one."""

    def __init__(self, name: str, worker: Worker, loaded: dict[str, Any], deadline_s: float) -> None:
        self._name = name
        self._worker = worker
        self._deadline_s = deadline_s
        # A slot of the shared memory holds tensors of one size.
        told = msgspec.convert(loaded["inputs"], list[TensorSpec])
        self.inputs: Sequence[TensorSpec] = [replace(spec, open_axes=()) for spec in told]
        self.outputs: Sequence[TensorSpec] = msgspec.convert(loaded["outputs"], list[TensorSpec])
        self.facts: Mapping[str, str] = {**loaded["facts"], "process": "its own"}
        self._depth = int(loaded["depth"])
        specs = [*self.inputs, *self.outputs]
        self._slots = memory.slots(worker.share(memory.length_of(specs, self._depth)), specs, self._depth)
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for slot in range(self._depth):
            self._free.put(slot)

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._worker.pid

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> _Ticket:
        fed = checked_feeds(self._name, self.inputs, feeds)
        slot = self._free.get()
        try:
            for target, feed in zip(self._slots[slot], fed, strict=False):
                target[...] = feed
            return _Ticket(slot, self._worker.start("run", slot=slot))
        except BaseException:
            self._free.put(slot)
            raise

    def collect(self, ticket: _Ticket) -> Tensors:
        try:
            self._worker.wait(ticket.answer, self._deadline_s)
            return [np.array(view) for view in self._slots[ticket.slot][len(self.inputs) :]]
        finally:
            self._free.put(ticket.slot)

    def telemetry(self) -> Telemetry | None:
        """None where the SDK tells nothing, and while the worker is busy with something slow."""
        try:
            telemetry = self._worker.start("telemetry", **{"with": {}}).result(TELEMETRY_S)
        except TimeoutError:
            return None
        return msgspec.convert(telemetry, Telemetry | None)

    def close(self) -> None:
        with contextlib.suppress(BackendError):
            self._worker.ask("close", GOODBYE_S)
        self._worker.close()
