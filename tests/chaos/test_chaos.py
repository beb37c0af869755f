"""Half a minute of `scripts/chaos`; let it run for half an hour by hand before a release."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.brokers import mosquitto_program
from tests.chaos.verdict import Evidence
from tests.chaos.world import SITE

MINUTES, SEED = 0.4, 3


@pytest.mark.long
def test_a_maltreated_fleet_loses_nothing_and_a_missing_report_would_be_seen(tmp_path: Path) -> None:
    mosquitto_program()
    keep = tmp_path / "chaos"
    command = [
        sys.executable,
        "-P",
        "-m",
        "tests.chaos",
        "--minutes",
        str(MINUTES),
        "--seed",
        str(SEED),
        "--nodes",
        "2",
    ]
    house = Path(__file__).parents[2]
    done = subprocess.run([*command, "--keep", keep], cwd=house, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, doubled 0, unbalanced 0, unsettled 0" in done.stdout
    spoilt = Path(shutil.copy(keep / "hub.db", tmp_path / "spoilt.db"))
    with closing(sqlite3.connect(spoilt)) as database, database:
        database.execute("DELETE FROM frames WHERE n = 1 AND node = 'node-0'")
    verdict = Evidence().judge(spoilt, SITE)
    assert verdict.lost > 0
    assert not verdict.holds
    forgiving = Evidence()
    for count in range(1, 100):
        forgiving.excuse("node-0", count)
    assert forgiving.judge(spoilt, SITE).lost == 0, "a session whose disk was full may have lost what was in memory"
