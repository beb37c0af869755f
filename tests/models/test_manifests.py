from pathlib import Path

import pytest

from models import catalogue
from models.labels import COCO80, LabelsUnknown, table
from models.manifest import Manifest
from tests.tiny_models import manifest

OWN = {name: one for name, one in catalogue.known().items() if (catalogue.SHIPPED / one.file).is_file()}
FOREIGN = {name: one for name, one in catalogue.known().items() if name not in OWN}


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_a_manifest_names_the_file_that_lies_in_the_shared_folder(foreign: Manifest, shared: Path) -> None:
    found, artefact = catalogue.verify(str(shared / "models" / foreign.file))
    assert found == foreign
    assert (artefact.sha256, artefact.path.stat().st_size) == (foreign.sha256, foreign.bytes)


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN)
def test_a_manifest_names_origin_and_licence(foreign: Manifest) -> None:
    assert foreign.origin.url.startswith("https://")
    assert foreign.origin.licence


@pytest.mark.parametrize("own", OWN.values(), ids=OWN)
def test_what_comes_along_is_whole_and_free(own: Manifest) -> None:
    found, artefact = catalogue.verify(own.name)
    assert found == own
    assert (artefact.sha256, artefact.path.stat().st_size) == (own.sha256, own.bytes)
    assert own.origin.licence == "Apache-2.0"


def test_the_coco_table_is_numbered_without_holes() -> None:
    assert len(COCO80) == len(set(COCO80)) == 80
    numbers = {name: COCO80.index(name) for name in ("person", "bicycle", "car", "motorcycle", "bus", "truck")}
    assert numbers == {"person": 0, "bicycle": 1, "car": 2, "motorcycle": 3, "bus": 5, "truck": 7}
    assert COCO80[-1] == "toothbrush"


def test_a_manifest_may_list_its_labels_itself() -> None:
    assert table(manifest("yolox", [(1, 21, 8)])) == ("a", "b", "c")


def test_an_unknown_label_table_is_named_with_the_known_ones() -> None:
    with pytest.raises(LabelsUnknown, match=r"'coco90'[\s\S]*known tables: coco80"):
        table(manifest("yolox", [(1, 21, 8)], labels="coco90"))
