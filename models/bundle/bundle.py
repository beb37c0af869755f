"""bundle.json: what a bundle says of itself, with every other file's size and digest. Its own digest is the bundle's.

Major version 1. Whatever it doesn't know it refuses: a unit must not guess what a newer gilmok meant.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from models.bundle.tuples import Admission
from sensors.config import Settings
from sensors.errors import GilmokError
from sensors.outside import ContentWrong, json_of, read_bytes
from sensors.ranges import Bytes, Digest, Name, NameOrNone, Text
from sensors.terminal.foreign_text import shown
from sensors.terminal.pretty_json import pretty

INDEX = "bundle.json"
MANIFEST = "model/manifest.toml"
RECIPE = "artefact/artefact.toml"
EXPECTED = "self-test/expected.json"
SBOM = "sbom.cdx.json"
PATCH = "node-patch.toml"
QUALIFICATION = "qualification/"
"""Where each part lies. The model's own files are beside its manifest, a compiled artefact's beside its recipe."""

SCHEMA = 1
INDEX_BYTES = 1 << 20
MOST_FILES = 2000
MOST_BYTES = 1 << 34
"""Of all files together: no model of an edge node comes near."""


class BundleWrong(GilmokError):
    """A bundle is not what it says; `where` is one of its files, or its folder."""

    def __init__(self, where: Path, why: str, hint: str = "") -> None:
        again = "get the bundle from its maker again; nothing of it was used"
        super().__init__(f"{shown(str(where))}: {why}", hint or again)


class FileEntry(Settings, frozen=True, kw_only=True):
    bytes: Bytes
    sha256: Digest


class ModelPart(Settings, frozen=True, kw_only=True):
    name: Name
    sha256: Digest
    """Of the model's own file, from which a compiled artefact was made."""


class ArtefactPart(Settings, frozen=True, kw_only=True):
    backend: Name
    """Which loads it; the model's own file may be one that several do."""
    precision: Name
    """`original`: the model's own file."""
    sha256: Digest
    """As reports and births tell it."""


class QualificationPart(Settings, frozen=True, kw_only=True):
    """What the qualification in `qualification/` says of this very artefact."""

    verdict: Literal["PASS", "FAIL", "INCONCLUSIVE"]
    sentence: Text
    backend: Name
    device: Name
    kind: Name
    facts: Annotated[dict[Name, Text], Meta(max_length=100)] = {}
    """Of the device that it was measured on."""


class Bundle(Settings, frozen=True, kw_only=True):
    format: Literal["gilmok bundle"] = "gilmok bundle"
    schema: Literal[1] = 1
    name: Name
    """The line of deployments that it belongs to; a repository counts their versions."""
    made_by: NameOrNone = ""
    """Which gilmok."""
    model: ModelPart
    artefact: ArtefactPart
    good_for: Annotated[tuple[Admission, ...], Meta(min_length=1, max_length=100)]
    qualification: QualificationPart | None = None
    files: Annotated[dict[Text, FileEntry], Meta(min_length=1, max_length=MOST_FILES)]
    """By path, with `/` between folders; every file of the bundle but this one."""

    @property
    def total_bytes(self) -> int:
        return sum(entry.bytes for entry in self.files.values())


def encoded(bundle: Bundle) -> bytes:
    """The only form in which bundle.json may be written, files sorted by name."""
    ordered = dict(sorted(bundle.files.items()))
    return pretty(msgspec.structs.replace(bundle, files=ordered))


def decoded(content: bytes, where: Path) -> Bundle:
    """Raises BundleWrong, also for one of another major version or in another form than `encoded` writes."""
    if len(content) > INDEX_BYTES:
        raise BundleWrong(where, f"it has {len(content):,} bytes, the most is {INDEX_BYTES:,}")
    try:
        schema = json_of(content, dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            hint = "upgrade gilmok here, or make the bundle with an older one"
            raise BundleWrong(where, f"it is of version {schema}, this gilmok reads {SCHEMA}", hint)
        bundle = json_of(content, Bundle)
    except ContentWrong as error:
        raise BundleWrong(where, f"it is no bundle's list: {error.what}") from error
    if encoded(bundle) != content:
        raise BundleWrong(where, "it is not written as gilmok writes it")
    return bundle


def read_index(folder: Path) -> tuple[Bundle, str]:
    """bundle.json of a folder, and its digest: the bundle's. No other file is looked at. Raises BundleWrong."""
    path = folder / INDEX
    if path.is_symlink():
        raise BundleWrong(path, "it is a link")
    try:
        content = read_bytes(path, INDEX_BYTES)
    except ContentWrong as error:
        hint = "name a folder that `gilmok bundle make` has made"
        raise BundleWrong(path, f"it {error.what}", hint) from error
    return decoded(content, path), digest_of(content)


def digest_of(content: bytes) -> str:
    """Of bundle.json: the name of the bundle, wherever it lies."""
    return hashlib.sha256(content).hexdigest()
