"""Bundles of the tiny model, made by the parts that `gilmok bundle make` uses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from edge.answering.pictures import answers, tuple_of
from edge.assembly import opened
from edge.config import BackendChoice
from models import catalogue
from models.bundle.bundle import INDEX, decoded, encoded
from models.bundle.files import entries_of
from models.bundle.making import Ingredients, SelfTest, make
from models.bundle.self_test import Bounds
from models.bundle.tuples import exactly
from models.bundle.verify import VerifiedBundle
from tests.tiny import FRAME_PX, write_model

PICTURES = [np.full((FRAME_PX, FRAME_PX, 3), level, np.uint8) for level in (120, 230)]


def ingredients(folder: Path, **more: Any) -> Ingredients:
    """Of the tiny model, which is written into `folder`; it says what it really answers."""
    manifest, artefact = catalogue.locate(str(write_model(folder)))
    with opened(manifest, artefact, BackendChoice(), Path()) as parts:
        device = tuple_of(parts)
        recorded = SelfTest(device, "original", Bounds(), PICTURES, list(answers(parts, PICTURES)))
    usual: Mapping[str, Any] = {
        "name": "tiny",
        "manifest": manifest,
        "artefact": artefact,
        "precision": "original",
        "backend": "onnxruntime",
        "good_for": (exactly(device),),
        "self_test": recorded,
    }
    return Ingredients(**{**usual, **more})


def tiny_bundle(folder: Path, out: str = "bundle", **more: Any) -> VerifiedBundle:
    folder.mkdir(exist_ok=True)
    return make(ingredients(folder, **more), folder / out)


def relisted(folder: Path, **changes: Any) -> None:
    """bundle.json written anew for what lies in the folder now: as somebody would who means harm."""
    bundle = decoded((folder / INDEX).read_bytes(), folder / INDEX)
    (folder / INDEX).write_bytes(encoded(replace(bundle, **({"files": entries_of(folder)} | changes))))
