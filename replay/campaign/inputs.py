"""What goes into a cell, by digest: a cell with the same key has the same result, wherever it was run."""

import importlib.metadata
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.assembly import located
from edge.device.backend import Device, DeviceAbsent
from edge.device.opening import open_backend
from models.fetch import digest
from models.manifest import Artefact
from replay.campaign.cell import Cell, digest_of
from replay.campaign.config import Campaign, Chip, RecordingRow
from replay.campaign.matrix import Place, places
from replay.campaign.store import Plan
from replay.campaign.worlds import order_of, place_of
from replay.part import Part
from replay.qualify.campaign import FULL, QUICK, RecordingChoice, adjusted
from replay.qualify.campaign import Campaign as Qualification
from replay.qualify.parts.identity import SOFTWARE
from replay.recording import open_recorded
from replay.runs.offline import ReplayConfig
from sensors.config import convert, plain
from sensors.errors import GilmokError
from sensors.host import software

SETTLED_BY_DIGEST = ("root", "model", "dataset", "name", "recordings", "reference")
"""Settings that say where something lies, of which a digest says what it is."""
STILLS_FPS = 10.0
"""A qualification needs the rate of a camera where its recording has none."""


@dataclass(frozen=True, slots=True)
class _Found:
    digest: str
    frames: int
    fps: float


@dataclass(slots=True)
class Inputs:
    """Looks at every file and device once, however many cells there are."""

    _recordings: dict[str, _Found] = field(default_factory=dict)
    _models: dict[tuple[str, str, str], tuple[str, Artefact]] = field(default_factory=dict)
    _devices: dict[str, Device] = field(default_factory=dict)
    _versions: str = ""

    def cells(self, campaign: Campaign) -> list[Cell]:
        """Every cell with its key; one whose model, chip or recording isn't there says so. Raises NoCells."""
        return [self.cell(place) for place in places(campaign)]

    def cell(self, place: Place) -> Cell:
        at, work, why = place.at, place.work, ""
        known: dict[str, str] = {"software": self._software(), "repeat": str(at.repeat)}
        frames = 0
        fps = math.nan
        try:
            found = self._found(place.recording)
            known["recording"] = found.digest
            frames, fps = _length(place, found.frames), found.fps
            known["model"], artefact = self._model(place)
            known["artefact"] = artefact.sha256
            known["chip"] = digest_of(dict(self._device(place.chip).facts))
        except GilmokError as error:
            why = error.sentence
            known["impossible"] = why
        settings: dict[str, Any] = plain(_qualification(place, fps) if at.work == "qualify" else _replay(place))
        told = {key: value for key, value in settings.items() if key not in SETTLED_BY_DIGEST}
        told["model_labels"] = list(place.model.labels)
        known["settings"] = digest_of([at.work, _by_content(told)])
        return Cell(
            key=digest_of(known),
            at=at,
            required=place.required,
            inputs=known,
            settings=settings,
            world=place.recording.world,
            limit_s=work.limit_s,
            retries=work.retries,
            shards=work.shards,
            slot=place.chip.name,
            slots=place.chip.slots,
            cores=max(work.cores, place.chip.cores),
            impossible=why,
            frames=frames,
        )

    def _found(self, row: RecordingRow) -> _Found:
        if row.name not in self._recordings:
            self._recordings[row.name] = _found(row)
        return self._recordings[row.name]

    def _model(self, place: Place) -> tuple[str, Artefact]:
        choice, backend = place.model_choice(), place.backend_choice()
        name = (str(choice.file or choice.name), backend.name, backend.precision)
        if name not in self._models:
            manifest, artefact = located(choice, backend)
            self._models[name] = (manifest.sha256, artefact)
        return self._models[name]

    def _device(self, chip: Chip) -> Device:
        if chip.name not in self._devices:
            there = {one.name: one for one in open_backend(chip.backend, chip.options).devices()}
            if chip.device not in there:
                raise DeviceAbsent(chip.backend, chip.device, list(there))
            self._devices[chip.name] = there[chip.device]
        return self._devices[chip.name]

    def _software(self) -> str:
        if not self._versions:
            self._versions = digest_of([software(), *_installed(SOFTWARE)])
        return self._versions


def _length(place: Place, frames: int) -> int:
    kept = -(-frames // place.condition.every)
    return min(kept, place.work.frames or kept)


def _found(row: RecordingRow) -> _Found:
    """What is known of a recording; of a world, without drawing it: its order settles what it holds."""
    dataset, root, name = where(row)
    if row.world is not None:
        return _Found(root.name, int(row.world.seconds * row.world.fps), row.world.fps)
    recording = open_recorded(dataset, root, name)
    return _Found(recording.digest, len(recording.numbers), recording.fps)


def where(row: RecordingRow) -> tuple[str, Path, str]:
    """Data set, folder and name; raises what is wrong with a world."""
    if row.world is not None:
        return ("world", *place_of(order_of(row.world)))
    assert row.dataset is not None
    assert row.root is not None
    assert row.recording is not None
    return (row.dataset, row.root, row.recording)


def _part(place: Place) -> Part | None:
    condition = place.condition
    if condition.every == 1 and condition.lost == 0:
        return None
    return Part(every=condition.every, lost=condition.lost, seed=place.at.seed)


def _replay(place: Place) -> ReplayConfig:
    row, work = place.recording, place.work
    dataset, root, name = where(row)
    return ReplayConfig(
        dataset=dataset,
        root=root,
        name=name,
        model=place.model_choice(),
        backend=place.backend_choice(),
        pace="realtime" if work.kind == "realtime" else "lockstep",
        tracker=work.tracker,
        labels=row.labels,
        classes=row.classes,
        frames=work.frames,
        fps=row.fps if work.kind == "realtime" else None,
        unsound=row.unsound,
        part=_part(place),
    )


def _qualification(place: Place, fps: float) -> Qualification:
    row, work = place.recording, place.work
    dataset, root, name = where(row)
    rate = row.fps or (fps if fps > 0 else STILLS_FPS)
    budget = QUICK if work.quick else FULL
    return Qualification(
        model=place.model_choice(),
        backend=place.backend_choice(),
        recordings=(RecordingChoice(dataset=dataset, root=root, name=name),),
        labels=row.labels,
        classes=row.classes,
        rate_fps=rate,
        deadline_ms=1000 / rate,
        kind="own" if work.budget else "quick" if work.quick else "full",
        budget=adjusted(budget, work.budget) if work.budget else budget,
        skip=work.skip,
        seed=place.at.seed,
        unsound=row.unsound,
    )


def _installed(names: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for name in names:
        try:
            found.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _by_content(value: Any) -> Any:
    """Settings with every file that they name as its digest."""
    if isinstance(value, dict):
        return {key: _by_content(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_by_content(item) for item in value]
    if isinstance(value, str) and value.startswith("/") and Path(value).is_file():
        return digest(Path(value))
    return value


def changed_inputs(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What of the inputs differs, by name."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def planned(campaign: Campaign) -> Plan:
    """Raises NoCells."""
    cells = Inputs().cells(campaign)
    return Plan(name=campaign.name, campaign=plain(campaign), cells=tuple(cells))


def planned_again(before: Plan) -> Plan:
    """The same campaign, with the files as they are now. Raises ConfigWrong or NoCells."""
    return planned(convert(before.campaign, Campaign, "campaign.json"))
