"""The wire as an AsyncAPI 3 document, generated from the types that speak it: `python -P -m edge.wire.asyncapi`."""

import json
import sys
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from edge.wire import messages
from edge.wire.acknowledgements import Fenced
from edge.wire.deployments.orders import Order, Receipt
from edge.wire.deployments.states import Desired, Reported
from edge.wire.live.pictures import MOST_BYTES as PICTURE_BYTES
from edge.wire.live.pictures import PictureAsk, PictureHead
from edge.wire.messages import (
    LATE_BYTES,
    LATE_REPORTS,
    Birth,
    ClockAnswer,
    ClockAsk,
    Committed,
    Conn,
    FrameReport,
    Health,
    Refusals,
)
from edge.wire.topics import NodeTopics

Channel: TypeAlias = tuple[str, Any, str]
"""Where below `up` or `down`, what is said there, and a sentence about it."""

SENT: dict[str, Channel] = {
    "Conn": ("conn", Conn, "Retained, and the last will: whether the node is there."),
    "Birth": ("birth", Birth, "Retained: who the node is, and everything that a result of this session hangs on."),
    "FormerBirth": ("former", Birth, "QoS 1: the birth of an earlier session that still has reports to say."),
    "FrameReport": ("det/{stream}", FrameReport, "QoS 1, never retained: what became of one frame."),
    "LateReports": (
        "late/{stream}",
        Annotated[list[FrameReport], Meta(max_length=LATE_REPORTS)],
        f"QoS 1, never retained: reports of one session out of the backlog, oldest first, {LATE_BYTES} bytes at most.",
    ),
    "ShadowReport": (
        "shadow/{stream}",
        FrameReport,
        "QoS 1, never retained, not kept for later: what the candidate of the birth's `shadow` found on the frame that "
        "the active model's report of this session, stream, seq and stamp is of; `n` counts the candidate's own.",
    ),
    "Health": ("health", Health, "QoS 0 at 1 Hz, the last one of a session at QoS 1: the books of every stream."),
    "Picture": (
        "picture/{stream}",
        PictureHead,
        "QoS 0, never retained, while somebody asks: four bytes (the length of this), this, and a JPEG of the frame; "
        f"two a second, {PICTURE_BYTES} bytes at most.",
    ),
    "Reported": ("reported", Reported, "Retained, QoS 1: the deployment that the unit runs, and how it got there."),
    "Receipt": ("reply/{order}", Receipt, "QoS 1, never retained: what became of an order, once for each id."),
    "ClockAsk": ("clock", ClockAsk, "QoS 0 at 1 Hz, and a burst at every connection: what does the hub's clock read?"),
}
"""By nodes, below their `up`."""

RECEIVED: dict[str, Channel] = {
    "ClockAnswer": ("clock", ClockAnswer, "QoS 0: a hub's answer; the node tells the whole exchange in its health."),
    "Committed": ("committed", Committed, "QoS 1: which reports are in a hub's ledger; also in answer to each birth."),
    "Desired": ("desired", Desired, "Retained, QoS 1: the deployment that the unit is to run."),
    "Order": ("cmd/{verb}", Order, "QoS 1, never retained: what the unit is to do once."),
    "Fenced": ("fenced", Fenced, "QoS 1, once a second while two processes have one name: the older one has to end."),
    "PictureAsk": ("picture", PictureAsk, "QoS 0, every few seconds while somebody looks at a stream's pictures."),
    "Refusals": ("refused", Refusals, "QoS 1, at most one a second: what a hub refused of the node, and why."),
}
"""By nodes, below their `down`."""


def document() -> dict[str, Any]:
    channels = SENT | RECEIVED
    kinds = [kind for _, kind, _ in channels.values()]
    payloads, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    root = NodeTopics("site", "node").conn.removesuffix("/up/conn").replace("/site/node", "/{site}/{node}")
    sent = {name: _channel(f"{root}/up/{leaf}", name, text) for name, (leaf, _, text) in SENT.items()}
    received = {name: _channel(f"{root}/down/{leaf}", name, text) for name, (leaf, _, text) in RECEIVED.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "gilmok: what nodes say",
            "version": str(messages.SCHEMA),
            "description": "Generated from its types. Readers ignore unknown fields, writers only ever add.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": sent | received,
        "operations": {
            **{f"send{name}": _operation("send", name) for name in sent},
            **{f"receive{name}": _operation("receive", name) for name in received},
        },
        "components": {
            "schemas": schemas,
            "messages": {name: {"payload": payload} for name, payload in zip(channels, payloads, strict=True)},
        },
    }


def _operation(action: str, name: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{name}"}}


def _channel(address: str, name: str, text: str) -> dict[str, Any]:
    return {
        "address": address,
        "description": text,
        "parameters": {part: {} for part in ("site", "node", "stream", "verb", "order") if f"{{{part}}}" in address},
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
