"""What was looked at, how it is, and what to do about it."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from sensors.errors import GilmokError
from sensors.record import Record

Verdict: TypeAlias = Literal["ok", "wrong", "unknown"]
"""Unknown: nobody here can tell, which is no reason to think well of it."""


class Finding(Record, frozen=True, kw_only=True):
    what: str
    verdict: Verdict
    told: str
    hint: str = ""


def ok(what: str, told: str) -> Finding:
    return Finding(what=what, verdict="ok", told=told)


def wrong(what: str, told: str, hint: str) -> Finding:
    return Finding(what=what, verdict="wrong", told=told, hint=hint)


def unknown(what: str, told: str, hint: str = "") -> Finding:
    return Finding(what=what, verdict="unknown", told=told, hint=hint)


def tried(what: str, look: Callable[[], Finding]) -> Finding:
    """What `look` finds, or what kept it from looking, which is a finding as well."""
    try:
        return look()
    except GilmokError as error:
        return wrong(what, error.sentence, error.hint)
    except OSError as error:
        return unknown(what, str(error))
