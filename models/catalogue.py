"""Which models are known, where their files lie, and how a file gets in: only with the digest its manifest names.

The store holds a folder a model, `<name>/<file>`; a model of the user's own has its `manifest.toml` beside the file.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import tomli_w

from models import artefacts, decode, onnxfile, own_manifest
from models.fetch import OnBytes, digest, fetch, is_url
from models.manifest import Artefact, Manifest
from models.plain_path import plain_name, plain_path
from models.recognise.recognise import Answers, Recognition
from sensors import config
from sensors.errors import GilmokError
from sensors.pretty_json import encodable

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
    _demand(manifest, str(path), digest(path), path)
    return manifest, _artefact(manifest, path)


def verify(name_or_path: str) -> tuple[Manifest, Artefact]:
    """What `locate` checks, and that an ONNX file is whole; raises as it does, or ModelFileBroken."""
    manifest, artefact = locate(name_or_path)
    if artefact.path.suffix == ".onnx":
        onnxfile.check(artefact.path)
    return manifest, artefact


def add(
    name: str,
    source: str,
    manifest: Path | None = None,
    on_bytes: OnBytes = lambda _taken, _total: None,
    answers: Answers | None = None,
    on_recognised: Callable[[Recognition], None] = lambda _found: None,
) -> tuple[Manifest, Artefact]:
    """Take `source`, a path or URL, into the store as the model `name`.

    A model of the user's own brings its manifest, which may leave out what the file tells (`own_manifest.written`),
    or is recognised: then `on_recognised` hears what was read and assumed, and `answers` are what a person says beside
    the file. Everything is checked in a folder aside before it lands by one rename. Raises FetchFailed, DigestWrong,
    NameTaken, NameUnusable, StoreUnusable, what is wrong with the manifest, or what `recognise` raises.
    """
    models = known()
    if not name.strip(".") or not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
        raise NameUnusable(name)
    if (manifest or answers) is not None and name in models:
        raise NameTaken(name, place(models[name]).parent)
    try:
        store().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store(), prefix=".incoming-") as aside:
            folder = Path(aside, name)
            folder.mkdir()
            own = Brought(manifest, answers or Answers(), on_recognised)
            return _take_in(name, source, models.get(name), own, folder, on_bytes)
    except OSError as error:
        raise StoreUnusable(store(), error) from error


@dataclass(frozen=True, slots=True)
class Brought:
    """What a person says of a model of their own."""

    manifest: Path | None
    answers: Answers
    on_recognised: Callable[[Recognition], None]


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
        return own_manifest.written(beside, path.stem, path)
    sha256 = digest(path)
    for manifest in models.values():
        if manifest.sha256 == sha256:
            return manifest
    for manifest in models.values():
        if manifest.file == path.name:
            raise DigestWrong(manifest, str(path), sha256, path.stat().st_size)
    return own_manifest.self_described(path)


def _take_in(
    name: str,
    source: str,
    model: Manifest | None,
    own: "Brought",
    folder: Path,
    on_bytes: OnBytes,
) -> tuple[Manifest, Artefact]:
    # A manifest is TOML, which can't hold a name that is no UTF-8.
    given = plain_name(Path(urlsplit(source).path if is_url(source) else source))
    incoming = folder / (model.file if model else given)
    sha256 = fetch(source, incoming, on_bytes)
    if incoming.suffix == ".onnx":
        onnxfile.check(incoming)
        _bring_parts(source, incoming, on_bytes)
    if own.manifest is not None:
        model = own_manifest.written(own.manifest, name, incoming)
        incoming = incoming.rename(folder / model.file)
    elif model is None:
        model, found = own_manifest.recognised(name, incoming, own.answers)
        own.on_recognised(found)
    if name not in _shipped():
        (folder / OWN).write_text(tomli_w.dumps(encodable(msgspec.to_builtins(model))), encoding="utf-8")
    _demand(model, source, sha256, incoming)
    decode.rehearse(model)
    landed = place(model)
    if landed.parent.exists():
        # Artefacts of it may be there already, compiled from this file in another folder.
        for file in folder.iterdir():
            file.replace(landed.parent / file.name)
    else:
        folder.replace(landed.parent)
    return model, _artefact(model, landed)


def _bring_parts(source: str, incoming: Path, on_bytes: OnBytes) -> None:
    """The files that hold the graph's weights lie beside it: theirs, too; raises FetchFailed."""
    for name in onnxfile.external_names(incoming):
        fetch(
            source.rpartition("/")[0] + "/" + name if is_url(source) else str(Path(source).parent / name),
            incoming.parent / name,
            on_bytes,
        )


def _demand(manifest: Manifest, source: str, found: str, path: Path) -> None:
    if found != manifest.sha256:
        raise DigestWrong(manifest, source, found, path.stat().st_size)
    for name, expected in manifest.parts.items():
        part = path.parent / name
        if not part.is_file():
            raise ModelAbsent(manifest, part)
        if (part_digest := digest(part)) != expected:
            raise PartWrong(manifest, part, expected, part_digest)


def _artefact(manifest: Manifest, path: Path) -> Artefact:
    return Artefact(
        model=manifest.name,
        path=plain_path(path),
        sha256=manifest.sha256,
        precision="fp32",
        backend="onnxruntime",
        input=manifest.input,
    )
