"""A run's figures out of the ledger, whoever asks for them."""

from collections.abc import Sequence

from edge.wire.messages import Birth
from fleet.config import TruthRoot
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import notes, records, troubles, with_truth
from fleet.reporting.truth_index import TruthIndex
from replay.runs.joined import joined
from replay.runs.summary import Summary, summarise


def run_summary(ledger: LedgerReader, run: str, births: Sequence[Birth], truth: Sequence[TruthRoot]) -> Summary:
    """`births`: of the run's sessions. Reads every report of it, and every picture the first time."""
    found = joined(with_truth(records(ledger, births), TruthIndex(truth)))
    return summarise(run, found, troubles(ledger, births), notes=notes(ledger, births))
