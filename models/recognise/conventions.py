"""How each family of detectors is fed and suppressed by its makers' own programs, unless somebody says otherwise."""

from dataclasses import dataclass, replace
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Convention:
    """Of `models.manifest`: fields of the input contract, and of the suppression."""

    whose: str
    colour: str = "RGB"
    resize: str = "stretch"
    whole: str = "down"
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    score_floor: float = 0.01
    iou: float = 0.65
    clipped: bool = True
    candidates: int = 3000
    keep: int = 300
    filter: str = "linear"
    smoothed_by: str = ""
    """Who among its users resizes with Pillow's filter: a file of this head doesn't say whose it is."""

    def unscaled(self) -> "Convention":
        """The same family without its mean and deviation: pixels from 0 to 1."""
        return replace(self, scale=1 / 255, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), score_floor=0.05, iou=0.45)

    def contract(self, *, normalised: bool) -> dict[str, Any]:
        """`normalised`: whether the graph takes real numbers, and not pixels as they are."""
        fields: dict[str, Any] = {"colour": self.colour, "resize": self.resize, "whole": self.whole}
        if normalised:
            fields |= {"scale": self.scale, "mean": list(self.mean), "std": list(self.std)}
        if self.filter != "linear":
            fields["filter"] = self.filter
        return fields

    def said(self) -> str:
        pixels = "0-1" if self.scale != 1 else "0-255"
        if any(self.mean):
            pixels += f", less mean {self.mean}, over {self.std}"
        smoothed = ", smoothed where it shrinks" if self.filter == "antialiased" else ""
        return f"{self.colour}, pixels {pixels}, {self.resize}{smoothed}"


ULTRALYTICS = Convention(
    "Ultralytics'", resize="letterbox-centre", whole="nearest", iou=0.7, clipped=False, candidates=30_000
)
YOLOV5 = replace(ULTRALYTICS, whose="YOLOv5's", iou=0.45)
YOLOX = Convention("YOLOX's", colour="BGR", resize="letterbox-top-left", scale=1.0, clipped=False, candidates=30_000)
DETR = Convention("RT-DETR's kinds'", smoothed_by="Transformers' processors, and RT-DETR's and D-FINE's own programs,")
IMAGENET = Convention(
    "DETR's", mean=IMAGENET_MEAN, std=IMAGENET_STD, smoothed_by="Transformers' processors, and DETR's own program,"
)
RF_DETR = replace(IMAGENET, whose="RF-DETR's", filter="antialiased", smoothed_by="")
ULTRALYTICS_DETR = Convention("Ultralytics' RT-DETR's")
STRETCHED = Convention("torchvision's")
SSD = Convention("TensorFlow's")
PICODET = Convention("PaddleDetection's", mean=IMAGENET_MEAN, std=IMAGENET_STD, score_floor=0.02, iou=0.6, keep=100)
NANODET = Convention(
    "NanoDet's",
    colour="BGR",
    scale=1.0,
    mean=(103.53, 116.28, 123.675),
    std=(57.375, 57.12, 58.395),
    score_floor=0.02,
    iou=0.6,
    keep=100,
)
