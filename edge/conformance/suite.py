"""The contract suite over one backend: `gilmok backend check` and the tests run the same one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from edge.conformance.checks import PROMISES, Case, NotAsked
from models.fetch import digest
from models.manifest import Artefact, InputContract
from sensors.errors import GilmokError

__all__ = ["PROMISES", "Case", "Outcome", "check", "contract_artefact", "judge"]

Verdict: TypeAlias = Literal["kept", "broken", "not asked"]

NETWORK = Path(__file__).with_name("contract.onnx")
"""A small network with two heads (scripts/contract_net.py), for backends that load ONNX."""

NETWORK_INPUT = InputContract(width=32, height=32, colour="BGR", resize="stretch")


@dataclass(frozen=True, slots=True)
class Outcome:
    promise: str
    verdict: Verdict
    detail: str


def check(case: Case) -> Iterator[Outcome]:
    """Every promise in order; an error that the promise doesn't provide for breaks it."""
    for promise in PROMISES:
        yield judge(promise, case)


def judge(promise: Callable[[Case], str], case: Case) -> Outcome:
    """`promise` returns what it saw."""
    sentence = promise.__name__.replace("_", " ")
    try:
        return Outcome(sentence, "kept", promise(case))
    except NotAsked as why:
        return Outcome(sentence, "not asked", why.sentence)
    except GilmokError as error:
        return Outcome(sentence, "broken", error.sentence)
    except Exception as error:  # noqa: BLE001 (a vendor's code may raise anything)
        return Outcome(sentence, "broken", f"{type(error).__name__}: {error}")


def contract_artefact(backend: str, path: Path = NETWORK) -> Artefact:
    """The suite's own network as an artefact of `backend`, or the file that a compiler made of it."""
    return Artefact(
        model="contract",
        path=path,
        sha256=digest(path),
        precision="fp32",
        backend=backend,
        input=NETWORK_INPUT,
    )
