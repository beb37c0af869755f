"""A whole run from one file: broker, hub and nodes as processes, watched, and told as one run.

Imports `fleet`, and of `edge` also the node's configuration, which a scenario writes."""
