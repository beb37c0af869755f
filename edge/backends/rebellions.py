"""Rebellions' ATOM, by the RBLN SDK's `rebel`: Runtime for one inference at a time, AsyncRuntime for several."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from edge.device.backend import ArtefactRefused, Device, DeviceAbsent, Session
from edge.device.calls import CalledSession, Calls, QueuedSession, gist
from edge.device.feeds import input_spec, usable_file
from edge.device.sdk import UNTRIED, About, sdk
from models.manifest import Artefact
from sensors.config import Settings
from sensors.ranges import Several

NAME = "rebellions"

MOST_DEVICES = 64
"""How far to look for devices: the SDK answers for one number at a time."""


class Rebellions:
    """Loads .rbln files."""

    about = About(
        silicon="Rebellions ATOM",
        module="rebel",
        install="Rebellions' rebel-compiler and driver, from the vendor's package index (an account is needed)",
        tried="nothing but its absence; not run on hardware",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        in_flight: Several = 2
        """1 takes the synchronous Runtime, more the AsyncRuntime."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rebel = sdk(NAME, self.about)

    def devices(self) -> Sequence[Device]:
        facts = {"runtime": f"rebel {self._rebel.__version__}", **UNTRIED}
        return [
            Device(f"npu{number}", "npu", str(self._rebel.get_npu_name(number)), facts) for number in self._numbers()
        ]

    def load(self, artefact: Artefact, device: str) -> Session:
        found = {f"npu{number}": number for number in self._numbers()}
        if device not in found:
            raise DeviceAbsent(NAME, device, list(found))
        path = usable_file(NAME, artefact, (".rbln",))
        try:
            if self._options.in_flight == 1:
                return CalledSession(self._calls_one(path, found[device]), [input_spec(artefact)])
            return QueuedSession(self._calls_many(path, found[device]), [input_spec(artefact)])
        # RBLNRuntimeError and its kin have had several roots in the SDK's versions.
        except Exception as error:
            raise ArtefactRefused(NAME, artefact, gist(error)) from error

    def _calls_one(self, path: Path, number: int) -> Calls:
        runtime = self._rebel.Runtime(str(path), device=number, tensor_type="np")
        return Calls(
            NAME, finish=lambda fed: _listed(runtime.run(*fed)), failures=(Exception,), facts=self._facts("Runtime")
        )

    def _calls_many(self, path: Path, number: int) -> Calls:
        depth = self._options.in_flight

        def opened() -> Any:
            return self._rebel.AsyncRuntime(str(path), device=number, tensor_type="np", parallel=min(depth, 2))

        loop = _OwnLoop(opened)
        return Calls(
            NAME,
            start=lambda fed: loop.call(lambda runtime: runtime.async_run(*fed)),
            finish=lambda future: _listed(future.result()),
            release=loop.stop,
            failures=(Exception,),
            depth=depth,
            facts=self._facts("AsyncRuntime"),
        )

    def _facts(self, runtime: str) -> dict[str, str]:
        return {"runtime": f"rebel {self._rebel.__version__}, {runtime}", **UNTRIED}

    def _numbers(self) -> list[int]:
        numbers = []
        for number in range(MOST_DEVICES):
            if not self._rebel.npu_is_available(number):
                break
            numbers.append(number)
        return numbers


class _OwnLoop:
    """An event loop in a thread of its own: an AsyncRuntime belongs to the loop that it was made in."""

    def __init__(self, opened: Callable[[], Any]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=NAME, daemon=True)
        self._thread.start()
        try:
            self._runtime = asyncio.run_coroutine_threadsafe(self._made(opened), self._loop).result()
        except BaseException:
            self.stop()
            raise

    def call(self, work: Callable[[Any], Any]) -> Any:
        async def awaited() -> Any:
            return await work(self._runtime)

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop)

    def stop(self) -> None:
        self._runtime = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _made(opened: Callable[[], Any]) -> Any:
        return opened()


def _listed(outputs: Any) -> Any:
    """One output comes bare, several as a tuple or list."""
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
