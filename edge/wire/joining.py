"""What a unit asks when it joins a fleet, and what it is given: over HTTPS, before it has an identity (POST /join).

The unit's private key is made on it and never leaves it: only a request to certify its public half does.
"""

from typing import Annotated

from msgspec import Meta

from edge.wire.message import Message

PATH = "/join"
MOST_BYTES = 64_000
"""Of either."""

Pem = Annotated[str, Meta(min_length=1, max_length=16_000)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class JoinAsk(Message, frozen=True, kw_only=True):
    token: Annotated[str, Meta(min_length=1, max_length=200)]
    """Of an invitation."""
    request: Pem
    """PKCS #10; what it says but the key and its signature is not read: the invitation names the unit."""


class Joined(Message, frozen=True, kw_only=True):
    node: Name
    site: Name
    certificate: Pem
    authority: Pem
    """The fleet's own: whom the unit is to believe."""
    broker: Annotated[str, Meta(min_length=1, max_length=2000)]
    """Where its desired state waits for it, retained."""
    repository: bool = False
    """Whether bundles are served beside this, under /repository/."""
    root: Annotated[str, Meta(max_length=40_000)] = ""
    """The repository's root, to be trusted from now on."""
