"""What every backend promises, one function a promise; each returns what it saw."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from edge.conformance.reference import reference_outputs
from edge.device.backend import ArtefactRefused, Backend, DeviceAbsent, InferenceFailed, PipelinedSession, Session
from models.manifest import Artefact
from models.tensors import TensorSpec, dequantise, quantise
from sensors.errors import GilmokError
from sensors.frame import Array

COSINE = 0.99
"""Least agreement with the reference, for each output: what int8 of a small network keeps."""

THREADS = 4
ABSENT_DEVICE = "no-such-device"


class PromiseBroken(GilmokError):
    pass


class NotAsked(GilmokError):
    """The promise doesn't concern this backend, or nothing was given to check it with."""


@dataclass(frozen=True, slots=True)
class Case:
    """One backend with a device and a model that it should run there."""

    backend: Backend
    device: str
    artefact: Artefact
    reference: Path | None = None
    """The ONNX file that `artefact` was made from."""

    @contextmanager
    def session(self) -> Iterator[Session]:
        session = self.backend.load(self.artefact, self.device)
        try:
            yield session
        finally:
            session.close()


def it_lists_its_devices(case: Case) -> str:
    devices = case.backend.devices()
    names = [device.name for device in devices]
    _demand(len(set(names)) == len(names), f"two devices have one name: {names}")
    _demand(case.device in names, f"{case.device!r} is not among its devices {names}")
    _demand(all("runtime" in device.facts for device in devices), "a device's facts don't name the runtime")
    return ", ".join(f"{device.name} ({device.kind})" for device in devices)


def it_refuses_a_device_that_is_not_there(case: Case) -> str:
    try:
        case.backend.load(case.artefact, ABSENT_DEVICE).close()
    except DeviceAbsent as error:
        return error.sentence
    raise PromiseBroken(f"it loaded the model on {ABSENT_DEVICE!r}")


