"""The wire as an AsyncAPI 3 document, generated from the types that speak it: `python -P -m edge.wire.asyncapi`."""

import json
import sys
from typing import Any

import msgspec

from edge.wire import messages
from edge.wire.messages import Birth, ClockAnswer, ClockAsk, Conn, FrameReport, Health
from edge.wire.topics import NodeTopics

SENT = {
    "conn": (Conn, "Retained, and the last will: whether the node is there."),
    "birth": (Birth, "Retained: who the node is, and everything that a result of this session hangs on."),
    "det/stream": (FrameReport, "QoS 1, never retained: what became of one frame."),
    "health": (Health, "QoS 0 at 1 Hz, the last one of a session at QoS 1: the books of every stream."),
    "clock": (ClockAsk, "QoS 0 at 1 Hz, and a burst at every connection: what does the hub's clock read?"),
}
"""By nodes, below their `up`."""

RECEIVED = {"clock": (ClockAnswer, "QoS 0: a hub's answer; the node tells the whole exchange in its health.")}
"""By nodes, below their `down`."""


def document() -> dict[str, Any]:
    kinds = [kind for kind, _ in [*SENT.values(), *RECEIVED.values()]]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    root = NodeTopics("site", "node").conn.removesuffix("/up/conn").replace("/site/node", "/{site}/{node}")
    sent = {kind.__name__: _channel(f"{root}/up/{leaf}", kind, text) for leaf, (kind, text) in SENT.items()}
    received = {kind.__name__: _channel(f"{root}/down/{leaf}", kind, text) for leaf, (kind, text) in RECEIVED.items()}
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
            "messages": {
                kind.__name__: {"payload": {"$ref": f"#/components/schemas/{kind.__name__}"}} for kind in kinds
            },
        },
    }


def _operation(action: str, name: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{name}"}}


def _channel(topic: str, kind: type, text: str) -> dict[str, Any]:
    address = topic.replace("/stream", "/{stream}")
    return {
        "address": address,
        "description": text,
        "parameters": {name: {} for name in ("site", "node", "stream") if f"{{{name}}}" in address},
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
