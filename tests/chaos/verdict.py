"""Whether everything that any node ever recorded is in the ledger, once, and whether the books balance."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from edge.wire.messages import FrameReport
from fleet.ledger.reader import LedgerReader
from fleet.ledger.store import Where

Lane: TypeAlias = tuple[str, str]
"""Session and stream."""

SPOOLED = "SELECT session, stream, n FROM reports JOIN lanes ON lanes.id = reports.lane"


def spooled(spool: Path) -> dict[Lane, set[int]]:
    """What lies in a node's spool, read from a copy: the node may be at work, or dead in the middle of a write."""
    found: dict[Lane, set[int]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        for path in spool.parent.glob(f"{spool.name}*"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(path, folder)
        copy = Path(folder) / spool.name
        if not copy.exists():
            return found
        with contextlib.closing(sqlite3.connect(copy)) as database, contextlib.suppress(sqlite3.Error):
            for session, stream, n in database.execute(SPOOLED):
                found[session, stream].add(n)
    return found


@dataclass(slots=True)
class Verdict:
    recorded: int = 0
    booked: int = 0
    lost: int = 0
    doubled: int = 0
    unbalanced: int = 0
    words: list[str] = field(default_factory=list)
    """A sentence for each thing that doesn't hold."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.unbalanced) and self.booked > 0


class Evidence:
    """What was seen in spools, at any time."""

    def __init__(self) -> None:
        self._seen: dict[Lane, set[int]] = defaultdict(set)
        self.excused: set[str] = set()
        """Sessions whose disk was full for a while: what was in memory alone when they were killed is lost."""
        self._excused_counts: set[tuple[str, int]] = set()
        """Such that had no room for a single row in their spool: by node, and its how manieth session it was."""

    def see(self, spool: Path, *, full: bool = False) -> None:
        for lane, numbers in spooled(spool).items():
            self._seen[lane] |= numbers
            if full:
                self.excused.add(lane[0])

    def excuse(self, node: str, count: int) -> None:
        """The disk of this session of `node` was full, also if nothing of it lies in a spool."""
        self._excused_counts.add((node, count))

    def judge(self, store: Where, site: str) -> Verdict:
        """Every report of a session is in the ledger from 0 on without a hole, as far as any was seen; once; and where
        the session had a last word, its counts are those.
        """
        verdict = Verdict()
        with LedgerReader(store) as ledger:
            known = {key.id: key for key in ledger.sessions(site)}
            for session in {session for session, _ in self._seen} - known.keys():
                verdict.words.append(f"session {session} recorded reports, and the ledger doesn't know it")
                verdict.lost += sum(len(numbers) for (name, _), numbers in self._seen.items() if name == session)
            for session, key in known.items():
                birth, last = ledger.birth(key), ledger.last_heard(key).health
                for stream in birth.streams if birth else ():
                    lane = session, stream.name
                    rows = [row.report for row in ledger.frames(key, stream.name)]
                    booked = {report.n for report in rows}
                    awaited = set(self._seen.get(lane, ()))
                    which = key.node, birth.session if birth else 0
                    if session not in self.excused and which not in self._excused_counts:
                        awaited |= set(range(max(booked | awaited, default=-1) + 1))
                    self._weigh(verdict, f"{key.node} {session} {stream.name}", rows, booked, awaited)
                    if last is None or not last.final:
                        continue
                    counted = last.streams[stream.name]
                    fates = counted.ok + counted.failed + counted.dropped
                    if counted.captured != fates or counted.ok + counted.failed != len(booked) + counted.evicted:
                        verdict.unbalanced += 1
                        verdict.words.append(f"{key.node} {session}: {counted}, and {len(booked)} booked")
        return verdict

    @staticmethod
    def _weigh(verdict: Verdict, name: str, rows: Sequence[FrameReport], booked: set[int], awaited: set[int]) -> None:
        verdict.recorded += len(awaited | booked)
        verdict.booked += len(booked)
        if lost := sorted(awaited - booked):
            verdict.lost += len(lost)
            verdict.words.append(f"{name}: {len(lost)} reports are not in the ledger, n = {lost[:10]}")
        frames = len({report.seq for report in rows})
        if frames != len(rows):
            verdict.doubled += len(rows) - frames
            verdict.words.append(f"{name}: {len(rows)} reports of {frames} frames")
