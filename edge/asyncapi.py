"""The wire as an AsyncAPI 3 document, generated from the types that speak it: `python -P -m edge.asyncapi`."""

import json
import sys
from typing import Any

import msgspec

from edge import messages
from edge.messages import Birth, Conn, FrameReport, Health
from edge.topics import NodeTopics

CHANNELS = {
    "conn": (Conn, "Retained, and the last will: whether the node is there."),
    "birth": (Birth, "Retained: who the node is, and everything that a result of this session hangs on."),
    "det/stream": (FrameReport, "QoS 1, never retained: what became of one frame."),
    "health": (Health, "QoS 0 at 1 Hz, the last one of a session at QoS 1: the books of every stream."),
}


def document() -> dict[str, Any]:
    kinds = [kind for kind, _ in CHANNELS.values()]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    root = NodeTopics("site", "node").conn.removesuffix("/conn").replace("/site/node/", "/{site}/{node}/")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "gilmok: what nodes say",
            "version": str(messages.SCHEMA),
            "description": "Generated from edge/messages.py. Readers ignore unknown fields, writers only ever add.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {kind.__name__: _channel(root, leaf, kind, text) for leaf, (kind, text) in CHANNELS.items()},
        "operations": {
            f"say{kind.__name__}": {"action": "send", "channel": {"$ref": f"#/channels/{kind.__name__}"}}
            for kind in kinds
        },
        "components": {
            "schemas": schemas,
            "messages": {
                kind.__name__: {"payload": {"$ref": f"#/components/schemas/{kind.__name__}"}} for kind in kinds
            },
        },
    }


def _channel(root: str, leaf: str, kind: type, text: str) -> dict[str, Any]:
    address = f"{root}/{leaf}".replace("/stream", "/{stream}")
    return {
        "address": address,
        "description": text,
        "parameters": {name: {} for name in ("site", "node", "stream") if f"{{{name}}}" in address},
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"}},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
