"""Every registered backend keeps every promise on each device that is here; the others say what is missing."""

from collections.abc import Callable

import pytest

from edge import contract
from edge.backend import Backend, BackendError
from edge.promises import PROMISES, Case
from sensors import plugins


def backend(name: str, **options: object) -> Backend:
    try:
        plugin = plugins.load("backends", name)
        built: Backend = plugin(plugin.Options(**options))
    except (plugins.PluginBroken, BackendError) as absent:
        pytest.skip(absent.sentence)
    return built


def case_of(name: str, **options: object) -> Case:
    built = backend(name, **options)
    devices = [device.name for device in built.devices()]
    if not devices:
        pytest.skip(f"backend {name!r} finds no device here")
    return Case(built, devices[0], contract.contract_artefact(name), contract.NETWORK)


@pytest.fixture(scope="module", params=plugins.names("backends"))
def registered(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_promise_of_a_registered_backend(promise: Callable[[Case], str], registered: Case) -> None:
    outcome = contract.judge(promise, registered)
    assert outcome.verdict != "broken", outcome.detail


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_promise_of_onnx_runtime_with_several_sessions(promise: Callable[[Case], str]) -> None:
    outcome = contract.judge(promise, case_of("onnxruntime", sessions=2, threads=2))
    assert outcome.verdict != "broken", outcome.detail
