"""A part that dies is started again: when, how often, and what the run says of it."""

import os
import signal
from pathlib import Path

import pytest

from fleet.scenario import loading
from fleet.scenario.launch import RunProgress, ScenarioRun
from fleet.scenario.loading import Loading
from fleet.scenario.parts import READY, Parts
from fleet.scenario.scenario import read_scenario
from fleet.workers.supervisor import BACKOFF_MAX_S, BACKOFF_S, START_S, STEADY_S, TRIES, Part, Supervisor
from replay.runs.loaded import read_run
from sensors.clock import NS_PER_S, SystemClock
from sensors.errors import GilmokError
from sensors.processes import child
from sensors.processes.child import ChildDied
from tests.fakes import ManualClock
from tests.fleet.scenario.plans import node, plan, stream
from tests.processes import pid_of


class Mortal:
    """A part that dies and lives as a test says."""

    def __init__(self, *, fails: bool = False) -> None:
        self.clock = ManualClock()
        self.why = ""
        self.started = 0
        self.is_ready = True
        self.ended = False
        self.fails = fails
        self.works = False
        part = Part(
            name="it",
            death=lambda: self.why,
            start=self._start,
            ready=lambda: self.is_ready,
            end=lambda: setattr(self, "ended", True),
            works=lambda: self.works,
        )
        self.care = Supervisor(part, self.clock)

    def _start(self) -> None:
        self.started += 1
        if self.fails:
            raise GilmokError("its port is taken")
        self.why = ""

    def after(self, seconds: float, *, heal: bool = True) -> Supervisor:
        self.clock.pass_ns(int(seconds * NS_PER_S))
        self.care.tend(heal=heal)
        return self.care


def test_a_part_that_died_is_started_after_a_while_and_told_when_it_is_back() -> None:
    mortal = Mortal()
    mortal.why, mortal.is_ready = "it was killed", False
    assert mortal.after(0).ill
    assert mortal.started == 0
    assert mortal.after(BACKOFF_S).ill
    assert mortal.started == 1
    mortal.after(1)
    mortal.is_ready = True
    assert not mortal.after(1).ill
    (restart,) = mortal.care.restarts
    assert (restart.why, restart.away_s) == ("it was killed", BACKOFF_S + 2)
    assert not mortal.care.given_up


def test_one_that_dies_again_and_again_is_given_up() -> None:
    mortal = Mortal()
    while not mortal.care.given_up:
        mortal.why = "it was killed"
        mortal.after(BACKOFF_MAX_S)
    assert mortal.started == TRIES
    assert mortal.care.given_up == f"it was killed; it was started again {TRIES} times"
    assert len(mortal.care.restarts) == TRIES


def test_one_that_stays_alive_for_a_minute_in_between_is_not() -> None:
    mortal = Mortal()
    for _ in range(2 * TRIES):
        mortal.why = "it was killed"
        mortal.after(0)
        mortal.after(BACKOFF_MAX_S)
        mortal.after(0)
        mortal.after(STEADY_S + 1)
    assert not mortal.care.given_up
    assert len(mortal.care.restarts) == 2 * TRIES


def test_one_that_is_slow_may_be_as_long_as_it_works() -> None:
    mortal = Mortal()
    mortal.why, mortal.is_ready, mortal.works = "it was killed", False, True
    mortal.after(0)
    mortal.after(BACKOFF_S)
    for _ in range(10):
        mortal.after(START_S)
    assert not mortal.ended
    mortal.works = False
    mortal.after(START_S + 1)
    assert mortal.ended


def test_one_that_can_not_be_started_is_given_up_for_that() -> None:
    mortal = Mortal(fails=True)
    mortal.why = "it was killed"
    while not mortal.care.given_up:
        mortal.after(BACKOFF_MAX_S)
    assert mortal.care.given_up.startswith("its port is taken")


def test_at_the_end_what_is_dead_stays_dead() -> None:
    mortal = Mortal()
    mortal.why = "it was killed"
    mortal.after(0)
    assert mortal.after(BACKOFF_MAX_S, heal=False).given_up == "it was killed"
    assert (mortal.started, mortal.care.restarts) == (0, [])


