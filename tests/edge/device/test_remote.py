import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.device.backend import DeviceAbsent, InferenceFailed, PipelinedSession, SessionLost
from edge.device.remote.process import PythonAbsent
from edge.device.remote.session import Remote, RemoteSession
from edge.device.remote.worker import OnlyThese
from models.manifest import Artefact, InputContract
from sensors.config import Settings
from sensors.frame import Array

CRASH, HANG, RAISE, REFUSE = -1.0, -2.0, -3.0, -4.0


class Greeting(Settings, frozen=True, kw_only=True):
    greeting: str = "hello"


def feed(first: float) -> list[Array]:
    return [np.array([[first, 1, 2, 3]], np.float32)]


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Remote:
    monkeypatch.syspath_prepend(Path(__file__).parents[1])
    return Remote("scripted", "scripted_backend:Scripted", Path(sys.executable), Greeting(), deadline_ms=1000)


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    contract = InputContract(width=2, height=2, colour="BGR", resize="stretch")
    return Artefact(
        model="m", path=tmp_path / "m.bin", sha256="0" * 64, precision="int8", backend="scripted", input=contract
    )


@pytest.fixture
def session(remote: Remote, artefact: Artefact) -> Iterator[RemoteSession]:
    loaded = remote.load(artefact, "chip")
    yield loaded
    loaded.close()


def test_the_devices_are_those_the_other_process_sees_with_the_options_it_was_given(remote: Remote) -> None:
    (device,) = Remote(remote.name, remote.plugin, remote.python, Greeting(greeting="moin")).devices()
    assert (device.name, device.kind, device.facts["greeting"]) == ("chip", "npu", "moin")
    assert device.facts["pid"] != str(os.getpid())


def test_an_inference_in_another_process_gives_the_same_as_here(session: RemoteSession) -> None:
    (doubled,) = session.run(feed(5))
    assert doubled.tolist() == [[10, 2, 4, 6]]
    assert doubled.dtype == np.float32


def test_the_caller_owns_the_result(session: RemoteSession) -> None:
    (first,) = session.run(feed(5))
    session.run(feed(7))
    assert first[0, 0] == 10


def test_the_session_tells_what_the_worker_told(session: RemoteSession, artefact: Artefact) -> None:
    assert isinstance(session, PipelinedSession)
    assert session.facts["runtime"] == "scripted 1.0"
    assert session.facts["artefact"] == str(artefact.path)
    told = session.telemetry()
    assert told is not None
    assert (told.temperature_c, told.clock_mhz, told.throttled) == (41.5, 800.0, False)
    assert math.isnan(told.power_w)


def test_an_error_of_the_protocol_comes_back_as_itself(remote: Remote, artefact: Artefact) -> None:
    with pytest.raises(DeviceAbsent, match=r"no device 'npu7' \(found: chip\)"):
        remote.load(artefact, "npu7")


@pytest.mark.parametrize(
    ("command", "told"),
    [(REFUSE, "the chip said -1"), (RAISE, "the SDK raised ValueError: shape is odd")],
)
def test_after_a_failed_inference_the_session_goes_on(session: RemoteSession, command: float, told: str) -> None:
    with pytest.raises(InferenceFailed, match=told):
        session.run(feed(command))
    assert session.run(feed(1))[0][0, 0] == 2


def test_a_dead_worker_is_told_with_its_last_words(session: RemoteSession) -> None:
    with pytest.raises(SessionLost, match=r"its process ended \(signal 6\).*bus error at 0xdead"):
        session.run(feed(CRASH))
    with pytest.raises(SessionLost, match="signal 6"):
        session.run(feed(1))


def test_a_worker_killed_from_outside_is_told(session: RemoteSession) -> None:
    os.kill(session.pid, 9)
    with pytest.raises(SessionLost, match="signal 9"):
        session.run(feed(1))


def test_a_hung_device_is_noticed_at_the_deadline_and_its_process_ended(remote: Remote, artefact: Artefact) -> None:
    brief = Remote(remote.name, remote.plugin, remote.python, Greeting(), deadline_ms=50)
    session = brief.load(artefact, "chip")
    with pytest.raises(SessionLost, match="no answer within 50 ms"):
        session.run(feed(HANG))
    with pytest.raises(ProcessLookupError):
        os.kill(session.pid, 0)
    session.close()


def test_closing_twice_is_harmless_and_nothing_runs_afterwards(session: RemoteSession) -> None:
    session.close()
    session.close()
    with pytest.raises(InferenceFailed, match="closed"):
        session.run(feed(1))


def test_without_its_environment_the_error_says_how_to_build_it(remote: Remote, tmp_path: Path) -> None:
    absent = Remote(remote.name, remote.plugin, tmp_path / "bin" / "python", Greeting())
    with pytest.raises(PythonAbsent, match="gilmok backend install scripted"):
        absent.devices()


def test_the_worker_finds_the_packages_it_was_told_and_nothing_that_lies_beside_them() -> None:
    finder = OnlyThese({"edge": str(Path(__file__).parents[3])})
    assert finder.find_spec("edge", None) is not None
    assert finder.find_spec("fleet", None) is None
