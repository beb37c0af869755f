"""The training loop: seeded, resumable, with a moving average of the weights that is what gets shipped."""

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tools.training import augment, evaluate
from tools.training.frames import Frames
from tools.training.loss import loss
from tools.training.network import Detector, Shipped, boxes_of, cells

Tell = Callable[[str, int, int], None]
"""Words, steps done, steps in all."""


@dataclass(frozen=True, slots=True)
class Plan:
    epochs: int = 16
    batch: int = 16
    rate: float = 2e-3
    weight_decay: float = 0.03
    warm_up: int = 300
    average: float = 0.998
    width: int = 48
    seed: int = 5
    plain_epochs: int = 2
    """The last epochs see the pictures as they are."""


def teach(
    plan: Plan, frames: Frames, valid: Frames, folder: Path, tell: Tell
) -> tuple[Detector, list[Mapping[str, float]]]:
    """Train from the last checkpoint in `folder`, or from the seed; returns the averaged network and a row an epoch."""
    torch.manual_seed(plan.seed)
    torch.use_deterministic_algorithms(True)
    folder.mkdir(parents=True, exist_ok=True)
    model = Detector(plan.width)
    mean = copy.deepcopy(model)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": rest, "weight_decay": 0.0}], lr=plan.rate
    )
    history: list[Mapping[str, float]] = []
    first = _resume(folder / "checkpoint.pt", plan, model, mean, optimiser, history)
    steps = len(frames.images) // plan.batch
    places, strides = cells(frames.images.shape[1], frames.images.shape[2])
    for epoch in range(first, plan.epochs):
        draw = np.random.default_rng([plan.seed, epoch])
        order = draw.permutation(len(frames.images))
        model.train()
        total = 0.0
        for step in range(steps):
            done = epoch * steps + step
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * _schedule(done, plan.warm_up, plan.epochs * steps)
            images, truths, labels, ignored = _batch(
                frames,
                order[step * plan.batch : (step + 1) * plan.batch],
                draw,
                epoch >= plan.epochs - plan.plain_epochs,
            )
            raw = model(images)
            parts = loss(raw, boxes_of(raw, places, strides), places, strides, truths, labels, ignored)
            whole = torch.stack(list(parts.values())).sum()
            optimiser.zero_grad()
            whole.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimiser.step()
            _blend(mean, model, min(plan.average, (1 + done) / (10 + done)))
            total += float(whole.detach())
            tell(f"epoch {epoch + 1}/{plan.epochs}, loss {total / (step + 1):.3f}", done + 1, plan.epochs * steps)
        row = {"epoch": float(epoch + 1), "loss": total / steps}
        if epoch % 3 == 2 or epoch == plan.epochs - 1:
            row |= evaluate.scores(through(mean), valid)
        history.append(row)
        state = {
            "plan": json.dumps(asdict(plan)), "epoch": epoch + 1, "history": json.dumps(history),
            "model": model.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(),
        }  # fmt: skip
        torch.save(state, folder / "checkpoint.part")
        (folder / "checkpoint.part").rename(folder / "checkpoint.pt")
        (folder / "history.json").write_text(json.dumps(history, indent=1), encoding="utf-8")
    return mean.eval(), history


def through(detector: Detector) -> evaluate.Network:
    """The detector as the evaluation calls it."""
    shipped = Shipped(detector).eval()

    @torch.no_grad()
    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(shipped(torch.from_numpy(images)).numpy(), np.float32)

    return run


def _resume(
    path: Path,
    plan: Plan,
    model: Detector,
    mean: Detector,
    optimiser: torch.optim.Optimizer,
    history: list[Mapping[str, float]],
) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    if state["plan"] != json.dumps(asdict(plan)):
        return 0
    model.load_state_dict(state["model"])
    mean.load_state_dict(state["mean"])
    optimiser.load_state_dict(state["optimiser"])
    history.extend(json.loads(state["history"]))
    return int(state["epoch"])


def _schedule(step: int, warm_up: int, steps: int) -> float:
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(steps - warm_up, 1)))


@torch.no_grad()
def _blend(mean: Detector, model: Detector, share: float) -> None:
    for slow, fast in zip(mean.state_dict().values(), model.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - share)
        else:
            slow.copy_(fast)


def _batch(
    frames: Frames, indices: NDArray[np.int64], draw: np.random.Generator, as_is: bool
) -> tuple[Tensor, list[Tensor], list[Tensor], list[Tensor]]:
    samples = [augment.plain(frames, int(i)) for i in indices]
    if not as_is:
        samples = [augment.changed(sample, draw) for sample in samples]
    images = torch.from_numpy(np.stack([s.image for s in samples]).transpose(0, 3, 1, 2).astype(np.float32))
    return (
        images.contiguous(memory_format=torch.channels_last),
        [torch.from_numpy(s.boxes) for s in samples],
        [torch.from_numpy(s.labels) for s in samples],
        [torch.from_numpy(s.ignored) for s in samples],
    )
