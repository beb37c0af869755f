"""A campaign's whole result, put together from what its parts found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from replay.qualify import limits, verdict
from replay.qualify.campaign import Campaign, to_record
from replay.qualify.limits import NotMeasured
from replay.qualify.record import RECORD, SCHEMA, Measured, PartRun, RecordUnreadable, decoded, place_of
from replay.qualify.verdict import Verdict
from sensors.record import Record


class Rerun(Record, frozen=True, kw_only=True):
    """What became of a campaign that was run again; None where one of the two lacks the part."""

    of: str
    """sha256 of the record that was run again."""
    started_utc_ns: int
    """Its beginning."""
    changed: tuple[str, ...]
    """What differs of device, host and software."""
    same_findings: bool | None
    same_bytes: bool | None


class Qualification(Record, frozen=True, kw_only=True):
    schema: int = SCHEMA
    started_utc_ns: int
    took_s: float
    command: str
    campaign: dict[str, Any]
    """As `gilmok qualify rerun` takes it."""
    verdict: Verdict
    measured: Measured
    parts: tuple[PartRun, ...]
    not_measured: tuple[NotMeasured, ...]
    remarks: tuple[str, ...]
    rerun: Rerun | None = None


def assembled(
    campaign: Campaign,
    command: str,
    started_utc_ns: int,
    took_s: float,
    measured: Measured,
    parts: Sequence[PartRun],
    rerun: Rerun | None = None,
) -> Qualification:
    """The verdict, the gaps and the remarks follow from what was measured and from how each part went.

    `started_utc_ns`: of the campaign; `took_s`: until now, all parts together; `command`: as it was typed.
    """
    unfinished = [(one.part, one.why, one.status == "failed") for one in parts if one.status != "measured"]
    return Qualification(
        started_utc_ns=started_utc_ns,
        took_s=took_s,
        command=command,
        campaign=to_record(campaign),
        verdict=verdict.judged(measured, unfinished),
        measured=measured,
        parts=tuple(parts),
        not_measured=limits.not_measured(measured, unfinished),
        remarks=limits.remarks(measured, campaign),
        rerun=rerun,
    )


def read(folder_or_file: Path) -> Qualification:
    """Of the folder that a campaign left, or of its qualification.json; raises RecordUnreadable."""
    path = place_of(folder_or_file)
    if not path.is_file():
        raise RecordUnreadable(path, f"there is no {RECORD}")
    found = decoded(path, Qualification)
    if found.schema > SCHEMA:
        raise RecordUnreadable(path, f"it is of schema {found.schema}, this gilmok reads up to {SCHEMA}")
    return found
