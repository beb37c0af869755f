"""The contract suite over one backend: `gilmok backend check` and the tests run the same one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from edge.conformance.subject import NotApplicable, Subject
from models.fetch import digest
from models.manifest import Artefact, InputContract
from sensors.errors import GilmokError

Verdict: TypeAlias = Literal["kept", "broken", "not asked"]

NETWORK = Path(__file__).with_name("contract.onnx")
"""A small network with two heads (scripts/contract_net.py), for backends that load ONNX."""

NETWORK_INPUT = InputContract(width=32, height=32, colour="BGR", resize="stretch")


@dataclass(frozen=True, slots=True)
class CheckResult:
    promise: str
    """The check's name, as a sentence."""
    verdict: Verdict
    detail: str
    """What the check saw, or why it failed or did not apply."""


def judge(check: Callable[[Subject], str], subject: Subject) -> CheckResult:
    """One check on `subject`; an error that it doesn't provide for fails it."""
    sentence = check.__name__.replace("_", " ")
    try:
        return CheckResult(sentence, "kept", check(subject))
    except NotApplicable as why:
        return CheckResult(sentence, "not asked", why.sentence)
    except GilmokError as error:
        return CheckResult(sentence, "broken", error.sentence)
    except Exception as error:  # noqa: BLE001 (a vendor's code may raise anything)
        return CheckResult(sentence, "broken", f"{type(error).__name__}: {error}")


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
