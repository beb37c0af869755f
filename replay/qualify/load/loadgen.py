"""MLPerf's LoadGen as the one who asks and keeps time. LoadGen-style: not an MLPerf result.

A latency runs from the instant at which LoadGen scheduled the query, not from when it came round to issue it.
"""

import importlib.util
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from replay.qualify.load.serving import Library, Serving
from sensors.clock import NS_PER_MS
from sensors.errors import GilmokError

Scenario: TypeAlias = Literal["SingleStream", "MultiStream", "Server", "Offline"]

WORDING = "LoadGen-style, not an MLPerf result, not verified by MLCommons"
SAMPLES_PER_QUERY = 8
"""Of MultiStream."""
TRACE, SUMMARY, DETAIL = "mlperf_log_trace.json", "mlperf_log_summary.txt", "mlperf_log_detail.txt"
LATENCIES = "latencies_ns.txt"
EMPTY = ("mlperf_log_accuracy.json",)
OVERTIME = 1.5
"""A run ends after so many times its duration, whatever is left."""

_SAMPLE = re.compile(rb'"name":"Sample"[^{]*{"sample_seq":(\d+),"query_seq":(\d+),[^}]*"complete_ns":(\d+)}')
_RESULT = re.compile(r"^Result is : (\w+)", re.MULTILINE)
_UNMET = re.compile(r"^\s+(.+?) : NO$|^\s*(Early stopping satisfied): NO$", re.MULTILINE)
_VERSION = re.compile(r'"key": "loadgen_version", "value": "([^"@]+)')


class LoadGenAbsent(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            "MLPerf's LoadGen (mlperf_loadgen) is not installed",
            "pip install 'gilmok[qualify]'; `gilmok qualify run --skip latency` leaves the latencies out",
        )


class LoadGenBroken(GilmokError):
    def __init__(self, scenario: str, why: str) -> None:
        super().__init__(f"LoadGen's {scenario} run can't be read: {why}", "see its logs in the report's folder")


@dataclass(frozen=True, slots=True)
class Load:
    scenario: Scenario
    duration_s: float
    expected_ns: float
    """One sample's latency by itself."""
    rate_qps: float = 0.0
    """Server: mean arrivals a second; Offline: about how many will be answered."""
    bound_ms: float = 0.0
    """Server."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What LoadGen saw."""

    latencies_ns: tuple[int, ...]
    """Of each query (Offline: each sample), from its scheduled instant, in the order of the schedule."""
    result: str
    """LoadGen's own VALID or INVALID."""
    unmet: tuple[str, ...]
    """What it says was not satisfied."""
    version: str


def check_present() -> None:
    """Raises LoadGenAbsent."""
    if importlib.util.find_spec("mlperf_loadgen") is None:
        raise LoadGenAbsent


def generate(load: Load, library: Library, serving: Callable[[Callable[[int], None]], Serving], logs: Path) -> Answered:
    """One run; `serving` makes the device under load from what is to be called with each answered query.

    Leaves LoadGen's summary and detail logs in `logs`. Raises LoadGenAbsent, LoadGenBroken, or the device's fault.
    """
    check_present()
    import mlperf_loadgen as lg

    logs.mkdir(parents=True, exist_ok=True)

    def answered(query: int) -> None:
        lg.QuerySamplesComplete([lg.QuerySampleResponse(query, 0, 0)])

    with serving(answered) as served:

        def issue(samples: Any) -> None:
            for sample in samples:
                served.ask(sample.id, sample.index)

        system = lg.ConstructSUT(issue, lambda: None)
        samples = lg.ConstructQSL(len(library), len(library), lambda _which: None, lambda _which: None)
        try:
            lg.StartTestWithLogSettings(system, samples, _settings(lg, load), _log_settings(lg, logs), "audit.config")
        finally:
            lg.DestroyQSL(samples)
            lg.DestroySUT(system)
        served.check()
    return _read(load, logs)


def _settings(lg: Any, load: Load) -> Any:
    settings = lg.TestSettings()
    settings.scenario = getattr(lg.TestScenario, load.scenario)
    settings.mode = lg.TestMode.PerformanceOnly
    settings.min_duration_ms = round(1000 * load.duration_s)
    settings.max_duration_ms = round(1000 * OVERTIME * load.duration_s)
    settings.min_query_count = 1
    settings.single_stream_expected_latency_ns = max(1, round(load.expected_ns))
    settings.multi_stream_expected_latency_ns = max(1, round(SAMPLES_PER_QUERY * load.expected_ns))
    settings.multi_stream_samples_per_query = SAMPLES_PER_QUERY
    settings.server_target_qps = load.rate_qps
    settings.server_target_latency_ns = round(load.bound_ms * NS_PER_MS)
    settings.server_target_latency_percentile = 0.99
    settings.offline_expected_qps = load.rate_qps
    return settings


def _log_settings(lg: Any, logs: Path) -> Any:
    output = lg.LogOutputSettings()
    output.outdir = str(logs)
    output.copy_summary_to_stdout = False
    settings = lg.LogSettings()
    settings.log_output = output
    settings.enable_trace = True
    return settings


def _read(load: Load, logs: Path) -> Answered:
    try:
        trace = (logs / TRACE).read_bytes()
        summary = (logs / SUMMARY).read_text(encoding="utf-8")
        detail = (logs / DETAIL).read_text(encoding="utf-8")
    except OSError as error:
        raise LoadGenBroken(load.scenario, f"{error.filename}: {error.strerror}") from error
    latencies: dict[int, int] = {}
    for sample, query, complete_ns in _SAMPLE.findall(trace):
        # A query of several samples is answered when its last one is; Offline, all samples are one query.
        key = int(sample if load.scenario == "Offline" else query)
        latencies[key] = max(latencies.get(key, 0), int(complete_ns))
    result, version = _RESULT.search(summary), _VERSION.search(detail)
    if not latencies or result is None:
        raise LoadGenBroken(load.scenario, "it answered no query")
    # The trace is many times what it tells; the latencies are kept beside the logs instead.
    for name in (TRACE, *EMPTY):
        (logs / name).unlink(missing_ok=True)
    ordered = tuple(latencies[key] for key in sorted(latencies))
    keep(ordered, logs)
    return Answered(
        latencies_ns=ordered,
        result=result[1],
        unmet=tuple((left or right).strip() for left, right in _UNMET.findall(summary)),
        version=version[1].strip() if version else "unknown",
    )


def keep(latencies_ns: Sequence[int], folder: Path) -> None:
    """One a line, in the order of the schedule."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LATENCIES).write_text("".join(f"{one}\n" for one in latencies_ns), encoding="ascii")
