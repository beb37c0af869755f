"""A run out of the ledger as if it were read from a run folder: for its page, its export, and to hold it against
another one.
"""

from collections.abc import Iterable
from typing import Any

from edge.wire.messages import Birth, StreamBirth
from fleet.ledger.reader import LedgerReader
from fleet.reporting.run_records import notes, records, troubles, with_truth
from fleet.reporting.shadows import beside, shadows
from fleet.reporting.truth_index import TruthIndex
from replay.recording import Recording
from replay.runs.joined import joined
from replay.runs.loaded import LoadedRun, LoadedStream
from replay.runs.recordings import Recordings
from replay.runs.runfolder import RunIdentity
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import summarise
from sensors.host import software


class Found(Recordings):
    """The recordings that the hub itself has found for a run's streams, by its `[[truth]]`."""

    def __init__(self, found: Iterable[StreamRecord]) -> None:
        super().__init__()
        self._found = {(one.birth.node, one.stream.name, one.stream.digest): one for one in found}

    def find(self, scenario: dict[str, Any], node: str, stream: StreamBirth) -> tuple[Recording | None, str]:
        del scenario
        one = self._found[node, stream.name, stream.digest]
        return one.recording, one.truth_unknown


def loaded_run(ledger: LedgerReader, run: str, births: Iterable[Birth], truths: TruthIndex) -> LoadedRun:
    """`births`: of the run's sessions. What a scenario's own folder knows beside them, its machine and its
    configuration, no ledger has.
    """
    births = list(births)
    sessions = with_truth(records(ledger, births), truths)
    pairs, found = shadows(sessions, beside(ledger, sessions)), joined(sessions)
    wrong, others = troubles(ledger, births), notes(ledger, births)
    summary = summarise(run, found, wrong, notes=others, same_frames=pairs)
    recordings = Found(found)
    streams = [
        LoadedStream(one, record.birth, record.stream, record.reports, {}, recordings)
        for one, record in zip(summary.streams, found, strict=True)
    ]
    identity = RunIdentity(
        run=run,
        software=software(),
        started_utc_ns=min(birth.stamp.utc_ns for birth in births),
        scenario={},
        clock={},
        host={},
        nodes=tuple(births),
    )
    return LoadedRun(identity, summary, tuple(streams))
