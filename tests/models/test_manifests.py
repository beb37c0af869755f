from pathlib import Path

import pytest

from models import catalogue
from models.labels import COCO80, LabelsUnknown, table
from models.manifest import Manifest
from tests.tiny_models import manifest

SHIPPED = catalogue.known()


@pytest.mark.parametrize("shipped", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_manifest_names_the_file_that_lies_in_the_shared_folder(shipped: Manifest, shared: Path) -> None:
    found, artefact = catalogue.verify(str(shared / "models" / shipped.file))
    assert found == shipped
    assert (artefact.sha256, artefact.path.stat().st_size) == (shipped.sha256, shipped.bytes)


@pytest.mark.parametrize("shipped", SHIPPED.values(), ids=SHIPPED)
def test_a_shipped_manifest_names_origin_and_licence(shipped: Manifest) -> None:
    assert shipped.origin.url.startswith("https://")
    assert shipped.origin.licence


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
