"""What of the fleet one page sees: the rows that are in sight of it, sorted and filtered here."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from fleet.arrivals import NodeKey
from fleet.watch.fleet_row import GLANCES, FleetRow
from fleet.watch.fleet_watch import Change
from sensors.terminal.pretty_json import compact

MOST_ROWS = 200
SORTS: TypeAlias = Literal[
    "glance", "node", "site", "kind", "last_heard_utc_ns", "captured", "ok", "failed", "dropped", "fps", "p50_ms",
    "p99_ms", "temperature_c", "spooled", "model", "device", "run",
]  # fmt: skip
RANK = {glance: rank for rank, glance in enumerate(GLANCES)}


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page asks for, as it scrolls, sorts and filters."""

    sort: SORTS = "glance"
    up: bool = True
    filter: Annotated[str, Meta(max_length=200)] = ""
    """Words that must all be in a row's texts; `state:lost` is its glance or state."""
    first: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    count: Annotated[int, Meta(ge=0, le=MOST_ROWS)] = 50
    plan: bool = False
    """Whether the plan is in sight."""


class Fleet:
    """As of one look; what two pages see alike is made once."""

    def __init__(
        self, at_ms: int, rows: Mapping[NodeKey, FleetRow], tally: Mapping[str, int], changes: Iterable[Change],
        *, alerts: Mapping[str, int] | None = None, trouble: str = "", known: bool = True,
    ) -> None:  # fmt: skip
        self._rows = list(rows.values())
        self._head = {"at_ms": at_ms, "known": known, "trouble": trouble, "tally": tally, "changes": list(changes)}
        # How many stand, by severity.
        self._head["alerts"] = alerts or {}
        self._made: dict[View, bytes] = {}

    def message(self, view: View) -> bytes:
        """JSON."""
        if view not in self._made:
            self._made[view] = self._make(view)
        return self._made[view]

    def _make(self, view: View) -> bytes:
        fitting = self._fitting(view.filter)
        chosen = sorted(fitting, key=lambda row: (row.site, row.node))
        known = [row for row in chosen if _key(row, view.sort) is not None]
        # What isn't known stands last, whichever way is up.
        unknown = [row for row in chosen if _key(row, view.sort) is None]
        known.sort(key=lambda row: _key(row, view.sort), reverse=not view.up)  # type: ignore[arg-type, return-value]
        rows = [*known, *unknown][view.first : view.first + view.count]
        told = {**self._head, "of": len(self._rows), "fit": len(fitting), "first": view.first, "rows": rows}
        if view.plan:
            told["plan"] = [
                [row.site, row.node, RANK[row.glance], row.kind == "vehicle", row.x_m, row.y_m] for row in chosen
            ]
        return compact(told)

    def _fitting(self, text: str) -> list[FleetRow]:
        words = text.lower().split()
        return [row for row in self._rows if all(_fits(row, word) for word in words)] if words else self._rows


def _key(row: FleetRow, sort: str) -> int | float | str | None:
    if sort == "glance":
        return RANK[row.glance]
    value: int | float | str | None = getattr(row, sort)
    return value


def _fits(row: FleetRow, word: str) -> bool:
    if word.startswith("state:"):
        return word[6:] in (row.glance, row.state)
    return any(word in text.lower() for text in (row.site, row.node, row.kind, row.run, row.model, row.device))
