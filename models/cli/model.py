"""gilmok model: list, show, add and verify models."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import msgspec

from models import adding, artefacts, catalogue
from models.fetch import OnBytes
from models.manifest import Artefact, Filter, Manifest
from models.recognise.recognition import Answers, Recognition
from sensors.errors import GilmokError
from sensors.ranges import Pixels, size_in
from sensors.terminal import console
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE, WORLD_WRONG
from sensors.terminal.text_table import Table


def main(argv: list[str]) -> int:
    parser = command_parser(
        prog="gilmok model",
        description="List, show, add and verify models. `gilmok model compile` makes artefacts for a backend; "
        "`gilmok model doctor` tries whether a model is fed and read the way it was trained.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _verb(verbs, "list", "every known model, and whether its file is here", _list)
    show = _verb(verbs, "show", "one model: its manifest and where its file is", _show)
    show.add_argument("model", metavar="MODEL", help="a known name, or the path of a model file")
    add = _verb(
        verbs,
        "add",
        "take a model's file into the store: a known one by its sha256, one of your own by what it says of itself",
        _add,
    )
    add.add_argument("name", metavar="NAME")
    add.add_argument("source", metavar="FILE_OR_URL")
    add.add_argument("--manifest", type=Path, metavar="TOML", help="what the file is, where it can't tell itself")
    add.add_argument(
        "--labels", metavar="NAMES", help="in the order of the training: car,person,truck; or coco80, coco91"
    )
    add.add_argument(
        "--size", type=size_in(Pixels), metavar="WxH", help="of the network's input, where the file leaves it open"
    )
    add.add_argument("--decoder", metavar="NAME", help="which head it is, where its outputs leave it open")
    add.add_argument(
        "--filter",
        choices=get_args(Filter),
        help="how pictures shrink: by OpenCV's bilinear rule, or smoothed, as Pillow and Transformers' processors do",
    )
    verify = _verb(
        verbs, "verify", "check digest, file and decoder; of all models that are here if none is named", _verify
    )
    verify.add_argument("models", nargs="*", metavar="MODEL")
    chosen = parser.parse_args(argv)
    run: Callable[[argparse.Namespace], int] = chosen.run
    return run(chosen)


def _verb(verbs: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _list(chosen: argparse.Namespace) -> int:
    models = [_record(manifest, _where(manifest)) for manifest in catalogue.known().values()]
    for name, error in catalogue.broken().items():
        console.warn(f"model {name} can't be used: {error.sentence}")
    if chosen.json:
        console.print_json(models)
        return DONE
    table = Table("", ["model", "here", "input", "licence", "what"])
    for model in models:
        here, size = "yes" if model["path"] else "no", "{width}x{height}".format_map(model["input"])
        table.add(model["name"], here, size, model["origin"]["licence"], model["summary"])
    console.show(table, f"store: {catalogue.store()}")
    return DONE


def _show(chosen: argparse.Namespace) -> int:
    models = catalogue.known()
    if chosen.model in models:
        manifest = models[chosen.model]
        record = _record(manifest, _where(manifest))
    else:
        manifest, _ = catalogue.locate(chosen.model)
        record = _record(manifest, Path(chosen.model).expanduser())
    if chosen.json:
        console.print_json(record)
    else:
        table = Table("", ["key", "value"])
        for key, value in _flat(record):
            table.add(key, "-" if value in (None, []) else str(value))
        console.show(table)
    return DONE


def _add(chosen: argparse.Namespace) -> int:
    found: list[Recognition] = []
    with _progress(chosen.source) as on_bytes:
        answers = Answers(chosen.labels, chosen.size, chosen.decoder, chosen.filter)
        before = catalogue.known().get(chosen.name)
        there = before is not None and _where(before) is not None
        manifest, artefact = adding.add(
            chosen.name,
            chosen.source,
            chosen.manifest,
            on_bytes,
            answers if answers != Answers() else None,
            found.append,
        )
    if chosen.json:
        recognised = {"read": found[0].read, "assumed": found[0].assumed} if found else {}
        console.print_json(_record(manifest, artefact.path) | recognised)
    else:
        console.say(*(f"read: {line}" for one in found for line in one.read))
        console.say(*(f"assumed: {line}" for one in found for line in one.assumed))
        where = "was in the store already" if there and before == manifest else "is in the store"
        console.say(f"{manifest.name} {where}: {artefact.path} (sha256 {artefact.sha256})")
    return DONE


def _verify(chosen: argparse.Namespace) -> int:
    names = chosen.models or [manifest.name for manifest in catalogue.known().values() if _where(manifest)]
    unreadable = [] if chosen.models else list(catalogue.broken())
    verdicts = [_verdict(name) for name in [*names, *unreadable]]
    if chosen.json:
        console.print_json(verdicts)
    else:
        for verdict in verdicts:
            console.say(*f"{verdict['model']}: {verdict['wrong'] or 'right'}".splitlines())
    return WORLD_WRONG if any(verdict["wrong"] for verdict in verdicts) else DONE


def _verdict(name: str) -> dict[str, str]:
    """`wrong` is empty where nothing is."""
    artefact: Artefact | None = None
    try:
        _, artefact = catalogue.verify(name)
        wrong = ""
    except GilmokError as error:
        wrong = str(error)
    return {"model": name, "path": str(artefact.path) if artefact else "", "wrong": wrong}


def _where(manifest: Manifest) -> Path | None:
    path = catalogue.place(manifest)
    return path if path.is_file() else None


def _record(manifest: Manifest, path: Path | None) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.to_builtins(manifest)
    compiled = artefacts.compiled(catalogue.store(), manifest.name)
    return record | {"path": None if path is None else str(path), "compiled": compiled}


def _flat(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


@contextmanager
def _progress(source: str) -> Iterator[OnBytes]:
    with console.bars("bytes", "speed") as bars:
        task = bars.add_task(Path(source).name, total=None)
        yield lambda taken, total: bars.update(task, completed=taken, total=total)
