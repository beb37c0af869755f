"""What a bundle says of the qualification that its artefact was signed off with."""

from pathlib import Path

from models.bundle.bundle import QualificationPart
from models.manifest import Artefact
from replay.qualify.qualification import read
from sensors.errors import GilmokError


class QualificationForeign(GilmokError):
    def __init__(self, folder: Path, found: str, artefact: Artefact) -> None:
        super().__init__(
            f"{folder} qualifies another artefact: sha256 {found}, not {artefact.sha256}",
            "qualify this one: `gilmok qualify --model M --backend B --precision P --recordings ... --out DIR`",
        )


def qualification_of(folder: Path, artefact: Artefact) -> QualificationPart:
    """Of that very artefact; raises RecordUnreadable or QualificationForeign."""
    found = read(folder)
    candidate = found.measured.identity.candidate
    if candidate.artefact != artefact.sha256:
        raise QualificationForeign(folder, candidate.artefact, artefact)
    return QualificationPart(
        verdict=found.verdict.word.value,
        sentence=found.verdict.sentence,
        backend=candidate.backend,
        device=candidate.device,
        kind=candidate.device_kind,
        facts=candidate.facts,
    )
