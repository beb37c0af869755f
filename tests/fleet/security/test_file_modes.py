"""Whatever the umask: what a fleet keeps can be read by its owner alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.config import SpoolChoice
from edge.session_name import claimed, next_session
from edge.spool.spool import Spool
from edge.spool.store import Kept, Lane
from fleet.broker import EmbeddedBroker
from fleet.ledger.backup import back_up
from fleet.ledger.ledger import Ledger
from fleet.reporting.parquet import write_ledger
from fleet.scenario.launch import ScenarioRun
from fleet.scenario.scenario import read_scenario
from fleet.security.authority import Authority
from sensors.clock import SystemClock, boot_id
from tests.fleet.ledger.arriving import birth_of, report_of
from tests.fleet.scenario.plans import node, plan, stream
from tests.speaker import Speaker
from tests.tiny import write_recording

CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def readable(folder: Path) -> set[str]:
    """What in `folder` another user of the machine could open, who can enter `folder`."""
    found = set()
    for entry in folder.iterdir():
        mode = entry.lstat().st_mode
        if mode & 0o077:
            found.add(entry.name)
            if entry.is_dir():
                found |= {f"{entry.name}/{name}" for name in readable(entry)}
    return found


def test_a_ledger_its_journals_its_copies_and_its_export(tmp_path: Path) -> None:
    speaker = Speaker(CLOCK)
    with Ledger(tmp_path / "hub.db") as ledger:
        ledger.commit([birth_of(speaker), report_of(speaker, 0)])
        back_up(tmp_path / "hub.db", tmp_path / "copy.db")
        write_ledger(ledger, tmp_path / "parquet")
        there = {path.name for path in tmp_path.rglob("*")}
        assert {"hub.db", "hub.db-wal", "hub.db-shm", "copy.db", "reports.parquet"} <= there
        assert readable(tmp_path) == set()


def test_what_a_node_keeps(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with claimed(state, "pole"):
        next_session(state, "pole")
        spool = Spool(state / "pole.spool", msgspec.convert({}, SpoolChoice), CLOCK, boot_id())
        spool.introduce("s", b"birth")
        spool.write([Kept(Lane("s", "camera"), 0, b"report", CLOCK.now())], {})
        there = {path.name for path in state.iterdir()}
        assert there == {f"pole.{end}" for end in ("lock", "session", "spool", "spool-wal", "spool-shm")}
        assert state.stat().st_mode & 0o777 == 0o700
        # Nor in a folder that its owner has opened.
        state.chmod(0o755)
        assert readable(tmp_path) == {"state"}
        spool.close()


def test_what_an_authority_and_the_embedded_broker_keep(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    Authority(tmp_path / "fleet", CLOCK).enrol("pole", "node", "seoul", 30)
    with EmbeddedBroker(0, tmp_path / "broker", CLOCK):
        assert readable(tmp_path) == set()
    (tmp_path / "fleet").chmod(0o755)
    assert readable(tmp_path) == {"fleet", "fleet/crl.pem"}


def test_the_parts_of_a_run(tmp_path: Path) -> None:
    scenario = read_scenario(
        plan(tmp_path, node("pole", tmp_path / "m.onnx", stream(write_recording(tmp_path / "mot"), "WALK")))
    )
    ScenarioRun(scenario, tmp_path / "run", CLOCK)
    assert "run/parts" not in readable(tmp_path)
