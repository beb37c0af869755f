"""What was put to the test, where, and with which software: the tuple that every figure hangs on."""

import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path

from edge.assembly import Loaded
from models.tensors import TensorSpec
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, recordings, reference
from replay.qualify.process import load_average, memory_total_bytes
from replay.qualify.progress import Tell
from replay.recording import remarks, unsound
from sensors.clock import NS_PER_MS, SystemClock
from sensors.host import host_facts
from sensors.record import Record

SOFTWARE = (
    "gilmok",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "openvino",
    "onnxruntime-qnn",
    "mlcommons-loadgen",
)
"""Distributions whose versions are told where they are installed."""


class Side(Record, frozen=True, kw_only=True):
    """The candidate or the reference."""

    model: str
    sha256: str
    """Of the model's own file."""
    artefact: str
    """sha256 of the file that ran."""
    file: str
    precision: str
    toolchain: dict[str, str]
    summary: str
    licence: str
    backend: str
    device: str
    device_kind: str
    description: str
    facts: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    load_ms: float
    """Digest check, opening the device, compiling or loading, warm-up."""


class Used(Record, frozen=True, kw_only=True):
    """A recording that was used."""

    dataset: str
    name: str
    digest: str
    frames: int
    fps: float
    note: str
    unsound: tuple[str, ...] = ()
    """Why a score over it is wrong: it was measured on all the same, because somebody asked for that."""
    remarks: tuple[str, ...] = ()


class Identity(Record, frozen=True, kw_only=True):
    candidate: Side
    reference: Side
    recordings: tuple[Used, ...]
    host: dict[str, str]
    cores: int
    memory_bytes: float
    load_before: float
    """Processes that wanted a core in the minute before the campaign; more than a few tenths disturb latencies."""
    software: dict[str, str]
    evidence: str
    """What the device's figures are worth: hardware, or what stood in for it."""


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Identity:  # noqa: ARG001 (every part is called alike)
    load_before = load_average()
    clock = SystemClock()
    begun = clock.now().mono_ns
    with candidate(campaign) as parts:
        ours = _side(parts, (clock.now().mono_ns - begun) / NS_PER_MS)
    tell(0.4, "the reference")
    begun = clock.now().mono_ns
    with reference(campaign) as parts:
        theirs = _side(parts, (clock.now().mono_ns - begun) / NS_PER_MS)
    tell(0.6, "digests of the recordings")
    used = tuple(
        Used(
            dataset=one.dataset,
            name=one.name,
            digest=one.digest,
            frames=len(one.numbers),
            fps=one.fps,
            note=one.note,
            unsound=unsound(one),
            remarks=remarks(one),
        )
        for one in recordings(campaign)
    )
    return Identity(
        candidate=ours,
        reference=theirs,
        recordings=used,
        host=host_facts() | {"processor": theirs.description},
        cores=os.cpu_count() or 0,
        memory_bytes=memory_total_bytes(),
        load_before=load_before,
        software=_versions(),
        evidence=evidence(ours.device_kind, ours.facts),
    )


def evidence(kind: str, facts: Mapping[str, str]) -> str:
    """What a device's figures are worth, in a sentence."""
    if kind == "emulated":
        return "Emulated: numbers from the CPU, latency from a table. No figure here is a measurement of a chip."
    if kind in ("emulator", "simulator"):
        return f"A vendor's {kind}: its numerics are the chip's as far as the vendor says, its times are not."
    if "not run on hardware" in facts.get("evidence", ""):
        return "The backend was written from its vendor's documents; this is its first report from hardware."
    return {"cpu": "Measured on this machine's CPU.", "gpu": "Measured on a GPU.", "npu": "Measured on an NPU."}[kind]


def _side(parts: Loaded, load_ms: float) -> Side:
    manifest, artefact, session = parts.manifest, parts.artefact, parts.session
    birth = parts.backend_birth()
    return Side(
        model=manifest.name,
        sha256=manifest.sha256,
        artefact=artefact.sha256,
        file=artefact.path.name,
        precision=artefact.precision,
        toolchain=dict(artefact.toolchain),
        summary=manifest.summary,
        licence=manifest.origin.licence,
        backend=parts.backend,
        device=parts.device.name,
        device_kind=parts.device.kind,
        description=parts.device.description,
        facts=birth.facts,
        inputs=tuple(map(_said, session.inputs)),
        outputs=tuple(map(_said, session.outputs)),
        load_ms=load_ms,
    )


def _said(spec: TensorSpec) -> str:
    return f"{spec.dtype} {'×'.join(map(str, spec.shape))}"


def _versions() -> dict[str, str]:
    found = {}
    for name in SOFTWARE:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def same_campaign(ours: Identity, theirs: Identity) -> list[str]:
    """What differs between two reports' subjects, so that their accuracies must not be held against each other."""
    found = []
    if ours.reference.sha256 != theirs.reference.sha256:
        found.append(f"models: {ours.reference.model} and {theirs.reference.model}")
    if [one.digest for one in ours.recordings] != [one.digest for one in theirs.recordings]:
        found.append("recordings: their digests differ")
    return found
