from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from edge.wire.address import BrokerAt
from edge.wire.link import Delivery
from edge.wire.messages import ConnState, encode
from fleet.config import HubConfig
from fleet.duplicate_hub import DuplicateWatch, Life, NameTaken
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from sensors.clock import Stamp, SystemClock
from tests.hubs import listening, running
from tests.speaker import Speaker
from tests.waiting import wait_until

OWN = Stamp(mono_ns=50, utc_ns=1000)


def state(
    utc_ns: int,
    mono_ns: int = 50,
    boot: str = "here",
    *,
    said: ConnState = "online",
    retained: bool = False,
    link: int = 1,
) -> Delivery:
    life = Life(began=Stamp(mono_ns, utc_ns), boot=boot, state=said)
    return Delivery("t", encode(life), retained, qos=0, mid=0, link=link)


@pytest.mark.parametrize(
    ("delivery", "over"),
    [
        (state(1000), False),
        (state(1001, mono_ns=51), True),
        (state(999, mono_ns=49), False),
        (state(1, mono_ns=51), True),
        (state(9000, mono_ns=49), False),
        (state(1000, boot="there"), True),
        (state(999, boot="there"), False),
        (state(1001, mono_ns=51, said="lost"), False),
        (state(1001, mono_ns=51, retained=True), False),
        (state(1001, mono_ns=51, retained=True, link=2), True),
        (state(999, mono_ns=49, retained=True, link=2), False),
        (Delivery("t", b'{"state":"online"}', False, 0, 0, 1), False),
        (Delivery("t", b"", False, 0, 0, 1), False),
    ],
    ids=[
        "itself",
        "a younger one",
        "an older one",
        "a younger one since whose start the wall clock was set back",
        "an older one since whose start the wall clock was set back",
        "one of another machine",
        "an older one of another machine",
        "the will of one that died",
        "what the broker kept from before",
        "what the broker kept since",
        "an old one that the broker brought back",
        "a hub that doesn't say when it began",
        "a cleared state",
    ],
)
def test_the_younger_of_two_hubs_stays(delivery: Delivery, over: bool) -> None:
    assert DuplicateWatch(OWN, "here").taken_over_by(delivery) is over


def test_of_two_hubs_with_one_name_the_first_ends_and_says_why(
    config: HubConfig, broker: BrokerAt, site: str, tmp_path: Path
) -> None:
    clock = SystemClock()
    elsewhere = msgspec.structs.replace(config, store=tmp_path / "second.db")
    first = Hub(config, clock)
    second = Hub(elsewhere, clock)
    with ThreadPoolExecutor() as pool, listening(broker, site) as states:
        ended = pool.submit(first.run, lambda: None)
        wait_until(lambda: states and states[-1].state == "online", "the first hub")
        with running(second), LedgerReader(elsewhere.store) as ledger:
            with pytest.raises(NameTaken, match=f"another hub named 'hub' took over at {broker.url}"):
                ended.result(60)
            speaker = Speaker(clock, site).connect(broker)
            speaker.say(*map(speaker.report, range(5)))
            wait_until(lambda: ledger.count(speaker.key, "camera") == 5, "the reports", 30)
            speaker.leave(5)
