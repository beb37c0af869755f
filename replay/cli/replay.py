"""`gilmok replay`: recordings through a model without MQTT, and what recordings there are."""

import importlib

from sensors.terminal.command_line import command_parser

VERBS = {
    "run": ("replay.cli.run:register", "run a model over a recording, in lockstep or in real time, and score it"),
    "list": ("replay.cli.recordings:register_list", "what recordings are in this folder"),
    "check": (
        "replay.cli.recordings:register_check",
        "is it sound: missing pictures, boxes outside, labels without a picture, ...",
    ),
    "convert": ("replay.cli.convert:register", "write a recording in another layout; what is lost is told first"),
    "label": ("replay.cli.label:register", "a stronger model's findings as a truth of proposals, marked as such"),
    "record": ("replay.cli.record:register", "write a recording, a video or what a camera shows as an MCAP file"),
    "recover": ("replay.cli.record:register_recover", "take out of an MCAP file what a killed writer left whole"),
    "score": ("replay.cli.score:register", "score another program's findings: COCO, streaming, KITTI or tracking"),
    "events": ("replay.cli.events:register", "minutes worth looking at again: of a run, or of what a node recorded"),
    "report": ("replay.cli.report:register", "write a run folder's report.html: one page, complete in itself"),
    "export": (
        "replay.cli.export:register",
        "write a run for other programs: COCO, Parquet, CSV, FiftyOne, MOT, KITTI, OpenLABEL",
    ),
    "compare": ("replay.cli.compare:register", "is B worse than A? differences with intervals, and a verdict"),
    "gate": ("replay.cli.gate:register", "does a run clear the bars of GATES.toml?"),
    "trend": (
        "replay.cli.trend:register",
        "add tonight's run to a history: is it getting worse, over all nights together?",
    ),
    "whatif": ("replay.cli.whatif:register", "score a recorded run again as if its answers had come sooner or later"),
    "profile": ("replay.cli.profile:register", "score a recorded run by its data set's own rules, or by roles"),
    "determinism": (
        "replay.cli.determinism:register",
        "replay a recording several times in lockstep: one digest, or the first frame that differs",
    ),
}


def main(argv: list[str]) -> int:
    parser = command_parser(prog="gilmok replay", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, (place, text) in VERBS.items():
        verb = verbs.add_parser(name, help=text)
        # Only the verb that is called is imported.
        if argv[:1] == [name]:
            module, function = place.split(":")
            getattr(importlib.import_module(module), function)(verb)
    chosen = parser.parse_args(argv)
    return int(chosen.call(chosen))
