"""Runs on a broker that others use, too: runs before, runs beside, strangers, and nodes that take a name."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gilmok
from edge.wire.address import BrokerAt
from edge.wire.link import Link
from edge.wire.messages import Health, encode
from fleet.scenario.launch import RunProgress, ScenarioRun
from fleet.scenario.scenario import read_scenario
from replay.runs.reports import read_reports
from replay.runs.runfolder import read_identity, read_summary
from sensors.clock import SystemClock
from tests.fleet.scenario.plans import node, plan, stream
from tests.speaker import Speaker


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.long)])
def broker(request: pytest.FixtureRequest) -> BrokerAt:
    """What is tried here lies in node, hub and run; on the other broker it takes as long again."""
    return BrokerAt(url=request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def on_broker(broker: BrokerAt, site: str) -> dict[str, object]:
    return {"broker": {"url": broker.url}, "site": site}


@pytest.mark.long
def test_a_scenario_runs_as_often_as_one_likes_on_one_broker(
    model: Path, root: Path, tmp_path: Path, on_broker: dict[str, object]
) -> None:
    walk = stream(root, "WALK", pace="lockstep")
    scenario = plan(tmp_path, node("a", model, walk), node("b", model, walk), **on_broker)
    digests = set()
    for number in range(2):
        # Two runs of one name, too: the folders that hold them have nothing to do with each other.
        out = tmp_path / str(number) / "run"
        assert gilmok.main(["run", str(scenario), "--no-report", "--out", str(out)]) == 0
        summary = read_summary(out)
        assert summary["frames"] == {"captured": 24, "ok": 24, "failed": 0, "dropped": 0, "down": 0}
        assert (summary["valid"], summary["troubles"], summary["notes"]) == (True, [], [])
        assert [birth.session for birth in read_identity(out).nodes] == [1, 1]
        digests.add(summary["digest"]["detections"])
    assert len(digests) == 1


class Stranger:
    """A node of another's, that says something whenever it is asked to."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker

    @property
    def link(self) -> Link:
        assert self.speaker.link is not None
        return self.speaker.link

    def come(self, at: BrokerAt) -> None:
        if self.speaker.link is None:
            self.speaker.connect(at)

    def speak(self) -> None:
        health = Health(
            session=self.speaker.session,
            session_id=self.speaker.session_id,
            stamp=self.speaker.clock.now(),
            streams={},
            queued=0,
        )
        self.link.publish(self.speaker.topics.health, encode(health))
        self.link.publish(self.speaker.topics.detections("north"), b"{garbage")


@pytest.fixture
def strangers(broker: BrokerAt, site: str) -> Iterator[list[Stranger]]:
    clock = SystemClock()
    ghost = Speaker(clock, site, "ghost", session_id="9" * 32, run="theirs")
    counting = Speaker(clock, site, "a", session_id="", run="theirs")
    made = [Stranger(speaker) for speaker in (ghost, counting)]
    for one in made:
        one.come(broker)
    yield made
    for one in made:
        one.link.close()


def test_strangers_and_nodes_that_have_a_name_before_are_told_and_the_run_ends_well(
    model: Path, root: Path, tmp_path: Path, on_broker: dict[str, object], strangers: list[Stranger]
) -> None:
    long = stream(root, "LONG", pace="realtime", frames=40)
    scenario = read_scenario(plan(tmp_path, node("a", model, long), **on_broker))

    def watch(_: RunProgress) -> None:
        for stranger in strangers:
            stranger.speak()

    summary = ScenarioRun(scenario, tmp_path / "run", SystemClock()).run(watch)
    assert (summary.frames.captured, summary.books.balanced, summary.valid) == (40, True, True)
    assert summary.troubles == ()
    told = " ".join(summary.notes)
    assert "2 other sessions spoke at site" in told
    assert "ghost (run theirs, 0 reports)" in told
    assert told.count("a (run theirs, 0 reports, a name of this run's)") == 1
    assert "no report of this run is missing for it" in told
    assert len(read_reports(tmp_path / "run")) == summary.frames.ok


@pytest.mark.long
def test_two_scenarios_of_one_name_at_once_are_each_complete(
    model: Path, root: Path, tmp_path: Path, on_broker: dict[str, object]
) -> None:
    scenario = read_scenario(plan(tmp_path, node("a", model, stream(root, "LONG", frames=60)), **on_broker))
    runs = [ScenarioRun(scenario, tmp_path / name / "run", SystemClock()) for name in ("one", "other")]
    with ThreadPoolExecutor() as pool:
        # The thread that starts a part has to stay for as long as the part runs: one for each run.
        summaries = list(pool.map(lambda run: run.run(lambda _: None), runs))
    for summary in summaries:
        assert (summary.frames.captured, summary.books.balanced, summary.troubles) == (60, True, ())


def test_a_node_whose_name_another_takes_is_fenced_off_and_started_again(
    model: Path, root: Path, tmp_path: Path, broker: BrokerAt, site: str, on_broker: dict[str, object]
) -> None:
    long = stream(root, "LONG", pace="realtime", frames=160)
    scenario = read_scenario(plan(tmp_path, node("a", model, long), **on_broker))
    taker = Stranger(Speaker(SystemClock(), site, "a", session_id="8" * 32, run="theirs"))
    run = ScenarioRun(scenario, tmp_path / "run", SystemClock())

    def watch(progress: RunProgress) -> None:
        # It goes before the node is back: that one has the name to itself again.
        if progress.decided and len(told) == 0:
            taker.come(broker)
            taker.speak()

    told: list[str] = []
    summary = run.run(watch)
    taker.link.close()
    (restart,) = summary.restarts
    assert "another process is node 'a' and began later" in restart.why
    assert summary.frames.captured == 160
    assert summary.books.balanced


def test_two_runs_into_one_folder_the_second_is_refused(
    model: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = plan(tmp_path, node("a", model, stream(root, "WALK", pace="lockstep")))
    first = ScenarioRun(read_scenario(path), tmp_path / "run", SystemClock())
    assert gilmok.main(["run", str(path), "--out", str(tmp_path / "run")]) == 1
    assert "already holds a run" in capsys.readouterr().err
    assert first.run(lambda _: None).frames.captured == 12
