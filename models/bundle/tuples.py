"""Device tuples: what a unit runs on, and which of them a bundle is good for."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from msgspec import Meta

from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.ranges import Name, NameOrNone

LONGEST = 200
Fact: TypeAlias = Annotated[str, Meta(max_length=LONGEST)]
"""As the SDK tells it; empty where it doesn't."""
Rule: TypeAlias = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
"""`*`: whatever it is, also where the SDK doesn't tell. A program and a range of versions: `onnxruntime >=1.31,<2`.
Anything else: that very text."""

ANY = "*"
PARTS = ("architecture", "compiler", "runtime", "driver", "firmware")
ARCHITECTURE = ("architecture", "board", "chip")
"""Facts that name the chip, the plainest first."""

_RANGE = re.compile(r"(?P<program>[^<>=]*?)\s*(?P<bounds>(?:[<>]=?|==)\s*\d[^<>=]*(?:,\s*(?:[<>]=?|==)\s*\d[^<>=,]*)*)")
_BOUND = re.compile(r"(?P<sign>[<>]=?|==)\s*(?P<version>\d+(?:\.\d+)*)")
_TOLD = re.compile(r"(?:(?P<program>.*?\S)\s+)??v?(?P<version>\d+(?:\.\d+)*)")


class RuleWrong(GilmokError):
    def __init__(self, part: str, rule: str, why: str) -> None:
        super().__init__(
            f"{part} = {rule!r} is no rule for a device: {why}",
            f"write {ANY}, the text that the SDK tells, or a program with a range: 'onnxruntime >=1.31,<2'",
        )


class DeviceTuple(Settings, frozen=True, kw_only=True):
    """What a unit runs on. Who reads it from a birth and who reads it from the chip makes it by `device_tuple`."""

    backend: Name
    kind: Name
    """cpu, gpu, npu, or what stands in for one: emulator, simulator, emulated."""
    architecture: Fact = ""
    compiler: Fact = ""
    runtime: Fact = ""
    driver: Fact = ""
    firmware: Fact = ""


class Admission(Settings, frozen=True, kw_only=True):
    """Devices that a bundle is good for: all parts have to agree."""

    backend: Name
    kind: Name
    architecture: Rule
    compiler: Rule
    runtime: Rule
    driver: Rule
    firmware: Rule

    def __post_init__(self) -> None:
        for part in PARTS:
            _check(part, getattr(self, part))


def device_tuple(backend: str, kind: str, facts: Mapping[str, str], machine: NameOrNone = "") -> DeviceTuple:
    """From the facts of a device and its session (`edge.device.backend`), or of a birth.

    `machine`: the host's (x86_64, aarch64), which is the architecture where the device is its CPU.
    """
    told = next((facts[fact] for fact in ARCHITECTURE if facts.get(fact)), "")
    architecture = machine if kind == "cpu" and machine else told
    parts = {part: facts.get(part, "")[:LONGEST] for part in PARTS[1:]}
    return DeviceTuple(backend=backend, kind=kind, architecture=architecture[:LONGEST], **parts)


def exactly(device: DeviceTuple, **wider: str) -> Admission:
    """Good for that device alone; a part that its SDK doesn't tell may be anything. `wider`: rules that replace it."""
    rules = {part: getattr(device, part) or ANY for part in PARTS}
    if unknown := sorted(wider.keys() - rules.keys()):
        raise RuleWrong(unknown[0], wider[unknown[0]], f"a device has {', '.join(PARTS)}")
    return Admission(backend=device.backend, kind=device.kind, **(rules | wider))


def refusal(device: DeviceTuple, good_for: Sequence[Admission]) -> str:
    """Why none of the admissions takes the device, as a sentence; empty where one does."""
    reasons = [_differences(device, one) for one in good_for]
    if not all(reasons):
        return ""
    nearest = min(reasons, key=len)
    return "; ".join(nearest)


def _differences(device: DeviceTuple, rule: Admission) -> list[str]:
    """Part by part; where the backend is another one, nothing else means anything."""
    if device.backend != rule.backend:
        return [f"it is for backend {rule.backend}, the unit has {device.backend}"]
    found = []
    if device.kind != rule.kind:
        found.append(f"it is for a device of kind {rule.kind}, the unit's is {device.kind}")
    for part in PARTS:
        wanted, told = getattr(rule, part), getattr(device, part)
        if not agrees(wanted, told):
            has = f"the unit has {told}" if told else "the unit's SDK doesn't tell it"
            found.append(f"it asks for {part} {wanted}, {has}")
    return found


def agrees(rule: str, told: str) -> bool:
    """Whether what an SDK tells keeps to a rule; what it doesn't tell keeps to `*` alone."""
    if rule == ANY:
        return True
    ranged = _RANGE.fullmatch(rule)
    if ranged is None:
        return told == rule
    found = _TOLD.match(told)
    if found is None or (found["program"] or "") != ranged["program"].strip():
        return False
    version = _version(found["version"])
    return all(_within(version, one["sign"], _version(one["version"])) for one in _BOUND.finditer(ranged["bounds"]))


def _within(version: tuple[int, ...], sign: str, bound: tuple[int, ...]) -> bool:
    """As of versions: 1.31 is 1.31.0."""
    width = max(len(version), len(bound))
    left, right = (one + (0,) * (width - len(one)) for one in (version, bound))
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "==": left == right}[sign]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _check(part: str, rule: str) -> None:
    """Raises RuleWrong for what looks like a range and isn't one."""
    if not any(sign in rule for sign in "<>"):
        return
    ranged = _RANGE.fullmatch(rule)
    if ranged is None:
        raise RuleWrong(part, rule, "its range can't be read")
    for bound in ranged["bounds"].split(","):
        if not _BOUND.fullmatch(bound.strip()):
            raise RuleWrong(part, rule, f"{bound.strip()!r} is no bound")