@pytest.mark.long
def test_hub_and_node_are_killed_and_the_run_says_what_became_of_each_frame(
    model: Path, root: Path, tmp_path: Path
) -> None:
    long = stream(root, "LONG", pace="realtime")
    scenario = read_scenario(plan(tmp_path, node("doomed", model, long), node("well", model, long)))
    run = ScenarioRun(scenario, tmp_path / "run", SystemClock())
    killed: list[str] = []

    def watch(progress: RunProgress) -> None:
        for name, after in (("hub", 20), ("doomed", 60)):
            if name not in killed and progress.decided.get(("well", "north"), 0) > after:
                killed.append(name)
                os.kill(pid_of(tmp_path / f"run/parts/{name}.toml"), signal.SIGKILL)

    summary = run.run(watch)
    doomed, well = summary.streams
    assert (well.frames.captured, well.frames.down, well.books.balanced) == (400, 0, True)
    assert well.frames.ok + well.frames.dropped == 400
    assert doomed.frames.captured == 400
    assert doomed.frames.down > 0
    assert doomed.frames.ok + doomed.frames.dropped + doomed.frames.down == 400
    assert [restart.part for restart in summary.restarts] == ["the hub", "node doomed"]
    assert all(restart.away_s for restart in summary.restarts)
    assert (summary.troubles, summary.valid) == ((), False)
    assert [len(one.reports) for one in read_run(tmp_path / "run").streams] == [doomed.frames.ok, well.frames.ok]


@pytest.mark.slow
def test_a_hub_that_dies_while_the_nodes_load_is_started_again(
    model: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_nodes = Parts.start_nodes

    def killed(parts: Parts) -> None:
        assert parts.hub is not None
        os.kill(parts.hub.pid, signal.SIGKILL)
        start_nodes(parts)

    monkeypatch.setattr(Parts, "start_nodes", killed)
    scenario = read_scenario(plan(tmp_path, node("pole", model, stream(root, "WALK", pace="lockstep"))))
    summary = ScenarioRun(scenario, tmp_path / "run", SystemClock()).run(lambda _: None)
    assert [restart.part for restart in summary.restarts] == ["the hub"]
    assert [(one.frames.ok, one.books.balanced) for one in summary.streams] == [(12, True)]


class Fragile:
    """Kills the nodes of a scenario while they load, or when they have loaded and hold."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, times: int, *, loaded: bool = False, by: int = signal.SIGKILL
    ) -> None:
        self.left, self.by = times, by
        self.loaded = loaded
        self._killed: set[int] = set()
        tend = Loading.tend

        def struck(of: Loading) -> None:
            self._strike(of._parts)
            tend(of)

        monkeypatch.setattr(Loading, "tend", struck)

    def _strike(self, parts: Parts) -> None:
        for one in parts.nodes.values():
            if self.left and one.pid not in self._killed and one.has_printed(READY) == self.loaded:
                self.left -= 1
                self._killed.add(one.pid)
                os.kill(one.pid, self.by)


@pytest.mark.slow
@pytest.mark.parametrize("loaded", [False, True], ids=["loads", "holds"])
def test_a_node_that_is_killed_while_it_loads_or_holds_is_started_again(
    model: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, loaded: bool
) -> None:
    Fragile(monkeypatch, 1, loaded=loaded)
    walk = stream(root, "WALK", pace="lockstep")
    scenario = read_scenario(plan(tmp_path, node("pole", model, walk), node("kerb", model, walk)))
    summary = ScenarioRun(scenario, tmp_path / "run", SystemClock()).run(lambda _: None)
    (restart,) = summary.restarts
    assert restart.part in ("node pole", "node kerb")
    assert restart.away_s
    assert [(one.frames.ok, one.frames.down, one.books.balanced) for one in summary.streams] == [(12, 0, True)] * 2
    assert summary.troubles == ()


@pytest.mark.slow
def test_one_that_dies_while_it_loads_ends_a_strict_run_and_one_that_says_why_ends_any(
    model: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = stream(root, "WALK", pace="lockstep")
    scenario = read_scenario(plan(tmp_path, node("pole", model, walk)))
    fragile = Fragile(monkeypatch, 1)
    with pytest.raises(ChildDied, match="node pole was killed by signal 9"):
        ScenarioRun(scenario, tmp_path / "strict", SystemClock(), strict=True).run(lambda _: None)
    assert fragile.left == 0
    absent = node("pole", model, walk, backend={"name": "rknn"})
    scenario = read_scenario(plan(tmp_path, absent))
    with pytest.raises(ChildDied, match=r"node pole ended with status 1: .*rknn") as died:
        ScenarioRun(scenario, tmp_path / "absent", SystemClock()).run(lambda _: None)
    assert not died.value.killed
    assert not (tmp_path / "strict").exists()
    assert not (tmp_path / "absent").exists()


@pytest.mark.slow
def test_a_node_that_neither_works_nor_gets_ready_ends_the_run(
    model: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LOAD_S", 0.5)
    monkeypatch.setattr(child, "STOP_S", 0.2)
    Fragile(monkeypatch, 1, by=signal.SIGSTOP)
    scenario = read_scenario(plan(tmp_path, node("pole", model, stream(root, "WALK", pace="lockstep"))))
    with pytest.raises(child.ChildSilent, match="node pole was not ready, and did nothing for"):
        ScenarioRun(scenario, tmp_path / "run", SystemClock()).run(lambda _: None)
    assert not (tmp_path / "run").exists()
