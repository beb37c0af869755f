"""The figures of a qualification that are asked for first."""

from collections.abc import Iterator

from replay.qualify.page import texts
from replay.qualify.parts.latency import ScenarioResult
from replay.qualify.record import Measured
from replay.report.views.tile import Tile


def tiles(measured: Measured) -> list[Tile]:
    return list(_tiles(measured))


def scenario(measured: Measured, begins: str) -> ScenarioResult | None:
    """The first scenario whose name begins so."""
    rows = measured.latency.scenarios if measured.latency else ()
    return next((one for one in rows if one.name.startswith(begins)), None)


def _tiles(measured: Measured) -> Iterator[Tile]:
    accuracy, parity = measured.accuracy, measured.parity
    if accuracy is not None:
        ours = texts.sure(accuracy.candidate["AP"], accuracy.candidate_interval)
        theirs = texts.sure(accuracy.reference["AP"], accuracy.reference_interval)
        size = texts.of_set(accuracy)
        detail = f"AP {ours} of {theirs}{f', {size}' if size else ''}: {accuracy.ratio.verdict}"
        yield Tile("Accuracy kept", texts.kept(accuracy.ratio), detail, "ratio")
    if parity is not None:
        share = min(parity.boxes.of_reference, parity.boxes.of_candidate)
        yield Tile("Boxes matched", texts.percent(share), f"of {parity.boxes.reference:,}, both ways", "matched")
    single, offline = scenario(measured, "SingleStream"), scenario(measured, "Offline")
    if single is not None:
        p99 = "" if single.latency_ns.p99 is None else f", p99 {texts.ms(single.latency_ns.p99)} ms"
        detail = f"SingleStream p90{p99}, n={single.latency_ns.n:,}"
        yield Tile("Latency", f"{texts.percentile(single.latency_ns, 'p90')} ms", detail, "scenario")
    if offline is not None:
        yield Tile("Throughput", f"{offline.samples_per_s:.1f}/s", f"Offline, n={offline.latency_ns.n:,}", "scenario")
    streams = measured.streams
    if streams is not None:
        more = "+" if streams.broken_at is None else ""
        sure = "" if streams.most_sure is None else f", {streams.most_sure} with 99 % confidence"
        detail = f"at {streams.rate_fps:g}/s, p99 within {streams.deadline_ms:g} ms{sure}"
        yield Tile("Cameras in the deadline", f"{streams.most}{more}", detail, "streams")
    if measured.coldstart is not None:
        value = texts.seconds(texts.median(measured.coldstart.total_ns))
        yield Tile("Cold start", value, f"median of {measured.coldstart.starts}", "cold")
    if measured.endurance is not None:
        memory, soak = measured.endurance.memory, measured.endurance.soak
        yield Tile("Steady / first", texts.figure(soak.ratio, 3), f"over {texts.duration(soak.duration_s)}", "steady")
        yield Tile("Memory", texts.megabytes(memory.end), "resident at the end", "memory")
    if measured.determinism is not None:
        seen = measured.determinism
        same = not (seen.unequal_repeats or seen.unequal_frames)
        detail = f"{seen.frames} frames × {seen.repeats} × {seen.processes} processes"
        yield Tile("Same bytes", "yes" if same else "no", detail, "determinism")
