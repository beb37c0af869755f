"""What is merely stored: figures and outcomes that are written to a file and read back."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What every stored value inherits: frozen, its fields named, JSON by field name.

    What is said over MQTT is an `edge.wire.messages.Message` instead: that one may only ever grow.
    Tables repeat `frozen=True, kw_only=True`: msgspec inherits the two, type checkers don't know it.
    """
