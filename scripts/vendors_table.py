"""The table of scripts/try_vendors: accuracy of each run in a folder, against ONNX Runtime's."""

import json
import sys
from pathlib import Path
from typing import Any

from sensors.terminal.figures import of_set, sure

REFERENCE = "run-onnxruntime-original"


def main(folder: Path) -> None:
    runs = {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob("run-*/summary.json"))}
    if REFERENCE not in runs:
        sys.exit(f"vendors_table.py: {folder} holds no {REFERENCE}/summary.json")
    reference = runs[REFERENCE]["accuracy"]["coco"]
    print(f"YOLOX-nano on PETS09-S2L1, against ONNX Runtime {_runtime(folder)}\n")
    print(f"{of_set(reference['n_frames'], reference['n_truth'])}; AP with its 95 % interval\n")
    heads = f"{'AP50':>6} {'AP (95 %)':>21} {'lost AP':>8} {'ok':>4} {'failed':>6}  s/frame"
    print(f"{'backend':<12} {'precision':<9} {'on':<10} {heads}")
    for name, run in sorted(runs.items(), key=lambda item: (item[0] != REFERENCE, item[0])):
        _, backend, precision = name.split("-")
        kind, figures, frames = run["streams"][0]["device_kind"], run["accuracy"]["coco"], run["frames"]
        seconds = (run["latency_ns"]["infer"]["p50"] or float("nan")) / 1e9
        print(
            f"{backend:<12} {precision:<9} {kind:<10} {figures['AP50']:6.4f} {sure(_known(run['accuracy']), 'AP'):>21} "
            f"{reference['AP'] - figures['AP']:8.4f} {frames['ok']:4} {frames['failed']:6}  {seconds:.3f}"
        )
    print("\nTimes of an emulator or simulator say nothing about the chip. Only the rows on `cpu` ran on hardware.")


def _known(accuracy: dict[str, Any]) -> dict[str, float | None]:
    """AP with the ends of its interval."""
    around = accuracy.get("interval") or {}
    return {"AP": accuracy["coco"]["AP"], "AP_low": around.get("low"), "AP_high": around.get("high")}


def _runtime(folder: Path) -> str:
    who: Any = json.loads((folder / REFERENCE / "run.json").read_text())
    return str(who["nodes"][0]["backend"]["facts"]["runtime"]).removeprefix("onnxruntime ")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -P scripts/vendors_table.py FOLDER, which scripts/try_vendors has made")
    main(Path(sys.argv[1]))
