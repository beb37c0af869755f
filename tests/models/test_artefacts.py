from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from models import artefacts
from models.artefacts import ArtefactAbsent, ArtefactDamaged, ArtefactStale
from models.manifest import Artefact, Calibration, Manifest
from tests import tiny_models


@pytest.fixture
def manifest() -> Manifest:
    return tiny_models.manifest("yolox", [(1, 21, 8)], sha256="ab" * 32)


@pytest.fixture
def made(tmp_path: Path) -> Artefact:
    """Two files and a calibration, as a toolchain leaves them."""
    aside = tmp_path / "aside"
    aside.mkdir()
    (aside / "model.xml").write_text("graph")
    (aside / "model.bin").write_bytes(b"weights")
    return tiny_models.artefact(
        aside / "model.xml",
        model="tiny",
        backend="openvino",
        precision="int8",
        source="ab" * 32,
        outputs=((1, 4, 2, 2),),
        parts={"weights": aside / "model.bin"},
        calibration=(Calibration(dataset="mot", recording="A", digest="cd" * 32, frames=(1, 9)),),
        toolchain={"openvino": "2026.4.1"},
    )


def test_what_is_kept_is_read_wherever_the_store_lies(tmp_path: Path, manifest: Manifest, made: Artefact) -> None:
    kept = artefacts.keep(tmp_path / "store", made)
    (tmp_path / "store").rename(tmp_path / "moved")
    read = artefacts.read(tmp_path / "moved", manifest, "openvino", "int8")
    assert read.path == tmp_path / "moved/tiny/openvino-int8/model.xml"
    assert read.parts == {"weights": read.path.with_suffix(".bin")}
    same = ("sha256", "calibration", "outputs", "toolchain", "input", "source", "files")
    assert [getattr(read, name) for name in same] == [getattr(kept, name) for name in same]
    assert sorted(read.files) == ["model.bin", "model.xml"]


def test_the_digest_covers_every_file(tmp_path: Path, made: Artefact) -> None:
    first = artefacts.keep(tmp_path / "one", made)
    aside = made.path.parent
    aside.mkdir()
    (aside / "model.xml").write_text("graph")
    (aside / "model.bin").write_bytes(b"weightz")
    assert artefacts.keep(tmp_path / "two", made).sha256 != first.sha256


def test_an_older_artefact_makes_way(tmp_path: Path, manifest: Manifest, made: Artefact) -> None:
    artefacts.keep(tmp_path, made)
    aside = made.path.parent
    aside.mkdir()
    (aside / "model.xml").write_text("better graph")
    artefacts.keep(tmp_path, msgspec.structs.replace(made, parts={}))
    assert list(artefacts.read(tmp_path, manifest, "openvino", "int8").files) == ["model.xml"]


def test_an_absent_one_is_told_with_those_that_are_there(tmp_path: Path, manifest: Manifest, made: Artefact) -> None:
    artefacts.keep(tmp_path, made)
    with pytest.raises(ArtefactAbsent, match=r"no fp16 artefact.*compiled: openvino-int8") as told:
        artefacts.read(tmp_path, manifest, "openvino", "fp16")
    assert "gilmok model compile tiny --backend openvino --precision fp16" in told.value.hint


def test_one_of_another_model_file_is_stale(tmp_path: Path, manifest: Manifest, made: Artefact) -> None:
    artefacts.keep(tmp_path, made)
    newer = msgspec.structs.replace(manifest, sha256="ef" * 32)
    with pytest.raises(ArtefactStale, match="compile it again"):
        artefacts.read(tmp_path, newer, "openvino", "int8")


@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"weight")])
def test_a_damaged_file_is_refused(
    tmp_path: Path, manifest: Manifest, made: Artefact, spoil: Callable[[Path], object]
) -> None:
    kept = artefacts.keep(tmp_path, made)
    spoil(kept.parts["weights"])
    with pytest.raises(ArtefactDamaged, match=r"model\.bin"):
        artefacts.read(tmp_path, manifest, "openvino", "int8")
