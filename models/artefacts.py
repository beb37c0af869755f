"""Compiled artefacts in the store: `<model>/<backend>-<precision>/`, with a record of how each was made."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec
import tomli_w

from models.fetch import digest
from models.manifest import Artefact, Manifest
from sensors import config
from sensors.errors import GilmokError

RECORD = "artefact.toml"


class ArtefactAbsent(GilmokError):
    def __init__(self, manifest: Manifest, backend: str, precision: str, known: list[str]) -> None:
        super().__init__(
            f"model {manifest.name!r} has no {precision} artefact for backend {backend!r} "
            f"(compiled: {', '.join(known) or 'none'})",
            f"`gilmok model compile {manifest.name} --backend {backend} --precision {precision}` makes it",
        )


class ArtefactStale(GilmokError):
    def __init__(self, manifest: Manifest, artefact: Artefact) -> None:
        super().__init__(
            f"{artefact.path} was compiled from another file than model {manifest.name!r} is now: from sha256 "
            f"{artefact.source}, not {manifest.sha256}",
            f"compile it again: `gilmok model compile {manifest.name} --backend {artefact.backend} ...`",
        )


class ArtefactDamaged(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is not what its record says: {why}", "compile it again, or copy its folder again")


def folder_of(store: Path, model: str, backend: str, precision: str) -> Path:
    """Where that artefact lies, whether or not it is there."""
    return store / model / f"{backend}-{precision}"


def compiled(store: Path, model: str) -> list[str]:
    """The `<backend>-<precision>` of every artefact of `model` in the store, sorted."""
    return sorted(record.parent.name for record in (store / model).glob(f"[!.]*/{RECORD}"))


def read(store: Path, manifest: Manifest, backend: str, precision: str) -> Artefact:
    """The artefact, every file of it checked. Raises ArtefactAbsent, ArtefactStale, ArtefactDamaged or ConfigWrong."""
    folder = folder_of(store, manifest.name, backend, precision)
    if not (folder / RECORD).is_file():
        raise ArtefactAbsent(manifest, backend, precision, compiled(store, manifest.name))
    artefact = config.read(folder / RECORD, Artefact)
    if artefact.source != manifest.sha256:
        raise ArtefactStale(manifest, artefact)
    for name, expected in artefact.files.items():
        if not (folder / name).is_file():
            raise ArtefactDamaged(folder / name, "it is missing")
        if (found := digest(folder / name)) != expected:
            raise ArtefactDamaged(folder / name, f"its sha256 is {found}, not {expected}")
    return artefact


def keep(store: Path, artefact: Artefact) -> Artefact:
    """Put the artefact, whose files fill the folder of its `path`, in its place; returns it with its digests.

    An older one of the same backend and precision is replaced. The folder is moved: it must lie in the store's file
    system, and nothing else may be in it.
    """
    aside = artefact.path.parent
    files = {file.relative_to(aside).as_posix(): digest(file) for file in sorted(aside.rglob("*")) if file.is_file()}
    whole = msgspec.structs.replace(artefact, files=files, sha256=joint_digest(files))
    record = msgspec.to_builtins(whole, enc_hook=lambda path: path.relative_to(aside).as_posix())
    text = tomli_w.dumps({key: value for key, value in record.items() if value is not None})
    (aside / RECORD).write_text(text, encoding="utf-8")
    folder = folder_of(store, artefact.model, artefact.backend, artefact.precision)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    aside.rename(folder)
    return config.read(folder / RECORD, Artefact)


def joint_digest(files: Mapping[str, str]) -> str:
    """One file's own sha256; of several, the sha256 over the lines that `sha256sum` would print, by name."""
    if len(files) == 1:
        return next(iter(files.values()))
    return hashlib.sha256("".join(f"{files[name]}  {name}\n" for name in sorted(files)).encode()).hexdigest()
