"""What a loaded model answers: one function a check; each returns what it saw."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np

from edge.conformance.reference import reference_outputs
from edge.conformance.subject import CheckFailed, NotApplicable, Subject, demand, equal, feeds_of, reals, stored
from edge.device.backend import InferenceFailed, PipelinedSession
from models.tensors import dequantise
from sensors.frame import Array

COSINE = 0.99
"""Least agreement with the reference, for each output: what int8 of a small network keeps."""

THREADS = 4


def it_answers_with_the_tensors_it_stated(subject: Subject) -> str:
    with subject.session() as session:
        outputs = session.run(feeds_of(session, 0))
        demand([output.shape for output in outputs] == [spec.shape for spec in session.outputs], "shapes differ")
        demand([output.dtype.name for output in outputs] == [spec.dtype for spec in session.outputs], "types differ")
        finite = all(np.isfinite(output.astype(np.float64)).all() for output in outputs)
        demand(finite, "an output is not finite")
        return f"{len(outputs)} outputs"


def it_answers_the_same_to_the_same_input(subject: Subject) -> str:
    with subject.session() as session:
        first, second = session.run(feeds_of(session, 0)), session.run(feeds_of(session, 0))
        demand(equal(first, second), "two runs of one input differ")
        return "bit by bit"


def it_answers_differently_to_another_input(subject: Subject) -> str:
    with subject.session() as session:
        first, second = session.run(feeds_of(session, 0)), session.run(feeds_of(session, 1))
        demand(not equal(first, second), "two inputs have one answer: it may not read its input at all")
        return ""


def it_leaves_its_answer_to_the_caller(subject: Subject) -> str:
    with subject.session() as session:
        first = session.run(feeds_of(session, 0))
        kept = [np.array(output) for output in first]
        session.run(feeds_of(session, 1))
        demand(equal(first, kept), "a later run overwrote an earlier answer")
        return ""


def it_leaves_the_feeds_as_they_were(subject: Subject) -> str:
    with subject.session() as session:
        feeds = feeds_of(session, 0)
        session.run(feeds)
        demand(equal(feeds, feeds_of(session, 0)), "it changed the caller's input")
        return ""


def it_fails_a_wrong_input_and_goes_on(subject: Subject) -> str:
    with subject.session() as session:
        good = feeds_of(session, 0)
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
            raise CheckFailed(f"it ran an input of the wrong {what}")
        session.run(good)
        return ""


def it_gives_each_of_several_threads_its_own_answer(subject: Subject) -> str:
    with subject.session() as session, ThreadPoolExecutor(THREADS) as threads:
        seeds = list(range(THREADS)) * 2
        alone = [session.run(feeds_of(session, seed)) for seed in range(THREADS)]
        together = threads.map(lambda seed: session.run(feeds_of(session, seed)), seeds)
        for seed, outputs in zip(seeds, together, strict=True):
            demand(equal(alone[seed], outputs), "a thread got another answer than alone")
        return f"{THREADS} threads"


def it_gives_each_ticket_its_own_answer(subject: Subject) -> str:
    with subject.session() as session:
        if not isinstance(session, PipelinedSession):
            raise NotApplicable("it runs one inference at a time")
        depth = session.depth
        alone = [session.run(feeds_of(session, seed)) for seed in range(depth)]
        tickets = [session.submit(feeds_of(session, seed)) for seed in range(depth)]
        for seed, ticket in enumerate(tickets):
            demand(equal(alone[seed], session.collect(ticket)), f"ticket {seed} got another answer than alone")
        return f"{depth} in flight"


def it_agrees_with_onnx_runtime(subject: Subject) -> str:
    if subject.reference is None:
        raise NotApplicable("no ONNX file was given to compare with")
    with subject.session() as session:
        real = reals(session.inputs, 0)
        outputs = session.run(stored(session.inputs, real))
        cosines = [
            _cosine(dequantise(output, spec), expected)
            for output, spec, expected in zip(
                outputs, session.outputs, reference_outputs(subject.reference, real), strict=True
            )
        ]
        shown = "cosine " + ", ".join(f"{cosine:.5f}" for cosine in cosines)
        demand(min(cosines) >= COSINE, shown)
        return shown


def _cosine(found: Array, expected: Array) -> float:
    one, other = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    with suppress(FloatingPointError), np.errstate(all="raise"):
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    return 0.0
