"""A node: accelerators, the frame path, and what the node says on the wire.

Imports `sensors` and `models`. Inside: cli > node > uplink, birth > assembly > stream > pipeline > backends, trackers,
conformance > device > config > wire."""

import models as models  # first: it says what a runtime may send
