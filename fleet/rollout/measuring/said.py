"""What a unit said in one slot, read once: frames by stream, and its healths."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.wire.messages import Birth, Health, StreamBirth
from fleet.arrivals import NodeKey
from fleet.ledger.reader import FrameRow
from fleet.ledger.rollouts.windows import WindowReader
from fleet.rollout.measuring.slots import slot_at, span


@dataclass(frozen=True, slots=True)
class StreamSaid:
    birth: Birth
    stream: StreamBirth
    rows: list[FrameRow] = field(default_factory=list)


@dataclass(slots=True)
class Said:
    streams: dict[tuple[str, str], StreamSaid] = field(default_factory=dict)
    """By session and stream."""
    healths: list[Health] = field(default_factory=list)


NOTHING = Said()


def said_by(ledger: WindowReader, node: NodeKey, first: int, count: int, look_s: float) -> Mapping[int, Said]:
    """By slot, of `count` slots from `first` on; a slot in which it said nothing isn't there."""
    since, until = span(first, look_s, count)
    found: defaultdict[int, Said] = defaultdict(Said)
    for birth in ledger.births_within(node, since, until):
        for stream in birth.streams:
            for row in ledger.frames_within(birth, stream.name, since, until):
                said = found[slot_at(row.received.utc_ns, look_s)]
                at = birth.session_id or str(birth.session), stream.name
                said.streams.setdefault(at, StreamSaid(birth, stream)).rows.append(row)
        for received, health in ledger.healths_within(birth, since, until):
            found[slot_at(received, look_s)].healths.append(health)
    return found


def drives(slots: Iterable[Said]) -> list[StreamSaid]:
    """Each session's stream over all of these slots, as one; oldest first."""
    found: dict[tuple[str, str], StreamSaid] = {}
    for said in slots:
        for at, one in said.streams.items():
            found.setdefault(at, StreamSaid(one.birth, one.stream)).rows.extend(one.rows)
    return list(found.values())


def frames(said: Said) -> Sequence[FrameRow]:
    return [row for one in said.streams.values() for row in one.rows]
