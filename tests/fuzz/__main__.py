"""`scripts/fuzz --minutes N --seed S`: every command on spoilt inputs, for as long as one likes."""

import argparse
import faulthandler
import importlib
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz.subjects import prepared, untried
from tests.fuzz.trial import run, tried

IMPORTED = (
    "cv2", "onnxruntime", "sqlalchemy", "edge.assembly", "edge.node", "fleet.hub", "fleet.scenario.launch",
    "models.catalogue", "onnx", "replay.comparison.compare", "replay.gates.gate", "replay.report.page",
    "replay.runs.offline",
)  # fmt: skip
"""Before the first fork, so that a trial takes a tenth of a second; none of them starts a thread."""


def main() -> int:
    """0 nothing found, 1 something, each with its folder and its seed."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--trials", type=int, help="so many instead, of the quick ones")
    parser.add_argument("--seed", type=int, default=0, help="of the first trial; the others count on from it")
    parser.add_argument("--only", default="", help="commands that hold this text")
    parser.add_argument("--keep", type=Path, help="where findings stay (default: a fresh folder)")
    chosen = parser.parse_args()
    faulthandler.enable()
    keep = chosen.keep or Path(tempfile.mkdtemp(prefix="gilmok-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gilmok-fuzz-inputs-") as inputs:
        return _fuzzed(chosen, Path(inputs), keep)


def _fuzzed(chosen: argparse.Namespace, inputs: Path, keep: Path) -> int:
    said = inputs / "prepared"
    said.mkdir()

    def call(*words: object, lives: bool = False, home: Path | None = None) -> None:
        status, _, _ = run([str(word) for word in words], said, lives, home)
        if status not in (0, 3) and not lives:
            raise SystemExit(f"can't prepare: {words}: {status}: {(said / 'stderr').read_text()}")

    subjects = [one for one in prepared(inputs, call, quickly=chosen.trials is not None) if chosen.only in one.name]
    missing = untried(subjects, call, said) if chosen.trials is None and not chosen.only else []
    if missing:
        print(f"no subject tries {', '.join(missing)}", flush=True)
    for module in IMPORTED:
        importlib.import_module(module)
    begin, number, found = time.monotonic(), 0, 0
    ends: Counter[int] = Counter()
    while number < chosen.trials if chosen.trials else time.monotonic() - begin < chosen.minutes * 60:
        seed = chosen.seed + number
        number += 1
        pick = Random(seed).choices(subjects, [0.1 if one.slow or one.lives else 1.0 for one in subjects])[0]
        folder = keep / f"{seed}"
        folder.mkdir()
        status, finding = tried(pick, seed, folder)
        ends[status] += 1
        if finding is None:
            continue
        found += 1
        print(f"== seed {seed}: {pick.name}\n   {finding.spoilt}\n   {finding.command[:600]!r}\n   {finding.what}")
        print(f"   said: {finding.said[-600:]}\n   kept in {folder}", flush=True)
    print(f"{number} trials in {time.monotonic() - begin:.0f} s, by exit status: {dict(sorted(ends.items()))}")
    print(f"{found} findings{f', kept in {keep}' if found else ''}")
    return 1 if found or missing else 0


if __name__ == "__main__":
    sys.exit(main())
