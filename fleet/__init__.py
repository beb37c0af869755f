"""The hub: broker, registry, ingest, ledger and the two books, latency and accuracy.

Looking for the messages? The speaker owns the language: what goes over the wire is in `edge.messages` and
`edge.topics`, so that a node runs without a hub, and the hub knows only what nodes say.
"""
