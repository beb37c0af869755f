"""How often a rollout is halted, and after how long, of 300 units drawn by chance: good bundles and four bad ones.

    python -P -m bench.rollout_gates [--rollouts 100] [--units 300] [--flaky 0.1]

Prints JSON: for each habit of the bundle how its rollouts ended, in which wave, after how many looks, how many units
had had it by then. `as bad as allowed` is worse by exactly the margin of every gate: halted falsely if at all.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np

from fleet.rollout.plan import RolloutPlan
from tests.fleet.rollout.simulated import HABITS, SimulatedFleet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=100)
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--flaky", type=float, default=0.1, help="share of units that go offline, restart and fail")
    parser.add_argument("--habits", nargs="+", choices=HABITS, default=HABITS)
    chosen = parser.parse_args()
    told = {}
    for habit in chosen.habits:
        outcomes = []
        for seed in range(chosen.rollouts):
            # Names decide who is first: each rollout has its own.
            plan = RolloutPlan(name=f"rollout-{seed}", bundle=Path("bundle"))
            fleet = SimulatedFleet(plan, habit, chosen.units, chosen.flaky, np.random.default_rng(seed))
            outcomes.append(fleet.run())
        told[habit] = {
            "ended": Counter(one.state.status for one in outcomes),
            "in wave": Counter(one.state.wave + 1 for one in outcomes),
            "looks (p50, max)": [int(np.median([one.slots for one in outcomes])), max(one.slots for one in outcomes)],
            "units reached (p50, max)": [
                int(np.median([one.reached for one in outcomes])),
                max(one.reached for one in outcomes),
            ],
            "for example": next((one.state.why for one in outcomes if one.state.status != "done"), ""),
        }
        about = {"rollouts": chosen.rollouts, "units": chosen.units, "flaky": chosen.flaky}
        print(json.dumps({**about, habit: told[habit]}, indent=2), flush=True)


if __name__ == "__main__":
    main()
