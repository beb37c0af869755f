"""`gilmok demo`: a living testbed on a fresh machine, with nothing to download."""

import argparse
from pathlib import Path

from sensors.ranges import Seconds, in_range
from sensors.terminal.command_line import command_parser

NEXT = """\
What you saw: four cameras at one drawn crossing, each with a node of its own running a small detector in real time,
a hub over MQTT, and every frame accounted for. Dropped frames are frames that this machine was too slow for.

Next:
  your own video      gilmok camera view VIDEO.mp4 --model {model} --out frame.png
  your own data set   gilmok replay check --dataset ua-detrac --root DIR
  your own model      gilmok model add mine mine.onnx --manifest mine.toml
  your own chip       gilmok backend list
  your own broker     gilmok run examples/three-roads.toml, with a [broker] url in it"""


UNITS = """\
Four units drive in {folder}, the dashboard is at {dashboard}. To roll a second model out to them, in another terminal:
  cd {folder}
  gilmok bundle make --model gilmok-mini-int8 --backend onnxruntime --out int8
  gilmok bundle repository add repository int8
  gilmok fleet rollout int8.toml
Ctrl-C ends them; the same command goes on with them."""


def main(argv: list[str]) -> int:
    from fleet.cli.run import fresh_folder
    from fleet.scenario.demo import MODEL, SAMPLES, SECONDS

    parser = command_parser(prog="gilmok demo", description=__doc__)
    parser.add_argument(
        "--seconds", type=in_range(Seconds), default=SECONDS, help="length of the drive (default: %(default)g)"
    )
    parser.add_argument("--recordings", type=Path, default=SAMPLES, help="a folder of the built-in world's recordings")
    parser.add_argument("--model", default=MODEL, help="a model of the catalogue, or a file (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="the run folder to make (default: runs/demo-<now>)")
    parser.add_argument(
        "--units", type=Path, metavar="DIR", help="four units in a folder, to roll models out to, until Ctrl-C instead"
    )
    parser.add_argument(
        "--live",
        action=argparse.BooleanOptionalAction,
        help="a fifth camera, live over RTSP (default: where GStreamer's server and four cores are there)",
    )
    parser.add_argument("--stay", action="store_true", help="go on showing the dashboard afterwards, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    chosen = parser.parse_args(argv)

    if chosen.units is not None:
        return _units(chosen.units, chosen.recordings, chosen.model)

    from contextlib import ExitStack

    from fleet.scenario.demo import demo_scenario, shown_live
    from fleet.scenario.live_camera import live_camera, worth_having
    from fleet.scenario.terminal import run_at_terminal
    from sensors.terminal import console
    from sensors.terminal.exit_status import INTERRUPTED

    with ExitStack() as stack:
        live = ""
        if chosen.live or (chosen.live is None and worth_having()):
            live = stack.enter_context(live_camera(shown_live(chosen.recordings)))
        scenario = demo_scenario(chosen.recordings, chosen.model, chosen.seconds, live)
        status = run_at_terminal(scenario, chosen.out or fresh_folder("demo"), chosen.json, stay=chosen.stay)
    if not chosen.json and status != INTERRUPTED:
        console.say("", *NEXT.format(model=chosen.model).splitlines())
    return status


def _units(folder: Path, recordings: Path, model: str) -> int:
    import threading

    from fleet.scenario.unit_demo import prepare, running
    from sensors.clock import SystemClock
    from sensors.logs import to_stderr
    from sensors.signals import ended_by_signals
    from sensors.terminal import console

    to_stderr()
    done = threading.Event()
    with ended_by_signals(done.set):
        paths = prepare(folder.absolute(), recordings.absolute(), model, SystemClock())
        with console.waiting("starting hub and units"), running(folder.absolute(), paths) as (hub, units):
            console.say(*UNITS.format(folder=folder, dashboard=hub.printed("dashboard")).splitlines())
            while not done.wait(1.0):
                for child in (hub, *units):
                    child.check()
    return 0
