"""A bundle's self-test on the device that is here: the tuple before, the answers, the pace, the verdict."""

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edge.answering.pictures import answers, tuple_of
from edge.assembly import opened
from edge.config import BackendChoice
from models.bundle.self_test import FOLDER, Verdict, judged
from models.bundle.tuples import DeviceTuple, refusal
from models.bundle.verify import VerifiedBundle
from models.labels import renamed
from sensors.clock import NS_PER_S, Clock
from sensors.sources.pictures import read_picture


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    device: DeviceTuple
    """As the chip told it, with the model loaded."""
    verdict: Verdict | None
    """None where the bundle is not good for the device: then nothing was run."""
    fps: float
    """Frames a second, one after the other, from picture to findings; NaN where nothing was run."""
    why: str
    """What was not kept, as a sentence; empty: passed."""


def run_self_test(bundle: VerifiedBundle, device: str, clock: Clock) -> SelfTestResult:
    """Load the bundle's artefact on the device of that name and answer its frames.

    Raises DeviceAbsent, ArtefactRefused, InferenceFailed, or what else keeps the model from answering.
    """
    told = bundle.patch.backend
    choice = BackendChoice(name=bundle.bundle.artefact.backend, device=device, options=dict(told.options))
    if told.deadline_ms is not None:
        choice = replace(choice, deadline_ms=told.deadline_ms)
    manifest = renamed(bundle.manifest, bundle.patch.model.labels)
    pictures = [read_picture(bundle.folder / FOLDER / frame.picture) for frame in bundle.expected.frames]
    with opened(manifest, bundle.artefact, choice, Path()) as parts:
        here = tuple_of(parts)
        if why := refusal(here, bundle.bundle.good_for):
            return SelfTestResult(here, None, float("nan"), why)
        begun_ns = clock.now().mono_ns
        answered = list(answers(parts, pictures))
        took_s = (clock.now().mono_ns - begun_ns) / NS_PER_S
    verdict = judged(bundle.folder, bundle.expected, answered)
    fps, asked = len(answered) / took_s if took_s else float("inf"), bundle.expected.bounds.fps
    slow = f"it does {fps:.1f} frames/s, asked are {asked:g}" if fps < asked else ""
    return SelfTestResult(here, verdict, fps, verdict.why or slow)