def it_refuses_a_file_that_is_no_model(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder:
        stranger = Path(folder, f"stranger{case.artefact.path.suffix}")
        stranger.write_bytes(b"this is no model\n" * 64)
        return _refused(case, stranger)


def it_refuses_a_file_that_is_not_there(case: Case) -> str:
    return _refused(case, case.artefact.path.with_name("no-such-file" + case.artefact.path.suffix))


def it_states_fixed_shapes_and_types(case: Case) -> str:
    with case.session() as session:
        for spec in (*session.inputs, *session.outputs):
            _demand(bool(spec.shape) and min(spec.shape) > 0, f"{spec.name!r} has the shape {spec.shape}")
        return f"{_shapes(session.inputs)} -> {_shapes(session.outputs)}"


def it_answers_with_the_tensors_it_stated(case: Case) -> str:
    with case.session() as session:
        outputs = session.run(_feeds(session, 0))
        _demand([output.shape for output in outputs] == [spec.shape for spec in session.outputs], "shapes differ")
        _demand([output.dtype.name for output in outputs] == [spec.dtype for spec in session.outputs], "types differ")
        finite = all(np.isfinite(output.astype(np.float64)).all() for output in outputs)
        _demand(finite, "an output is not finite")
        return f"{len(outputs)} outputs"


def it_answers_the_same_to_the_same_input(case: Case) -> str:
    with case.session() as session:
        first, second = session.run(_feeds(session, 0)), session.run(_feeds(session, 0))
        _demand(_equal(first, second), "two runs of one input differ")
        return "bit by bit"


def it_answers_differently_to_another_input(case: Case) -> str:
    with case.session() as session:
        first, second = session.run(_feeds(session, 0)), session.run(_feeds(session, 1))
        _demand(not _equal(first, second), "two inputs have one answer: it may not read its input at all")
        return ""


def it_leaves_its_answer_to_the_caller(case: Case) -> str:
    with case.session() as session:
        first = session.run(_feeds(session, 0))
        kept = [np.array(output) for output in first]
        session.run(_feeds(session, 1))
        _demand(_equal(first, kept), "a later run overwrote an earlier answer")
        return ""


def it_leaves_the_feeds_as_they_were(case: Case) -> str:
    with case.session() as session:
        feeds = _feeds(session, 0)
        session.run(feeds)
        _demand(_equal(feeds, _feeds(session, 0)), "it changed the caller's input")
        return ""


def it_fails_a_wrong_input_and_goes_on(case: Case) -> str:
    with case.session() as session:
        good = _feeds(session, 0)
        odd = np.zeros((*session.inputs[0].shape, 2), session.inputs[0].dtype)
        other = good[0].astype(np.int64)
        for what, wrong in (
            ("number", [*good, good[0]]),
            ("shape", [odd, *good[1:]]),
            ("type", [other, *good[1:]]),
        ):
            try:
                session.run(wrong)
            except InferenceFailed:
                continue
            raise PromiseBroken(f"it ran an input of the wrong {what}")
        session.run(good)
        return ""


def it_gives_each_of_several_threads_its_own_answer(case: Case) -> str:
    with case.session() as session, ThreadPoolExecutor(THREADS) as threads:
        seeds = list(range(THREADS)) * 2
        alone = [session.run(_feeds(session, seed)) for seed in range(THREADS)]
        together = threads.map(lambda seed: session.run(_feeds(session, seed)), seeds)
        for seed, outputs in zip(seeds, together, strict=True):
            _demand(_equal(alone[seed], outputs), "a thread got another answer than alone")
        return f"{THREADS} threads"


def it_gives_each_ticket_its_own_answer(case: Case) -> str:
    with case.session() as session:
        if not isinstance(session, PipelinedSession):
            raise NotAsked("it runs one inference at a time")
        depth = session.depth
        alone = [session.run(_feeds(session, seed)) for seed in range(depth)]
        tickets = [session.submit(_feeds(session, seed)) for seed in range(depth)]
        for seed, ticket in enumerate(tickets):
            _demand(_equal(alone[seed], session.collect(ticket)), f"ticket {seed} got another answer than alone")
        return f"{depth} in flight"


def it_agrees_with_onnx_runtime(case: Case) -> str:
    if case.reference is None:
        raise NotAsked("no ONNX file was given to compare with")
    with case.session() as session:
        real = _reals(session.inputs, 0)
        outputs = session.run(_stored(session.inputs, real))
        cosines = [
            _cosine(dequantise(output, spec), expected)
            for output, spec, expected in zip(
                outputs, session.outputs, reference_outputs(case.reference, real), strict=True
            )
        ]
        told = "cosine " + ", ".join(f"{cosine:.5f}" for cosine in cosines)
        _demand(min(cosines) >= COSINE, told)
        return told


def it_tells_where_it_runs(case: Case) -> str:
    kinds = {device.name: device.kind for device in case.backend.devices()}
    with case.session() as session:
        _demand("runtime" in session.facts, "the session's facts don't name the runtime")
        operators = session.facts.get("operators", "")
        elsewhere = "CPU" in operators and kinds[case.device] in ("npu", "gpu")
        _demand(not elsewhere, f"asked to run on {case.device!r}, it runs {operators}")
        return operators or "the SDK doesn't count operators"


def it_tells_plausible_telemetry_or_none(case: Case) -> str:
    with case.session() as session:
        told = session.telemetry()
        if told is None:
            return "none"
        _demand(not (told.utilisation < 0 or told.utilisation > 1), f"utilisation {told.utilisation} is not in 0..1")
        _demand(not (told.temperature_c < -60 or told.temperature_c > 200), f"{told.temperature_c} °C")
        _demand(not (told.power_w < 0 or told.clock_mhz < 0), "power or clock is negative")
        return str(told)


def it_closes_twice_and_runs_nothing_afterwards(case: Case) -> str:
    session = case.backend.load(case.artefact, case.device)
    feeds = _feeds(session, 0)
    session.close()
    session.close()
    try:
        session.run(feeds)
    except InferenceFailed as error:
        return error.sentence
    raise PromiseBroken("a closed session ran")


def it_gives_the_device_back(case: Case) -> str:
    with case.session() as session:
        first = session.run(_feeds(session, 0))
    with case.session() as session:
        _demand(_equal(first, session.run(_feeds(session, 0))), "loaded again, it answers otherwise")
    return "loaded twice, one after the other"


PROMISES: Sequence[Callable[[Case], str]] = (
    it_lists_its_devices,
    it_refuses_a_device_that_is_not_there,
    it_refuses_a_file_that_is_no_model,
    it_refuses_a_file_that_is_not_there,
    it_states_fixed_shapes_and_types,
    it_answers_with_the_tensors_it_stated,
    it_answers_the_same_to_the_same_input,
    it_answers_differently_to_another_input,
    it_leaves_its_answer_to_the_caller,
    it_leaves_the_feeds_as_they_were,
    it_fails_a_wrong_input_and_goes_on,
    it_gives_each_of_several_threads_its_own_answer,
    it_gives_each_ticket_its_own_answer,
    it_agrees_with_onnx_runtime,
    it_tells_where_it_runs,
    it_tells_plausible_telemetry_or_none,
    it_closes_twice_and_runs_nothing_afterwards,
    it_gives_the_device_back,
)


def _demand(kept: bool, otherwise: str) -> None:
    if not kept:
        raise PromiseBroken(otherwise)


def _refused(case: Case, path: Path) -> str:
    try:
        case.backend.load(msgspec.structs.replace(case.artefact, path=path), case.device).close()
    except ArtefactRefused as error:
        return error.sentence.replace(str(path.parent), "...")
    raise PromiseBroken(f"it loaded {path.name}")


def _reals(specs: Sequence[TensorSpec], seed: int) -> list[Array]:
    """Pixel values as real numbers, whole so that every input type can hold them."""
    chance = np.random.default_rng(seed)
    return [chance.integers(0, 256, spec.shape).astype(np.float32) for spec in specs]


def _stored(specs: Sequence[TensorSpec], reals: Sequence[Array]) -> list[Array]:
    return [quantise(real, spec) for real, spec in zip(reals, specs, strict=True)]


def _feeds(session: Session, seed: int) -> list[Array]:
    return _stored(session.inputs, _reals(session.inputs, seed))


def _equal(first: Sequence[Array], second: Sequence[Array]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def _cosine(found: Array, expected: Array) -> float:
    one, other = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    with suppress(FloatingPointError), np.errstate(all="raise"):
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    return 0.0


def _shapes(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.dtype}{list(spec.shape)}" for spec in specs)
