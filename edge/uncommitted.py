"""What a node had to leave behind when it ended, as an error for a person."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.wire.messages import Spooled
from sensors.errors import GilmokError

SHOWN = 3
NO_HUB = "no hub is heard"


@dataclass(slots=True)
class Refused:
    """What hubs said they refuse of this node."""

    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: str = ""
    """Topic and number of the first one, and what was wrong with it."""


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """`spooled`, and why."""

    spooled: Spooled
    refused: Refused
    denied: Mapping[str, str]
    """Topics on which the broker refused messages, and the reasons it gave."""
    most_bytes: int | None
    """What the broker takes of one message, where that is known."""
    unacknowledged: int
    """Last words that the broker never acknowledged."""
    hub_heard: bool
    shut_out: str = ""
    """Why the broker didn't take the node back, where it didn't."""
    unsaid: str = ""
    """Why the node couldn't introduce itself, where it couldn't."""

    @property
    def complete(self) -> bool:
        """Whether every report is in a hub's ledger, and the goodbye said."""
        return not (self.spooled.reports or self.spooled.evicted or self.unacknowledged)


class ReportsUncommitted(GilmokError):
    """`spool`: where they stay; None: in memory, and so nowhere."""

    def __init__(self, left: Uncommitted, url: str, spool: Path | None) -> None:
        what = "; ".join(_facts(left, url))
        if not left.spooled.reports:
            hint = "the run's table shows which frames are missing"
        elif spool is None:
            hint = "they are lost: this node keeps none on its disk (durability)"
        else:
            hint = f"they stay in {spool}, and the next start of this node sends them"
        super().__init__(what, hint)


def _facts(left: Uncommitted, url: str) -> Iterator[str]:
    kept = left.spooled
    if kept.reports:
        yield f"{kept.reports} reports are not committed by a hub{_why(left)}"
    if kept.unsendable:
        yield f"{kept.unsendable} of them are larger than the {left.most_bytes} bytes that the broker takes"
    if kept.evicted:
        yield f"{kept.evicted} reports were given up, since the spool was full or they were too old"
    if left.unacknowledged:
        yield f"{left.unacknowledged} last messages never reached the broker at {url}"


def _why(left: Uncommitted) -> str:
    known = reason(left.denied, left.refused, shut_out=left.shut_out, unsaid=left.unsaid)
    known = known or ("" if left.hub_heard else NO_HUB)
    return f": {known}" if known else ""


def reason(denied: Mapping[str, str], refused: Refused, *, shut_out: str, unsaid: str = "") -> str:
    """Why nothing is committed, as far as broker or hub have said it; empty where neither has. Each as of
    `Uncommitted`.
    """
    if shut_out:
        return f"the broker doesn't take this node back ({shut_out})"
    if unsaid:
        return f"the birth of this node can't be said ({unsaid})"
    if denied:
        shown = ", ".join(f"{topic} ({why})" for topic, why in list(denied.items())[:SHOWN])
        return f"the broker refuses messages on {shown}{', ...' if len(denied) > SHOWN else ''}"
    if refused.count:
        counts = ", ".join(f"{count} ({why})" for why, count in refused.reasons.items())
        return f"the hub refused {counts}; the first on {refused.first}"
    return ""
