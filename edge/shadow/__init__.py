"""A candidate beside the active model: on the same frames, in a process of its own, and never in the frame path's way.

Imports what loads a model (`edge.assembly`) and below, and the wire's words; knows no node and no uplink."""
