"""`gilmok replay determinism`: one recording again and again, and whether the answers are the same ones."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from replay.cli.which_recording import add_recording, name_recording
from sensors.ranges import Count, Repetitions, in_range
from sensors.terminal.exit_status import DONE, REGRESSION

if TYPE_CHECKING:
    from replay.runs.offline import ReplayConfig
    from replay.runs.repeats import Repeats

SHOWN_DIGITS = 12


def register(check: argparse.ArgumentParser) -> None:
    add_recording(check)
    check.add_argument("--model", required=True, help="a model of the catalogue, or a model's file")
    check.add_argument("--repeats", type=in_range(Repetitions), default=3, metavar="N", help="how often (%(default)s)")
    check.add_argument("--reload", action="store_true", help="load the model anew for every repeat")
    check.add_argument("--frames", type=in_range(Count), help="stop after so many frames")
    check.add_argument("--backend", default="onnxruntime")
    check.add_argument("--device", default="cpu")
    check.add_argument("--precision", default="original", help="of what `gilmok model compile` made")
    check.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the backend, as TOML"
    )
    check.add_argument("--tracker", metavar="NAME", help="let the findings be tracked too")
    check.add_argument("--json", action="store_true", help="print JSON instead of text")
    check.set_defaults(call=_check)


def _check(chosen: argparse.Namespace) -> int:
    from replay.recording import open_dataset
    from replay.runs.repeats import repeated
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.terminal import console

    to_stderr()
    name_recording(chosen)
    held = len(open_dataset(chosen.dataset, chosen.root).open(chosen.name).numbers)
    total = chosen.repeats * min(held, chosen.frames or held)
    with console.bars("count", "remaining") as progress:
        task = progress.add_task(chosen.name, total=total)
        found = repeated(
            _config(chosen),
            chosen.repeats,
            SystemClock(),
            reload=chosen.reload,
            advance=lambda: progress.advance(task),
        )
    if chosen.json:
        console.print_json(found)
    else:
        console.say(*_told(found))
    return DONE if found.same else REGRESSION


def _config(chosen: argparse.Namespace) -> "ReplayConfig":
    from edge.config import BackendChoice, ModelChoice, TrackerChoice
    from replay.runs.offline import ReplayConfig
    from sensors.config import assignments

    backend = BackendChoice(
        name=chosen.backend, device=chosen.device, options=assignments(chosen.set), precision=chosen.precision
    )
    return ReplayConfig(
        dataset=chosen.dataset,
        root=chosen.root,
        name=chosen.name,
        model=ModelChoice.of(chosen.model),
        backend=backend,
        tracker=TrackerChoice(name=chosen.tracker) if chosen.tracker else None,
        frames=chosen.frames,
    )


def _told(found: "Repeats") -> Iterator[str]:
    how = "loaded anew each time" if found.reloaded else "loaded once"
    yield (
        f"{found.model} on {found.backend}:{found.device} ({how}), {found.dataset} {found.recording}: "
        f"{len(found.digests)} repeats of {found.frames} frames"
    )
    if found.same:
        yield f"one digest: {found.digests[0]}"
        return
    for number, (digest, findings) in enumerate(zip(found.digests, found.findings, strict=True), 1):
        yield f"  {number}: all stages {digest[:SHOWN_DIGITS]}, findings {findings[:SHOWN_DIGITS]}"
    apart = found.difference
    assert apart is not None
    yield (
        f"repeat {apart.repeat} differs from the first in {apart.frames} frames, first in frame {apart.frame} at "
        f"{apart.stage}: {apart.first[:SHOWN_DIGITS] or '-'} and {apart.other[:SHOWN_DIGITS] or '-'}"
    )
    if len(set(found.findings)) == 1:
        yield "what was found is the same all the same"
