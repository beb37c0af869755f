"""A unit: an installed node that runs its node as a process, and brings models onto it by itself (docs/deployment.md).

Imports assembly, configuration and the wire; never the node, which is a process of its own."""
