"""What a unit is ordered to do once, and its answer; a state that it is to keep is desired instead."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge.wire.deployments.states import BundleDigest, Reason
from edge.wire.message import Label, Message, TopicName
from sensors.clock import Stamp

Verdict: TypeAlias = Literal["applied", "refused", "expired"]

VERBS = {
    "rollback": "make the previous deployment active, and try this one no more",
    "retry": "forget that a deployment is bad, and try it again if it is desired",
    "restart": "start the node process again",
    "record": "keep what its cameras show around this moment",
}
"""What a unit knows how to do; any other verb is refused."""


class Order(Message, frozen=True, kw_only=True):
    """Carried out once and answered with one Receipt, however often it arrives."""

    id: TopicName
    verb: TopicName
    """The one of its topic."""
    deadline_utc_ns: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    """By the unit's wall clock; after it the order is void, for unit and hub alike."""
    digest: BundleDigest | None = None
    """rollback: only if this is active; retry: only this one. None: whatever is."""
    by: Label = ""
    """Who orders it."""
    why: Reason = ""


class Receipt(Message, frozen=True, kw_only=True):
    """What became of an order. One whose deadline was long over when it came gets none: who gave it has given it up."""

    id: TopicName
    verb: TopicName
    verdict: Verdict
    reason: Reason = ""
    """Why it was refused or has expired; of an applied one, what was done."""
    stamp: Stamp
