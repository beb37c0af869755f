"""Every backend that can run here passes every check; the others are skipped, by the name of what is missing."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.backends.emulated import Emulated
from edge.backends.onnxruntime import OnnxRuntime
from edge.backends.openvino import OpenVino
from edge.backends.qnn import Qnn
from edge.backends.rknn import Rknn
from edge.conformance import suite
from edge.conformance.checks import CHECKS
from edge.conformance.subject import Subject
from edge.conformance.suite import judge
from edge.device.backend import Backend
from edge.device.environment import python_of
from edge.device.remote.session import Remote


@dataclass(frozen=True)
class Entrant:
    """A backend as somebody would use it here, and what must be installed for that."""

    name: str
    module: str
    device: str
    build: Callable[[], Backend]


ENTRANTS = {
    "onnxruntime": Entrant("onnxruntime", "onnxruntime", "cpu", lambda: OnnxRuntime(OnnxRuntime.Options())),
    "onnxruntime, two sessions": Entrant(
        "onnxruntime", "onnxruntime", "cpu", lambda: OnnxRuntime(OnnxRuntime.Options(sessions=2))
    ),
    "onnxruntime, in a process of its own": Entrant(
        "onnxruntime",
        "onnxruntime",
        "cpu",
        lambda: Remote(
            "onnxruntime",
            "edge.backends.onnxruntime:OnnxRuntime",
            Path(sys.executable),
            OnnxRuntime.Options(sessions=2),
        ),
    ),
    "emulated": Entrant("onnxruntime", "onnxruntime", "steady-30ms", lambda: Emulated(Emulated.Options())),
    "openvino, latency": Entrant("openvino", "openvino", "cpu", lambda: OpenVino(OpenVino.Options())),
    "openvino, three in flight": Entrant(
        "openvino", "openvino", "cpu", lambda: OpenVino(OpenVino.Options(hint="throughput", requests=3))
    ),
    "openvino, in a process of its own": Entrant(
        "openvino",
        "openvino",
        "cpu",
        lambda: Remote(
            "openvino", "edge.backends.openvino:OpenVino", Path(sys.executable), OpenVino.Options(requests=2)
        ),
    ),
    "qnn, emulated": Entrant("qnn", "onnxruntime_qnn", "htp", lambda: Qnn(Qnn.Options())),
}

LONG = "openvino, in a process of its own"
"""Every check starts a process and imports OpenVINO in it; ONNX Runtime in a process of its own shows the same door."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.long if name == LONG else ()) for name in ENTRANTS],
)
def subject(request: pytest.FixtureRequest) -> Subject:
    entrant = ENTRANTS[request.param]
    if importlib.util.find_spec(entrant.module) is None:
        pytest.skip(f"{entrant.module} is not installed")
    return Subject(entrant.build(), entrant.device, suite.contract_artefact(entrant.name), suite.NETWORK)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_check(check: Callable[[Subject], str], subject: Subject) -> None:
    outcome = judge(check, subject)
    assert outcome.verdict != "broken", outcome.detail


@pytest.fixture(scope="module")
def simulated() -> Subject:
    python = python_of("rknn")
    if not python.is_file():
        pytest.skip(f"no environment at {python} (gilmok backend install rknn)")
    remote = Remote("rknn", "edge.backends.rknn:Rknn", python, Rknn.Options(), deadline_ms=60_000)
    return Subject(remote, "simulator", suite.contract_artefact("rknn"), suite.NETWORK)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_check_in_rockchips_simulator(check: Callable[[Subject], str], simulated: Subject) -> None:
    outcome = judge(check, simulated)
    assert outcome.verdict != "broken", outcome.detail
