"""The hub: broker, registry, admission, ingest, ledger, and what it knows of latency and truth.

Imports `replay` and `sensors`, and of `edge` the wire alone: the hub knows only what nodes say. Looking for the
messages? The speaker owns the language: they are in `edge.wire.messages` and `edge.wire.topics`.
"""
