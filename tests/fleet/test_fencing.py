"""Two processes of one name on one broker: a real hub, and the uplinks of two nodes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from edge.config import SpoolChoice
from edge.spool.spool import Spool
from edge.uplink import Uplink
from edge.wire.acknowledgements import Fenced
from edge.wire.address import BrokerAt
from edge.wire.link import Link
from fleet.ledger.reader import LedgerReader
from sensors.clock import SystemClock, boot_id
from tests.speaker import Speaker
from tests.waiting import wait_until

RunHub = Callable[[], AbstractContextManager[LedgerReader]]
IDS = ("1" * 32, "2" * 32)


def _no_spool(folder: Path, clock: SystemClock) -> Spool:
    return Spool(folder / "none", SpoolChoice(durability="off"), clock, boot_id())


def test_both_are_told_once_and_the_newer_ones_word_stays(
    hub: RunHub, broker: BrokerAt, site: str, tmp_path: Path
) -> None:
    clock = SystemClock()
    births = [msgspec.structs.replace(Speaker(clock, site).birth, session_id=name, host={"name": name}) for name in IDS]
    told: list[list[Fenced]] = [[], []]
    older, newer = (
        Uplink(broker, birth, clock, _no_spool(tmp_path, clock), on_rival=told[at].append)
        for at, birth in enumerate(births)
    )
    with hub() as ledger:
        older.connect()
        wait_until(lambda: len(ledger.sessions(site)) == 1, "the older one's birth")
        newer.connect()
        wait_until(lambda: len(ledger.sessions(site)) == 2, "the newer one's birth")

        def both_told() -> bool:
            older.tell([], None)
            newer.tell([], None)
            return all(told)

        wait_until(both_told, "the fence")
        for _ in range(3):
            both_told()
        older.farewell([], None)
        assert [len(one) for one in told] == [1, 1]
        assert told[0] == told[1]
        (fenced,) = told[0]
        assert (fenced.older.host, fenced.newer.host) == IDS
        first, second = ledger.sessions(site)
        wait_until(lambda: ledger.last_heard(first).state == "offline", "the older one's goodbye")
        assert ledger.last_heard(second).state == "online"
        newer.farewell([], None)
        wait_until(lambda: ledger.last_heard(second).state == "offline", "the newer one's goodbye")


def test_a_node_whose_birth_a_hub_never_heard_says_it_again_when_that_hub_refuses_its_reports(
    hub: RunHub, broker: BrokerAt, site: str, tmp_path: Path
) -> None:
    clock = SystemClock()
    speaker = Speaker(clock, site, session_id="3" * 32)
    uplink = Uplink(broker, speaker.birth, clock, _no_spool(tmp_path, clock))
    uplink.connect()
    eraser = Link(broker, f"{site}-eraser", clock=clock)
    eraser.connect()
    eraser.publish(speaker.topics.birth, b"", retain=True)
    eraser.close()
    with hub() as ledger:
        for n in range(5):
            uplink.report(speaker.report(n))
        wait_until(lambda: ledger.count(speaker.key, "camera") == 5, "the reports")
        assert uplink.farewell([], None).complete
        assert ledger.refusals()["unintroduced"] > 0
