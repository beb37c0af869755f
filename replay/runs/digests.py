"""Digests of what was found: two streams, or two runs, with one digest found the same."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from edge.wire.messages import Findings, FrameReport


class _Found(msgspec.Struct, frozen=True):
    """What of findings a digest is of. Whatever else they tell, places on the ground say, follows from that."""

    boxes: tuple[tuple[float, float, float, float], ...]
    scores: tuple[float, ...]
    labels: tuple[int, ...]
    tracks: tuple[int, ...] | None


def found_bytes(found: Findings) -> bytes:
    """What the model found in a frame, as JSON that never changes: digests of years are held against each other."""
    return msgspec.json.encode(_Found(found.boxes, found.scores, found.labels, found.tracks))


def findings_digest(reports: Sequence[FrameReport]) -> str:
    """sha256 over every frame's number, status and findings as the wire rounds them, in order."""
    whole = hashlib.sha256()
    for report in reports:
        whole.update(msgspec.json.encode((report.seq, report.status)))
        if report.findings is not None:
            whole.update(found_bytes(report.findings))
    return whole.hexdigest()


def joint_digest(streams: Iterable[tuple[str, str]]) -> str:
    """sha256 over every stream's name (`node/stream`) and findings digest, by name."""
    return hashlib.sha256("".join(sorted(f"{name} {digest}\n" for name, digest in streams)).encode()).hexdigest()
