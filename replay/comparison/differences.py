"""What of the two sides is not the same, beside their figures."""

from collections.abc import Iterator, Mapping
from typing import Any

from replay.comparison.sides import Side
from replay.runs.loaded import LoadedRun
from sensors.record import Record


class Differing(Record, frozen=True, kw_only=True):
    """A fact that differs between the sides, or within one; each side's values, sorted."""

    what: str
    a: tuple[str, ...]
    b: tuple[str, ...]


def differing(a: Side, b: Side) -> tuple[Differing, ...]:
    """In a fixed order; empty where A and B ran the same thing on the same machine."""
    of_a, of_b = _facts(a), _facts(b)
    names = dict.fromkeys([*of_a, *of_b])
    rows = [Differing(what=what, a=_values(of_a, what), b=_values(of_b, what)) for what in names]
    return tuple(row for row in rows if row.a != row.b or len(row.a) > 1)


def _values(facts: dict[str, set[str]], what: str) -> tuple[str, ...]:
    return tuple(sorted(facts.get(what, ())))


def _facts(side: Side) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run in side.runs:
        for what, value in _of_run(run):
            found.setdefault(what, set()).add(value)
    return found


def _options(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of the backends, by a scenario of `gilmok run` or the configuration of `gilmok replay run`."""
    for node in scenario.get("nodes", (scenario,)):
        for name, value in node.get("backend", {}).get("options", {}).items():
            yield f"option {name}", f"{node['name']}: {value}" if "nodes" in scenario else str(value)


def _of_run(run: LoadedRun) -> Iterator[tuple[str, str]]:
    yield from _options(run.identity.scenario)
    several = len(run.identity.nodes) > 1
    for node in run.identity.nodes:
        of = f"{node.node}: " if several else ""
        yield "model", f"{of}{node.model.name}"
        yield "model sha256", f"{of}{node.model.sha256}"
        yield "artefact sha256", f"{of}{node.model.artefact}"
        yield "precision", f"{of}{node.model.precision}"
        yield "backend", f"{of}{node.backend.name}"
        yield "device", f"{of}{node.backend.device}"
        yield "device kind", f"{of}{node.backend.device_kind}"
        for name, value in node.backend.facts.items():
            yield f"backend's {name}", f"{of}{value}"
        yield "software", f"{of}gilmok {node.software}"
        for name, value in node.host.items():
            yield f"host's {name}", f"{of}{value}"
