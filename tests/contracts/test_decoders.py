"""What every decoder promises, over every one that is registered, on the manifests that come with gilmok."""

from collections.abc import Mapping

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import catalogue, decode
from models.decoders.cells import OutputsUnfit
from models.labels import LabelsUnknown, table
from models.manifest import Manifest
from models.preprocess import place
from sensors import plugins
from sensors.config import ConfigWrong
from sensors.frame import Array
from tests.tiny_models import manifest as manifest_of

SHIPPED: Mapping[str, Manifest] = catalogue.known()

MADE: Mapping[str, Manifest] = {
    "yolov5": manifest_of("yolov5", [(1, 63, 8)]),
    "yolov8": manifest_of("yolov8", [(1, 7, 21)]),
    "yolov8 turned round": manifest_of("yolov8", [(1, 21, 7)]),
    "detr": manifest_of("detr", [(1, 60, 3), (1, 60, 4)]),
    "detr, boxes first": manifest_of("detr", [(1, 60, 4), (1, 60, 4)], decoder_options={"boxes": 0}),
}
FINISHED: Mapping[str, Manifest] = {
    "end2end": manifest_of("end2end", [(1, 300, 6)]),
    "ssd": manifest_of(
        "ssd", [(1, 40, 4), (1, 40), (1, 40)], decoder_options={"boxes": 0, "scores": 1, "labels": 2, "unit": "shares"}
    ),
}
"""Their outputs are findings: they don't tell how many labels there are."""

DENSE = {**SHIPPED, **MADE}
EVERY = {**DENSE, **FINISHED}

each_manifest = pytest.mark.parametrize("manifest", EVERY.values(), ids=EVERY)
each_dense_manifest = pytest.mark.parametrize("manifest", DENSE.values(), ids=DENSE)


def noise(manifest: Manifest, seed: int, spread: float = 1.0) -> list[Array]:
    """Outputs between 0 and 1, which every kind of score may be, times `spread`."""
    chance = np.random.default_rng(seed)
    return [(chance.random(shape, np.float32) ** 3 * spread).astype(np.float32) for shape in manifest.outputs]


def eager(manifest: Manifest) -> Manifest:
    """With a floor so low that noise of logits, too, has candidates: half an object, an eightieth of each class."""
    return msgspec.structs.replace(
        manifest, suppression=msgspec.structs.replace(manifest.suppression, score_floor=0.005)
    )


def test_every_registered_decoder_is_tried_here() -> None:
    assert set(plugins.names("decoders")) == {manifest.decoder for manifest in EVERY.values()}


@each_manifest
def test_nothing_comes_of_nothing(manifest: Manifest) -> None:
    # The logit of a score of nearly nothing; elsewhere outputs are scores.
    least = -20 if manifest.decoder == "detr" else 0
    empty = [np.full(shape, least, np.float32) for shape in manifest.outputs]
    assert len(decode.decoder(manifest.decoder)(empty, manifest)) == 0


@each_manifest
def test_candidates_are_over_the_floor_and_named_in_the_label_table(manifest: Manifest) -> None:
    manifest = eager(manifest)
    found = decode.decoder(manifest.decoder)(noise(manifest, 1), manifest)
    assert len(found) > 0
    assert found.scores.min() > manifest.suppression.score_floor
    assert 0 <= found.labels.min() <= found.labels.max() < len(table(manifest))
    assert [array.dtype.name for array in (found.boxes, found.scores, found.labels)] == ["float32", "float32", "int64"]
    if manifest.decoder not in {one.decoder for one in FINISHED.values()}:
        # Corners that a graph gives may be inside out: `decode.read` leaves those out.
        assert (found.boxes[:, 2:] >= found.boxes[:, :2]).all()


@each_manifest
def test_the_outputs_are_left_as_they_were(manifest: Manifest) -> None:
    outputs = noise(manifest, 2)
    for output in outputs:
        output.flags.writeable = False
    decode.decoder(manifest.decoder)(outputs, manifest)


@each_manifest
@pytest.mark.parametrize("spread", [1e4, -1e4])
def test_absurd_numbers_neither_overflow_nor_become_nan(manifest: Manifest, spread: float) -> None:
    outputs = [output - np.float32(spread / 8) for output in noise(manifest, 3, spread)]
    found = decode.decoder(manifest.decoder)(outputs, manifest)
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.scores).all()


@each_manifest
def test_the_outputs_of_another_model_are_refused(manifest: Manifest) -> None:
    for other in EVERY.values():
        if manifest.decoder == "detr" and other.outputs == MADE["yolov8 turned round"].outputs:
            continue  # Ultralytics writes its RT-DETR in the very shape of its YOLOs turned round.
        # Two columns of numbers beside boxes may be anybody's.
        if other.outputs != manifest.outputs and other.decoder != manifest.decoder:
            with pytest.raises(OutputsUnfit, match=f"doesn't fit its decoder '{manifest.decoder}'"):
                decode.decoder(manifest.decoder)(noise(other, 4), manifest)


@each_dense_manifest
def test_a_manifest_that_contradicts_itself_is_refused_at_the_start(manifest: Manifest) -> None:
    decode.rehearse(manifest)
    with pytest.raises(OutputsUnfit):
        decode.rehearse(msgspec.structs.replace(manifest, labels=("car",)))
    with pytest.raises(LabelsUnknown, match="coco81"):
        decode.rehearse(msgspec.structs.replace(manifest, labels="coco81"))
    with pytest.raises(ConfigWrong, match="strid"):
        decode.rehearse(msgspec.structs.replace(manifest, decoder_options={"strids": [8]}))
    with pytest.raises(plugins.PluginUnknown, match="yolo99"):
        decode.rehearse(msgspec.structs.replace(manifest, decoder="yolo99"))


@each_manifest
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.integers(8, 2000), height=st.integers(8, 2000))
def test_findings_lie_in_the_frame_and_come_best_first(manifest: Manifest, seed: int, width: int, height: int) -> None:
    found = decode.read(noise(manifest, seed), eager(manifest), place(width, height, manifest.input))
    assert 0 < len(found) <= manifest.suppression.keep
    assert (np.diff(found.scores) <= 0).all()
    assert (found.boxes >= 0).all()
    assert (found.boxes <= (width, height, width, height)).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
