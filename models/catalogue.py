"""Which models are known, where their files lie, and how a file gets in: only with the digest its manifest names.

The store holds a folder a model, `<name>/<file>`; a model of the user's own has its `manifest.toml` beside the file.
"""

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import tomli_w

from models import artefacts, decode, onnxfile
from models.fetch import OnBytes, digest, fetch, is_url
from models.manifest import Artefact, Manifest
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
            f"known models: {', '.join(known)}; `gilmok model add NAME FILE --manifest MANIFEST` adds one of your own",
        )


class FileUnknown(ModelUnknown):
    def __init__(self, path: Path, sha256: str) -> None:
        GilmokError.__init__(
            self,
            f"{path} is none of the known models (sha256 {sha256})",
            f"put its manifest beside it as {path.with_suffix('.toml').name}; docs/tour.md shows one",
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


class NameTaken(GilmokError):
    def __init__(self, name: str, where: Path) -> None:
        super().__init__(f"there is already another model named {name!r} ({where})", "choose another name")


class NameUnusable(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} can't be the name of a model", "use letters, digits, '-', '_' and '.'")


class StoreUnusable(GilmokError):
    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(
            f"the model store {path} can't be used: {error.strerror}",
            "correct its permissions, or set GILMOK_HOME to a folder of yours",
        )


def store() -> Path:
    """The folder of model files; it need not exist yet."""
    home = os.environ.get("GILMOK_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".local/share/gilmok") / "models"


def known() -> Mapping[str, Manifest]:
    """The shipped manifests and the user's own, by name.

    Raises ConfigWrong for a manifest of the user's that can't be read, StoreUnusable.
    """
    return {**_shipped(), **_own()}


def locate(name_or_path: str, backend: str = "onnxruntime", precision: str = ORIGINAL) -> tuple[Manifest, Artefact]:
    """A model and its file, the digest checked: a known name, or the path of a file.

    A file is what the manifest beside it says (`x.onnx`, `x.toml`), else the known model of the same digest. Another
    precision than ORIGINAL is what was compiled of it for `backend`, from the store.
    Raises ModelUnknown, ModelAbsent, DigestWrong, what is wrong with the manifest, or what `artefacts.read` raises.
    """
    manifest, path = _found(name_or_path)
    decode.rehearse(manifest)
    if precision != ORIGINAL:
        return manifest, artefacts.read(store(), manifest, backend, precision)
    if not path.is_file():
        raise ModelAbsent(manifest, path)
    _demand(manifest, str(path), digest(path), path)
    return manifest, _artefact(manifest, path)


def verify(name_or_path: str) -> tuple[Manifest, Artefact]:
    """What `locate` checks, and that an ONNX file is whole; raises as it does, or ModelFileBroken."""
    manifest, artefact = locate(name_or_path)
    if artefact.path.suffix == ".onnx":
        onnxfile.check(artefact.path)
    return manifest, artefact


def add(
    name: str, source: str, manifest: Path | None = None, on_bytes: OnBytes = lambda _taken, _total: None
) -> tuple[Manifest, Artefact]:
    """Take `source`, a path or URL, into the store as the model `name`.

    A model of the user's own brings its manifest, which may leave out what the file tells (`described`). Everything
    is checked in a folder aside before it lands by one rename. Raises FetchFailed, DigestWrong, NameTaken,
    NameUnusable, ModelUnknown, StoreUnusable, or what is wrong with the manifest.
    """
    models = known()
    if manifest is None and name not in models:
        raise ModelUnknown(name, models)
    if not name.strip(".") or not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
        raise NameUnusable(name)
    if manifest is not None and name in models:
        raise NameTaken(name, place(models[name]).parent)
    try:
        store().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store(), prefix=".incoming-") as aside:
            return _take_in(name, source, models.get(name), manifest, Path(aside), on_bytes)
    except OSError as error:
        raise StoreUnusable(store(), error) from error


def described(manifest: Path, name: str, file: Path) -> Manifest:
    """The user's own manifest; `name`, `file`, `sha256`, `bytes`, `summary` and `origin` may be missing in it.

    Raises ConfigMissing or ConfigWrong.
    """
    written = config.read(manifest, dict[str, Any])
    of_the_file = {
        "name": name,
        "summary": "",
        "file": file.name,
        "sha256": digest(file),
        "bytes": file.stat().st_size,
        "origin": {"url": str(file.absolute()), "licence": "not stated"},
    }
    full = config.convert(of_the_file | written, Manifest, str(manifest))
    if full.name != name:
        raise config.ConfigWrong(str(manifest), f"it is the manifest of {full.name!r}, not of {name!r}")
    if Path(full.file).name != full.file:
        raise config.ConfigWrong(str(manifest), f"`file` is the name of a file, not a path: {full.file!r}")
    return full


def place(manifest: Manifest) -> Path:
    """Where the model's file lies: in the package, or in the store, whether or not it is there yet."""
    shipped = SHIPPED / manifest.file
    if shipped.is_file():
        return shipped
    return store() / manifest.name / manifest.file


@cache
def _shipped() -> Mapping[str, Manifest]:
    manifests = (config.read(path, Manifest) for path in sorted(MANIFESTS.glob("*.toml")))
    return {manifest.name: manifest for manifest in manifests}


def _own() -> Mapping[str, Manifest]:
    try:
        paths = sorted(store().glob(f"[!.]*/{OWN}"))
    except OSError as error:
        raise StoreUnusable(store(), error) from error
    manifests = (config.read(path, Manifest) for path in paths)
    return {manifest.name: manifest for manifest in manifests}


def _found(name_or_path: str) -> tuple[Manifest, Path]:
    """What a model is, and where its file should be."""
    models = known()
    if name_or_path in models:
        return models[name_or_path], place(models[name_or_path])
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return _recognised(path, models), path
    raise ModelUnknown(name_or_path, models)


def _recognised(path: Path, models: Mapping[str, Manifest]) -> Manifest:
    beside = path.with_suffix(".toml")
    if beside.is_file():
        return described(beside, path.stem, path)
    sha256 = digest(path)
    for manifest in models.values():
        if manifest.sha256 == sha256:
            return manifest
    for manifest in models.values():
        if manifest.file == path.name:
            raise DigestWrong(manifest, str(path), sha256, path.stat().st_size)
    raise FileUnknown(path, sha256)


def _take_in(
    name: str, source: str, model: Manifest | None, own: Path | None, aside: Path, on_bytes: OnBytes
) -> tuple[Manifest, Artefact]:
    folder = aside / name
    folder.mkdir()
    incoming = folder / (model.file if model else Path(urlsplit(source).path if is_url(source) else source).name)
    sha256 = fetch(source, incoming, on_bytes)
    if own is not None:
        model = described(own, name, incoming)
        incoming = incoming.rename(folder / model.file)
        (folder / OWN).write_text(tomli_w.dumps(msgspec.to_builtins(model)), encoding="utf-8")
    assert model is not None
    _demand(model, source, sha256, incoming)
    if incoming.suffix == ".onnx":
        onnxfile.check(incoming)
    decode.rehearse(model)
    landed = place(model)
    if landed.parent.exists():
        # Artefacts of it may be there already, compiled from this file in another folder.
        for file in folder.iterdir():
            file.replace(landed.parent / file.name)
    else:
        folder.replace(landed.parent)
    return model, _artefact(model, landed)


def _demand(manifest: Manifest, source: str, found: str, path: Path) -> None:
    if found != manifest.sha256:
        raise DigestWrong(manifest, source, found, path.stat().st_size)


def _artefact(manifest: Manifest, path: Path) -> Artefact:
    return Artefact(
        model=manifest.name,
        path=path,
        sha256=manifest.sha256,
        precision="fp32",
        backend="onnxruntime",
        input=manifest.input,
    )
