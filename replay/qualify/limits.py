"""What a report does not say: what was not measured, and what its figures must be read with."""

import math
from collections.abc import Iterator

from replay.qualify.campaign import Campaign
from replay.qualify.parts.endurance import LEAST_SOAK_S
from replay.qualify.record import Measured
from replay.qualify.verdict import was_busy
from replay.statistics.bootstrap import LEAST_SEQUENCES
from sensors.record import Record

MLPERF_S = 600.0


class NotMeasured(Record, frozen=True, kw_only=True):
    what: str
    why: str


NEVER = (
    NotMeasured(what="camera, exposure and transport", why="frames come from recordings, from memory or disk"),
    NotMeasured(what="power at the wall", why="no meter is read; the device's own figure is told where there is one"),
    NotMeasured(what="ambient temperature and cooling", why="nothing here can tell; write them beside this report"),
    NotMeasured(what="behaviour after a reboot, and over 24 hours", why="a campaign neither reboots nor lasts a day"),
    NotMeasured(what="a second model or other work beside it", why="the device was asked by this campaign alone"),
    NotMeasured(what="loss of the network, and recovery", why="nothing here uses one: `gilmok run` does"),
    NotMeasured(what="operations a second, achieved of those claimed", why="the model's file tells no operations"),
)  # fmt: skip


def not_measured(measured: Measured, unfinished: list[tuple[str, str, bool]]) -> tuple[NotMeasured, ...]:
    """`unfinished` as in `verdict.judged`."""
    return (*(NotMeasured(what=part, why=why) for part, why, _ in unfinished), *_gaps(measured), *NEVER)


def _gaps(measured: Measured) -> Iterator[NotMeasured]:
    endurance = measured.endurance
    if endurance is None:
        return
    if all(math.isnan(window.temperature_c) for window in endurance.soak.windows):
        yield NotMeasured(what="temperature", why="neither the device's SDK nor the host tells one")
    if endurance.power is None:
        yield NotMeasured(what="power of the device", why="its SDK tells none")


def remarks(measured: Measured, campaign: Campaign) -> tuple[str, ...]:
    """Sentences to read the figures with, the weightiest first."""
    return tuple(_remarks(measured, campaign))


def _remarks(measured: Measured, campaign: Campaign) -> Iterator[str]:
    identity = measured.identity
    kind = identity.candidate.device_kind
    if kind not in ("cpu", "gpu", "npu") or "not run on hardware" in identity.candidate.facts.get("evidence", ""):
        yield identity.evidence
    if kind == "cpu":
        yield (
            "The device is the CPU that also prepares frames, decodes boxes and generates the load: "
            "under load these share its cores with the inference."
        )
    if was_busy(identity):
        yield (
            f"The machine was not idle: {identity.load_before:.1f} processes wanted its {identity.cores} cores in the "
            "minute before. Latencies, streams, cold start and soak are worse than the device's own, "
            "and vary from run to run."
        )
    accuracy = measured.accuracy
    if accuracy is not None and accuracy.sequences < LEAST_SEQUENCES:
        yield (
            f"Accuracies are of {accuracy.sequences} recordings. The recording is the unit, since frames of one drive "
            f"resemble each other; below {LEAST_SEQUENCES} of them differences are described, not judged."
        )
    if measured.latency is not None and campaign.budget.latency_s < MLPERF_S:
        yield (
            f"Each load ran for {campaign.budget.latency_s:g} s; MLPerf asks for {MLPERF_S:g} s and more queries. "
            "Where a tail says n<, there were too few queries for it."
        )
    if measured.endurance is not None and campaign.budget.soak_s < LEAST_SOAK_S:
        yield f"The soak took {campaign.budget.soak_s:g} s instead of {LEAST_SOAK_S / 60:g} min: heat takes longer."
    for used in identity.recordings:
        for why in used.unsound:
            yield f"{used.dataset} {used.name} is not sound, and no accuracy on it is right: {why}"
        for remark in used.remarks:
            yield f"{used.dataset} {used.name}: {remark}"
        if used.note:
            yield f"{used.dataset} {used.name}: {used.note}"
