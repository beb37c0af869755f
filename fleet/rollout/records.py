"""A rollout as the ledger keeps it: what was asked for, and where it stands."""

import msgspec

from edge.wire.deployments.states import Deployment
from fleet.ledger.rollouts.rows import ChangeRow, RolloutRow, RolloutRows
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.state import Change, RolloutState
from models.bundle.tuples import Admission
from sensors.config import Settings, convert, plain
from sensors.errors import GilmokError
from sensors.terminal.pretty_json import compact


class RolloutUnknown(GilmokError):
    def __init__(self, which: str) -> None:
        super().__init__(f"there is no rollout {which!r}", "`gilmok fleet rollout status` lists them")


class Asked(Settings, frozen=True, kw_only=True):
    """The plan, and what was read of its bundle when it began: the hub needs no file of it."""

    plan: RolloutPlan
    deployment: Deployment
    good_for: tuple[Admission, ...]


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One state of it; `revision` counts them."""

    id: int
    began_utc_ns: int
    began_by: str
    revision: int
    asked: Asked
    state: RolloutState

    @property
    def name(self) -> str:
        return self.asked.plan.name

    @classmethod
    def of(cls, row: RolloutRow) -> "Rollout":
        return cls(
            id=row.id,
            began_utc_ns=row.began_utc_ns,
            began_by=row.began_by,
            revision=row.revision,
            asked=convert(msgspec.json.decode(row.plan), Asked, f"rollout {row.name}"),
            state=msgspec.json.decode(row.state, type=RolloutState),
        )

    def row(self) -> RolloutRow:
        return RolloutRow(
            id=self.id,
            name=self.name,
            began_utc_ns=self.began_utc_ns,
            began_by=self.began_by,
            status=self.state.status,
            unsettled=self.state.unsettled,
            revision=self.revision,
            plan=compact(plain(self.asked)),
            state=msgspec.json.encode(self.state),
        )

    def after(self, state: RolloutState) -> "Rollout":
        return msgspec.structs.replace(self, state=state, revision=self.revision + 1)


def change_rows(changes: tuple[Change, ...], who: str, now_utc_ns: int) -> list[ChangeRow]:
    return [
        ChangeRow(at_utc_ns=now_utc_ns, who=who, what=one.what, site=one.site, node=one.node, why=one.why)
        for one in changes
    ]


def find(rows: RolloutRows, which: str) -> Rollout:
    """By its id, or the newest of its name; the newest of all for an empty one. Raises RolloutUnknown."""
    every = rows.every()
    found = [row for row in every if which in ("", row.name)]
    found = found or [row for row in every if which == str(row.id)]
    if not found:
        raise RolloutUnknown(which)
    return Rollout.of(found[0])
