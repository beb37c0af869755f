"""A test that may be looked at every night: an e-process on paired differences.

A nightly test at 5 % raises a false alarm within 60 nights nearly surely. Here a wealth that starts at 1 is bet on
every difference; while nothing got worse it is a martingale or shrinks, so it reaches 1/alpha at any time at all with
probability alpha at most (Ville's inequality; Waudby-Smith and Ramdas, "Estimating means of bounded random variables
by betting", 2024).
"""

import math
from dataclasses import dataclass

ALPHA = 0.01
GREATEST_BET = 0.5
PRIOR_N = 4
PRIOR_VARIANCE = 0.25**2
"""The bets start as if this many differences of mean 0 and this variance had been seen."""


@dataclass(frozen=True, slots=True)
class Trend:
    """What a night hands on to the next: `after` each difference gives the next state."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    log_wealth: float = 0.0
    greatest_log_wealth: float = 0.0

    @property
    def bet(self) -> float:
        """Decided before the next difference is seen: clip(-mean / (variance + mean²), 0, .5)."""
        n = self.n + PRIOR_N
        mean = self.total / n
        variance = (self.squares + PRIOR_N * PRIOR_VARIANCE) / n - mean**2
        return min(max(-mean / (variance + mean**2), 0.0), GREATEST_BET)

    def after(self, difference: float) -> "Trend":
        """`difference`: the new version minus the old on one sequence, in -1..1, more is better."""
        if not -1 <= difference <= 1:
            raise ValueError(f"a difference of figures between 0 and 1 lies in -1..1, not at {difference}")
        log_wealth = self.log_wealth + math.log1p(-self.bet * difference)
        return Trend(
            n=self.n + 1,
            total=self.total + difference,
            squares=self.squares + difference**2,
            log_wealth=log_wealth,
            greatest_log_wealth=max(self.greatest_log_wealth, log_wealth),
        )

    def alarm(self, alpha: float = ALPHA) -> bool:
        """Whether it ever was surely worse; false with probability `alpha` at most over all looks together."""
        return self.greatest_log_wealth >= -math.log(alpha)
