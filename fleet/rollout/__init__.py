"""Rollouts: a model goes out in waves, and what it does on each unit decides if it goes on, stops, or comes back.

A process of its own beside the hub, which keeps its decisions in the ledger. Imports, of `fleet`, the watch."""
