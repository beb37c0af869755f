"""How fast: MLPerf's scenarios, asked and timed by LoadGen, and a constant rate, asked and timed by gilmok.

A query is a prepared input tensor, its answer are the decoded boxes: camera, resize and transport are not in it (the
part `streams` has whole frames).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.assembly import Loaded
from replay.metrics.percentiles import Percentiles, percentiles
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, pictures
from replay.qualify.load import loadgen
from replay.qualify.load.loadgen import SAMPLES_PER_QUERY, Answered, Load
from replay.qualify.load.paced import constant_rate
from replay.qualify.load.serving import Library, Serving
from replay.qualify.progress import Tell
from replay.statistics.deadline import DeadlineJudgement, DeadlineOutcome, judge_deadline
from replay.statistics.early_stopping import guaranteed_latency, slow_answers_allowed
from sensors.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from sensors.record import Record

SAMPLES = 32
TRIALS = 12
"""Inferences that tell about how long one takes."""
ESTIMATED = (0.9, 0.99, 0.999)
SURE = {DeadlineOutcome.KEPT: True, DeadlineOutcome.BROKEN: False, DeadlineOutcome.OPEN: None}


class Estimated(Record, frozen=True, kw_only=True):
    """LoadGen's early stopping: a latency that holds at this percentile with confidence .99."""

    percentile: float
    latency_ns: int | None
    """None: too few queries."""
    set_aside: int
    """Slowest queries left out of it."""
    n_needed: int
    """The fewest queries that tell one."""


class ScenarioResult(Record, frozen=True, kw_only=True):
    name: str
    by: str
    """Who asked and kept time."""
    asks: str
    """When the next query comes."""
    verdict_of: str
    """Which number of it is the one to tell."""
    samples_per_query: int
    rate_qps: float
    """Asked; NaN where the device itself sets the pace."""
    duration_s: float
    samples_per_s: float
    latency_ns: Percentiles
    """Of queries, from their scheduled instant."""
    estimates: tuple[Estimated, ...]
    over_bound: int | None
    """Queries later than the deadline, where the scenario has one."""
    holds: bool | None
    """Whether the deadline is kept at p99, with 99 % confidence; None: no deadline, or sure of neither."""
    result: str
    """LoadGen's own word on its settings' minimum duration and number of queries."""
    unmet: tuple[str, ...]
    deadline: DeadlineJudgement | None = None
    """How sure that is; None without a deadline (and in older records)."""


class Latency(Record, frozen=True, kw_only=True):
    scenarios: tuple[ScenarioResult, ...]
    alone_ns: Percentiles
    """One sample at a time, before any load."""
    loadgen: str
    wording: str
    deadline_ms: float
    in_flight: int
    """Inferences that the session takes at once."""
    facts_after: dict[str, str]
    """What the session said of itself after the load, where it differs from before."""


