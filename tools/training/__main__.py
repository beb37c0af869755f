"""`python -P -m tools.training`: draw the frames, train, export, quantise, score, write the record.

Every stage is kept in the work folder and taken up again where it was left.
"""

import argparse
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from sensors.ranges import Count, Threads, in_range
from sensors.terminal.exit_status import ended
from tools.training import split
from tools.training.draw import SIZES, draw_frames, frames_of
from tools.training.evaluate import MIN_HEIGHT_PX, onnx_network, scores
from tools.training.frames import LABELS

ROOT = Path(__file__).parents[2]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -P -m tools.training", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="frames and checkpoints")
    parser.add_argument("--out", type=Path, default=ROOT / "models" / "shipped", metavar="DIR")
    parser.add_argument("--manifests", type=Path, default=ROOT / "models" / "manifests", metavar="DIR")
    parser.add_argument("--epochs", type=in_range(Count), help="fewer than the plan's, for a try")
    parser.add_argument("--jobs", type=in_range(Threads), default=2, help="processes that draw frames")
    parser.add_argument("--threads", type=in_range(Threads), default=1, help="threads that train")
    parser.add_argument("--stage", choices=["frames", "train", "export", "all"], default="all")
    args = parser.parse_args(argv)
    draw_frames(
        args.work / "frames", args.jobs, ("train", "valid") if args.stage == "train" else ("train", "valid", "test")
    )
    if args.stage == "frames":
        return 0
    return _train(args)


def _train(args: argparse.Namespace) -> int:
    import dataclasses

    import torch
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from tools.training import export, teach

    torch.set_num_threads(args.threads)
    plan = teach.Plan() if args.epochs is None else dataclasses.replace(teach.Plan(), epochs=args.epochs)
    folder = args.work / "frames"
    taught = frames_of(folder, split.of("train"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("training")
        detector, history = teach.teach(
            plan, taught, frames_of(folder, split.of("valid")), args.work / "run",
            lambda words, done, total: progress.update(task, description=words, completed=done, total=total),
        )  # fmt: skip
    if args.stage == "train":
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    files = {"fp32": args.out / f"{export.NAME}.onnx", "int8": args.out / f"{export.NAME}-int8.onnx"}
    export.to_onnx(detector, files["fp32"])
    export.to_int8(files["fp32"], files["int8"], taught.images)
    for kind, path in files.items():
        summary = f"the built-in world's own detector, 320x192, {kind}"
        (args.manifests / f"{path.stem}.toml").write_text(export.manifest_toml(path, summary), encoding="utf-8")
    record = {
        "plan": asdict(plan), "parameters": sum(p.numel() for p in detector.parameters()), "labels": list(LABELS),
        "frames": {"train": len(taught.images)}, "split": [asdict(entry) for entry in split.SPLIT], "sizes": SIZES,
        "history": history, "scores": _scores(folder, files),
        "scores_without_min_height": _scores(folder, {"fp32": files["fp32"]}, 0.0),
        "bytes": {kind: path.stat().st_size for kind, path in files.items()},
        "versions": {name: version(name) for name in ("torch", "onnx", "onnxruntime", "panda3d", "libsumo", "numpy")},
        "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (args.out / f"{export.NAME}.record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


def _scores(
    folder: Path, files: Mapping[str, Path], min_height_px: float = MIN_HEIGHT_PX
) -> dict[str, dict[str, Mapping[str, float]]]:
    """AP50 of the files by condition, on the worlds of the test part."""
    out: dict[str, dict[str, Mapping[str, float]]] = {kind: {} for kind in files}
    for condition in split.SCORED_CONDITIONS:
        frames = frames_of(folder, [e for e in split.of("test") if e.condition == condition])
        for kind, path in files.items():
            found = scores(onnx_network(path, threads=1), frames, min_height_px)
            out[kind][condition] = {name: round(value, 4) for name, value in found.items()}
    return out


if __name__ == "__main__":
    sys.exit(ended(lambda: main(sys.argv[1:]), words=sys.argv))
