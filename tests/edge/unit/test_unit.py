import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from edge.unit.state import Memory, UnitState
from edge.wire.address import BrokerAt
from edge.wire.deployments.orders import Receipt
from sensors.clock import SystemClock
from tests.edge.unit.units import Ear, node_pid, running, state_of, write_config
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_unit_keeps_its_node_alive_and_says_what_it_died_of(tmp_path: Path, broker: BrokerAt, site: str) -> None:
    config = write_config(tmp_path, site, broker)
    with Ear(broker, site) as ear, running(config) as unit:
        wait_until(lambda: ear.reports and ear.reports[-1].device_tuple, "the chip to be read")
        assert ear.reports[-1].device_tuple["backend"] == "onnxruntime"
        first = node_pid(unit)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: ear.reports[-1].node.restarts == 1 and ear.reports[-1].node.state == "running", "the node")
        assert node_pid(unit) != first
        assert "signal 9" in ear.reports[-1].node.last_words
    assert [event.what for event in state_of(config).events][:2] == ["the unit begins", "the node died"]


@pytest.mark.long
def test_a_node_that_makes_room_for_another_of_its_name_is_started_again_by_order_alone(
    tmp_path: Path, embedded_url: str, site: str
) -> None:
    broker = BrokerAt(url=embedded_url)
    config = write_config(tmp_path, site, broker)
    with Ear(broker, site) as ear, running(config):
        wait_until(lambda: ear.births, "the node")
        # Another process has its name, and began later: started again, it would only throw that one out.
        ear.fence(ear.births[-1].session_id)
        wait_until(lambda: ear.reports[-1].node.state == "ended", "the node to make room")
        assert "another process is node 'pole' and began later" in ear.reports[-1].node.last_words
        ear.order("o-1", "restart")
        wait_until(lambda: ear.reports[-1].node.state == "running", "the node, by order")


@pytest.mark.long
def test_a_node_that_hangs_is_ended_and_started_again(tmp_path: Path, site: str) -> None:
    config = write_config(tmp_path, site, BrokerAt(url="mqtt://127.0.0.1:1"))
    with running(config) as unit:
        wait_until(lambda: state_of(config).device_tuple, "the chip to be read")
        first = node_pid(unit)
        os.kill(first, signal.SIGSTOP)
        wait_until(lambda: node_pid(unit) not in (0, first), "another node", 120)
    assert "the node hung and was ended: " in state_of(config).events[1].reason


def test_a_unit_without_a_broker_drives_and_spools(tmp_path: Path, site: str) -> None:
    config = write_config(tmp_path, site, BrokerAt(url="mqtt://127.0.0.1:1"))

    def kept() -> int:
        """Reports on the disk."""
        with suppress(sqlite3.OperationalError), sqlite3.connect(tmp_path / "state" / "pole.spool") as spool:
            return int(spool.execute("select count(*) from reports").fetchone()[0])
        return 0

    with running(config):
        wait_until(lambda: (tmp_path / "state" / "pole.spool").is_file() and kept() > 20, "reports in the spool")


def test_what_was_carried_out_before_a_restart_is_answered_after_it_and_not_done_again(
    tmp_path: Path, embedded_url: str, site: str
) -> None:
    broker = BrokerAt(url=embedded_url)
    config = write_config(tmp_path, site, broker)
    done = Receipt(id="o-1", verb="restart", verdict="applied", reason="done before", stamp=SystemClock().now())
    file = tmp_path / "state" / "pole.unit" / "unit.json"
    file.parent.mkdir(parents=True)
    Memory(file).become(UnitState(receipts=(done,), unanswered=("o-1",)))
    with Ear(broker, site) as ear, running(config):
        wait_until(lambda: ear.receipts, "the answer that had not gone out")
        ear.order("o-1", "restart")
        wait_until(lambda: len(ear.receipts) == 2, "the same answer again")
        wait_until(lambda: not state_of(config).unanswered, "the broker to have it")
    assert ear.receipts == [done, done]
    assert state_of(config).receipts == (done,)
    assert "the node died" not in [event.what for event in state_of(config).events]


def test_a_second_unit_of_one_state_is_told_so(tmp_path: Path, site: str) -> None:
    config = write_config(tmp_path, site, BrokerAt(url="mqtt://127.0.0.1:1"))
    with running(config):
        wait_until(lambda: state_of(config).events, "the unit to begin")
        again = [sys.executable, "-P", "-m", "gilmok", "unit", "run", str(config)]
        second = subprocess.run(again, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert "another process on this machine is node 'pole-unit' already" in second.stderr
