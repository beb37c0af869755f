"""The bill of materials of a bundle, in CycloneDX's form: the model, its files, what compiled it, and the software that
it was tried with.

The same bundle has the same bill: it carries no date, and its serial number follows from its content.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from models.bundle.bundle import FileEntry
from models.manifest import Artefact, Manifest
from sensors.errors import GilmokError
from sensors.terminal.pretty_json import pretty

GILMOK = "gilmok"
UNSTATED = "not stated"
"""What a manifest says where its makers say nothing (`models.own_manifest`)."""
SPACE = uuid.UUID("8c2f5a0e-55a9-5d0b-9a0e-6d1a6b1d7c11")
"""Of serial numbers."""
_REQUIRED = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?([^;]*)(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


class SbomUnavailable(GilmokError):
    def __init__(self, error: ImportError) -> None:
        super().__init__(
            f"a bundle's bill of materials needs {error.name or str(error)!r}, which is not installed",
            "pip install 'gilmok[deploy]'",
        )


def bill(manifest: Manifest, artefact: Artefact, files: Mapping[str, FileEntry], extras: Iterable[str]) -> bytes:
    """JSON. `files`: of the model and its artefact. `extras`: of gilmok, whose packages the bundle needs.

    Raises SbomUnavailable.
    """
    try:
        from cyclonedx.model import Property
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.output.json import JsonV1Dot6
        from packageurl import PackageURL
    except ImportError as error:
        raise SbomUnavailable(error) from error
    model = Component(
        name=manifest.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="model",
        version=manifest.sha256,
        description=manifest.summary or None,
        hashes=[_sha256(manifest.sha256)],
        licenses=_licence(manifest.origin.licence),
        properties=[Property(name=f"gilmok:{what}", value=how) for what, how in _settings(artefact)],
    )
    parts = [
        Component(
            name=name, type=ComponentType.FILE, bom_ref=name, version=entry.sha256, hashes=[_sha256(entry.sha256)]
        )
        for name, entry in sorted(files.items())
    ]
    tools = [
        Component(name=tool, type=ComponentType.APPLICATION, bom_ref=f"compiler:{tool}", version=version)
        for tool, version in sorted(artefact.toolchain.items())
        if version[:1].isdigit()
    ]
    packages = [
        Component(
            name=name,
            type=ComponentType.LIBRARY,
            bom_ref=f"pkg:pypi/{name}@{version}",
            version=version,
            purl=PackageURL("pypi", None, name, version),
            licenses=_licence(licence),
        )
        for name, version, licence in sorted(_installed(GILMOK, frozenset(extras)))
    ]
    bom = Bom(components=[*parts, *tools, *packages])
    bom.metadata = BomMetaData(component=model)
    content = sorted([*(entry.sha256 for entry in files.values()), *(str(one.bom_ref) for one in packages)])
    bom.serial_number = uuid.uuid5(SPACE, "\n".join(content))
    bom.register_dependency(model, [*parts, *tools, *packages])
    return _without_date(JsonV1Dot6(bom).output_as_string())


def _settings(artefact: Artefact) -> list[tuple[str, str]]:
    """Of the compilers: what of a recipe is no program with its version."""
    options = [(what, how) for what, how in artefact.toolchain.items() if not how[:1].isdigit()]
    seen = [("calibration", f"{one.dataset} {one.recording}, {len(one.frames)} frames") for one in artefact.calibration]
    return [("backend", artefact.backend), ("precision", artefact.precision), *options, *seen]


def _without_date(text: str) -> bytes:
    """A date would make a new bundle of the same content; whoever signs the bundle dates it."""
    told = json.loads(text)
    del told["metadata"]["timestamp"]
    return pretty(told)


def _sha256(digest: str) -> Any:
    from cyclonedx.model import HashAlgorithm, HashType

    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _licence(text: str) -> list[Any]:
    from cyclonedx.contrib.license.factories import LicenseFactory

    return [LicenseFactory().make_from_string(text)] if text.strip() not in ("", UNSTATED) else []


def _installed(name: str, extras: frozenset[str]) -> set[tuple[str, str, str]]:
    """(name, version, licence) of a distribution and of all that it asks for and that is installed here."""
    found: dict[str, tuple[str, str, str]] = {}
    pending = [(name, extras)]
    while pending:
        wanted, chosen = pending.pop()
        key = re.sub(r"[-_.]+", "-", wanted).lower()
        try:
            about = metadata.distribution(wanted)
        except metadata.PackageNotFoundError:
            continue
        new = key not in found
        found[key] = (key, about.version, _stated_licence(about))
        for required in about.requires or [] if new or chosen else []:
            match = _REQUIRED.match(required)
            if match is None:
                continue
            extra = _EXTRA.search(match[4] or "")
            if extra is None or extra[1] in chosen:
                pending.append((match[1], frozenset(filter(None, re.split(r"[,\s]+", match[2] or "")))))
    return set(found.values())


def _stated_licence(about: metadata.Distribution) -> str:
    told = about.metadata.json.get("license_expression", "")
    return told if isinstance(told, str) else ""
