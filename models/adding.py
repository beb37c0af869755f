"""How a model's file gets into the store: with the digest its manifest names, and under a name that is free."""

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import tomli_w
from msgspec.structs import replace

from models import catalogue, decode, onnxfile, own_manifest
from models.fetch import OnBytes, fetch, is_url
from models.manifest import Artefact, Manifest
from models.plain_path import plain_name
from models.recognise.recognition import Answers, Recognition
from sensors.addresses import without_logins
from sensors.errors import GilmokError
from sensors.ranges import quoted
from sensors.terminal.pretty_json import encodable

NAME_CHARACTERS = 100
NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{NAME_CHARACTERS}}}")


class NameTaken(GilmokError):
    def __init__(self, name: str, where: Path) -> None:
        super().__init__(f"there is already another model named {name!r} ({where})", "choose another name")


class NameUnusable(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{quoted(name)} can't be the name of a model",
            f"use up to {NAME_CHARACTERS} letters, digits, '-', '_' and '.'",
        )


@dataclass(frozen=True, slots=True)
class Brought:
    """What a person says of a model of their own."""

    manifest: Path | None
    answers: Answers
    on_recognised: Callable[[Recognition], None]


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
    models = catalogue.known()
    if not name.strip(".") or not NAME.fullmatch(name):
        raise NameUnusable(name)
    if name in catalogue.broken():
        raise NameTaken(name, catalogue.store() / name)
    with catalogue.aside(".incoming-") as aside:
        folder = aside / name
        folder.mkdir()
        own = Brought(manifest, answers or Answers(), on_recognised)
        try:
            return _take_in(name, source, models.get(name), own, folder, on_bytes)
        except GilmokError as error:
            # Nobody knows the folder aside: a file is called by the name that was given.
            error.rename(f"{folder}/", source.rpartition("/")[0] + "/" if "/" in source else "")
            raise


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
    taken = model
    if own.manifest is not None or own.answers != Answers():
        model = None
    incoming = folder / (model.file if model else given)
    if not is_url(source):
        onnxfile.check_size(Path(source).expanduser())
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
    if model.origin.url == str(incoming.absolute()) or model.origin.url == str((folder / given).absolute()):
        # Nobody says where it is from: from where it was taken, not from the folder aside.
        origin = without_logins(source) if is_url(source) else str(Path(source).absolute())
        model = replace(model, origin=replace(model.origin, url=origin))
    if name not in catalogue.shipped():
        (folder / catalogue.OWN).write_text(tomli_w.dumps(encodable(msgspec.to_builtins(model))), encoding="utf-8")
    catalogue.check_digests(model, source, sha256, incoming)
    decode.rehearse(model)
    if taken is not None:
        if not _same(model, taken):
            raise NameTaken(name, catalogue.place(taken).parent)
        if catalogue.place(taken).is_file():
            return taken, catalogue.original(taken, catalogue.place(taken))
    landed = catalogue.place(model)
    try:
        folder.rename(landed.parent)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return _join(folder, model, landed, first=taken is None and name not in catalogue.shipped())
    return model, catalogue.original(model, landed)


def _join(folder: Path, model: Manifest, landed: Path, *, first: bool) -> tuple[Manifest, Artefact]:
    """Into a folder that is there: with artefacts compiled before, or made by somebody else a moment ago.

    `first`: the name was free. Whoever has linked their manifest first, has it. Raises NameTaken.
    """
    if first:
        try:
            (landed.parent / catalogue.OWN).hardlink_to(folder / catalogue.OWN)
        except FileExistsError:
            there = catalogue.own()[0].get(model.name)
            if there is None or not _same(model, there):
                raise NameTaken(model.name, landed.parent) from None
            return there, catalogue.original(there, catalogue.place(there))
        (folder / catalogue.OWN).unlink()
    for file in folder.iterdir():
        file.replace(landed.parent / file.name)
    return model, catalogue.original(model, landed)


def _same(one: Manifest, other: Manifest) -> bool:
    """Wherever each of them came from."""
    return msgspec.structs.replace(one, origin=other.origin) == other


def _bring_parts(source: str, incoming: Path, on_bytes: OnBytes) -> None:
    """The files that hold the graph's weights lie beside it: theirs, too; raises FetchFailed or WeightsAbsent."""
    if not is_url(source):
        onnxfile.check_weights(Path(source).expanduser())
    for name in onnxfile.external_names(incoming):
        fetch(
            source.rpartition("/")[0] + "/" + name if is_url(source) else str(Path(source).expanduser().parent / name),
            incoming.parent / name,
            on_bytes,
        )
