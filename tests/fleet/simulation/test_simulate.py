import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from fleet.cli.simulate import main
from fleet.ledger.reader import LedgerReader
from fleet.simulation.drive import Fleet, Simulation, Uncommitted
from fleet.simulation.workload import drawn, recorded
from sensors.clock import SystemClock
from tests.made_runs import Played, write_drives, write_run

HubRunning = Callable[[], AbstractContextManager[LedgerReader]]


def test_every_simulated_report_is_committed_under_its_own_session_and_number(
    broker: BrokerAt, site: str, hub: HubRunning
) -> None:
    wanted = Simulation(broker=broker, site=site, run="simulated", nodes=5, rate=20, seconds=0.5, patience_s=20)
    with hub() as ledger:
        outcome = Fleet(wanted, drawn(), SystemClock()).run()
        births = list(ledger.births("simulated"))
    assert (outcome.sent, outcome.committed, outcome.uncommitted, outcome.refused) == (50, 50, 0, {})
    assert outcome.commit_p50_ms is not None
    assert len({birth.session_id for birth in births}) == len({birth.node for birth in births}) == 5


def test_without_a_hub_it_is_an_error_and_says_how_many(
    mosquitto_url: str, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"--broker {mosquitto_url} --site {site} --nodes 2 --rate 20 --seconds 0.2 --patience 0.1 --json"
    with pytest.raises(Uncommitted, match=re.escape("8 of 8 reports are not committed")):
        main(words.split())
    assert '"uncommitted": 8' in capsys.readouterr().out


def test_a_run_folder_gives_its_reports_and_the_birth_that_fits_them(tmp_path: Path) -> None:
    drives = write_drives(tmp_path / "drives", n=1)
    run = write_run(tmp_path / "run", Played(root=drives, drive=0, cars=4))
    [workload] = recorded(run)
    assert len(workload.reports) == 10
    assert {report.stream for report in workload.reports} == {stream.name for stream in workload.birth.streams}
    assert {report.artefact for report in workload.reports} == {workload.birth.model.artefact[:12]}
