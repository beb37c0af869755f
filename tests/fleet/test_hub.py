"""The hub against real brokers: exactly once, never stopped by garbage, nothing lost when it is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from edge.wire.address import BrokerAt, BrokerUnreachable
from edge.wire.messages import encode
from fleet.arrivals import SessionKey
from fleet.broker import EmbeddedBroker
from fleet.config import Embedded, HubConfig
from fleet.hub import Hub
from fleet.ledger.errors import StoreUnreadable
from fleet.ledger.reader import LedgerReader
from sensors.clock import SystemClock
from tests.fakes import ManualClock
from tests.hubs import listening, running
from tests.processes import pid_of
from tests.speaker import SHA, TOTAL_NS, Speaker
from tests.waiting import wait_until

RunHub = Callable[[], AbstractContextManager[LedgerReader]]
RunProcess = Callable[[], AbstractContextManager["subprocess.Popen[str]"]]


def _key(site: str, node: str = "pole", session: int = 1) -> SessionKey:
    return Speaker(ManualClock(), site, node, session).key


def _await_rows(ledger: LedgerReader, key: SessionKey, rows: int) -> None:
    wait_until(lambda: ledger.count(key, "camera") >= rows, f"{rows} reports in the ledger")
    assert ledger.count(key, "camera") == rows


def test_every_report_is_booked_once_and_repeats_change_nothing(hub: RunHub, speaker: Speaker, site: str) -> None:
    reports = [speaker.report(n) for n in range(40)]
    with hub() as ledger:
        for _ in range(3):
            speaker.say(*reports)
        speaker.leave(40)
        wait_until(lambda: ledger.last_heard(_key(site)).state == "offline", "the goodbye")
        assert ledger.count(_key(site), "camera") == 40
        rows = list(ledger.frames(_key(site), "camera"))
        assert [row.report for row in rows] == reports
        assert all(row.hub_latency_ns is not None and row.hub_latency_ns >= TOTAL_NS for row in rows)


def test_garbage_is_refused_counted_and_kept_while_good_reports_go_on(hub: RunHub, speaker: Speaker, site: str) -> None:
    det = speaker.topics.detections("camera")
    good = speaker.report(0)
    garbage = {
        "json": (det, b"\x00\xff not JSON"),
        "schema": (det, b'{"session":"one"}'),
        "oversize": (det, b" " * 1_000_001),
        "topic": (f"gilmok/v1/{site}/pole/up/rumour", encode(good)),
        "foreign": (f"gilmok/v1/{site}/other/up/birth", encode(speaker.birth)),
        "unintroduced": (det, encode(msgspec.structs.replace(good, session_id="9" * 32))),
        "stream": (speaker.topics.detections("lidar"), encode(good)),
        "stages": (det, encode(msgspec.structs.replace(good, total_ns=1))),
        "findings": (det, encode(msgspec.structs.replace(good, findings=None))),
        "future": (det, encode(msgspec.structs.replace(good, stamp=good.stamp.shifted_to(2**60)))),
        "range": (det, encode(msgspec.structs.replace(good, n=2**64))),
        "model": (det, encode(msgspec.structs.replace(good, model="0" * 12))),
    }
    link = speaker.link
    assert link is not None
    with hub() as ledger:
        assert link.publish(det, b"nothing but this")
        wait_until(lambda: ledger.refusals() == {"json": 1}, "what is booked although nothing good comes")
        for n, (topic, payload) in enumerate(garbage.values()):
            assert link.publish(topic, payload)
            speaker.say(speaker.report(n))
        _await_rows(ledger, _key(site), len(garbage))
        wait_until(lambda: sum(ledger.refusals().values()) == len(garbage) + 1, "every refusal")
        assert ledger.refusals() == {**dict.fromkeys(garbage, 1), "json": 2}
        kept = {one.reason: one for one in ledger.refused()}
        assert kept["json"].payload == garbage["json"][1]
        assert kept["topic"].topic == garbage["topic"][0]


def test_a_killed_node_is_lost_and_the_others_go_on(hub: RunHub, broker: BrokerAt, speaker: Speaker, site: str) -> None:
    with hub() as ledger:
        arguments = [sys.executable, "-P", "-m", "tests.speaker", broker.shown, site, "doomed", "5"]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as doomed:
            assert doomed.stdout is not None
            assert doomed.stdout.readline() == b"said\n"
            _await_rows(ledger, _key(site, "doomed"), 5)
            doomed.kill()
        wait_until(lambda: ledger.last_heard(_key(site, "doomed")).state == "lost", "the will")
        speaker.say(*map(speaker.report, range(3)))
        _await_rows(ledger, _key(site), 3)
        assert ledger.last_heard(_key(site)).state == "online"


def test_the_will_of_an_older_session_is_that_sessions_alone(
    hub: RunHub, broker: BrokerAt, speaker: Speaker, site: str
) -> None:
    with hub() as ledger:
        assert speaker.link is not None
        speaker.link.close()
        newer = Speaker(speaker.clock, site, session=2).connect(broker)
        assert newer.link is not None
        newer.link.publish(newer.topics.conn, speaker.conn("lost"))
        newer.say(newer.report(0))
        wait_until(lambda: ledger.count(_key(site, session=2), "camera") == 1, "the newer session's report")
        assert ledger.last_heard(_key(site, session=2)).state == "online"
        assert ledger.last_heard(_key(site)).state == "lost"
        newer.link.close()


def test_a_silent_node_becomes_stale(hub: RunHub, broker: BrokerAt, speaker: Speaker, site: str) -> None:
    with hub(), listening(broker, site) as states:
        speaker.tell(speaker.health(0))
        wait_until(lambda: states and states[-1].nodes.get(f"{site}/pole") == "stale", "the hub to call it stale")
        assert speaker.link is not None
        speaker.link.close()


def test_a_hub_killed_between_receipt_and_commit_loses_nothing(
    hub_process: RunProcess, hub: RunHub, broker: BrokerAt, speaker: Speaker, config: HubConfig, site: str
) -> None:
    with hub_process() as first, listening(broker, site) as states:
        speaker.say(speaker.report(0))
        with LedgerReader(config.store) as ledger:
            _await_rows(ledger, _key(site), 1)
        already = states[-1].received if states else 0
        blocking = sqlite3.connect(config.store)
        blocking.execute("BEGIN IMMEDIATE")
        speaker.say(*map(speaker.report, range(1, 50)))
        # The first of them may share a batch with nothing else; a dozen means that receipts are well under way.
        wait_until(lambda: states and states[-1].received >= already + 12, "the hub to have received some")
        first.kill()
        first.wait()
        blocking.close()
    with hub() as ledger:
        _await_rows(ledger, _key(site), 50)


def test_reports_wait_at_the_broker_for_a_hub_that_is_away(hub: RunHub, speaker: Speaker, site: str) -> None:
    with hub() as ledger:
        speaker.say(speaker.report(0))
        _await_rows(ledger, _key(site), 1)
    speaker.say(*map(speaker.report, range(1, 20)))
    speaker.leave(20)
    with hub() as ledger:
        _await_rows(ledger, _key(site), 20)
        wait_until(lambda: ledger.last_heard(_key(site)).state == "offline", "the goodbye")


def test_the_hub_says_how_it_is_and_the_broker_says_when_it_was_killed(
    hub_process: RunProcess, hub: RunHub, broker: BrokerAt, speaker: Speaker, site: str
) -> None:
    with listening(broker, site) as states:
        with hub():
            speaker.say(*map(speaker.report, range(4)))
            wait_until(lambda: states and states[-1].booked == 4, "the hub's state")
            live = states[-1].latency[f"{site}/pole/camera"]
            assert (live["total"].n, live["hub"].n) == (4, 4)
        wait_until(lambda: states[-1].state == "offline", "its goodbye")
        assert states[-1].booked == 4
        with hub_process() as process:
            wait_until(lambda: states[-1].state == "online", "the second hub")
            process.kill()
        wait_until(lambda: states[-1].state == "lost", "its will")


def test_sigterm_ends_the_hub_cleanly(hub_process: RunProcess, speaker: Speaker, config: HubConfig, site: str) -> None:
    with hub_process() as process:
        speaker.say(*map(speaker.report, range(30)))
        assert speaker.link is not None
        speaker.link.drain(10)
        with LedgerReader(config.store) as ledger:
            _await_rows(ledger, _key(site), 30)
        process.terminate()
        assert process.wait(10) == 0


def test_a_broker_killed_in_mid_run_comes_back_with_everything(tmp_path: Path) -> None:
    clock = SystemClock()
    with EmbeddedBroker(0, tmp_path / "broker", clock) as broker:
        at = BrokerAt(url=broker.url)
        config = HubConfig(broker=at, store=tmp_path / "hub.db")
        speaker = Speaker(clock).connect(at)
        with running(Hub(config, clock)), LedgerReader(config.store) as ledger:
            speaker.say(*map(speaker.report, range(10)))
            _await_rows(ledger, _key("seoul"), 10)
            broker.kill()
            speaker.say(*map(speaker.report, range(10, 20)))
            broker.start()
            _await_rows(ledger, _key("seoul"), 20)
            speaker.leave(20)


def test_the_hub_brings_its_own_broker_where_asked(tmp_path: Path) -> None:
    clock = SystemClock()
    config = HubConfig(store=tmp_path / "hub.db", embedded=Embedded(port=0, folder=tmp_path / "broker"))
    with running(Hub(config, clock)):
        assert (tmp_path / "broker" / "jetstream").is_dir()


def test_a_hubs_own_broker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    clock = SystemClock()
    config = HubConfig(store=tmp_path / "hub.db", embedded=Embedded(port=0, folder=tmp_path / "broker"))
    with running(Hub(config, clock)), LedgerReader(config.store) as ledger:
        program = tmp_path / "broker" / "nats-server.conf"
        at = BrokerAt(url=f"mqtt://127.0.0.1:{program.read_text().split('127.0.0.1:')[2].split(chr(34))[0]}")
        speaker = Speaker(clock).connect(at)
        os.kill(pid_of(program), signal.SIGKILL)
        speaker.say(*map(speaker.report, range(10)))
        _await_rows(ledger, _key("seoul"), 10)
        speaker.leave(10)


def test_an_unreachable_broker_and_an_unreadable_store_end_the_hub_at_once(tmp_path: Path) -> None:
    nowhere = HubConfig(broker=BrokerAt(url="mqtt://127.0.0.1:1"), store=tmp_path / "hub.db", patience_s=0.1)
    with pytest.raises(BrokerUnreachable):
        Hub(nowhere, SystemClock()).run(pytest.fail)
    (tmp_path / "photos").write_bytes(SHA.encode() * 50)
    with pytest.raises(StoreUnreadable):
        Hub(HubConfig(store=tmp_path / "photos"), SystemClock()).run(pytest.fail)
