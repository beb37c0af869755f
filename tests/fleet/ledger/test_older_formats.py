"""Every verb over a ledger that was written by an older gilmok, in a file and in a database: as if by this one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import tomli_w

from edge.wire.messages import encode
from fleet.arrivals import HealthArrived
from fleet.cli import hub
from fleet.config import LedgerAt
from fleet.ledger.ledger import Booked, Ledger
from fleet.ledger.rollups.roll import Rollups
from fleet.ledger.store import Store, Where
from sensors.config import plain
from tests.fleet.ledger.arriving import CLOCK, KEY, birth_of, report_of
from tests.postgres import Cluster
from tests.speaker import Speaker

ALWAYS = ("--since", "2000-01-01", "--until", "2099-01-01", "--step", "1d", "--json")
BOOKED = (0, 1, 2, 4)
NO_DAYS = ("DELETE FROM rollups WHERE step_s = 86400",)
NO_ROLLOUTS = (
    *(f"DROP TABLE {name}" for name in ("units", "rollouts", "rollout_changes", "rollout_actor")),
    "UPDATE about SET version = 7",
)
NO_SHADOWS = (*NO_ROLLOUTS, "DROP TABLE shadow_frames", "UPDATE about SET version = 6")
NO_ROLLUPS = (
    *NO_SHADOWS,
    *(f"DROP TABLE {name}" for name in ("rollups", "rolled", "rolled_health")),
    "UPDATE about SET version = 5",
)
NO_GAPS = (
    *NO_ROLLUPS, "DROP TABLE gaps", "ALTER TABLE sessions DROP COLUMN former", "ALTER TABLE frames DROP COLUMN late",
    "UPDATE about SET version = 4",
)  # fmt: skip


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.long)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Where]]:
    if request.param == "file":
        yield [tmp_path / "old.db", tmp_path / "restored.db"]
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        yield [cluster.database(), cluster.database()]


@pytest.mark.parametrize(
    "older", [NO_DAYS, NO_ROLLOUTS, NO_SHADOWS, NO_ROLLUPS, NO_GAPS], ids=["no-days", "7", "6", "5", "4"]
)
def test_every_verb_says_of_an_older_ledger_what_it_says_of_its_own(
    places: list[Where], older: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speaker = Speaker(CLOCK)

    def told(where: Where, *verb: str) -> Any:
        config = tmp_path / "hub.toml"
        config.write_text(tomli_w.dumps(_settings(where)))
        assert hub.main([*verb, "--hub", str(config)]) == 0
        said = capsys.readouterr().out
        return json.loads(said) if "--json" in verb else said

    health = speaker.health(ok=5)
    with Ledger(places[0]) as ledger:
        ledger.commit([birth_of(speaker), *(report_of(speaker, n) for n in BOOKED)])
        ledger.commit([HealthArrived(KEY, health, encode(health), CLOCK.now())])
    with Rollups(places[0]) as rollups:
        assert rollups.roll() == len(BOOKED)
    own = told(places[0], "history", *ALWAYS), told(places[0], "report", speaker.birth.run, "--json")
    _age(places[0], older)

    told(places[0], "migrate")
    told(places[0], "rollup")
    assert (told(places[0], "history", *ALWAYS), told(places[0], "report", speaker.birth.run, "--json")) == own
    rows = told(places[0], "export", "--parquet", str(tmp_path / "parquet"), "--json")["rows"]
    assert (rows["reports"], rows["gaps"], rows["rollups"]) == (len(BOOKED), 1, 1)
    told(places[0], "backup", str(tmp_path / "copy"))
    told(places[1], "restore", str(tmp_path / "copy"))
    assert (told(places[1], "history", *ALWAYS), told(places[1], "report", speaker.birth.run, "--json")) == own
    with Ledger(places[1]) as ledger:
        assert ledger.commit([report_of(speaker, n) for n in range(5)]) == Booked(1, 4, 0)
        assert [gap.closed_utc_ns is None for gap in ledger.gaps(KEY)] == [False]
    assert "5 reports taken out" in told(places[1], "prune", "--days", "0")
    assert [point["ok"] for point in told(places[1], "history", *ALWAYS)["streams"]] == [5]


def _settings(where: Where) -> dict[str, Any]:
    return {"ledger": plain(where)} if isinstance(where, LedgerAt) else {"store": str(where)}


def _age(where: Where, statements: tuple[str, ...]) -> None:
    store = Store(where, write=True)
    with store.writing() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    store.close()
