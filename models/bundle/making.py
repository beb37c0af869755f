"""A bundle made: its parts copied into a folder aside, listed, verified, and put in its place by one rename."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
import tomli_w
from msgspec.structs import replace

from models import artefacts
from models.bundle.bundle import (
    EXPECTED,
    INDEX,
    MANIFEST,
    PATCH,
    QUALIFICATION,
    RECIPE,
    SBOM,
    ArtefactPart,
    Bundle,
    BundleWrong,
    ModelPart,
    QualificationPart,
    encoded,
)
from models.bundle.files import entries_of, name_fault
from models.bundle.node_patch import read_patch
from models.bundle.sbom import bill
from models.bundle.self_test import FLOAT, FOLDER, Answer, Bounds, Expected, ExpectedFrame, ExpectedTensor
from models.bundle.tuples import Admission, DeviceTuple
from models.bundle.verify import VerifiedBundle, verify
from models.catalogue import ORIGINAL
from models.detections import Detections
from models.manifest import Artefact, Manifest
from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.frame import Image
from sensors.host import software
from sensors.ranges import LONGEST_NAME
from sensors.terminal.pretty_json import encodable, pretty

BOX_DIGITS, SCORE_DIGITS = 2, 5


class BundleTaken(GilmokError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is there already", "name another folder with --out; no bundle is ever changed")


class NameUnfit(GilmokError):
    def __init__(self, what: str, name: str, why: str) -> None:
        super().__init__(f"{what} {name!r} can't be in a bundle: it {why}", "name it otherwise")


class IngredientAbsent(GilmokError):
    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} can't be read: {error.strerror or error}", "put it back; no bundle was made")


@dataclass(frozen=True, slots=True, eq=False)
class SelfTest:
    """What the model answered where the bundle is made; pictures and answers in parallel."""

    recorded_on: DeviceTuple
    precision: str
    bounds: Bounds
    pictures: Sequence[Image]
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True, eq=False)
class Ingredients:
    name: str
    manifest: Manifest
    artefact: Artefact
    """As `catalogue.locate` gives them."""
    precision: str
    """As it was asked for: ORIGINAL is the model's own file."""
    backend: str
    """As it was asked for: several load a model's own file."""
    good_for: tuple[Admission, ...]
    self_test: SelfTest
    qualification: tuple[Path, QualificationPart] | None = None
    """Its folder, and what it says."""
    patch: Path | None = None
    extras: tuple[str, ...] = ()
    """Of gilmok, that a unit needs."""


def make(of: Ingredients, out: Path) -> VerifiedBundle:
    """The bundle in the folder `out`, which must not be there. The same ingredients make the same bytes.

    Raises BundleTaken, NameUnfit, BundleWrong, SbomUnavailable, FileUnwritable, or what is wrong with the patch.
    """
    if fault := name_fault(of.name) or ("has a /" if "/" in of.name else ""):
        raise NameUnfit("the name", of.name, fault)
    if out.exists() or out.is_symlink():
        raise BundleTaken(out)
    with _aside(out) as folder:
        _model(of, folder)
        files = entries_of(folder)
        _put(folder / SBOM, bill(of.manifest, of.artefact, files, of.extras))
        _self_test(of.self_test, folder)
        if of.patch is not None:
            read_patch(of.patch)
            atomic_files.copy(of.patch, folder / PATCH)
        if of.qualification is not None:
            _copy_tree(of.qualification[0], folder / QUALIFICATION)
        bundle = Bundle(
            name=of.name,
            made_by=f"gilmok {software()}"[:LONGEST_NAME],
            model=ModelPart(name=of.manifest.name, sha256=of.manifest.sha256),
            artefact=ArtefactPart(backend=of.backend, precision=of.precision, sha256=of.artefact.sha256),
            good_for=of.good_for,
            qualification=of.qualification[1] if of.qualification else None,
            files=entries_of(folder),
        )
        _put(folder / INDEX, encoded(bundle))
        verify(folder)
        folder.rename(out)
    return verify(out)


def _model(of: Ingredients, folder: Path) -> None:
    manifest, origin = of.manifest, of.manifest.origin
    if Path(origin.url).is_absolute():
        # Where the model lies on its maker's machine helps nobody, and would make another bundle of the same model.
        manifest = replace(manifest, origin=replace(origin, url=Path(origin.url).name))
    record = encodable(msgspec.to_builtins(manifest))
    _put(folder / MANIFEST, tomli_w.dumps(record).encode())
    source = of.artefact.path.parent
    if of.precision == ORIGINAL:
        for name in (of.manifest.file, *of.manifest.parts):
            # The file may have another name where it lies than its makers gave it.
            held = of.artefact.path if name == of.manifest.file else source / name
            _copy(held, (folder / MANIFEST).parent / name)
        return
    for name in (artefacts.RECORD, *of.artefact.files):
        _copy(source / name, (folder / RECIPE).parent / name)


def _self_test(of: SelfTest, folder: Path) -> None:
    frames = []
    for number, (picture, answer) in enumerate(zip(of.pictures, of.answers, strict=True)):
        name = f"frame-{number}.png"
        written, encoded_picture = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        assert written
        _put(folder / FOLDER / name, encoded_picture.tobytes())
        tensors = []
        for place, output in enumerate(answer.outputs):
            file = f"frame-{number}.output-{place}.f32"
            _put(folder / FOLDER / file, np.ascontiguousarray(output, FLOAT).tobytes())
            tensors.append(ExpectedTensor(file=file, shape=tuple(output.shape)))
        frames.append(_frame(name, tuple(tensors), answer.found))
    expected = Expected(recorded_on=of.recorded_on, precision=of.precision, bounds=of.bounds, frames=tuple(frames))
    _put(folder / EXPECTED, pretty(expected))


def _frame(picture: str, outputs: tuple[ExpectedTensor, ...], found: Detections) -> ExpectedFrame:
    corners = np.round(found.boxes.astype(np.float64), BOX_DIGITS).tolist()
    return ExpectedFrame(
        picture=picture,
        outputs=outputs,
        boxes=[(left, top, right, bottom) for left, top, right, bottom in corners],
        scores=np.round(found.scores.astype(np.float64), SCORE_DIGITS).tolist(),
        labels=found.labels.tolist(),
    )


@contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """A folder beside `out`, gone afterwards unless it was moved; raises FileUnwritable."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", ignore_cleanup_errors=True) as aside:
            folder = Path(aside) / out.name
            folder.mkdir()
            yield folder
    except FileUnwritable:
        raise
    except OSError as error:
        raise FileUnwritable(out, error, "name another folder with --out") from error
    except BundleWrong as error:
        error.rename(f"{folder}", str(out))
        raise


def _copy_tree(source: Path, target: Path) -> None:
    """Links followed, since the copy has none."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            _copy(path, target / path.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    if fault := name_fault(target.name):
        raise NameUnfit("the file", target.name, fault)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        content = source.open("rb")
    except OSError as error:
        raise IngredientAbsent(source, error) from error
    with content, target.open("wb") as copy:
        shutil.copyfileobj(content, copy)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
