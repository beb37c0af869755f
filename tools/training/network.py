"""The detector: a small convolutional network with three strides, whose output has YOLOX's layout.

Plain convolutions and ReLU only: every accelerator has them and they survive int8.
"""

import torch
from torch import Tensor, nn

from tools.training.frames import LABELS

STRIDES = (8, 16, 32)
PRIOR = -4.6
"""Logit of one in a hundred: how rarely a cell holds something."""


def convolution(inside: int, outside: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, size, stride, size // 2, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """A bottleneck with a way round it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = convolution(channels, channels // 2, 1)
        self.wide = convolution(channels // 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.wide(self.narrow(x))
        return out


class Head(nn.Module):
    """Boxes, objectness and classes of one stride."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.where = convolution(channels, channels)
        self.what = convolution(channels, channels)
        self.box = nn.Conv2d(channels, 5, 1)
        self.label = nn.Conv2d(channels, classes, 1)
        nn.init.zeros_(self.box.weight[:4])
        nn.init.constant_(self.box.bias, 0.0)  # type: ignore[arg-type]
        with torch.no_grad():
            self.box.bias[4] = PRIOR  # type: ignore[index]
            self.label.bias.fill_(-1.5)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.box(self.where(x)), self.label(self.what(x))], dim=1)


class Detector(nn.Module):
    """(B, 3, H, W) BGR 0..255 to (B, cells, 5 + classes) of raw logits: x, y, log w, log h, objectness, classes."""

    def __init__(self, width: int = 64, classes: int = len(LABELS)) -> None:
        super().__init__()
        w = width
        self.scale = nn.BatchNorm2d(3)
        self.stem = nn.Sequential(convolution(3, w // 4, 3, 2), convolution(w // 4, w // 2, 3, 2), Residual(w // 2))
        self.fine = nn.Sequential(convolution(w // 2, w, 3, 2), Residual(w), Residual(w))
        self.middle = nn.Sequential(convolution(w, w * 3 // 2, 3, 2), Residual(w * 3 // 2), Residual(w * 3 // 2))
        self.coarse = nn.Sequential(convolution(w * 3 // 2, w * 2, 3, 2), Residual(w * 2))
        self.down = convolution(w * 2, w, 1)
        self.join_middle = convolution(w * 3 // 2 + w, w, 1)
        self.join_fine = convolution(w + w, w, 1)
        self.blend_middle = convolution(w, w)
        self.up_middle = convolution(w, w, 3, 2)
        self.up_coarse = convolution(w, w, 3, 2)
        self.heads = nn.ModuleList([Head(w, classes) for _ in STRIDES])
        self.grow = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, images: Tensor) -> Tensor:
        fine = self.fine(self.stem(self.scale(images)))
        middle = self.middle(fine)
        coarse = self.down(self.coarse(middle))
        middle = self.blend_middle(self.join_middle(torch.cat([middle, self.grow(coarse)], dim=1)))
        fine = self.join_fine(torch.cat([fine, self.grow(middle)], dim=1))
        middle = middle + self.up_middle(fine)
        coarse = coarse + self.up_coarse(middle)
        flat = [head(x).flatten(2) for head, x in zip(self.heads, (fine, middle, coarse), strict=True)]
        return torch.cat(flat, dim=2).transpose(1, 2)


class Shipped(nn.Module):
    """The detector as it is exported: objectness and classes through a sigmoid, as the decoder `yolox` expects."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> Tensor:
        raw = self.detector(images)
        return torch.cat([raw[..., :4], raw[..., 4:].sigmoid()], dim=2)


def cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """(N, 2) columns and rows of every cell and (N, 1) its stride, in the output's order."""
    places, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        places.append(torch.stack([x, y], dim=2).reshape(-1, 2).float())
        strides.append(torch.full((places[-1].shape[0], 1), float(stride)))
    return torch.cat(places), torch.cat(strides)


def boxes_of(raw: Tensor, places: Tensor, strides: Tensor) -> Tensor:
    """(..., 4) x1 y1 x2 y2 in input pixels from the first four columns of the output."""
    centre = (raw[..., :2] + places) * strides
    half = raw[..., 2:4].clamp(-8, 8).exp() * strides / 2
    return torch.cat([centre - half, centre + half], dim=-1)
