"""`gilmok replay run`: one recording through one model, without MQTT."""

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from replay.cli.classes_option import add_classes, classes_of, names
from replay.cli.which_recording import add_recording, name_recording
from replay.report.conclusion import add_option, conclude
from sensors.errors import GilmokError
from sensors.ranges import Count, Fps, Milliseconds, Seed, Share, in_range

if TYPE_CHECKING:
    from edge.stream import Stream
    from replay.part import Part
    from replay.runs.offline import ReplayConfig

PROGRESS_PERIOD_S = 0.2
DEADLINE_MS = 10_000.0


class TrackerUnnamed(GilmokError):
    def __init__(self, option: str) -> None:
        super().__init__(f"--tracker-set {option} is an option of no tracker", "name one with --tracker")


def register(run: argparse.ArgumentParser) -> None:
    add_recording(run)
    run.add_argument("--model", required=True, help="a model of the catalogue, or a model's file")
    run.add_argument(
        "--labels", nargs="+", default=[], help="evaluated classes (default: all that the data set offers)"
    )
    add_classes(run)
    run.add_argument(
        "--model-labels",
        type=names,
        metavar="NAMES",
        help="names for the model's classes, in order: car,person,truck",
    )
    run.add_argument("--pace", choices=["lockstep", "realtime"], default="lockstep")
    run.add_argument("--fps", type=in_range(Fps), help="of stills, which have no rate of their own, in real time")
    run.add_argument("--backend", default="onnxruntime")
    run.add_argument("--device", default="cpu")
    run.add_argument(
        "--precision",
        default="original",
        help="of what `gilmok model compile` made; `original` is the model's own file",
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the backend, as TOML: --set threads=2 --set sessions=2",
    )
    run.add_argument("--tracker", metavar="NAME", help="give findings track ids, and score these too: bytetrack")
    run.add_argument(
        "--tracker-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the tracker, as TOML: --tracker-set high_score=0.5",
    )
    run.add_argument(
        "--deadline-ms",
        type=in_range(Milliseconds),
        default=DEADLINE_MS,
        help="a frame without an answer by then fails; a session that hangs so long is built anew (%(default)g)",
    )
    run.add_argument("--frames", type=in_range(Count), help="stop after so many frames")
    run.add_argument("--every", type=in_range(Count), help="play only each so many-th frame: a lower rate")
    run.add_argument("--lost", type=in_range(Share), help="a share of the frames that the camera never delivers")
    run.add_argument("--seed", type=in_range(Seed), help="which frames are lost (default: 0)")
    run.add_argument("--unsound", action="store_true", help="score a recording that `replay check` calls unsound, too")
    run.add_argument("--out", type=Path, required=True, help="the run folder to make")
    add_option(run)
    run.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    run.set_defaults(call=_run)


def _run(chosen: argparse.Namespace) -> int:
    from replay.runs.offline import OfflineRun
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.signals import Postponable, ended_by_signals
    from sensors.terminal.exit_status import INTERRUPTED

    to_stderr()
    name_recording(chosen)
    run = OfflineRun(_configuration(chosen), chosen.out, SystemClock())
    done = threading.Event()
    watchers: list[threading.Thread] = []

    def begun(stream: "Stream", total: int) -> None:
        watcher = threading.Thread(target=_watch, args=(chosen.name, stream, total, done))
        watcher.start()
        watchers.append(watcher)

    drawing = Postponable(later=not chosen.report)

    def stop() -> None:
        """A run that has begun ends with what it has; before that there is nothing to keep."""
        if not run.begun:
            raise KeyboardInterrupt
        run.stop()
        drawing.put_off()

    hurry, finishing = run.scoring.put_off, lambda: run.ending
    with ended_by_signals(stop, give_up=run.give_up, hurry=hurry, finishing=finishing):
        try:
            summary = run.run(begun)
        finally:
            done.set()
            for watcher in watchers:
                watcher.join()
        conclude(chosen.out, summary, chosen.json, drawing)
    if run.stopped:
        return INTERRUPTED
    return 1 if summary.frames.failed or not summary.books.balanced else 0


def _configuration(chosen: argparse.Namespace) -> "ReplayConfig":
    from edge.config import BackendChoice, ModelChoice, TrackerChoice
    from replay.runs.offline import ReplayConfig
    from sensors.config import assignments

    tracker = None
    if chosen.tracker_set and not chosen.tracker:
        raise TrackerUnnamed(chosen.tracker_set[0])
    if chosen.tracker:
        tracker = TrackerChoice(name=chosen.tracker, options=assignments(chosen.tracker_set))
    return ReplayConfig(
        dataset=chosen.dataset,
        root=chosen.root,
        name=chosen.name,
        model=ModelChoice.of(chosen.model, chosen.model_labels or ""),
        backend=BackendChoice(
            name=chosen.backend,
            device=chosen.device,
            options=assignments(chosen.set),
            precision=chosen.precision,
            deadline_ms=chosen.deadline_ms,
        ),
        pace=chosen.pace,
        tracker=tracker,
        labels=tuple(chosen.labels),
        classes=classes_of(chosen),
        frames=chosen.frames,
        fps=chosen.fps,
        part=_part(chosen),
        unsound=chosen.unsound,
    )


def _part(chosen: argparse.Namespace) -> "Part | None":
    from replay.part import Part

    asked = {key: value for key in ("every", "lost", "seed") if (value := getattr(chosen, key)) is not None}
    return Part(**asked) if asked else None


def _watch(name: str, stream: "Stream", total: int, done: threading.Event) -> None:
    """A progress bar beside the run; it only reads counters."""
    from sensors.terminal import console

    with console.bars("count", "remaining") as progress:
        task = progress.add_task(name, total=total)
        while not done.wait(PROGRESS_PERIOD_S):
            counted = stream.counters()
            progress.update(task, completed=counted.ok + counted.failed + counted.dropped)
