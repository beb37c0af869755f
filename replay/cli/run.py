"""`gilmok replay run`: one recording through one model, without MQTT."""

import argparse
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sensors.ranges import Count, Milliseconds, in_range

if TYPE_CHECKING:
    from edge.stream import Stream
    from replay.runs.offline import OfflineRun, ReplayConfig

"""What a shell takes for ended by Ctrl-C."""
PROGRESS_PERIOD_S = 0.2
DEADLINE_MS = 10_000.0


def register(run: argparse.ArgumentParser) -> None:
    run.add_argument("--dataset", required=True, help="the data set's layout: ua-detrac, mot, kitti-tracking, ...")
    run.add_argument("--root", required=True, type=Path, help="the data set's folder")
    run.add_argument("--name", required=True, help="the recording (`gilmok replay list` names them)")
    run.add_argument("--model", required=True, help="a model of the catalogue, or a model's file")
    run.add_argument(
        "--labels", nargs="+", default=[], help="evaluated classes (default: all that the data set offers)"
    )
    run.add_argument("--pace", choices=["lockstep", "realtime"], default="lockstep")
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
    run.add_argument("--unsound", action="store_true", help="score a recording that `replay check` calls unsound, too")
    run.add_argument("--out", type=Path, required=True, help="the run folder to make")
    run.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    run.set_defaults(call=_run)


def _run(chosen: argparse.Namespace) -> int:
    from replay.report.offer import offer_report
    from replay.runs.offline import OfflineRun
    from replay.runs.runfolder import SUMMARY
    from replay.runs.tables import render
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.signals import ended_by_signals
    from sensors.terminal import console
    from sensors.terminal.exit_status import INTERRUPTED

    to_stderr()
    run = OfflineRun(_configuration(chosen), chosen.out, SystemClock())
    done = threading.Event()
    watchers: list[threading.Thread] = []

    def begun(stream: "Stream", total: int) -> None:
        watcher = threading.Thread(target=_watch, args=(chosen.name, stream, total, done))
        watcher.start()
        watchers.append(watcher)

    try:
        with ended_by_signals(lambda: _interrupt(run), give_up=run.give_up, finishing=lambda: run.scoring):
            summary = run.run(begun)
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()
    # Whoever interrupts wants an end, and a report takes its time.
    page = (
        [f"`gilmok replay report {chosen.out}` draws its report"] if summary.interrupted else offer_report(chosen.out)
    )
    if chosen.json:
        console.print_file(chosen.out / SUMMARY)
    else:
        console.show(*render(summary), f"run folder: {chosen.out}", *page)
    if summary.interrupted:
        return INTERRUPTED
    return 1 if summary.frames.failed or not summary.books.balanced else 0


def _interrupt(run: "OfflineRun") -> None:
    """A run that has begun ends with what it has; before that there is nothing to keep."""
    if not run.begun:
        raise KeyboardInterrupt
    run.stop()


def _configuration(chosen: argparse.Namespace) -> "ReplayConfig":
    from edge.config import BackendChoice, ModelChoice, TrackerChoice
    from replay.runs.offline import ReplayConfig
    from sensors.config import assignments

    tracker = None
    if chosen.tracker:
        tracker = TrackerChoice(name=chosen.tracker, options=assignments(chosen.tracker_set))
    return ReplayConfig(
        dataset=chosen.dataset,
        root=chosen.root,
        name=chosen.name,
        model=ModelChoice.of(chosen.model),
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
        frames=chosen.frames,
        unsound=chosen.unsound,
    )


def _watch(name: str, stream: "Stream", total: int, done: threading.Event) -> None:
    """A progress bar beside the run; it only reads counters."""
    from sensors.terminal import console

    with console.bars("count", "remaining") as progress:
        task = progress.add_task(name, total=total)
        while not done.wait(PROGRESS_PERIOD_S):
            counted = stream.counters()
            progress.update(task, completed=counted.ok + counted.failed + counted.dropped)
