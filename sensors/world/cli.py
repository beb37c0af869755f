"""`gilmok world`: drive through the built-in world and keep what its cameras saw."""

import argparse
import json
import os
from pathlib import Path

from sensors.ranges import DriveSeconds, Fps, Seed, Side, in_range, size_in
from sensors.terminal.command_line import command_parser


def main(argv: list[str]) -> int:
    """0 done, 2 usage; raises what is wrong with the world."""
    from sensors.world.conditions import CONDITIONS
    from sensors.world.layouts import LAYOUTS

    parser = command_parser(prog="gilmok world", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    render = verbs.add_parser("render", help="write a drive of the world as recordings, one a camera")
    render.add_argument("--layout", default="crossing", choices=sorted(LAYOUTS))
    render.add_argument("--seed", type=in_range(Seed), default=7)
    render.add_argument("--condition", default="day", choices=list(CONDITIONS))
    render.add_argument(
        "--cameras", nargs="+", default=["rsu-1", "rsu-2", "vehicle-1", "vehicle-2"], metavar="NAME",
        help="rsu-N hangs at the N-th corner, vehicle-N rides on the N-th best car (default: two of each)",
    )  # fmt: skip
    render.add_argument("--seconds", type=in_range(DriveSeconds), default=40.0)
    render.add_argument("--fps", type=in_range(Fps), default=15.0)
    render.add_argument("--size", type=size_in(Side), default=(640, 360), metavar="WxH", help="default: 640x360")
    render.add_argument("--renderer", default="p3tinydisplay", choices=["p3tinydisplay", "p3headlessgl"])
    render.add_argument(
        "--fault", action="append", default=[], metavar="KIND@FROM-TO[:AMOUNT]",
        help="freeze, black, loss, jitter, clock or blur, in seconds of the drive; may be given again",
    )  # fmt: skip
    render.add_argument("--out", type=Path, required=True, metavar="DIR")
    render.add_argument("--cache", type=Path, default=_cache(), metavar="DIR", help="default: %(default)s")
    render.add_argument("--json", action="store_true", help="print the recordings' facts as JSON")
    args = parser.parse_args(argv)
    if int(args.seconds * args.fps) < 1:
        parser.error("--seconds and --fps leave not a single frame")
    return _render(args)


def _render(args: argparse.Namespace) -> int:
    from sensors.terminal import console
    from sensors.terminal.figures import size
    from sensors.world import faults, recording

    width, height = args.size
    order = recording.Order(
        args.layout, args.seed, args.condition, tuple(args.cameras), args.seconds, args.fps, width, height,
        renderer=args.renderer, faults=tuple(faults.parse(text, args.seconds) for text in args.fault),
    )  # fmt: skip
    with console.bars("elapsed", "remaining") as progress:
        task = progress.add_task("", total=1.0)
        folders = recording.render(
            order, args.out, args.cache, lambda words, part: progress.update(task, description=words, completed=part)
        )
    facts = [json.loads((folder / recording.FACTS).read_text(encoding="utf-8")) for folder in folders]
    if args.json:
        console.print_json(facts)
    else:
        for folder, fact in zip(folders, facts, strict=True):
            n_bytes = (folder / recording.VIDEO).stat().st_size
            console.say(f"{folder}: {fact['frames']} frames, {size(n_bytes)} of video")
    return 0


def _cache() -> Path:
    """`~` stays one where nobody has a home."""
    return Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "gilmok" / "world"  # noqa: PTH111
