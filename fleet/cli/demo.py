"""`gilmok demo`: a living testbed on a fresh machine, with nothing to download."""

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
    parser.add_argument("--stay", action="store_true", help="go on showing the dashboard afterwards, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of tables")
    chosen = parser.parse_args(argv)

    from fleet.scenario.demo import demo_scenario
    from fleet.scenario.terminal import run_at_terminal
    from sensors.terminal import console
    from sensors.terminal.exit_status import INTERRUPTED

    scenario = demo_scenario(chosen.recordings, chosen.model, chosen.seconds)
    status = run_at_terminal(scenario, chosen.out or fresh_folder("demo"), chosen.json, stay=chosen.stay)
    if not chosen.json and status != INTERRUPTED:
        console.say("", *NEXT.format(model=chosen.model).splitlines())
    return status
