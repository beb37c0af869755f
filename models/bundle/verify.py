"""Is a bundle what it says? Every byte is read, nothing of it is run, and what it says fits together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models import artefacts, catalogue, onnxfile
from models.bundle.bundle import (
    EXPECTED,
    INDEX,
    MANIFEST,
    PATCH,
    QUALIFICATION,
    RECIPE,
    SBOM,
    Bundle,
    BundleWrong,
    read_index,
)
from models.bundle.files import check_files, check_names
from models.bundle.node_patch import NodePatch, patch_of
from models.bundle.self_test import FOLDER, Expected, read_expected, read_outputs
from models.catalogue import ORIGINAL
from models.fetch import digest as digest_of_file
from models.manifest import Artefact, Manifest
from sensors import config
from sensors.config import ConfigMissing, ConfigWrong
from sensors.sources.pictures import PictureUnreadable, read_picture
from sensors.terminal.foreign_text import shown

ARTEFACT = "artefact/"
PARTS = ("model/", ARTEFACT, f"{FOLDER}/", QUALIFICATION)


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle in a folder, all of it checked."""

    folder: Path
    digest: str
    bundle: Bundle
    manifest: Manifest
    artefact: Artefact
    """As `edge.assembly.opened` takes it."""
    patch: NodePatch
    expected: Expected


def verify(folder: Path, digest: str = "", on_bytes: Callable[[int], None] = lambda _taken: None) -> VerifiedBundle:
    """Raises BundleWrong, naming the file that is not as it should be. `digest`: which bundle it has to be.

    `on_bytes` hears after each file how many bytes it has.
    """
    bundle, found = read_index(folder)
    if digest and found != digest:
        raise BundleWrong(folder / INDEX, f"it is bundle {found}, not {digest}")
    check_names(folder, bundle.files)
    _check_places(folder, bundle)
    check_files(folder, bundle.files, on_bytes)
    manifest, artefact = _model(folder, bundle)
    expected = read_expected(folder)
    _check_self_test(folder, bundle, expected)
    return VerifiedBundle(folder, found, bundle, manifest, artefact, patch_of(folder), expected)


def _check_places(folder: Path, bundle: Bundle) -> None:
    compiled = bundle.artefact.precision != ORIGINAL
    for name in (MANIFEST, EXPECTED, SBOM, *((RECIPE,) if compiled else ())):
        if name not in bundle.files:
            raise BundleWrong(folder / INDEX, f"it lists no {name}")
    for name in bundle.files:
        if name not in (SBOM, PATCH) and not name.startswith(PARTS):
            raise BundleWrong(folder / INDEX, f"{name} lies where no part of a bundle lies")
        if name.startswith(ARTEFACT) and not compiled:
            raise BundleWrong(folder / INDEX, f"{name} is beside an artefact that is the model's own file")
        if name.startswith(QUALIFICATION) and bundle.qualification is None:
            raise BundleWrong(folder / INDEX, f"{name} belongs to a qualification that it doesn't tell of")


def _model(folder: Path, bundle: Bundle) -> tuple[Manifest, Artefact]:
    """The manifest and the artefact, which name no file outside of the bundle's list."""
    listed = {folder / name for name in bundle.files}
    try:
        manifest = config.read(folder / MANIFEST, Manifest)
        if (manifest.name, manifest.sha256) != (bundle.model.name, bundle.model.sha256):
            raise BundleWrong(folder / MANIFEST, f"it is of another model than {INDEX} says")
        if bundle.artefact.precision == ORIGINAL:
            artefact = _original(folder, manifest)
        else:
            artefact = config.read(folder / RECIPE, Artefact)
    except (ConfigWrong, ConfigMissing) as error:
        raise BundleWrong(folder, error.sentence.removeprefix(f"{folder}/")) from error
    compiled = bundle.artefact.precision != ORIGINAL
    where = folder / (RECIPE if compiled else MANIFEST)
    if artefact.sha256 != bundle.artefact.sha256 or artefact.model != manifest.name:
        raise BundleWrong(where, f"it is of another artefact than {INDEX} says")
    if compiled:
        _check_recipe(folder, bundle, artefact)
    for name in bundle.files:
        _check_weights(folder / name, listed)
    return manifest, artefact


def _check_recipe(folder: Path, bundle: Bundle, artefact: Artefact) -> None:
    """What it says it was made of and for, and that it names the files beside it and no other."""
    where, told = folder / RECIPE, bundle.artefact
    if (artefact.backend, artefact.precision) != (told.backend, told.precision):
        raise BundleWrong(where, f"it is of another artefact than {INDEX} says")
    if artefact.source != bundle.model.sha256:
        raise BundleWrong(where, "it was made of another model")
    beside = {name.removeprefix(ARTEFACT): entry.sha256 for name, entry in bundle.files.items() if _compiled(name)}
    if beside != artefact.files or artefacts.joint_digest(beside) != artefact.sha256:
        raise BundleWrong(where, "its digests are not those of the files beside it")
    for path in (artefact.path, artefact.stitch, *artefact.parts.values()):
        if path is not None and path not in {where.parent / name for name in beside}:
            raise BundleWrong(where, f"it names {shown(str(path))}, which is no file beside it")


def _compiled(name: str) -> bool:
    return name.startswith(ARTEFACT) and name != RECIPE


def _original(folder: Path, manifest: Manifest) -> Artefact:
    path = folder / MANIFEST
    beside = path.parent / manifest.file
    if Path(manifest.file).name != manifest.file or not beside.is_file():
        raise BundleWrong(path, f"its file {manifest.file!r} is not beside it")
    try:
        catalogue.check_digests(manifest, str(beside), digest_of_file(beside), beside)
    except (catalogue.DigestWrong, catalogue.PartWrong, catalogue.ModelAbsent) as error:
        raise BundleWrong(path, error.sentence) from error
    return catalogue.original(manifest, beside)


def _check_weights(path: Path, listed: set[Path]) -> None:
    """A graph finds its weights by names that it holds itself."""
    try:
        names = onnxfile.external_names(path)
    except onnxfile.ModelFileBroken as error:
        raise BundleWrong(path, error.sentence) from error
    for name in names:
        if path.parent / name not in listed:
            raise BundleWrong(path, f"its weights lie in {name!r}, which is no file of the bundle")


def _check_self_test(folder: Path, bundle: Bundle, expected: Expected) -> None:
    used = {EXPECTED}
    for frame in expected.frames:
        for file in (frame.picture, *(tensor.file for tensor in frame.outputs)):
            name = (FOLDER / file).as_posix()
            if Path(file).name != file or name not in bundle.files:
                raise BundleWrong(folder / EXPECTED, f"it names {file!r}, which is no file of the bundle")
            used.add(name)
        read_outputs(folder, frame)
        try:
            read_picture(folder / FOLDER / frame.picture)
        except PictureUnreadable as error:
            raise BundleWrong(folder / FOLDER / frame.picture, error.sentence) from error
    if loose := sorted(name for name in bundle.files if name.startswith(f"{FOLDER}/") and name not in used):
        raise BundleWrong(folder / loose[0], "no frame of the self-test names it")
