"""What may be asked about runs, and the process's word on the answer; the answer itself is a file without a name."""

from typing import Literal, TypeAlias

from sensors.errors import GilmokError
from sensors.record import Record

Export: TypeAlias = Literal["csv", "parquet", "json"]
What: TypeAlias = Literal["summary", "report", "comparison", "comparison_page", "export"]


class Question(Record, frozen=True, kw_only=True):
    what: What
    run: str
    other: str = ""
    """B of a comparison."""
    to: Export = "csv"
    language: Literal["", "en", "ko"] = ""
    """Of a page; empty: English."""


class Answer(Record, frozen=True, kw_only=True):
    status: int = 200
    """Of HTTP."""
    media: str = "application/json"
    name: str = ""
    """Of the file that a browser is to keep; empty: it is to be shown."""
    error: str = ""
    hint: str = ""


class Failed(GilmokError):
    """The process that answers could not; the sentence says why."""
