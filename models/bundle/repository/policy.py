"""How each role of a repository is signed, and how its metadata is written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.bundle.repository.layout import METADATA
from sensors import atomic_files
from sensors.clock import NS_PER_S, Clock
from sensors.config import Settings
from sensors.ranges import Several, WholeDays

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata

POLICY = "policy.toml"
"""In the folder of keys."""


class RoleRule(Settings, frozen=True, kw_only=True):
    """How a role is signed, and for how long a signature is good."""

    keys: Several = 1
    threshold: Several = 1
    days: WholeDays

    def __post_init__(self) -> None:
        if self.threshold > self.keys:
            raise ValueError(f"a threshold of {self.threshold} is more than {self.keys} keys reach")


class Policy(Settings, frozen=True, kw_only=True):
    """Of a repository; it lies with the keys."""

    root: RoleRule = RoleRule(keys=3, threshold=2, days=730)
    targets: RoleRule = RoleRule(days=180)
    snapshot: RoleRule = RoleRule(days=30)
    timestamp: RoleRule = RoleRule(days=7)

    def of(self, role: str) -> RoleRule:
        rule: RoleRule = getattr(self, role)
        return rule


def written(
    folder: Path, role: str, metadata: "Metadata[Any]", signers: Sequence[Any], rule: RoleRule, clock: Clock
) -> bytes:
    """Signed by all of `signers`, good for the rule's days from now, in its place; returns the bytes."""
    from tuf.api.serialization.json import JSONSerializer

    now = datetime.fromtimestamp(clock.now().utc_ns // NS_PER_S, UTC)
    metadata.signed.expires = now + timedelta(days=rule.days)
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    content: bytes = metadata.to_bytes(JSONSerializer(compact=False))
    name = "timestamp.json" if role == "timestamp" else f"{metadata.signed.version}.{role}.json"
    atomic_files.write(folder / METADATA / name, content, durable=True)
    return content
