from pathlib import Path

import pytest

from models import catalogue
from models.bundle.making import make
from models.bundle.verify import verify
from replay.qualify.bundled import QualificationForeign, qualification_of
from replay.qualify.qualification import read
from tests.bundles import ingredients
from tests.tiny import write_model

pytest.importorskip("cyclonedx")

pytestmark = pytest.mark.long


def test_a_bundle_holds_the_qualification_of_its_artefact_and_says_what_it_says(
    qualified: Path, tmp_path: Path
) -> None:
    of = ingredients(tmp_path)
    said = qualification_of(qualified, of.artefact)
    found = read(qualified)
    assert (said.verdict, said.device, said.kind) == (found.verdict.word.value, "cpu", "cpu")
    made = make(ingredients(tmp_path, qualification=(qualified, said)), tmp_path / "out")
    assert verify(made.folder).bundle.qualification == said
    copied = {path.relative_to(qualified).as_posix() for path in qualified.rglob("*") if path.is_file()}
    held = {name.removeprefix("qualification/") for name in made.bundle.files if name.startswith("qualification/")}
    assert held == copied
    assert read(made.folder / "qualification") == found


def test_the_qualification_of_another_artefact_is_refused(qualified: Path, tmp_path: Path) -> None:
    other = write_model(tmp_path)
    other.write_bytes(other.read_bytes() + b"\x72\x00")  # an empty training_info: the same network in other bytes
    _, artefact = catalogue.locate(str(other))
    with pytest.raises(QualificationForeign, match="another artefact"):
        qualification_of(qualified, artefact)
