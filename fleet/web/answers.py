"""What the JSON API answers: the functions of `gilmok hub` themselves, so that both tell the same figures."""

from typing import Any

from edge.wire.messages import Birth
from fleet.alerts import listing
from fleet.arrivals import NodeKey, key_of
from fleet.config import HubConfig
from fleet.ledger.fleet_reader import FleetReader
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rollouts.rows import RolloutRows
from fleet.ledger.rollups.history import History
from fleet.reporting.listing import node_rows, refused_rows, run_rows
from fleet.rollout.listing import change_row, overview, whole
from fleet.rollout.records import find
from fleet.web.nodes.pictures import live_message
from fleet.web.nodes.steps import minutes
from fleet.web.nodes.watches import NodeWatches
from sensors.clock import NS_PER_S, Clock
from sensors.errors import GilmokError

MINUTE_S = 60
MOST_CHANGES = 300
HISTORY_S = 3600
MOST_SKIPPED = 1000
"""Frames, from a moment on."""


class NodeUnknown(GilmokError):
    def __init__(self, site: str, node: str) -> None:
        super().__init__(f"no node {site}/{node} ever introduced itself to this hub", "GET /api/nodes lists all")


class Answers:
    """Each may block, and is asked by one thread at a time. All raise what reading raises."""

    def __init__(self, hub: HubConfig, clock: Clock) -> None:
        self._hub = hub
        self._clock = clock
        self._watches = NodeWatches(hub, clock, _newest_birth)

    def close(self) -> None:
        self._watches.close()

    def nodes(self) -> list[dict[str, Any]]:
        with LedgerReader(self._hub.where) as ledger:
            return node_rows(ledger, self._clock.now(), self._hub.health_period_s)

    def node(self, site: str, name: str) -> dict[str, Any]:
        """Raises NodeUnknown."""
        with FleetReader(self._hub.where) as ledger:
            birth = _newest_birth(ledger, site, name)
            last = ledger.last_heard(key_of(birth))
            gaps = ledger.gaps(key_of(birth))
            refused = ledger.refusals(NodeKey(site, name))
            live = self._watches.look(ledger, site, name)
            unit = ledger.units(NodeKey(site, name)).get(NodeKey(site, name))
        told = {"birth": birth, "last": last, "gaps": gaps, "refused": refused, "live": live, **self._past(birth)}
        return {**told, "unit": unit, "alerts": listing.of_node(self._hub, site, name)}

    def picture(self, site: str, name: str, stream: str, at_ms: str = "", skip: str = "") -> bytes:
        """Raises NodeUnknown, StreamUnknown or FrameUnknown. What is no number is as if it weren't there."""
        with FleetReader(self._hub.where) as ledger:
            at, by = _whole(at_ms, 10**15), _whole(skip, MOST_SKIPPED) or 0
            return self._watches.picture(ledger, site, name, stream, at, by)

    def live_picture(self, site: str, name: str, stream: str, payload: bytes) -> bytes:
        """Of what the node sent; raises NodeUnknown or MessageWrong."""
        with FleetReader(self._hub.where) as ledger:
            return live_message(_newest_birth(ledger, site, name), stream, payload)

    def runs(self) -> list[dict[str, Any]]:
        """As `gilmok hub runs` lists them, and which nodes and models were in them."""
        with FleetReader(self._hub.where) as ledger:
            of, nobody = ledger.makeup(), (set[str](), set[str]())
            return [
                {**row, "nodes": sorted(of.get(row["run"], nobody)[0]), "models": sorted(of.get(row["run"], nobody)[1])}
                for row in run_rows(ledger)
            ]

    def refused(self) -> list[dict[str, Any]]:
        with LedgerReader(self._hub.where) as ledger:
            return refused_rows(ledger)

    def rollouts(self) -> list[dict[str, Any]]:
        with RolloutRows(self._hub.where, write=False) as rows:
            return [overview(row) for row in rows.every()]

    def rollout(self, which: str) -> dict[str, Any]:
        """Raises RolloutUnknown."""
        with RolloutRows(self._hub.where, write=False) as rows:
            found = find(rows, which)
            return {**whole(found), "history": [change_row(one) for one in rows.changes(found.id, MOST_CHANGES)]}

    def alerts(self) -> dict[str, Any]:
        """Raises AlertsUnreadable."""
        looked = listing.age_s(self._hub, self._clock.now())
        return {"rules": len(self._hub.alert), "looked_s_ago": looked, **listing.told(self._hub)}

    def _past(self, birth: Birth) -> dict[str, Any]:
        """The last hour by minute, as far as the hub has rolled it up."""
        until_s = self._clock.now().utc_ns // NS_PER_S + MINUTE_S
        asked = until_s - HISTORY_S, until_s, MINUTE_S, birth.node
        with History(self._hub.where) as history:
            points = [one for one in history.streams(*asked) if one.site == birth.site]
        return {
            "minutes": {
                stream.name: minutes((one for one in points if one.stream == stream.name), birth.stages)
                for stream in birth.streams
            }
        }


def _whole(text: str, most: int) -> int | None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        return None
    return max(-most, min(int(text), most))


def _newest_birth(ledger: FleetReader, site: str, node: str) -> Birth:
    """Raises NodeUnknown."""
    birth = ledger.newest_birth(NodeKey(site, node))
    if birth is None:
        raise NodeUnknown(site, node)
    return birth
