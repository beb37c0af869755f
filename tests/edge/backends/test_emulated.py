from pathlib import Path

import numpy as np
import pytest

from edge.backends.emulated import Emulated, ProfileTooFast
from edge.conformance import suite
from edge.device.backend import DeviceAbsent, PipelinedSession
from sensors.clock import NS_PER_MS
from sensors.frame import Array
from tests.fakes import ManualClock

NETWORK = suite.contract_artefact("onnxruntime")

SLOWING = """
[slowing]
source = "a test"
min_ms = 100
p50_ms = 100
p90_ms = 100
p99_ms = 100
max_ms = 100
throttle_after_s = 0.25
throttle_factor = 2
"""


@pytest.fixture
def feeds() -> list[Array]:
    return [np.ones((1, 3, 32, 32), np.float32)]


def slowing(folder: Path, clock: ManualClock) -> Emulated:
    path = folder / "profiles.toml"
    path.write_text(SLOWING)
    return Emulated(Emulated.Options(profiles=path), clock)


def test_every_device_is_marked_emulated_and_names_the_source_of_its_figures() -> None:
    devices = Emulated(Emulated.Options()).devices()
    assert {device.kind for device in devices} == {"emulated"}
    assert all("assumed" in device.facts["profile"] for device in devices)
    assert {device.facts["evidence"] for device in devices} == {"emulated"}


def test_an_answer_comes_when_the_profiles_latency_is_over(tmp_path: Path, feeds: list[Array]) -> None:
    clock = ManualClock()
    session = slowing(tmp_path, clock).load(NETWORK, "slowing")
    begun_ns = clock.now().mono_ns
    session.run(feeds)
    assert clock.now().mono_ns - begun_ns == 100 * NS_PER_MS
    session.close()


def test_a_throttling_profile_slows_down_after_its_time_of_work(tmp_path: Path, feeds: list[Array]) -> None:
    clock = ManualClock()
    session = slowing(tmp_path, clock).load(NETWORK, "slowing")
    took_ms = []
    for _ in range(5):
        begun_ns = clock.now().mono_ns
        session.run(feeds)
        took_ms.append((clock.now().mono_ns - begun_ns) / NS_PER_MS)
    assert took_ms == [100, 100, 100, 200, 200]
    told = session.telemetry()
    assert told is not None
    assert told.throttled
    session.close()


def test_the_numbers_are_onnx_runtimes(feeds: list[Array]) -> None:
    session = Emulated(Emulated.Options()).load(NETWORK, "steady-30ms")
    boxes, scores = session.run(feeds)
    assert (boxes.shape, scores.shape) == ((1, 4, 16, 16), (1, 2, 16, 16))
    assert "0 inferences" in session.facts["late"]
    session.close()


def test_two_cores_hold_three_in_flight() -> None:
    session = Emulated(Emulated.Options()).load(NETWORK, "two-core-40ms")
    assert isinstance(session, PipelinedSession)
    assert session.depth == 3
    session.close()


def test_a_profile_faster_than_this_cpu_is_refused_rather_than_told_as_true(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(SLOWING.replace("100", "1e-6"))
    with pytest.raises(ProfileTooFast, match="for the numbers alone"):
        Emulated(Emulated.Options(profiles=path)).load(NETWORK, "slowing")


def test_an_unknown_profile_is_an_absent_device() -> None:
    with pytest.raises(DeviceAbsent, match="steady-30ms"):
        Emulated(Emulated.Options()).load(NETWORK, "hailo-8")
