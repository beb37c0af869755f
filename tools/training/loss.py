"""What the network is taught: cells assigned by SimOTA; IoU, objectness and class losses (YOLOX, Ge et al. 2021)."""

import torch
from torch import Tensor
from torch.nn import functional

CENTRE_CELLS = 2.0
"""A cell nearer than this many strides to a box's middle may answer for it."""
CANDIDATES = 10
IOU_WEIGHT = 5.0


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """(N, M) overlap of (N, 4) and (M, 4) boxes."""
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(dim=1), (b[:, 2:] - b[:, :2]).prod(dim=1)
    return shared / (area_a[:, None] + area_b[None] - shared + 1e-6)


def giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) plain and generalised overlap of matching rows."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    area_a, area_b = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(dim=1), (b[:, 2:] - b[:, :2]).prod(dim=1)
    union = area_a + area_b - shared + 1e-6
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1) + 1e-6
    iou = shared / union
    return iou, iou - (hull - union) / hull


@torch.no_grad()
def assign(
    boxes: Tensor, logits: Tensor, places: Tensor, strides: Tensor, truth: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Which cells answer for which box: (K,) cells, (K,) truths, (K,) overlaps of one picture."""
    centre = (places + 0.5) * strides
    inside = ((centre[:, None] > truth[None, :, :2]) & (centre[:, None] < truth[None, :, 2:])).all(dim=2)
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    near = ((centre[:, None] - middle[None]).abs() < CENTRE_CELLS * strides[:, None]).all(dim=2)
    able = torch.nonzero((inside | near).any(dim=1)).flatten()
    iou = pairwise_iou(boxes[able], truth)
    score = (logits[able, 1:].sigmoid() * logits[able, :1].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    miss = -(
        torch.log(score[:, labels]) + torch.log(1 - score).sum(dim=1, keepdim=True) - torch.log(1 - score[:, labels])
    )
    cost = miss - 3.0 * torch.log(iou + 1e-6) + 1e5 * (~(inside & near)[able]).float()
    wanted = iou.topk(min(CANDIDATES, len(able)), dim=0).values.sum(dim=0).int().clamp(min=1)
    taken = torch.zeros_like(cost, dtype=torch.bool)
    order = cost.argsort(dim=0)
    for j in range(len(truth)):
        taken[order[: int(wanted[j]), j], j] = True
    many = taken.sum(dim=1) > 1
    if many.any():
        best = cost[many].argmin(dim=1)
        taken[many] = False
        taken[many.nonzero().flatten(), best] = True
    rows, columns = taken.nonzero(as_tuple=True)
    return able[rows], columns, iou[rows, columns]


def loss(
    raw: Tensor, boxes: Tensor, places: Tensor, strides: Tensor,
    truths: list[Tensor], labels: list[Tensor], ignored: list[Tensor],
) -> dict[str, Tensor]:  # fmt: skip
    """The parts of the loss of a batch, each per assigned cell."""
    objectness = torch.zeros(raw.shape[:2])
    weight = torch.ones(raw.shape[:2])
    found, meant, classes, targets, overlaps = [], [], [], [], []
    centre = (places + 0.5) * strides
    for i, truth in enumerate(truths):
        if len(ignored[i]):
            inside = ((centre[:, None] > ignored[i][None, :, :2]) & (centre[:, None] < ignored[i][None, :, 2:])).all(
                dim=2
            )
            weight[i][inside.any(dim=1)] = 0.0
        if not len(truth):
            continue
        at, which, iou = assign(boxes[i].detach(), raw[i, :, 4:].detach(), places, strides, truth, labels[i])
        objectness[i, at] = 1.0
        weight[i, at] = 1.0
        found.append(boxes[i, at])
        meant.append(truth[which])
        classes.append(raw[i, at, 5:])
        targets.append(functional.one_hot(labels[i][which], raw.shape[2] - 5).float())
        overlaps.append(iou)
    presence = (functional.binary_cross_entropy_with_logits(raw[..., 4], objectness, reduction="none") * weight).sum()
    if not found:
        return {"objectness": presence, "iou": raw.sum() * 0, "class": raw.sum() * 0}
    count = float(sum(len(f) for f in found))
    _, general = giou(torch.cat(found), torch.cat(meant))
    soft = torch.cat(targets) * torch.cat(overlaps)[:, None]
    kind = functional.binary_cross_entropy_with_logits(torch.cat(classes), soft, reduction="sum")
    return {"objectness": presence / count, "iou": IOU_WEIGHT * (1 - general).sum() / count, "class": kind / count}