@dataclass(frozen=True, slots=True)
class _Bench:
    campaign: Campaign
    parts: Loaded
    library: Library
    logs: Path
    clock: Clock

    def run(self, load: Load, name: str) -> tuple[Answered, float]:
        """What LoadGen saw, and how long it took."""
        begun = self.clock.now().mono_ns
        answered = loadgen.generate(load, self.library, self.serving, self.logs / name)
        return answered, (self.clock.now().mono_ns - begun) / NS_PER_S

    def serving(self, done: Callable[[int], None]) -> Serving:
        return Serving(self.parts, self.library, done)


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Latency:
    loadgen.check_present()
    clock, budget = SystemClock(), campaign.budget
    with candidate(campaign) as parts:
        before = dict(parts.session.facts)
        library = Library(parts, pictures(campaign, SAMPLES))
        bench = _Bench(campaign, parts, library, folder / "loadgen", clock)
        alone = _alone(bench)
        expected_ns = sorted(alone)[len(alone) // 2]
        runs = 4 + len(budget.loads)
        results: list[ScenarioResult] = []
        version = ""

        def closed(name: str, runner: Callable[[], tuple[ScenarioResult, str]]) -> ScenarioResult:
            nonlocal version
            tell(len(results) / runs, name)
            result, version = runner()
            results.append(result)
            return result

        closed("SingleStream", partial(_single, bench, budget.latency_s, expected_ns))
        closed("MultiStream", partial(_multi, bench, budget.latency_s, expected_ns))
        offline = closed("Offline", partial(_offline, bench, budget.latency_s, expected_ns))
        for share in budget.loads:
            rate = share * offline.samples_per_s
            closed(f"Server at {share:.0%}", partial(_server, bench, budget.latency_s, expected_ns, rate, share))
        tell(len(results) / runs, "constant rate")
        results.append(_constant(bench, budget.latency_s))
        return Latency(
            scenarios=tuple(results),
            alone_ns=percentiles(alone),
            loadgen=version,
            wording=loadgen.WORDING,
            deadline_ms=campaign.deadline_ms,
            in_flight=getattr(parts.session, "depth", 1),
            facts_after={name: told for name, told in parts.session.facts.items() if before.get(name) != told},
        )


def estimated(latencies_ns: Sequence[int], wanted: Sequence[float] = ESTIMATED) -> tuple[Estimated, ...]:
    """Of each percentile (0 to 1), in any order of the latencies."""
    n = len(latencies_ns)
    return tuple(
        Estimated(
            percentile=q,
            latency_ns=guaranteed_latency(latencies_ns, q),
            set_aside=max(0, slow_answers_allowed(n, q) - 1),
            n_needed=least_queries(q),
        )
        for q in wanted
    )


def least_queries(percentile: float) -> int:
    """The fewest queries of which one may be over: 64 for p90, 662 for p99, 6,636 for p99.9."""
    low, high = 1, 2
    while slow_answers_allowed(high, percentile) < 1:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if slow_answers_allowed(middle, percentile) >= 1 else (middle, high)
    return high


def _alone(bench: _Bench) -> list[int]:
    taken = []
    with bench.serving(lambda _query: None) as serving:
        for place in range(TRIALS):
            begun = bench.clock.now().mono_ns
            serving.answer(place % len(bench.library))
            taken.append(bench.clock.now().mono_ns - begun)
    return taken


def _single(bench: _Bench, duration_s: float, expected_ns: float) -> tuple[ScenarioResult, str]:
    answered, took_s = bench.run(Load("SingleStream", duration_s, expected_ns), "single-stream")
    return _result("SingleStream", answered, took_s, "when the last one is answered", "p90", 1), answered.version


def _multi(bench: _Bench, duration_s: float, expected_ns: float) -> tuple[ScenarioResult, str]:
    answered, took_s = bench.run(Load("MultiStream", duration_s, expected_ns), "multi-stream")
    asks = f"{SAMPLES_PER_QUERY} samples at once, when the last {SAMPLES_PER_QUERY} are answered"
    return _result("MultiStream", answered, took_s, asks, "p99 of a query", SAMPLES_PER_QUERY), answered.version


def _offline(bench: _Bench, duration_s: float, expected_ns: float) -> tuple[ScenarioResult, str]:
    # A device with several queues may be faster than one answer after the other; then the run is shorter than asked.
    rate = NS_PER_S / expected_ns
    answered, _ = bench.run(Load("Offline", duration_s, expected_ns, rate_qps=rate), "offline")
    # All samples are one query: the last answer ends it.
    took_s = max(answered.latencies_ns) / NS_PER_S
    return _result("Offline", answered, took_s, "everything at once", "samples a second", 1), answered.version


def _server(
    bench: _Bench, duration_s: float, expected_ns: float, rate: float, share: float
) -> tuple[ScenarioResult, str]:
    load = Load("Server", duration_s, expected_ns, rate_qps=rate, bound_ms=bench.campaign.deadline_ms)
    answered, took_s = bench.run(load, f"server-{share:.0%}".replace("%", ""))
    name = f"Server, {share:.0%} load"
    deadline = bench.campaign.deadline_ms
    return (
        _result(name, answered, took_s, "at random instants (Poisson)", "p99", 1, rate, deadline),
        answered.version,
    )


def _constant(bench: _Bench, duration_s: float) -> ScenarioResult:
    campaign = bench.campaign
    n = max(2, round(duration_s * campaign.rate_fps))
    latencies = constant_rate(bench.serving, len(bench.library), campaign.rate_fps, n, bench.clock)
    loadgen.keep(latencies, bench.logs / "constant-rate")
    answered = Answered(tuple(latencies), "", (), "")
    name = f"Constant rate, {campaign.rate_fps:g}/s"
    took_s = n / campaign.rate_fps
    return _result(
        name, answered, took_s, "on schedule, answered or not", "p99", 1, campaign.rate_fps, campaign.deadline_ms,
        by="gilmok (LoadGen's Python package has no constant rate)",
    )  # fmt: skip


def _result(
    name: str,
    answered: Answered,
    took_s: float,
    asks: str,
    verdict_of: str,
    per_query: int,
    rate: float = float("nan"),
    deadline_ms: float | None = None,
    by: str = "LoadGen",
) -> ScenarioResult:
    latencies = answered.latencies_ns
    deadline = None if deadline_ms is None else judge_deadline(latencies, deadline_ms * NS_PER_MS)
    return ScenarioResult(
        name=name,
        by=by,
        asks=asks,
        verdict_of=verdict_of,
        samples_per_query=per_query,
        rate_qps=rate,
        duration_s=took_s,
        samples_per_s=per_query * len(latencies) / took_s,
        latency_ns=percentiles(latencies),
        # Offline, a latency is a place in the queue.
        estimates=() if name == "Offline" else estimated(latencies),
        over_bound=None if deadline is None else deadline.over,
        holds=None if deadline is None else SURE[deadline.outcome],
        result=answered.result,
        unmet=answered.unmet,
        deadline=deadline,
    )
