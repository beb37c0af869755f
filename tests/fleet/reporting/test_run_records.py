"""What `gilmok hub` tells of a store."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

import gilmok
from edge.wire.messages import Birth, encode
from fleet.arrivals import Arrival, BirthArrived, ConnArrived, HealthArrived, Refused, ReportArrived
from fleet.config import HubConfig, TruthRoot
from fleet.ledger.ledger import Ledger
from fleet.reporting.listing import ago, node_rows
from fleet.reporting.run_records import notes, records, troubles, with_truth
from fleet.reporting.truth_index import TruthIndex
from replay.recording import open_dataset
from replay.runs.summary import summarise
from sensors import config
from sensors.clock import NS_PER_S, Stamp
from tests.fakes import ManualClock
from tests.layouts import ua_detrac
from tests.speaker import TOTAL_NS, Speaker

CLOCK = ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "hub.db"


def _booked(store: Path, *arrivals: Arrival) -> Path:
    with Ledger(store) as ledger:
        ledger.commit(arrivals)
    return store


def _session(
    speaker: Speaker, ns: Sequence[int], *, ok: int, birth: Birth | None = None, shared: bool = True
) -> list[Arrival]:
    now = CLOCK.now()
    reports = [speaker.report(n) for n in ns]
    health = speaker.health(ok, final=True)
    return [
        BirthArrived(speaker.key, birth or speaker.birth, encode(birth or speaker.birth), now),
        *(ReportArrived(speaker.key, one, encode(one), now, TOTAL_NS + one.n if shared else None) for one in reports),
        HealthArrived(speaker.key, health, encode(health), now),
        ConnArrived(speaker.key, "offline", now),
    ]


def test_a_run_comes_out_of_the_ledger_as_it_was_told(store: Path) -> None:
    _booked(store, *_session(Speaker(CLOCK), range(5), ok=5))
    with Ledger(store) as ledger:
        (record,) = with_truth(records(ledger, ledger.births("drive")), TruthIndex([]))
        assert [report.n for report in record.reports] == [0, 1, 2, 3, 4]
        assert record.hub_latency_ns == [TOTAL_NS + n for n in range(5)]
        assert record.final
        assert record.truth_unknown == "the stream replays no recording with a truth"
        assert troubles(ledger, list(ledger.births("drive"))) == []
        assert list(records(ledger, ledger.births("another"))) == []
    summary = summarise("drive", [record])
    assert summary.books.balanced
    assert summary.latency_ns["hub"].max == TOTAL_NS + 4


def test_holes_in_n_are_told(store: Path) -> None:
    _booked(store, *_session(Speaker(CLOCK), [0, 1, 4, 6], ok=8))
    with Ledger(store) as ledger:
        summary = summarise("drive", list(records(ledger, ledger.births("drive"))))
    (complaint,) = summary.books.complaints
    assert "4 of 8 reports are missing" in complaint
    assert "n = 2-3, 5, 7" in complaint


def test_without_a_common_clock_there_is_no_way_to_the_hub(store: Path) -> None:
    _booked(store, *_session(Speaker(CLOCK), range(3), ok=3, shared=False))
    with Ledger(store) as ledger:
        (record,) = records(ledger, ledger.births("drive"))
    assert record.hub_latency_ns is None


def test_a_known_recordings_truth_comes_with_the_record(store: Path, tmp_path: Path) -> None:
    made = ua_detrac(tmp_path / "data")
    digest = open_dataset("ua-detrac", made.root).open(made.name).digest
    speaker = Speaker(CLOCK)
    stream = msgspec.structs.replace(speaker.birth.streams[0], dataset="ua-detrac", recording=made.name, digest=digest)
    birth = msgspec.structs.replace(speaker.birth, streams=(stream,))
    _booked(store, *_session(speaker, range(3), ok=3, birth=birth))
    with Ledger(store) as ledger:
        found = list(records(ledger, ledger.births("drive")))
    (record,) = with_truth(found, TruthIndex([TruthRoot(dataset="ua-detrac", root=made.root)]))
    (unknown,) = with_truth(found, TruthIndex([]))
    assert record.recording is not None
    assert record.recording.digest == digest
    assert unknown.truth_unknown == "no folder is configured for ua-detrac"


def test_nodes_that_never_said_goodbye_and_refusals_are_troubles(store: Path) -> None:
    lost, silent = Speaker(CLOCK), Speaker(CLOCK, session=2)
    at = Stamp(0, 1_700_000_000 * NS_PER_S)
    _booked(
        store,
        BirthArrived(lost.key, lost.birth, encode(lost.birth), at),
        ConnArrived(lost.key, "lost", at),
        BirthArrived(silent.key, silent.birth, encode(silent.birth), at),
        Refused("t", "json", "why", b"{", at, lost.key.of_node),
        Refused("t", "topic", "a stranger's", b"{", at),
    )
    with Ledger(store) as ledger:
        births = list(ledger.births("drive"))
        assert troubles(ledger, births) == [
            "node pole (session 1) was lost at 2023-11-14 22:13:20 UTC",
            "node pole (session 2) has not ended",
            "the hub refused messages on the topics of node pole: 1 (json)",
        ]
        assert notes(ledger, births) == ["the hub refused messages of nodes that it doesn't know: 1 (topic)"]


def test_nodes_are_told_by_their_newest_session(store: Path) -> None:
    old, new = Speaker(CLOCK), Speaker(CLOCK, session=2)
    now = CLOCK.now()
    health = new.health(ok=4, failed=2, dropped=1)
    _booked(
        store,
        *_session(old, range(2), ok=2),
        BirthArrived(new.key, new.birth, encode(new.birth), now),
        ConnArrived(new.key, "online", now),
        HealthArrived(new.key, health, encode(health), now),
    )
    with Ledger(store) as ledger:
        (row,) = node_rows(ledger, now, health_period_s=1.0)
        (later,) = node_rows(ledger, Stamp(0, now.utc_ns + 4 * NS_PER_S), health_period_s=1.0)
    assert (row["session"], row["state"], later["state"]) == (2, "online", "stale")
    assert [row[name] for name in ("captured", "ok", "failed", "dropped")] == [7, 4, 2, 1]


def test_what_was_refused_where_nothing_is_missing_was_a_strangers_and_is_no_trouble(store: Path) -> None:
    speaker = Speaker(CLOCK)
    refused = Refused("t", "json", "why", b"{", CLOCK.now(), speaker.key.of_node)
    _booked(store, *_session(speaker, range(5), ok=5), refused, refused)
    with Ledger(store) as ledger:
        births = list(ledger.births("drive"))
        assert troubles(ledger, births) == []
        (note,) = notes(ledger, births)
    assert (
        note == "the hub refused messages on the topics of node pole: 2 (json); no report of this run is missing for it"
    )


def test_a_wall_clock_that_can_not_be_right_is_a_note(store: Path) -> None:
    speaker = Speaker(CLOCK)
    arrivals = _session(speaker, range(3), ok=3)
    wrong = [dataclasses.replace(one, clock_known=False) if isinstance(one, ReportArrived) else one for one in arrivals]
    _booked(store, *wrong)
    with Ledger(store) as ledger:
        births = list(ledger.births("drive"))
        (record,) = records(ledger, births)
        (note,) = notes(ledger, births)
    assert [report.stamp.utc_ns for report in record.reports] == [CLOCK.now().utc_ns] * 3
    assert note.startswith("clock: unknown. The wall clock of node pole can't be right; 3 frames are labelled")


@pytest.mark.parametrize(
    ("span_s", "said"),
    [(-5, "now"), (0.4, "now"), (1, "1 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (1e6, "11 d ago")],
)
def test_a_span_is_said_in_its_largest_unit(span_s: float, said: str) -> None:
    assert ago(int(span_s * NS_PER_S)) == said


def test_the_verbs_print_tables_and_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _booked(
        store, *_session(Speaker(CLOCK), range(5), ok=5), Refused("some/topic", "json", "[/red]", b"{[b]", CLOCK.now())
    )
    for verb, shown in (
        (["nodes"], "offline"),
        (["runs"], "drive"),
        (["refused"], "[/red]"),
        (["report", "drive"], "capture to hub"),
    ):
        assert gilmok.main(["hub", *verb, "--store", str(store)]) == 0
        assert shown in capsys.readouterr().out
        assert gilmok.main(["hub", *verb, "--store", str(store), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)


def test_an_empty_store_says_so(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _booked(store)
    for verb in ("nodes", "runs", "refused"):
        assert gilmok.main(["hub", verb, "--store", str(store)]) == 0
        assert "no" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "drive", "--store", "empty.db"], "no node ever told this hub of a run 'drive'"),
        (["nodes", "--store", "absent.db"], "there is no store at absent.db"),
        (["nodes", "--store", "photos.db"], "file is not a database"),
        (["run", "absent.toml"], "there is no file absent.toml"),
        (["run", "misspelt.toml"], "unknown key 'stroe'"),
        (["run", "both.toml"], "it names a broker and asks for the embedded one"),
        (["run", "unreachable.toml"], "no MQTT broker answered at mqtt://127.0.0.1:1"),
        (["run", "nameless.toml"], "can't be the name of a hub"),
    ],
)
def test_what_is_wrong_is_one_clear_line_and_status_1(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _booked(tmp_path / "empty.db")
    Path("photos.db").write_bytes(b"not a store at all" * 100)
    Path("misspelt.toml").write_text('stroe = "hub.db"')
    Path("both.toml").write_text('[broker]\nurl = "mqtt://127.0.0.1"\n[embedded]\nport = 0')
    Path("unreachable.toml").write_text('patience_s = 0.1\n[broker]\nurl = "mqtt://127.0.0.1:1"')
    Path("nameless.toml").write_text('name = "a.b"')
    assert gilmok.main(["hub", *arguments]) == 1
    assert said in capsys.readouterr().err


def test_the_example_is_a_configuration() -> None:
    example = Path(__file__).parents[3] / "examples" / "hub.toml"
    settings = config.read(example, HubConfig)
    assert settings.store == example.parent / "gilmok-hub.db"
    assert settings.embedded is not None


def test_a_gap_in_the_reports_is_noted_with_when_it_opened_and_closed(store: Path) -> None:
    speaker = Speaker(CLOCK)
    clock = ManualClock()
    with Ledger(store) as ledger:
        for numbers in ([0, 3], [1, 2], [6]):
            reports = [speaker.report(n) for n in numbers]
            ledger.commit([ReportArrived(speaker.key, one, encode(one), clock.now(), 1) for one in reports])
            clock.pass_ns(2 * NS_PER_S)
        closed, open_ = notes(ledger, [speaker.birth])
    assert closed.startswith("pole/camera: reports 1 to 2 had not come by ")
    assert closed.endswith("; the last of them came 2.0 s later")
    assert open_.endswith(", and some of them never did")
