"""How a shadow is: a candidate that runs beside a node's active model, on the same frames. Said in the node's health.

What it found goes out as FrameReports on `up/shadow/{stream}`, at QoS 1 where the link is not behind, and is not kept
for later: the active model's reports come first. Who it is stands in the birth.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge.wire.message import REASON_CHARACTERS, Count, Duration, Facts, Label, Measured, Message, TopicName

ShadowPhase: TypeAlias = Literal["loading", "running", "failed", "ended"]
"""`loading` also after a death, until it is back; `failed` is for good; `ended` with its node."""


class ShadowStream(Message, frozen=True, kw_only=True):
    """seen = ok + failed + pending + all of `skipped`."""

    seen: Count = 0
    """Frames that the active model took."""
    ok: Count = 0
    failed: Count = 0
    pending: Count = 0
    skipped: Annotated[dict[Label, Count], Meta(max_length=32)] = {}
    """By why: `baseline` (a block of time in which the active model is measured alone), `budget`, `busy`, `turn`
    (another stream's), `absent` (it loads, or has died), `no picture`."""
    unsent: Count = 0
    """Reports, of ok and failed frames, that never went out: the link was behind."""
    p99_with_ns: Duration | None = None
    """Of the active model's ok frames, from stamp to result, taken in blocks in which the shadow worked, the newest
    2000; None: there are fewer than 100."""
    p99_without_ns: Duration | None = None
    n_with: Count = 0
    n_without: Count = 0


class ShadowHealth(Message, frozen=True, kw_only=True):
    phase: ShadowPhase
    why: Annotated[str, Meta(max_length=REASON_CHARACTERS)] = ""
    """What it died of, or why it can't run."""
    device_kind: Label = ""
    """Empty until it has loaded."""
    facts: Facts = {}
    """Of its backend, as in a birth."""
    starts: Count = 0
    """Of its process."""
    share: Measured = 0.0
    """Of the time it may be at work now."""
    judged: Count = 0
    """How often the active model's p99 with it was held against that without it, and how often it was"""
    exceeded: Count = 0
    """over the limit, so that its share was halved."""
    busy_ns: Count = 0
    """It was at work so long, from a picture taken up to the answer,"""
    cpu_ns: Count = 0
    """and its process used so much CPU time for that."""
    power_with_w: Measured | None = None
    """Mean of the device's power in blocks with the shadow; None: its SDK doesn't tell."""
    power_without_w: Measured | None = None
    n_power_with: Count = 0
    n_power_without: Count = 0
    streams: Annotated[dict[TopicName, ShadowStream], Meta(max_length=1000)] = {}
