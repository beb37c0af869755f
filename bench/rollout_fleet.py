"""Rollouts to 300 simulated units through a real broker, hub and ledger: a good bundle, and four bad ones.

    python -P -m bench.rollout_fleet [--units 300] [--habits good slow ...] [--flaky 0.05]

Each in a hub of its own. Prints JSON: how each ended, in which wave, after how long, how many units had been sent the
bundle by then, and why. Exit status 1 where one ended otherwise than it has to.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import tomli_w

from fleet.arrivals import key_of
from fleet.ledger.fleet_reader import FleetReader
from sensors.clock import NS_PER_S, SystemClock
from sensors.processes.child import Child

HABITS = ("crashes-at-load", "fails-on-a-chip", "slow", "less-accurate", "good")
CHIPS = ("x86_64", "aarch64", "riscv64")
SAMPLES = Path(__file__).parents[1] / "replay" / "samples"
BEFORE = 6
"""Looks, of each unit's own time."""
POLL_S = 5.0
READY_S = 60.0
LONGEST_S = 1500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--habits", nargs="+", choices=HABITS, default=HABITS)
    parser.add_argument("--flaky", type=float, default=0.05)
    parser.add_argument("--rate", type=float, default=2.5, help="reports a second of each unit")
    parser.add_argument("--look", type=float, default=10.0, help="seconds")
    chosen = parser.parse_args()
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        admitted = ["--admit", "architecture=*"]
        model = ["--model", "gilmok-mini", "--backend", "onnxruntime"]
        _gilmok("bundle", "make", *model, *admitted, "--out", str(bundle))
        for habit in chosen.habits:
            told[habit] = _rollout(Path(folder) / habit, bundle, habit, chosen)
            print(json.dumps({habit: told[habit]}, indent=2), flush=True)
    wrong = [habit for habit, one in told.items() if (one["status"] == "done") != (habit == "good")]
    if wrong:
        sys.exit(f"ended otherwise than it has to: {', '.join(wrong)}")


def _rollout(folder: Path, bundle: Path, habit: str, chosen: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir()
    os.chdir(folder)
    port = 21_000 + os.getpid() % 5000 + HABITS.index(habit)
    hub = {
        "store": "hub.db",
        "embedded": {"port": port, "folder": "broker"},
        "web": {"enabled": False},
        "truth": [{"dataset": "world", "root": str(SAMPLES)}],
    }
    plan = {
        "name": habit,
        "bundle": str(bundle),
        "look_s": chosen.look,
        "before_looks": BEFORE,
        "patience_s": 900.0,
        "switch_s": 60.0,
        "wave": [{"units": 5, "soak_s": 20.0}, *({"share": share, "soak_s": 20.0} for share in (0.05, 0.25, 1.0))],
    }
    for name, table in (("hub.toml", hub), ("rollout.toml", plan)):
        Path(name).write_text(tomli_w.dumps(table), encoding="utf-8")
    clock = SystemClock()
    running = Child("the hub", ["hub", "run", "hub.toml"], folder / "hub.log")
    simulate = ["fleet", "simulate", "--broker", f"mqtt://127.0.0.1:{port}", "--units", "--nodes", str(chosen.units)]
    simulate += [
        "--rate",
        str(chosen.rate),
        "--seconds",
        str(LONGEST_S),
        "--bundles",
        habit,
        "--flaky",
        str(chosen.flaky),
    ]
    try:
        running.await_line("ready", READY_S)
        fleet = Child("the units", [*simulate, "--chips", *CHIPS, "--json"], folder / "units.log")
        try:
            # Of one that ends before it drives, nothing is measured.
            slots = 0 if habit in HABITS[:2] else BEFORE + 1
            _await_past(folder / "hub.db", chosen.units, int(chosen.rate * chosen.look * slots), clock)
            began_ns = clock.now().mono_ns
            answered = subprocess.run(
                [sys.executable, "-P", "-m", "gilmok", "fleet", "rollout", "rollout.toml", "--json"],
                stdout=subprocess.PIPE,
                timeout=LONGEST_S,
                check=False,
            )
            took_s = (clock.now().mono_ns - began_ns) / NS_PER_S
            told = json.loads(answered.stdout)
        finally:
            fleet.stop()
    finally:
        running.stop()
    names = "status", "wave", "units", "active", "failed", "why"
    reached = sum(row["wave"] is not None for row in told["unit_rows"])
    return {
        **{name: told[name] for name in names},
        "reached": reached,
        "took_s": round(took_s),
        "exit": answered.returncode,
    }


def _await_past(store: Path, units: int, reports: int, clock: SystemClock) -> None:
    """Until each unit has a time before to be held against, however busy the machine is."""
    while True:
        clock.sleep_until(clock.now().mono_ns + int(POLL_S * NS_PER_S))
        with FleetReader(store) as ledger:
            births = [birth for birth, _ in ledger.standing()]
            told = ledger.booked((key_of(birth), birth.streams[0].name) for birth in births)
        if len(births) == units and min(top for top, _ in told.values()) >= reports:
            return


def _gilmok(*arguments: str) -> None:
    subprocess.run([sys.executable, "-P", "-m", "gilmok", *arguments], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
