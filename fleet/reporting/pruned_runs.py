"""What can still be told of a run whose reports are not all kept: its fates and latencies, out of the rollups."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from edge.wire.messages import Birth, StreamCounters
from fleet.arrivals import key_of
from fleet.ledger.reader import LedgerReader
from fleet.ledger.rollups.history import quantiles
from fleet.ledger.rollups.sums import Sums


def pruned_rows(ledger: LedgerReader, births: Iterable[Birth]) -> list[dict[str, Any]]:
    """A row for each session's stream; empty where all of the run's reports are kept. None: it can't be told."""
    births = list(births)
    if not any(ledger.pruned(key_of(birth)) for birth in births):
        return []
    return [row for birth in births for row in _rows(ledger, birth)]


def _rows(ledger: LedgerReader, birth: Birth) -> Iterator[dict[str, Any]]:
    key = key_of(birth)
    health, pruned, rolled = ledger.last_heard(key).health, ledger.pruned(key), ledger.rolled(key)
    for stream in birth.streams:
        told = health.streams.get(stream.name) if health is not None else None
        sums = Sums.of_row(rolled[stream.name]) if stream.name in rolled else Sums()
        yield {
            "node": birth.node,
            "stream": stream.name,
            "session": birth.session,
            **_fates(told, sums),
            "booked": ledger.count(key, stream.name),
            "not_kept": pruned.get(stream.name, 0),
            "latency": msgspec.to_builtins(quantiles(sums)),
            "accuracy": None,
        }


def _fates(told: StreamCounters | None, sums: Sums) -> dict[str, int | None]:
    said = None if told is None else (told.captured, told.dropped, told.evicted)
    captured, dropped, evicted = said or (None, None, None)
    own = {"ok": sums.counts["ok"], "failed": sums.counts["failed"], "late": sums.counts["late"]}
    return {"captured": captured, **own, "dropped": dropped, "evicted": evicted}
