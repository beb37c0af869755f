"""A hub of two workers: each node's reports in order, once, whoever is killed, and however many there are next time."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from edge.wire.address import BrokerAt
from fleet.arrivals import NodeKey
from fleet.config import HubConfig
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from fleet.workers.partition import Partition
from fleet.workers.team import WorkerGaveUp
from sensors.clock import SystemClock
from tests.hubs import listening, running
from tests.speaker import Speaker
from tests.waiting import wait_until

CLOCK = SystemClock()
NODES = ("pole", "kerb", "gate", "lamp")
REPORTS = 200
"""Of each node: fewer than Mosquitto queues (1,000) while a worker is dead; a real node would say the others again."""
DEATHS = (50, 120)
"""After so many, worker 0 and worker 1 are killed."""


def await_rows(ledger: LedgerReader, speaker: Speaker, rows: int) -> None:
    wait_until(lambda: ledger.count(speaker.key, "camera") == rows, f"{rows} reports")


@pytest.fixture
def broker(embedded_url: str) -> BrokerAt:
    """One is enough: what differs between brokers ends at the hub's link."""
    return BrokerAt(url=embedded_url)


@pytest.fixture
def team(config: HubConfig) -> HubConfig:
    return msgspec.structs.replace(config, workers=2)


def test_a_worker_is_killed_in_mid_flow_and_every_report_is_booked_once_in_its_order(
    team: HubConfig, broker: BrokerAt, site: str
) -> None:
    with running(Hub(team, CLOCK)), listening(broker, site) as states, LedgerReader(team.store) as ledger:
        speakers = [Speaker(CLOCK, site, node).connect(broker) for node in NODES]
        for n in range(REPORTS):
            for speaker in speakers:
                speaker.say(speaker.report(n))
            if n in DEATHS:
                wait_until(lambda: states, "the hub's state")
                os.kill(states[0].workers[DEATHS.index(n)].pid, signal.SIGKILL)
        for speaker in speakers:
            await_rows(ledger, speaker, REPORTS)
            rows = list(ledger.frames(speaker.key, "camera"))
            assert [row.report.n for row in rows] == list(range(REPORTS))
            received = [row.received.mono_ns for row in rows]
            assert received == sorted(received)
        wait_until(lambda: sum(one.restarts for one in states[-1].workers) == 2, "the hub to tell of both deaths")
        wait_until(lambda: all(one.booked for one in states[-1].workers), "the hub to tell of both shares")
        for speaker in speakers:
            speaker.leave(REPORTS)
        wait_until(lambda: [*states[-1].nodes.values()] == ["offline"] * len(NODES), "the goodbyes")


def test_the_number_of_workers_changes_between_two_lives_of_a_hub_and_nothing_is_lost(
    config: HubConfig, broker: BrokerAt, site: str
) -> None:
    speakers = [Speaker(CLOCK, site, node) for node in NODES]
    said = 0
    for workers in (1, 3, 2):
        with (
            running(Hub(msgspec.structs.replace(config, workers=workers), CLOCK)),
            LedgerReader(config.store) as ledger,
        ):
            for speaker in speakers:
                if speaker.link is None:
                    speaker.connect(broker)
                speaker.say(*map(speaker.report, range(said, said + 20)))
            for speaker in speakers:
                await_rows(ledger, speaker, said + 20)
        said += 20
        for speaker in speakers:
            # While no hub is there, the broker keeps them.
            speaker.say(*map(speaker.report, range(said, said + 10)))
        said += 10
    with running(Hub(config, CLOCK)), LedgerReader(config.store) as ledger:
        for speaker in speakers:
            await_rows(ledger, speaker, said)
            assert ledger.gaps(speaker.key) == []
            speaker.leave(said)


def test_a_worker_that_is_killed_while_the_hub_begins_is_started_again(
    team: HubConfig, broker: BrokerAt, site: str
) -> None:
    before = children()

    def kill_the_first() -> None:
        wait_until(lambda: children() - before, "a worker")
        os.kill(min(children() - before), signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_the_first)
        with running(Hub(team, CLOCK)), listening(broker, site) as states:
            killed.result()
            wait_until(lambda: sum(one.restarts for one in states[-1].workers) == 1 if states else False, "its death")


def children() -> set[int]:
    """This process's."""
    told = [path.read_text(encoding="ascii") for path in Path("/proc/self/task").glob("*/children")]
    return {int(pid) for each in told for pid in each.split()}


def test_a_worker_that_cannot_go_on_ends_the_hub_in_its_own_words(team: HubConfig) -> None:
    with pytest.raises(WorkerGaveUp, match="deleted"):
        Hub(team, CLOCK).run(team.store.unlink)


@pytest.mark.parametrize("topic", ["gilmok/v1/seoul/pole/up/det/camera", "gilmok/v1/seoul/pole/up/birth"])
def test_whatever_a_node_says_goes_to_one_worker(topic: str) -> None:
    for workers in (1, 2, 7):
        part = Partition(workers)
        assert part.of_topic(topic) == part.of_node(NodeKey("seoul", "pole")) < workers
    assert {Partition(4).of_node(NodeKey("seoul", f"pole-{i}")) for i in range(100)} == {0, 1, 2, 3}
    assert Partition(4).of_topic("") < 4
