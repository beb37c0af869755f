"""The cells of a campaign, in the order in which they are written there."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.config import BackendChoice, ModelChoice
from replay.campaign.config import Campaign, Chip, Condition, ModelRow, RecordingRow, WorkRow
from replay.campaign.record import Coordinates
from sensors.errors import GilmokError


class NoCells(GilmokError):
    def __init__(self, campaign: str) -> None:
        super().__init__(
            f"the campaign {campaign!r} has no cells: its includes and excludes leave none, or no chip has what is "
            "needed",
            "widen [[include]], drop an [[exclude]], or give a chip the tags that `needs` names",
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the matrix, with the rows that cross in it; nothing is looked up yet."""

    at: Coordinates
    model: ModelRow
    chip: Chip
    recording: RecordingRow
    condition: Condition
    work: WorkRow
    required: bool

    def model_choice(self) -> ModelChoice:
        file = self.model.file
        return ModelChoice(name=None if file else self.model.name, file=file, labels=self.model.labels)

    def backend_choice(self) -> BackendChoice:
        chip = self.chip
        return BackendChoice(
            name=chip.backend,
            device=chip.device,
            options=chip.options,
            precision=self.at.precision,
            deadline_ms=chip.deadline_ms,
        )


def places(campaign: Campaign) -> list[Place]:
    """Raises NoCells."""
    found = [place for place in _every(campaign) if _wanted(campaign, place.at)]
    if not found:
        raise NoCells(campaign.name)
    return found


def _wanted(campaign: Campaign, at: Coordinates) -> bool:
    included = not campaign.include or any(pattern.fits(at) for pattern in campaign.include)
    return included and not any(pattern.fits(at) for pattern in campaign.exclude)


def _every(campaign: Campaign) -> Iterator[Place]:
    for work in campaign.work:
        for model in campaign.models:
            for precision in model.precisions:
                for chip in campaign.chips:
                    if not work.tags <= {*chip.tags, chip.name}:
                        continue
                    for recording in campaign.recordings:
                        for condition in campaign.conditions:
                            if work.kind == "qualify" and condition.changes:
                                continue
                            yield from _seeded(campaign, work, model, precision, chip, recording, condition)


def _seeded(
    campaign: Campaign,
    work: WorkRow,
    model: ModelRow,
    precision: str,
    chip: Chip,
    recording: RecordingRow,
    condition: Condition,
) -> Iterator[Place]:
    # Where nothing is left to chance, another seed would be the same cell again.
    by_chance = condition.lost > 0 or work.kind == "qualify"
    for seed in work.seeds if by_chance else (0,):
        for repeat in range(1, work.repeats + 1):
            at = Coordinates(
                work=work.kind,
                model=model.name,
                precision=precision,
                backend=chip.backend,
                device=chip.device,
                recording=recording.name,
                condition=condition.name,
                seed=seed,
                repeat=repeat,
            )
            required = work.required and not any(pattern.fits(at) for pattern in campaign.optional)
            yield Place(at, model, chip, recording, condition, work, required)
