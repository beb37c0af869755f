"""The command line of a qualification that takes some seconds, on the tiny model."""

from dataclasses import dataclass
from pathlib import Path

TINY_BUDGET = (
    "accuracy_frames=6", "parity_frames=4", "latency_s=0.3", "loads=[0.5]", "streams_s=2.0", "trial_s=0.2",
    "most_streams=2", "cold_starts=1", "soak_s=1.0", "repeat_frames=2", "repeats=3", "restarts=1",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    model: Path
    root: Path

    def words(self, out: Path, *more: str) -> list[str]:
        """The command line of a campaign of some seconds."""
        budget = [word for key in TINY_BUDGET for word in ("--budget", key)]
        where = ["--model", str(self.model), "--backend", "onnxruntime", "--recordings", f"mot:{self.root}:WALK"]
        return ["qualify", *where, "--quick", *budget, "--out", str(out), *more]
