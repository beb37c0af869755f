"""Which models are known, and where their files lie; `models.adding` takes files in.

The store holds a folder a model, `<name>/<file>`; a model of the user's own has its `manifest.toml` beside the file.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from models import artefacts, decode, onnxfile, own_manifest
from models.fetch import digest
from models.manifest import Artefact, Manifest
from models.plain_path import plain_path
from sensors import config
from sensors.errors import GilmokError

MANIFESTS = Path(__file__).parent / "manifests"
SHIPPED = Path(__file__).parent / "shipped"
"""Files small and free enough to come with the package."""

OWN = "manifest.toml"

ORIGINAL = "original"
"""In the place of a precision: the model's own file, as its makers gave it."""


class ModelUnknown(GilmokError):
    def __init__(self, name: str, known: Mapping[str, Manifest]) -> None:
        super().__init__(
            f"there is no model named {name!r}, and no file of that path",
            f"known models: {', '.join(known)}; `gilmok model add NAME FILE` adds one of your own",
        )


class ModelAbsent(GilmokError):
    def __init__(self, manifest: Manifest, path: Path) -> None:
        super().__init__(
            f"model {manifest.name!r} is known, but its file is not in the store ({path})",
            f"get {manifest.file} from {manifest.origin.url}, then `gilmok model add {manifest.name} FILE`",
        )


class DigestWrong(GilmokError):
    def __init__(self, manifest: Manifest, source: str, found: str, found_bytes: int) -> None:
        super().__init__(
            f"{source} is not the file of model {manifest.name!r}: expected {manifest.bytes:,} bytes with sha256 "
            f"{manifest.sha256}, found {found_bytes:,} bytes with {found}",
            f"it is damaged, cut short or another version; the official source is {manifest.origin.url}",
        )


class PartWrong(GilmokError):
    def __init__(self, manifest: Manifest, part: Path, expected: str, found: str) -> None:
        super().__init__(
            f"{part} is not the part of model {manifest.name!r} that it was: expected sha256 {expected}, found {found}",
            "it belongs to another export: put back the one that came with the model",
        )


LEAST_BYTES = 2**16
FULL = (errno.ENOSPC, errno.EDQUOT)


class StoreUnusable(GilmokError):
    def __init__(self, path: Path, error: OSError) -> None:
        what = "make room there" if error.errno in FULL else "correct its permissions"
        super().__init__(
            f"the model store {path} can't be used: {error.strerror or error}",
            f"{what}, or set GILMOK_HOME to a folder of yours",
        )


def store() -> Path:
    """The folder of model files; it need not exist yet."""
    home = os.environ.get("GILMOK_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".local/share/gilmok") / "models"


@contextmanager
def aside(prefix: str) -> Iterator[Path]:
    """A folder in the store for what isn't whole yet, gone when the block ends. Raises StoreUnusable."""
    try:
        store().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store(), prefix=prefix) as folder:
            yield Path(folder)
    except OSError as error:
        raise StoreUnusable(store(), error) from error
    except GilmokError as error:
        # A vendor's compiler says anything of a full disk but that it is full.
        if shutil.disk_usage(store()).free < LEAST_BYTES:
            raise StoreUnusable(store(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
        raise


def known() -> Mapping[str, Manifest]:
    """The shipped manifests and the user's own, by name; raises StoreUnusable."""
    return {**shipped(), **own()[0]}


def broken() -> Mapping[str, GilmokError]:
    """The user's own models whose manifest can't be read, and why, by the name of their folder in the store."""
    return own()[1]


def locate(name_or_path: str, backend: str = "onnxruntime", precision: str = ORIGINAL) -> tuple[Manifest, Artefact]:
    """A model and its file, the digest checked: a known name, or the path of a file.

    A file is what the manifest beside it says (`x.onnx`, `x.toml`), else the known model of the same digest, else what
    it says of itself. Another precision than ORIGINAL is what was compiled of it for `backend`, from the store.
    Raises ModelUnknown, ModelAbsent, DigestWrong, FileUnrecognised, what is wrong with the manifest, or what
    `artefacts.read` raises.
    """
    manifest, path = _found(name_or_path)
    decode.rehearse(manifest)
    if precision != ORIGINAL:
        return manifest, artefacts.read(store(), manifest, backend, precision)
    if not path.is_file():
        raise ModelAbsent(manifest, path)
    check_digests(manifest, str(path), digest(path), path)
    return manifest, original(manifest, path)


def verify(name_or_path: str) -> tuple[Manifest, Artefact]:
    """What `locate` checks, and that an ONNX file is whole; raises as it does, or ModelFileBroken."""
    manifest, artefact = locate(name_or_path)
    if artefact.path.suffix == ".onnx":
        onnxfile.check(artefact.path)
    return manifest, artefact


def place(manifest: Manifest) -> Path:
    """Where the model's file lies: in the package, or in the store, whether or not it is there yet."""
    shipped = SHIPPED / manifest.file
    if shipped.is_file():
        return shipped
    return store() / manifest.name / manifest.file


@cache
def shipped() -> Mapping[str, Manifest]:
    manifests = (config.read(path, Manifest) for path in sorted(MANIFESTS.glob("*.toml")))
    return {manifest.name: manifest for manifest in manifests}


def own() -> tuple[Mapping[str, Manifest], Mapping[str, GilmokError]]:
    """One that can't be read keeps nobody from the others."""
    try:
        paths = sorted(store().glob(f"[!.]*/{OWN}"))
    except OSError as error:
        raise StoreUnusable(store(), error) from error
    manifests: dict[str, Manifest] = {}
    unreadable: dict[str, GilmokError] = {}
    for path in paths:
        try:
            manifest = config.read(path, Manifest)
            manifests[manifest.name] = manifest
        except GilmokError as error:
            unreadable[path.parent.name] = error
    return manifests, unreadable


def _found(name_or_path: str) -> tuple[Manifest, Path]:
    """What a model is, and where its file should be."""
    models = known()
    if name_or_path in models:
        return models[name_or_path], place(models[name_or_path])
    if name_or_path in (unreadable := broken()):
        raise unreadable[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.is_file():
        onnxfile.check_size(path)
        return _recognised(path, models), path
    raise ModelUnknown(name_or_path, models)


def _recognised(path: Path, models: Mapping[str, Manifest]) -> Manifest:
    beside = path.with_suffix(".toml")
    if beside.is_file():
        return own_manifest.written(beside, path.stem, path)
    sha256 = digest(path)
    for manifest in models.values():
        if manifest.sha256 == sha256:
            return manifest
    for manifest in models.values():
        if manifest.file == path.name:
            raise DigestWrong(manifest, str(path), sha256, path.stat().st_size)
    return own_manifest.self_described(path)


def check_digests(manifest: Manifest, source: str, found: str, path: Path) -> None:
    if found != manifest.sha256:
        raise DigestWrong(manifest, source, found, path.stat().st_size)
    for name, expected in manifest.parts.items():
        part = path.parent / name
        if not part.is_file():
            raise ModelAbsent(manifest, part)
        if (part_digest := digest(part)) != expected:
            raise PartWrong(manifest, part, expected, part_digest)


def original(manifest: Manifest, path: Path) -> Artefact:
    return Artefact(
        model=manifest.name,
        path=plain_path(path),
        sha256=manifest.sha256,
        precision="fp32",
        backend="onnxruntime",
        input=manifest.input,
    )
