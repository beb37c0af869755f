"""`gilmok hub shadow`: a candidate held against the active model, or one stream against another, on the same frames."""

import argparse
from typing import TYPE_CHECKING, Any

from fleet.cli.ledger import settings, which_store
from sensors.errors import GilmokError

if TYPE_CHECKING:
    from edge.wire.messages import Birth
    from fleet.config import HubConfig
    from fleet.ledger.reader import LedgerReader
    from replay.runs.same_frames.figures import OnSameFrames


class NodeUnknown(GilmokError):
    def __init__(self, node: str, run: str | None) -> None:
        where = f" in run {run!r}" if run else ""
        super().__init__(f"no node {node!r} ever introduced itself to this hub{where}", "`gilmok hub nodes` lists all")


class NodeAmbiguous(GilmokError):
    def __init__(self, node: str, sites: list[str]) -> None:
        super().__init__(
            f"nodes of {len(sites)} sites are named {node!r}", f"write SITE/NODE: one of {', '.join(sites)}"
        )


class NoShadow(GilmokError):
    def __init__(self, node: str, run: str) -> None:
        super().__init__(
            f"node {node!r} ran no shadow in run {run!r}",
            "add a [shadow] table to its NODE.toml (docs/deployment.md), or name another stream with --teacher",
        )


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    verb = verbs.add_parser(
        "shadow", help="how a node's shadow answered on the frames of its active model; or one stream beside another"
    )
    verb.add_argument("node", metavar="NODE", help="or SITE/NODE")
    verb.add_argument("--run", metavar="RUN", help="one that `gilmok hub runs` lists (default: the node's newest)")
    verb.add_argument(
        "--teacher",
        metavar="NODE/STREAM",
        help="hold the node's streams against this one of the same run, which saw the same recording",
    )
    which_store(verb)
    verb.add_argument("--json", action="store_true", help="print JSON instead of tables")
    verb.set_defaults(call=_shadow)


def _shadow(chosen: argparse.Namespace) -> int:
    from fleet.ledger.reader import LedgerReader
    from replay.runs.same_frames.tables import render_pairs
    from sensors.terminal import console

    own = settings(chosen)
    with console.waiting("reading the reports and their recordings"), LedgerReader(own.where) as ledger:
        births = _births(ledger, chosen.node, chosen.run)
        found = _taught(ledger, own, births, chosen.teacher) if chosen.teacher else _shadowed(ledger, own, births)
    if chosen.json:
        console.print_json(found)
    else:
        console.show(*render_pairs(found))
    return 0


def _births(ledger: "LedgerReader", node: str, run: str | None) -> "list[Birth]":
    """Of the node's sessions in the run, or in its newest one."""
    site, _, name = node.rpartition("/")
    every = [row.key for row in ledger.every_session(run) if row.key.node == name and site in ("", row.key.site)]
    births = [birth for key in every if (birth := ledger.birth(key)) is not None]
    if not births:
        raise NodeUnknown(node, run)
    if len(sites := sorted({birth.site for birth in births})) > 1:
        raise NodeAmbiguous(name, sites)
    return [birth for birth in births if birth.run == births[-1].run]


def _shadowed(ledger: "LedgerReader", own: "HubConfig", births: "list[Birth]") -> "tuple[OnSameFrames, ...]":
    from fleet.reporting.run_records import records, with_truth
    from fleet.reporting.shadows import beside, shadows
    from fleet.reporting.truth_index import TruthIndex

    found = with_truth(records(ledger, births), TruthIndex(own.truth))
    told = shadows(found, beside(ledger, found))
    if not told:
        raise NoShadow(births[-1].node, births[-1].run)
    return told


def _taught(
    ledger: "LedgerReader", own: "HubConfig", births: "list[Birth]", teacher: str
) -> "tuple[OnSameFrames, ...]":
    from fleet.reporting.run_records import records, with_truth
    from fleet.reporting.taught_streams import taught_streams
    from fleet.reporting.truth_index import TruthIndex

    run = births[-1].run
    everyone = list(ledger.births(run))
    found = with_truth(records(ledger, everyone), TruthIndex(own.truth))
    return taught_streams(found, {birth.session_id for birth in births}, teacher, run)
