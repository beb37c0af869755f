"""`gilmok fleet rollout` over a real ledger, and what the front door makes of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet.cli import rollout
from sensors.errors import GilmokError
from tests.fleet.rollout.ledger_fleet import LedgerFleet
from tests.fleet.rollout.test_actor import PLAN
from tests.made_runs import Played, write_drives, write_run


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LedgerFleet]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text('store = "hub.db"\n', encoding="utf-8")
    made = LedgerFleet.at(tmp_path / "hub.db", PLAN, "abcd")
    made.rounds(8)
    yield made
    made.ledger.close()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert rollout.main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_status_and_history_say_what_runs_where_and_why(fleet: LedgerFleet, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollout.main(["status"]) == 0
    assert "no rollout yet" in capsys.readouterr().out
    fleet.slow = 1.3
    fleet.begin()
    with fleet.actor() as actor:
        fleet.rounds(30, actor)
    (one,) = told(capsys, "status")
    assert (one["status"], one["by"], one["active"]) == ("rolled back", "ann@desk", 0)
    whole = told(capsys, "status", "second")
    gate = next(row for row in whole["gates"] if row["gate"] == "p50")
    assert (gate["verdict"], gate["units"], gate["margin"]) == ("WORSE", 2, pytest.approx(0.1))
    assert gate["low"] > 0.1
    assert gate["before"] < gate["now"]
    assert {row["phase"] for row in whole["unit_rows"]} == {"returned", "waiting"}
    assert [row["what"] for row in told(capsys, "history")][:2] == ["began", "sent"]
    assert rollout.main(["status", "second", "--units"]) == 0
    assert "the median latency grew" in capsys.readouterr().out
    # Over, and no good: a script sees it.
    assert rollout.main(["watch"]) == rollout.WORSE


def test_who_pauses_and_aborts_is_written_and_what_is_over_stays_over(
    fleet: LedgerFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.begin()
    assert told(capsys, "pause", "--why", "a parade")["status"] == "paused"
    assert rollout.main(["watch"]) == 1
    capsys.readouterr()
    assert told(capsys, "resume", "second")["status"] == "running"
    assert told(capsys, "abort", "1")["status"] == "aborted"
    with pytest.raises(GilmokError, match="can't be resumed: it is aborted"):
        rollout.main(["resume"])
    assert any("a parade" in row["why"] and "@" in row["who"] for row in told(capsys, "history"))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["missing.toml"], "there is no file missing.toml"),
        (["start", "hub.toml"], "hub.toml"),
        (["status", "nothing"], "no rollout 'nothing'"),
        (["pause"], "no rollout ''"),
        (["status", "--hub", "gone.toml"], "there is no file gone.toml"),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_what_is_not_there_is_told_in_one_line(arguments: list[str], what: str) -> None:
    with pytest.raises(GilmokError, match=what):
        rollout.main(arguments)


@pytest.mark.usefixtures("fleet")
def test_a_plan_whose_bundle_is_none_begins_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "rollout.toml"
    plan.write_text('name = "second"\nbundle = "nowhere"\n', encoding="utf-8")
    with pytest.raises(GilmokError, match=r"bundle\.json"):
        rollout.main([str(plan)])
    assert told(capsys, "status") == []


@pytest.mark.slow
@pytest.mark.usefixtures("fleet")
def test_a_bundle_unqualified_or_a_run_below_its_bars_sends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from replay.cli.bundle_make import main as make

    assert make(["--model", "gilmok-mini", "--backend", "onnxruntime", "--out", str(tmp_path / "made")]) == 0
    plan = tmp_path / "rollout.toml"
    plan.write_text('name = "second"\nbundle = "made"\nqualified = true\n', encoding="utf-8")
    with pytest.raises(GilmokError, match="its qualification isn't there"):
        rollout.main([str(plan)])
    drives = write_drives(tmp_path / "drives", n=1)
    write_run(tmp_path / "run", Played(root=drives, drive=0, cars=4))
    bars = '[[accuracy]]\nfigure = "AP"\nat_least = 1.0\n[[latency]]\nat_most_ms = 0.001\n'
    (tmp_path / "gates.toml").write_text(bars, encoding="utf-8")
    offline = '[offline]\ngates = "gates.toml"\nruns = ["run"]\n'
    plan.write_text(f'name = "second"\nbundle = "made"\n{offline}', encoding="utf-8")
    capsys.readouterr()
    assert rollout.main([str(plan)]) == rollout.WORSE
    assert "latency p99, ms <= 0.001" in capsys.readouterr().err
    assert told(capsys, "status") == []
