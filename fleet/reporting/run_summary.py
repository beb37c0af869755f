"""A run's figures out of the ledger, whoever asks for them."""

from collections.abc import Sequence

from edge.wire.messages import Birth
from fleet.config import TruthRoot
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import notes, records, troubles, with_truth
from fleet.reporting.shadows import beside, shadows
from fleet.reporting.truth_index import TruthIndex
from replay.runs.joined import joined
from replay.runs.summary import Summary, summarise


def run_summary(ledger: LedgerReader, run: str, births: Sequence[Birth], truth: Sequence[TruthRoot]) -> Summary:
    """`births`: of the run's sessions. Reads every report of it, and every picture the first time."""
    found = with_truth(records(ledger, births), TruthIndex(truth))
    pairs = shadows(found, beside(ledger, found))
    wrong, others = troubles(ledger, births), notes(ledger, births)
    return summarise(run, joined(found), wrong, notes=others, same_frames=pairs)
