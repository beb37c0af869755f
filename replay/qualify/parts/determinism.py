"""Does the same input give the same bytes: repeated in one process, and after a restart?"""

import hashlib
from pathlib import Path

import numpy as np

from edge.device.backend import Tensors
from replay.qualify.campaign import Campaign
from replay.qualify.candidate import candidate, pictures
from replay.qualify.children import Child
from replay.qualify.load.serving import Library
from replay.qualify.progress import Tell
from sensors.record import Record


class Repeated(Record, frozen=True, kw_only=True):
    """What one process saw."""

    digests: tuple[str, ...]
    """sha256 of each frame's output tensors, at its first inference."""
    unequal: tuple[int, ...]
    """Of each frame: repeats whose outputs differed from the first."""


class Determinism(Record, frozen=True, kw_only=True):
    frames: int
    repeats: int
    processes: int
    unequal_repeats: int
    """Inferences, of all processes, whose bytes differed from their frame's first."""
    unequal_frames: int
    """Frames whose first bytes differed between processes."""
    digest: str
    """sha256 over the first process's digests: a rerun on the same device should show the same."""


def measure(campaign: Campaign, folder: Path, tell: Tell) -> Determinism:  # noqa: ARG001 (every part is called alike)
    processes = 1 + campaign.budget.restarts
    seen: list[Repeated] = []
    for n in range(processes):
        tell(n / processes, "first process" if n == 0 else f"restart {n}")
        with Child("digests", campaign) as child:
            seen.append(child.result(Repeated))
    return compared(seen, campaign.budget.repeats)


def compared(seen: list[Repeated], repeats: int) -> Determinism:
    """`seen`: what each process saw, of the same frames."""
    frames = len(seen[0].digests)
    return Determinism(
        frames=frames,
        repeats=repeats,
        processes=len(seen),
        unequal_repeats=sum(sum(one.unequal) for one in seen),
        unequal_frames=sum(len({one.digests[frame] for one in seen}) > 1 for frame in range(frames)),
        digest=hashlib.sha256("".join(seen[0].digests).encode()).hexdigest(),
    )


def digests(campaign: Campaign) -> Repeated:
    """In the fresh process: every frame in turn, so that no frame follows itself."""
    budget = campaign.budget
    with candidate(campaign) as parts:
        library = Library(parts, pictures(campaign, budget.repeat_frames)[: budget.repeat_frames])
        firsts = ["" for _ in range(len(library))]
        unequal = [0] * len(library)
        for _ in range(budget.repeats):
            for place, tensor in enumerate(library.tensors):
                seen = _digest(parts.session.run([tensor]))
                firsts[place] = firsts[place] or seen
                unequal[place] += seen != firsts[place]
    return Repeated(digests=tuple(firsts), unequal=tuple(unequal))


def _digest(outputs: Tensors) -> str:
    whole = hashlib.sha256()
    for output in outputs:
        whole.update(f"{output.dtype}{output.shape}".encode())
        whole.update(np.ascontiguousarray(output).tobytes())
    return whole.hexdigest()
