"""The stream to the pages: what is in sight of each, and nothing made that nobody takes."""

import asyncio
import json
from collections.abc import Mapping

import msgspec
import pytest

from fleet.arrivals import NodeKey
from fleet.config import HubConfig, LedgerAt
from fleet.ledger.fleet_reader import FleetReader
from fleet.watch.fleet_row import FleetRow
from fleet.watch.fleet_watch import FleetWatch
from fleet.web.live import Live
from fleet.web.views import Fleet, View
from sensors.clock import SystemClock
from tests.fleet.web.conftest import Told


def test_the_table_is_sorted_and_filtered_with_the_unknown_last(told: Told) -> None:
    told.say("mast", state="lost")
    told.say("arm", ok=0)
    rows = look(told)
    fleet = Fleet(0, rows, {}, ())
    assert shown(fleet, View()) == ["mast", "arm", "pole"]
    assert shown(fleet, View(sort="node", up=False)) == ["pole", "mast", "arm"]
    assert shown(fleet, View(filter="state:lost seoul")) == ["mast"]
    assert shown(fleet, View(first=1, count=1)) == ["arm"]
    assert shown(fleet, View(sort="temperature_c", up=False)) == ["arm", "mast", "pole"]


def test_a_view_that_asks_for_too_much_is_none() -> None:
    for wrong in (b'{"count": 100000}', b'{"sort": "password"}', b'{"filter": 3}', b"[]", b'{"more": 1}'):
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(wrong, type=View)


def test_what_becomes_of_a_node_is_told_once_and_latency_is_of_the_last_minute(told: Told) -> None:
    clock = told.clock
    watch = FleetWatch(clock, told.hub.health_period_s, 85)
    with FleetReader(told.hub.where) as ledger:
        watch.look(ledger)
        assert not watch.changes
        told.say("pole", state="lost")
        told.say("mast")
        watch.look(ledger)
        watch.look(ledger)
    assert [(one.node, one.before, one.after) for one in watch.changes] == [
        ("pole", "online", "lost"),
        ("mast", "", "introduced"),
    ]
    row = next(row for key, row in watch.rows.items() if key.node == "mast")
    assert (row.n, row.ok) == (3, 3)
    assert sum(row.stages_ms.values()) == pytest.approx(row.p50_ms)


def test_of_a_ledger_in_a_database_latency_is_of_the_last_minute_too(database: LedgerAt) -> None:
    told = Told(HubConfig(ledger=database, health_period_s=60), SystemClock())
    told.say("pole", ok=5)
    watch = FleetWatch(told.clock, told.hub.health_period_s, 85)
    with FleetReader(told.hub.where) as ledger:
        watch.look(ledger)
        told.say("mast")
        watch.look(ledger)
        watch.look(ledger)
        rows = {key.node: row for key, row in watch.rows.items()}
        assert {node: row.n for node, row in rows.items()} == {"pole": 5, "mast": 3}
        assert sum(rows["mast"].stages_ms.values()) == pytest.approx(rows["mast"].p50_ms)
        assert not list(ledger.newest_timings(0, 100))
        told.say("pole", ok=7)
        assert [one.key.node for one in ledger.newest_timings(0, 100)] == ["pole", "pole"]


def test_a_slow_page_skips_what_it_can_not_take(told: Told) -> None:
    async def slow() -> int:
        live, said, taken = Live(told.hub, told.clock), asyncio.Event(), 0

        async def hear() -> str:
            await asyncio.Event().wait()
            return ""

        async def say(_: str) -> None:
            nonlocal taken
            taken += 1
            await said.wait()

        page = asyncio.create_task(live.follow(hear, say))
        for _ in range(5):
            await live.look()
        page.cancel()
        await asyncio.gather(page, return_exceptions=True)
        return taken

    assert asyncio.run(slow()) == 1


def look(told: Told) -> Mapping[NodeKey, FleetRow]:
    watch = FleetWatch(told.clock, told.hub.health_period_s, 85)
    with FleetReader(told.hub.where) as ledger:
        watch.look(ledger)
    return watch.rows


def shown(fleet: Fleet, view: View) -> list[str]:
    return [row["node"] for row in json.loads(fleet.message(view))["rows"]]
