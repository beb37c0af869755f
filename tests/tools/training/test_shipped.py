"""The shipped detector is the one that its record and its manifests speak of, and finds what its samples show."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.catalogue import MANIFESTS, SHIPPED, locate
from replay.datasets.world import WorldRecordings
from replay.truth import Role
from tests.layouts import told
from tools.training.evaluate import findings, onnx_network
from tools.training.frames import HEIGHT, LABELS, PAD, PICTURE, WIDTH
from tools.training.score import Asked, average_precision
from tools.training.split import SPLIT, of

NAMES = ("gilmok-mini", "gilmok-mini-int8")
SAMPLES = Path(__file__).parents[3] / "replay" / "samples"
MAX_BYTES = 2_000_000
MAX_SAMPLES_BYTES = 15_000_000


@pytest.fixture(scope="module")
def record() -> Any:
    return json.loads((SHIPPED / "gilmok-mini.record.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_small_and_the_one_its_manifest_names(name: str) -> None:
    manifest, artefact = locate(name)
    assert artefact.path.parent == SHIPPED
    assert manifest.bytes == artefact.path.stat().st_size <= MAX_BYTES
    assert manifest.labels == LABELS
    assert (MANIFESTS / f"{name}.toml").is_file()


def test_the_record_was_made_with_the_split_that_is_committed(record: Any) -> None:
    assert record["split"] == [asdict(entry) for entry in SPLIT]
    assert record["parameters"] < 1_000_000


def test_the_record_holds_what_was_promised_by_day_and_the_drop_elsewhere(record: Any) -> None:
    day = record["scores"]["fp32"]["day"]
    assert day["AP50"] >= 0.80
    assert day["AP50 vehicle"] >= 0.85
    assert record["scores"]["int8"]["day"]["AP50"] >= day["AP50"] - 0.03
    assert set(record["scores"]["fp32"]) == {e.condition for e in of("test")}


def test_the_samples_are_shipped_worlds_whole_and_small() -> None:
    dataset = WorldRecordings(SAMPLES)
    assert len(dataset.recordings()) == 5
    promised = {(e.layout, e.seed, e.condition) for e in of("shipped")}
    for name in dataset.recordings():
        recording = dataset.open(name)
        facts = recording.facts
        assert (facts.layout, facts.seed, facts.condition) in promised
        assert len(recording.numbers) == 600
        assert not told(recording)
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= MAX_SAMPLES_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_the_vehicles_of_a_sample(name: str) -> None:
    import cv2

    recording = WorldRecordings(SAMPLES).open("crossing-day-rsu-1")
    numbers = recording.numbers[::60]
    scale = PICTURE[0] / 640
    images = np.full((len(numbers), HEIGHT, WIDTH, 3), PAD, np.uint8)
    asked = []
    for image, number in zip(images, numbers, strict=True):
        image[: PICTURE[1]] = cv2.resize(recording.picture(number), PICTURE)
        truth = recording.truth(number)
        assert truth is not None
        seen = truth.roles != Role.INVISIBLE
        roles = (truth.roles[seen] == Role.REGION).astype(np.int64)
        asked.append(Asked((truth.boxes[seen] * scale).astype(np.float32), truth.labels[seen], roles))
    found = findings(onnx_network(locate(name)[1].path), images)
    score, n = average_precision(found, asked, [LABELS.index(label) for label in ("car", "bus", "truck")])
    assert n > 10
    assert score > 0.75
