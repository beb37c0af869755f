"""What a hub says to a node: which reports are in the ledger, which were refused, and who else has its name."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from edge.wire.message import Count, Fact, Label, Message, SessionId, TopicName
from edge.wire.spans import Range, Spans

MOST_RANGES = 64
WHAT_CHARACTERS = 400
OVERLOAD = "overload"
"""A reason: the hub is behind, and this node has more than its share waiting."""
RATE = "rate"
"""A reason: this node says more than a node may."""
UNINTRODUCED = "unintroduced"
"""A reason: the session that it is of has not introduced itself; its birth got lost, or is still on its way."""
FUTURE = "future"
"""A reason: its frame is stamped later than it came in, on what is said to be one clock; the session's health may yet
tell that there are two."""
PUT_OFF = frozenset({OVERLOAD, RATE, UNINTRODUCED, FUTURE})
"""For these it is refused for now only: it may be a good one, and is taken when it comes again."""

Ranges: TypeAlias = Annotated[tuple[tuple[Count, Count], ...], Meta(max_length=MOST_RANGES)]
"""First and last, both included; ascending."""


class Committed(Message, frozen=True, kw_only=True):
    """The only acknowledgement that counts: these reports are on the hub's disk, each once.

    Said after commits, at most a few times a second, and in answer to each birth. It tells all that is booked of a
    stream, so the newest one is enough.
    """

    hub: Label
    """The hub's name."""
    session: Count
    session_id: SessionId = ""
    streams: Annotated[dict[TopicName, Ranges], Meta(max_length=1000)]
    """Which `n` are booked. The first range is the high-water mark, further ones lie beyond holes; of very many the
    lowest and the highest are told."""


class Refusals(Message, frozen=True, kw_only=True):
    """What the hub refused of a node since the last such message, at most one a second."""

    hub: Label
    reasons: Annotated[dict[Label, Count], Meta(max_length=64)]
    """Reason -> how many."""
    topic: Annotated[str, Meta(max_length=WHAT_CHARACTERS)]
    """Of the first one, and"""
    what: Annotated[str, Meta(max_length=WHAT_CHARACTERS)]
    """what was wrong with it;"""
    session_id: SessionId = ""
    """whose report it was, if it was one,"""
    n: Count | None = None
    """and its publication number."""


class Fenced(Message, frozen=True, kw_only=True):
    """Said while two sessions of one node are at work: `older` has to end, `newer` goes on."""

    hub: Label
    """The hub's name."""
    older: "SessionAt"
    newer: "SessionAt"


class SessionAt(Message, frozen=True, kw_only=True):
    """A session, and the machine it runs on, as its birth says."""

    session: Count
    session_id: SessionId = ""
    host: Fact = ""


def told(booked: Spans) -> tuple[Range, ...]:
    """As many ranges as a message may have: the lowest and the highest."""
    ranges = booked.ranges
    if len(ranges) <= MOST_RANGES:
        return tuple(ranges)
    half = MOST_RANGES // 2
    return (*ranges[:half], *ranges[-half:])
