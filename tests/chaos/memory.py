"""What processes hold in memory while they live, and whether it grows with their age."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.chaos.programs import Program

WARM_S = 20.0
"""A process that is younger still fills its caches."""
EVERY_S = 2.0
S_PER_H = 3600.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one kind of process, over all of its lives."""

    first_mb: float
    """The median of the first samples of each life."""
    largest_mb: float
    slope_mb_h: float
    """Megabytes an hour of age: least squares, each life with a mean of its own. NaN: too little was seen."""
    lives: int
    hours: float
    """Of age, that were seen."""

    def __str__(self) -> str:
        if not self.lives:
            return f"not told: none lived for {WARM_S:.0f} s"
        return (
            f"{self.first_mb:.0f} MB, at most {self.largest_mb:.0f}, {self.slope_mb_h:+.1f} MB an hour of age "
            f"({self.lives} lives, {self.hours:.2f} h)"
        )


class Memory:
    """Samples of programs that may have been started again in between."""

    def __init__(self) -> None:
        self._lives: defaultdict[tuple[str, float], list[tuple[float, float]]] = defaultdict(list)
        """(age, MB), by kind and start."""
        self._next = 0.0

    def sample(self, kinds: dict[str, Sequence[Program]], now: float) -> None:
        """At most once in EVERY_S."""
        if now < self._next:
            return
        self._next = now + EVERY_S
        for kind, programs in kinds.items():
            for program in programs:
                if (age := now - program.since) >= WARM_S and (held := program.resident_mb()):
                    self._lives[f"{kind}/{program.name}", program.since].append((age, held))

    def growth(self, kind: str) -> Growth:
        own = [np.array(life) for (name, _), life in self._lives.items() if name.startswith(f"{kind}/")]
        if not own:
            return Growth(*(float("nan"),) * 3, 0, 0.0)
        centred = [life - life.mean(axis=0) for life in own]
        above = sum(float((life[:, 0] * life[:, 1]).sum()) for life in centred)
        below = sum(float((life[:, 0] ** 2).sum()) for life in centred)
        return Growth(
            first_mb=float(np.median([life[0, 1] for life in own])),
            largest_mb=max(float(life[:, 1].max()) for life in own),
            slope_mb_h=above / below * S_PER_H if below else float("nan"),
            lives=len(own),
            hours=sum(float(life[-1, 0] - life[0, 0]) for life in own) / S_PER_H,
        )
