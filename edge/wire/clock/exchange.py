"""What two machines say to each other about their clocks (`edge.wire.clock.estimate`)."""

from typing import Annotated, NamedTuple

from msgspec import Meta

from edge.wire.message import Count, Duration, Label, Message, Reading


class Exchange(NamedTuple):
    """One comparison of two clocks: 1 and 4 are read on the node's, 2 and 3 on the hub's."""

    t1_ns: Reading
    """The question leaves."""
    t2_ns: Reading
    """It is there."""
    t3_ns: Reading
    """The answer leaves."""
    t4_ns: Reading
    """It is there."""


class HubClock(Message, frozen=True, kw_only=True):
    """What a node knows of a hub's clock: hub - node is `offset_ns` ± `bound_ns` when it says so. None: unknown."""

    offset_ns: Annotated[int, Meta(gt=-(2**61), lt=2**61)] | None
    bound_ns: Duration | None
    steps: Count
    """How often one of the two was set, or stood still, in this session."""
    exchanges: Annotated[tuple[Exchange, ...], Meta(max_length=1000)]
    """Those since the last health message, so that the hub can reckon for itself, also afterwards."""


class ClockAsk(Message, frozen=True, kw_only=True):
    """A node asks every hub for its clock."""

    session: Count
    t1_ns: Reading


class ClockAnswer(Message, frozen=True, kw_only=True):
    """A hub answers; `session` and `t1_ns` are the question's."""

    session: Count
    t1_ns: Reading
    t2_ns: Reading
    t3_ns: Reading
    boot: Label
    """Whose clock t2 and t3 are of (`sensors.clock.boot_id`)."""
