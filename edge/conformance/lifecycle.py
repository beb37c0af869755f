"""How a backend loads, says where it runs, and lets go: one function a check; each returns what it saw."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from edge.conformance.subject import CheckFailed, Subject, demand, equal, feeds_of
from edge.device.backend import ArtefactRefused, DeviceAbsent, InferenceFailed
from models.tensors import TensorSpec

ABSENT_DEVICE = "no-such-device"


def it_lists_its_devices(subject: Subject) -> str:
    devices = subject.backend.devices()
    names = [device.name for device in devices]
    demand(len(set(names)) == len(names), f"two devices have one name: {names}")
    demand(subject.device in names, f"{subject.device!r} is not among its devices {names}")
    demand(all("runtime" in device.facts for device in devices), "a device's facts don't name the runtime")
    return ", ".join(f"{device.name} ({device.kind})" for device in devices)


def it_refuses_a_device_that_is_not_there(subject: Subject) -> str:
    try:
        subject.backend.load(subject.artefact, ABSENT_DEVICE).close()
    except DeviceAbsent as error:
        return error.sentence
    raise CheckFailed(f"it loaded the model on {ABSENT_DEVICE!r}")


def it_refuses_a_file_that_is_no_model(subject: Subject) -> str:
    with tempfile.TemporaryDirectory() as folder:
        stranger = Path(folder, f"stranger{subject.artefact.path.suffix}")
        stranger.write_bytes(b"this is no model\n" * 64)
        return _refused(subject, stranger)


def it_refuses_a_file_that_is_not_there(subject: Subject) -> str:
    return _refused(subject, subject.artefact.path.with_name("no-such-file" + subject.artefact.path.suffix))


def it_states_fixed_shapes_and_types(subject: Subject) -> str:
    with subject.session() as session:
        for spec in (*session.inputs, *session.outputs):
            demand(bool(spec.shape) and min(spec.shape) > 0, f"{spec.name!r} has the shape {spec.shape}")
        return f"{_shapes(session.inputs)} -> {_shapes(session.outputs)}"


def it_tells_where_it_runs(subject: Subject) -> str:
    kinds = {device.name: device.kind for device in subject.backend.devices()}
    with subject.session() as session:
        demand("runtime" in session.facts, "the session's facts don't name the runtime")
        operators = session.facts.get("operators", "")
        elsewhere = "CPU" in operators and kinds[subject.device] in ("npu", "gpu")
        demand(not elsewhere, f"asked to run on {subject.device!r}, it runs {operators}")
        return operators or "the SDK doesn't count operators"


def it_tells_plausible_telemetry_or_none(subject: Subject) -> str:
    with subject.session() as session:
        telemetry = session.telemetry()
        if telemetry is None:
            return "none"
        used = telemetry.utilisation
        demand(not (used < 0 or used > 1), f"utilisation {used} is not in 0..1")
        demand(not (telemetry.temperature_c < -60 or telemetry.temperature_c > 200), f"{telemetry.temperature_c} °C")
        demand(not (telemetry.power_w < 0 or telemetry.clock_mhz < 0), "power or clock is negative")
        return str(telemetry)


def it_closes_twice_and_runs_nothing_afterwards(subject: Subject) -> str:
    session = subject.backend.load(subject.artefact, subject.device)
    feeds = feeds_of(session, 0)
    session.close()
    session.close()
    try:
        session.run(feeds)
    except InferenceFailed as error:
        return error.sentence
    raise CheckFailed("a closed session ran")


def it_gives_the_device_back(subject: Subject) -> str:
    with subject.session() as session:
        first = session.run(feeds_of(session, 0))
    with subject.session() as session:
        demand(equal(first, session.run(feeds_of(session, 0))), "loaded again, it answers otherwise")
    return "loaded twice, one after the other"


def _refused(subject: Subject, path: Path) -> str:
    try:
        subject.backend.load(msgspec.structs.replace(subject.artefact, path=path), subject.device).close()
    except ArtefactRefused as error:
        return error.sentence.replace(str(path.parent), "...")
    raise CheckFailed(f"it loaded {path.name}")


def _shapes(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.dtype}{list(spec.shape)}" for spec in specs)
