"""`gilmok qualify`: put a model on a chip to the test, sign what came out, run it again, hold chips side by side."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay.cli.classes_option import add_classes, classes_of
from replay.report.language import LANGUAGES
from sensors.ranges import Fps, Milliseconds, Seed, in_range
from sensors.terminal.command_line import command_parser
from sensors.terminal.exit_status import DONE, INTERRUPTED, REGRESSION

if TYPE_CHECKING:
    from replay.qualify.campaign import Campaign
    from replay.qualify.conductor import Conductor
    from replay.qualify.qualification import Qualification

VERBS = ("run", "rerun", "compare", "keygen", "sign", "verify")

DESCRIPTION = """Qualify a model on a chip: accuracy, parity, latency, streams, cold start, endurance, determinism.

gilmok qualify --model M --backend B --recordings DATASET:FOLDER:NAME ... --out DIR   is short for   qualify run ...
Exit status: 0 nothing failed, 1 the world is wrong, 2 usage, 3 a criterion was not met."""


def main(argv: list[str]) -> int:
    # The campaign itself is the main form; only -h asks about all verbs.
    if argv and argv[0].startswith("-") and argv[0] not in ("-h", "--help"):
        argv = ["run", *argv]
    parser = command_parser(
        prog="gilmok qualify", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _register_run(verbs)
    rerun = _verb(verbs, "rerun", "run a campaign again from its own record", _rerun)
    rerun.add_argument("folder", type=Path, metavar="DIR", help="what an earlier campaign left")
    _output(rerun)
    compare = _verb(verbs, "compare", "hold several qualifications side by side, on one page", _compare)
    compare.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    compare.add_argument("--out", type=Path, metavar="PAGE.html", help="the page to write (default: only a table)")
    compare.add_argument("--json", action="store_true", help="print JSON instead of a table")
    keygen = _verb(verbs, "keygen", "make a pair of keys: NAME.pem signs, NAME.pub verifies", _keygen)
    keygen.add_argument("name", type=Path, metavar="NAME")
    sign = _verb(verbs, "sign", "sign a qualification and everything in its folder", _sign)
    verify = _verb(verbs, "verify", "is a qualification what the owner of a key signed?", _verify)
    for one, what in ((sign, "the signer's private key, NAME.pem"), (verify, "the signer's public key, NAME.pub")):
        one.add_argument("folder", type=Path, metavar="DIR")
        one.add_argument("--key", type=Path, required=True, help=what)
    chosen = parser.parse_args(argv)
    chosen.words = argv
    run: Callable[[argparse.Namespace], int] = chosen.run
    return run(chosen)


def _verb(verbs: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _register_run(verbs: Any) -> None:
    run = _verb(verbs, "run", "a campaign: every part, and a report for people and one for programs", _run)
    run.add_argument("--model", required=True, help="a model of the catalogue, or a model's file")
    run.add_argument("--backend", required=True, help="the candidate (`gilmok backend list` names them)")
    run.add_argument("--device", help="one of its devices (default: the first)")
    run.add_argument("--precision", help="a compiled artefact's (default: the model's own file)")
    run.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the backend")
    run.add_argument("--reference", help="another model to hold it against (default: the same, on ONNX Runtime's CPU)")
    run.add_argument(
        "--recordings", nargs="+", required=True, metavar="DATASET:FOLDER[:NAME]", help="with truth; no NAME: all"
    )
    run.add_argument("--labels", nargs="+", default=[], help="evaluated classes (default: all that are offered)")
    add_classes(run)
    run.add_argument(
        "--rate", type=in_range(Fps), help="frames a second of one camera (default: the fastest recording's)"
    )
    run.add_argument(
        "--deadline-ms", type=in_range(Milliseconds), help="due to findings (default: the camera's period)"
    )
    run.add_argument("--quick", action="store_true", help="some minutes instead of hours")
    run.add_argument("--budget", action="append", default=[], metavar="KEY=VALUE", help="one figure of it: soak_s=600")
    run.add_argument("--skip", nargs="+", default=[], metavar="PART", help="parts to leave out")
    run.add_argument("--unsound", action="store_true", help="measure on recordings that aren't sound, too")
    run.add_argument("--seed", type=in_range(Seed), default=1)
    _output(run)


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--json", action="store_true", help="print qualification.json instead of a table")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the page (default: %(default)s)")


def _run(chosen: argparse.Namespace) -> int:
    from replay.qualify.conductor import Conductor
    from replay.qualify.requirements import check_requirements
    from sensors.clock import SystemClock

    check_requirements(chosen.skip)
    campaign = _campaign(chosen)
    return _conducted(Conductor(campaign, chosen.out, _command(chosen), SystemClock()), campaign, chosen)


def _rerun(chosen: argparse.Namespace) -> int:
    from replay.qualify.campaign import check_usable, from_record
    from replay.qualify.conductor import Conductor
    from replay.qualify.qualification import read
    from replay.qualify.record import place_of
    from replay.qualify.requirements import check_requirements
    from sensors.clock import SystemClock

    first, path = read(chosen.folder), place_of(chosen.folder)
    campaign = from_record(first.campaign, str(path))
    check_requirements(campaign.skip)
    check_usable(campaign.recordings, unsound=campaign.unsound)
    conductor = Conductor(campaign, chosen.out, _command(chosen), SystemClock(), (path, first))
    return _conducted(conductor, campaign, chosen)


def _campaign(chosen: argparse.Namespace) -> "Campaign":
    from edge.config import ModelChoice
    from replay.qualify.campaign import FULL, QUICK, Campaign, adjusted, camera_rate, check_labels
    from replay.qualify.campaign import chosen as chosen_recordings
    from replay.qualify.requirements import backend_choice
    from sensors.config import assignments

    recordings = chosen_recordings(chosen.recordings, unsound=chosen.unsound)
    classes = classes_of(chosen)
    check_labels(recordings, [*chosen.labels, *classes])
    rate = chosen.rate or camera_rate(recordings)
    budget = QUICK if chosen.quick else FULL
    if chosen.budget:
        budget = adjusted(budget, assignments(chosen.budget))
    return Campaign(
        model=ModelChoice.of(chosen.model),
        backend=backend_choice(chosen.backend, chosen.device, assignments(chosen.set), chosen.precision),
        reference=ModelChoice.of(chosen.reference) if chosen.reference else None,
        recordings=recordings,
        labels=tuple(chosen.labels),
        classes=classes,
        rate_fps=rate,
        deadline_ms=chosen.deadline_ms or 1000 / rate,
        kind="own" if chosen.budget else "quick" if chosen.quick else "full",
        budget=budget,
        skip=tuple(chosen.skip),
        seed=chosen.seed,
        unsound=chosen.unsound,
    )


def _conducted(conductor: "Conductor", campaign: "Campaign", chosen: argparse.Namespace) -> int:
    from replay.qualify.page.page import write_page
    from replay.qualify.page.table import render
    from replay.qualify.record import RECORD
    from replay.qualify.verdict import Word
    from sensors.terminal import console

    found = _with_progress(conductor, campaign)
    page = write_page(found, chosen.out, chosen.language)
    if chosen.json:
        console.print_file(chosen.out / RECORD)
    else:
        console.show(*render(found), f"report: {page}")
    if conductor.interrupted:
        console.warn("gilmok: interrupted; the report holds what was measured until then")
        return INTERRUPTED
    return REGRESSION if found.verdict.word is Word.FAIL else DONE


def _with_progress(conductor: "Conductor", campaign: "Campaign") -> "Qualification":
    """A bar for the part that runs, and one for all of them."""
    from replay.qualify.conductor import PARTS, planned_s
    from sensors.terminal import console

    planned = planned_s(campaign.budget)
    order = ["identity", *PARTS]
    with console.bars("elapsed", "what") as progress:
        whole = progress.add_task("all parts", total=len(order), what="")
        part_bar = progress.add_task("identity", total=1.0, what="")
        current = "identity"

        def on_progress(part: str, share: float, what: str) -> None:
            nonlocal current
            if part != current:
                progress.reset(part_bar)
                current = part
            about = f"(about {planned[part]:.0f} s) " if part in planned else ""
            progress.update(part_bar, description=part, completed=share, what=about + what)
            progress.update(whole, completed=order.index(part) + share)

        return conductor.run(on_progress)


def _compare(chosen: argparse.Namespace) -> int:
    from replay.qualify.page.page import write_comparison
    from replay.qualify.page.table import render_comparison
    from replay.qualify.ranking import compared
    from sensors.terminal import console

    comparison = compared(chosen.folders)
    if chosen.json:
        console.print_json(comparison)
    else:
        console.show(*render_comparison(comparison))
    if chosen.out is not None:
        page = write_comparison(comparison, chosen.out)
        (console.warn if chosen.json else console.say)(f"page: {page}")
    return DONE


def _keygen(chosen: argparse.Namespace) -> int:
    from replay.qualify.signing import make_keys
    from sensors.terminal import console

    private, public = make_keys(chosen.name)
    console.say(f"{private}: signs; keep it to yourself")
    console.say(f"{public}: verifies; give it to whoever shall trust your reports")
    return DONE


def _sign(chosen: argparse.Namespace) -> int:
    from replay.qualify.signing import sign
    from sensors.clock import SystemClock
    from sensors.terminal import console

    console.say(f"signed: {sign(chosen.folder, chosen.key, SystemClock())}")
    return DONE


def _verify(chosen: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from replay.qualify.signing import verify
    from sensors.clock import NS_PER_S
    from sensors.terminal import console

    told = verify(chosen.folder, chosen.key)
    signed = datetime.fromtimestamp(told.signed_utc_ns / NS_PER_S, UTC)
    console.say(f"{chosen.folder}: all {len(told.files)} files are as the owner of {chosen.key} signed them")
    console.say(f"signed {signed:%Y-%m-%d %H:%M} UTC by its own clock")
    return DONE


def _command(chosen: argparse.Namespace) -> str:
    return shlex.join(["gilmok", "qualify", *chosen.words])
