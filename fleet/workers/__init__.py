"""The hub's work, in its own process or in several: each has its nodes, judges what they say and books it.

Imports `ingest` and what stands below it. `booking` is the work itself; `team` has it done by `worker` processes, which
`healing` starts again where they die, as it does for the parts of a scenario.
"""
