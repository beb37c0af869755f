"""gilmok bundle: verify and show bundles. `bundle make` and `bundle repository` are verbs of their own."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE

if TYPE_CHECKING:
    from models.bundle.verify import VerifiedBundle


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok bundle",
        description="Verify, show and fetch bundles: a model for one kind of chip with all that a unit checks before "
        "it drives with it. `gilmok bundle make` makes one, `gilmok bundle repository` signs and keeps them.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    verify = _verb(verbs, "verify", "is every byte of a bundle what it says? Nothing of it is run", _verify)
    verify.add_argument("folder", type=Path, metavar="DIR", help="of the bundle")
    verify.add_argument("--digest", default="", metavar="SHA256", help="which bundle it has to be")
    showing = _verb(verbs, "show", "what a bundle holds, and for which devices; all of it is verified first", _show)
    showing.add_argument("folder", type=Path, metavar="DIR", help="of the bundle")
    fetch = _verb(verbs, "fetch", "fetch a bundle from a repository, as a unit does, and verify it", _fetch)
    fetch.add_argument("source", metavar="REPOSITORY", help="http(s)://HOST[:PORT]/PATH, or a folder")
    fetch.add_argument("bundle", metavar="NAME", help="of a line, whose newest it is; or a bundle's digest")
    fetch.add_argument("--trusted", type=Path, required=True, metavar="DIR", help="what is trusted of the repository")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="where bundles go, a folder each")
    fetch.add_argument("--root", type=Path, metavar="ROOT.json", help="trust this root, the first time")
    fetch.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust, and not the system's")
    chosen = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = chosen.run
    return run(chosen)


def _verb(verbs: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _verify(chosen: argparse.Namespace) -> int:
    from sensors.terminal import console

    found = _verified(chosen.folder, chosen.digest)
    files, size = len(found.bundle.files), found.bundle.total_bytes
    if chosen.json:
        console.print_json({"digest": found.digest, "name": found.bundle.name, "files": files, "bytes": size})
    else:
        console.say(f"{chosen.folder}: all {files} files ({size:,} bytes) are what bundle {found.digest} says")
    return DONE


def _show(chosen: argparse.Namespace) -> int:
    from sensors.terminal import console

    show(_verified(chosen.folder, ""), console.print_json if chosen.json else None)
    return DONE


def _fetch(chosen: argparse.Namespace) -> int:
    from models.bundle.repository.client import RepositoryClient, trust
    from sensors.terminal import console

    if chosen.root is not None:
        trust(chosen.trusted, chosen.root)
    client = RepositoryClient(chosen.trusted, chosen.source, ca=chosen.ca)
    listed = {one.digest: one for one in client.listing()}
    one = listed.get(chosen.bundle) or client.latest(chosen.bundle)
    with console.bars("bytes", "speed") as bars:
        task = bars.add_task(one.name, total=one.bytes)
        found = client.fetch(one.digest, chosen.out, lambda taken: bars.advance(task, taken))
    if chosen.json:
        told = {"folder": str(found.folder), "digest": one.digest, "name": one.name, "version": one.version}
        console.print_json(told)
    else:
        console.say(f"{found.folder}: {one.name}, version {one.version}, {one.bytes:,} bytes, all verified")
    return DONE


def _verified(folder: Path, digest: str) -> "VerifiedBundle":
    from models.bundle.bundle import read_index
    from models.bundle.verify import verify
    from sensors.terminal import console

    total = read_index(folder)[0].total_bytes
    with console.bars("bytes") as bars:
        task = bars.add_task(folder.name, total=total)
        return verify(folder, digest, lambda taken: bars.advance(task, taken))


def show(found: "VerifiedBundle", print_json: Callable[[Any], None] | None = None) -> None:
    """What a bundle holds: as a table, or by `print_json`."""
    import msgspec

    from models.bundle.tuples import PARTS
    from sensors.terminal import console
    from sensors.terminal.text_table import Table

    bundle, expected = found.bundle, found.expected
    if print_json is not None:
        tested = {"recorded_on": expected.recorded_on, "precision": expected.precision, "bounds": expected.bounds}
        counts = {"frames": len(expected.frames), "boxes": expected.boxes}
        told = msgspec.to_builtins(bundle) | {"self_test": msgspec.to_builtins(tested) | counts}
        print_json(
            told | {"digest": found.digest, "bytes": bundle.total_bytes, "patch": msgspec.to_builtins(found.patch)}
        )
        return
    table = Table("", ["part", "what"])
    table.add("bundle", f"{bundle.name}, {found.digest}")
    table.add("model", f"{bundle.model.name} (sha256 {bundle.model.sha256})")
    table.add(
        "artefact", f"{bundle.artefact.precision} for {bundle.artefact.backend} (sha256 {bundle.artefact.sha256})"
    )
    for program, version in found.artefact.toolchain.items():
        table.add("  made by", f"{program} {version}")
    for one in bundle.good_for:
        table.add("good for", f"{one.backend}, {one.kind}")
        for part in PARTS:
            table.add(f"  {part}", getattr(one, part))
    boxes = f"{expected.boxes} boxes of score {expected.bounds.score:g} or more"
    device = expected.recorded_on
    where = f"recorded on {device.backend} {device.kind} ({device.architecture or 'architecture not told'})"
    table.add("self-test", f"{len(expected.frames)} frames, {boxes}; {where}, {expected.precision}")
    qualified = bundle.qualification
    table.add("qualification", "none" if qualified is None else f"{qualified.verdict}: {qualified.sentence}")
    if qualified is not None:
        table.add("  on", f"{qualified.backend} {qualified.device} ({qualified.kind})")
    table.add("changes", "nothing but the model" if not bundle_changes(found) else ", ".join(bundle_changes(found)))
    table.add("size", f"{len(bundle.files)} files, {bundle.total_bytes:,} bytes")
    console.show(table)


def bundle_changes(found: "VerifiedBundle") -> list[str]:
    """What its patch sets in NODE.toml, as `key = value`."""
    backend, model = found.patch.backend, found.patch.model
    told = [f"backend.options.{key} = {value}" for key, value in backend.options.items()]
    if backend.deadline_ms is not None:
        told.append(f"backend.deadline_ms = {backend.deadline_ms:g}")
    if model.labels:
        told.append(f"model.labels = {', '.join(model.labels)}")
    return told
