"""The worker's side: one backend, one session, requests in order. Needs NumPy, msgspec and the vendor's SDK."""

import importlib
import os
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import msgspec

from edge.device.backend import Backend, InferenceFailed, PipelinedSession, Session
from edge.device.remote import memory, protocol
from models.manifest import Artefact
from sensors import config
from sensors.errors import GilmokError


def serve(link: socket.socket) -> None:
    """Answer requests until the parent closes the link.

    The SDK is called in the main thread, as some demand. The link is read in another one, so that the process ends
    with its parent even while the SDK hangs.
    """
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(link, requests), name="link", daemon=True).start()
    served = _Served(link)
    while True:
        served.answer(requests.get())


def _listen(link: socket.socket, requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    while (message := protocol.receive(link)) is not None:
        if message["ask"] == "map":
            # The descriptor follows this message on the socket, and only the reader may take it off.
            message["memory"] = protocol.shared(link, message["length"])
        requests.put(message)
    os._exit(0)


class _Served:
    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._sending = threading.Lock()
        self._started: queue.SimpleQueue[tuple[int, int, Any]] = queue.SimpleQueue()
        self._name = ""
        self._backend: Backend
        self._session: Session
        self._slots: list[list[Any]] = []

    def answer(self, message: dict[str, Any]) -> None:
        ask = message["ask"]
        if ask == "run":
            self._run(message["id"], message["slot"])
        elif ask == "map":
            specs = [*self._session.inputs, *self._session.outputs]
            self._slots = memory.slots(message["memory"], specs, self._depth())
        else:
            self._reply(message["id"], lambda: getattr(self, f"_{ask}")(**message["with"]))

    def _open(self, name: str, plugin: str, options: dict[str, Any]) -> None:
        self._name = name
        module, _, attribute = plugin.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        self._backend = found(config.convert(options, found.Options, plugin))

    def _devices(self) -> list[dict[str, Any]]:
        return [asdict(device) for device in self._backend.devices()]

    def _load(self, artefact: dict[str, Any], device: str) -> dict[str, Any]:
        session = self._session = self._backend.load(config.convert(artefact, Artefact, "artefact"), device)
        if isinstance(session, PipelinedSession):
            threading.Thread(target=self._collect, args=(session,), name="collect", daemon=True).start()
        return {
            "inputs": [asdict(spec) for spec in session.inputs],
            "outputs": [asdict(spec) for spec in session.outputs],
            "facts": dict(session.facts),
            "depth": self._depth(),
        }

    def _telemetry(self) -> dict[str, Any] | None:
        telemetry = self._session.telemetry()
        return asdict(telemetry) if telemetry else None

    def _close(self) -> None:
        self._session.close()

    def _depth(self) -> int:
        return self._session.depth if isinstance(self._session, PipelinedSession) else 1

    def _run(self, number: int, slot: int) -> None:
        session, n = self._session, len(self._session.inputs)
        if not isinstance(session, PipelinedSession):
            self._reply(number, lambda: self._put(slot, session.run(self._slots[slot][:n])))
            return
        try:
            self._started.put((number, slot, session.submit(self._slots[slot][:n])))
        except Exception as error:  # noqa: BLE001 (top of a request)
            self._say({"id": number, "error": self._facts_of(error)})

    def _collect(self, session: PipelinedSession) -> None:
        while True:
            number, slot, ticket = self._started.get()
            self._reply(number, partial(self._collect_into, session, slot, ticket))

    def _collect_into(self, session: PipelinedSession, slot: int, ticket: Any) -> None:
        self._put(slot, session.collect(ticket))

    def _put(self, slot: int, outputs: Any) -> None:
        for target, output in zip(self._slots[slot][len(self._session.inputs) :], outputs, strict=True):
            target[...] = output

    def _reply(self, number: int, act: Callable[[], Any]) -> None:
        try:
            self._say({"id": number, "value": act()})
        except Exception as error:  # noqa: BLE001 (top of a request)
            self._say({"id": number, "error": self._facts_of(error)})

    def _facts_of(self, error: Exception) -> dict[str, str]:
        if not isinstance(error, GilmokError):
            error = InferenceFailed(self._name, f"the SDK raised {type(error).__name__}: {error}")
        return {"kind": type(error).__name__, "sentence": error.sentence, "hint": error.hint}

    def _say(self, message: dict[str, Any]) -> None:
        with self._sending:
            protocol.send(self._link, msgspec.to_builtins(message))
