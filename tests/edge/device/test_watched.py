"""A watched session over the scripted backend in another process, and over one that hangs in this one."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.device.backend import DeviceAbsent, InferenceFailed, SessionLost, Telemetry, Tensors
from edge.device.remote.session import Remote, RemoteSession
from edge.device.watched import DeviceChanged, Watched
from models.manifest import Artefact, InputContract
from models.tensors import TensorSpec
from sensors.clock import SystemClock
from sensors.config import Settings
from sensors.frame import Array

CRASH, HANG, REFUSE = -1.0, -2.0, -4.0


class Greeting(Settings, frozen=True, kw_only=True):
    greeting: str = "hello"


def feed(first: float) -> list[Array]:
    return [np.array([[first, 1, 2, 3]], np.float32)]


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    contract = InputContract(width=2, height=2, colour="BGR", resize="stretch")
    return Artefact(
        model="m", path=tmp_path / "m.bin", sha256="0" * 64, precision="int8", backend="scripted", input=contract
    )


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch, artefact: Artefact) -> Iterator[Callable[..., Watched]]:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    opened: list[Watched] = []

    def watched(deadline_ms: float = 5000, watched_ms: float = 60_000) -> Watched:
        remote = Remote(
            "scripted", "scripted_backend:Scripted", Path(sys.executable), Greeting(), deadline_ms=deadline_ms
        )
        opened.append(Watched("scripted", lambda: remote.load(artefact, "chip"), watched_ms, SystemClock()))
        return opened[-1]

    yield watched
    for session in opened:
        session.close()


def pid_of(watched: Watched) -> int:
    session = watched.session
    assert isinstance(session, RemoteSession)
    return session.pid


def test_a_killed_worker_costs_one_frame_and_the_next_runs_in_a_new_one(apart: Callable[..., Watched]) -> None:
    watched = apart()
    before = pid_of(watched)
    os.kill(before, 9)
    with pytest.raises(SessionLost, match="signal 9"):
        watched.run(feed(1))
    assert watched.run(feed(5))[0][0, 0] == 10
    assert pid_of(watched) != before
    assert watched.rebuilt == 1
    (told,) = watched.troubles()
    assert "signal 9" in told


def test_a_dead_worker_tells_no_telemetry_and_disturbs_nobody_who_asks(apart: Callable[..., Watched]) -> None:
    watched = apart()
    assert watched.telemetry() is not None
    os.kill(pid_of(watched), 9)
    with pytest.raises(SessionLost):
        watched.run(feed(1))
    assert watched.telemetry() is None


def test_a_hung_worker_is_ended_at_the_deadline_and_the_next_runs(apart: Callable[..., Watched]) -> None:
    watched = apart(deadline_ms=50)
    with pytest.raises(SessionLost, match="no answer within 50 ms, so its process was ended"):
        watched.run(feed(HANG))
    assert watched.run(feed(5))[0][0, 0] == 10


def test_every_frame_of_a_run_has_a_fate_whatever_the_device_does(apart: Callable[..., Watched]) -> None:
    watched = apart(deadline_ms=200)
    fates = []
    for command in (1, CRASH, 2, REFUSE, 3, HANG, 4):
        try:
            fates.append(watched.run(feed(command))[0][0, 0])
        except InferenceFailed as error:
            fates.append(type(error).__name__)
    assert fates == [2, "SessionLost", 4, "InferenceFailed", 6, "SessionLost", 8]
    assert watched.rebuilt == 2


def test_a_refused_inference_keeps_its_session(apart: Callable[..., Watched]) -> None:
    watched = apart()
    before = pid_of(watched)
    with pytest.raises(InferenceFailed, match="the chip said -1"):
        watched.run(feed(REFUSE))
    assert watched.run(feed(1))[0][0, 0] == 2
    assert pid_of(watched) == before
    assert watched.troubles() == []


SPEC_IN, SPEC_OUT = TensorSpec("x", (1, 4), "float32"), TensorSpec("y", (1, 4), "float32")


class Stubborn:
    """Doubles its input; hangs on HANG until it is released."""

    facts: Mapping[str, str] = {"runtime": "stubborn 1.0"}
    inputs: Sequence[TensorSpec] = [SPEC_IN]

    def __init__(self, outputs: Sequence[TensorSpec] = (SPEC_OUT,)) -> None:
        self.outputs = outputs
        self.released = threading.Event()
        self.closed = threading.Event()

    def run(self, feeds: Tensors) -> Tensors:
        if feeds[0][0, 0] == HANG:
            self.released.wait()
        return [np.asarray(feeds[0] * 2)]

    def telemetry(self) -> Telemetry | None:
        return None

    def close(self) -> None:
        self.released.set()
        self.closed.set()


def watched_here(*built: Stubborn | Exception, deadline_ms: float = 100) -> Watched:
    coming = iter(built)

    def build() -> Stubborn:
        session = next(coming)
        if isinstance(session, Exception):
            raise session
        return session

    return Watched("stubborn", build, deadline_ms, SystemClock())


def test_a_call_that_hangs_in_this_process_fails_at_the_deadline_and_a_fresh_session_follows() -> None:
    first, second = Stubborn(), Stubborn()
    watched = watched_here(first, second)
    with pytest.raises(SessionLost, match="no answer within 100 ms"):
        watched.run(feed(HANG))
    assert watched.run(feed(3))[0][0, 0] == 6
    assert first.closed.wait(60)
    assert watched.session is second
    watched.close()
    assert second.closed.is_set()


def test_a_process_that_hangs_has_the_first_word_and_the_watchdog_names_what_it_adds(
    apart: Callable[..., Watched],
) -> None:
    watched = apart(deadline_ms=60_000, watched_ms=50)
    with pytest.raises(SessionLost, match="no answer within 50 ms, nor its process's end within 500 ms more"):
        watched.run(feed(HANG))


def test_a_device_that_has_gone_fails_each_frame_and_is_not_asked_for_at_every_one() -> None:
    gone = DeviceAbsent("stubborn", "chip", ["pebble"])
    watched = watched_here(Stubborn(), gone)
    with pytest.raises(SessionLost):
        watched.run(feed(HANG))
    with pytest.raises(DeviceAbsent, match="no device 'chip'"):
        watched.run(feed(1))
    # A third session isn't there to be built: the next frames fail by what is known.
    for _ in range(3):
        with pytest.raises(InferenceFailed, match=r"can't be rebuilt.*no device 'chip'"):
            watched.run(feed(1))
    assert watched.rebuilt == 0


def test_what_comes_back_as_another_network_is_refused() -> None:
    watched = watched_here(Stubborn(), Stubborn([TensorSpec("y", (1, 5), "float32")]))
    with pytest.raises(SessionLost):
        watched.run(feed(HANG))
    with pytest.raises(DeviceChanged):
        watched.run(feed(1))


def test_what_a_first_build_raises_keeps_the_node_from_starting() -> None:
    with pytest.raises(DeviceAbsent):
        watched_here(DeviceAbsent("stubborn", "chip", []))


def test_nothing_runs_after_closing() -> None:
    watched = watched_here(Stubborn())
    watched.close()
    watched.close()
    with pytest.raises(InferenceFailed, match="closed"):
        watched.run(feed(1))
