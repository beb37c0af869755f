"""A seeded wrong contract of each kind is found, a right one confirmed: gilmok-mini on a sample of its own world."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.assembly import Loaded, loaded
from edge.config import BackendChoice, ModelChoice
from models.detections import Boxes, Detections
from models.manifest import InputContract
from replay.doctor.closer_look import closer_look
from replay.doctor.contracts import AS_WRITTEN, READINGS, Contract, Reading, inputs, readings, same_input
from replay.doctor.diagnosis import Diagnosis, Word, diagnose
from replay.doctor.trial import LabelledFrame, NothingLabelled, Trial, examined, labelled_frames, trials
from replay.recording import Recording, open_dataset
from tests.tiny_models import contract, manifest

SAMPLES = Path(__file__).parents[3] / "replay" / "samples"
N_FRAMES = 8


@pytest.fixture(scope="module")
def recording() -> Recording:
    return open_dataset("world", SAMPLES).open("crossing-day-rsu-1")


@pytest.fixture(scope="module")
def frames(recording: Recording) -> list[LabelledFrame]:
    return labelled_frames(recording, N_FRAMES)


def tried(
    parts: Loaded, recording: Recording, frames: Sequence[LabelledFrame], first: InputContract, *more: InputContract
) -> list[Trial]:
    return trials(parts, recording, frames, ((), {}), [first, *more], lambda _done, _all: None)


def seeded(recording: Recording, frames: Sequence[LabelledFrame], **wrong: object) -> Diagnosis:
    """gilmok-mini with a manifest that is wrong in `wrong`; its right input is among the candidates."""
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        right = parts.artefact.input
        fed = msgspec.structs.replace(right, **wrong)
        return diagnose(tried(parts, recording, frames, fed, *([right] if wrong else [])), fed, None)


@pytest.mark.slow
def test_a_right_contract_is_confirmed(recording: Recording, frames: list[LabelledFrame]) -> None:
    found = seeded(recording, frames)
    assert found.word is Word.RIGHT
    assert (found.own.rank, found.own.changes) == (1, ())
    assert found.frames == N_FRAMES
    assert found.own.low <= found.own.ap <= found.own.high


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong", "change"),
    [
        ({"scale": 1 / 255}, "scale"),
        ({"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}, "mean"),
    ],
)
def test_a_wrong_input_is_found(
    recording: Recording, frames: list[LabelledFrame], wrong: dict[str, object], change: str
) -> None:
    found = seeded(recording, frames, **wrong)
    assert found.word is Word.WRONG
    assert any(one.startswith(change) for one in found.advised.changes), found
    assert change in found.sentence
    assert found.advised.gain > 0 < found.advised.gain_low


@pytest.mark.slow
@pytest.mark.parametrize("shift", [1, -1])
def test_a_shifted_label_table_is_found(recording: Recording, frames: list[LabelledFrame], shift: int) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        names = list(parts.labels)
        wrong = ["background", *names[:-1]] if shift > 0 else [*names[1:], "background"]
        seeded = msgspec.structs.replace(parts.manifest, labels=tuple(wrong))
        shifted = dataclasses.replace(parts, manifest=seeded, labels=wrong)
        found = diagnose(tried(shifted, recording, frames, parts.artefact.input), parts.artefact.input, None)
    assert found.word is Word.WRONG
    assert ("take it away" if shift > 0 else "put one for the background") in found.sentence


@pytest.mark.slow
def test_a_table_that_lost_the_only_scored_class_is_found(recording: Recording, frames: list[LabelledFrame]) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        first, *others = parts.labels
        names = [*others, "none"]
        shifted = dataclasses.replace(
            parts, manifest=msgspec.structs.replace(parts.manifest, labels=tuple(names)), labels=names
        )
        own = parts.artefact.input
        found = trials(shifted, recording, frames, ((first,), {}), [own], lambda _done, _all: None)
    told = diagnose(found, own, None)
    assert told.word is Word.WRONG
    assert told.own.ap == 0
    assert "the one that is missing" in told.sentence


@pytest.mark.slow
def test_two_contracts_that_find_the_same_are_tied_and_not_wrong(
    recording: Recording, frames: list[LabelledFrame]
) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        usual = parts.artefact.input
        fed = msgspec.structs.replace(usual, std=(1.001, 1.001, 1.001))
        found = tried(parts, recording, frames, fed, usual)
    tied = diagnose(found, fed, usual)
    assert tied.word is Word.TIED
    assert tied.advised.changes == ("std = [1, 1, 1]",)
    assert "can't be told from" in tied.sentence
    assert "take theirs" in tied.sentence
    # Who knows of no usual one has no reason to doubt what is as good as any.
    assert diagnose([one for one in found if one.contract.reading == AS_WRITTEN], fed, None).word is Word.RIGHT


def test_two_that_are_tied_are_held_against_each_other_on_more_frames(recording: Recording) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        usual = parts.artefact.input
        fed = msgspec.structs.replace(usual, std=(1.001, 1.001, 1.001))
        found = tried(parts, recording, labelled_frames(recording, 1), fed, usual)
        closer, frames = closer_look(parts, recording, found, usual, ((), {}), lambda _done, _all: None)
        assert len(frames) == len(closer[0].stream.frames) == 4
        assert [same_input(one.contract.input, fed) for one in closer[:: len(closer) // 2]] == [True, False]
        n = len(recording.numbers)
        all_of_them = dataclasses.replace(
            found[0].stream, frames=recording.numbers, truths=[None] * n, answers=[None] * n, tracks=()
        )
        every = dataclasses.replace(found[0], stream=all_of_them)
        assert closer_look(parts, recording, [every], usual, ((), {}), lambda _done, _all: None) == ([], [])


def test_what_is_poor_on_a_few_frames_is_not_looked_at_on_all(
    recording: Recording, frames: list[LabelledFrame]
) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        own = parts.artefact.input
        dark = [msgspec.structs.replace(own, scale=one) for one in np.geomspace(1e-5, 1e-4, 10).tolist()]
        steps: list[tuple[int, int]] = []
        found, n = examined(parts, recording, frames, ((), {}), [own, *dark], lambda *one: steps.append(one))
    assert n == 6 * 11
    assert len(found) < n
    assert {len(one.stream.frames) for one in found} == {N_FRAMES}
    assert steps[-1][0] == steps[-1][1]


RIGHT = np.array([[10, 20, 40, 80]], np.float32)


@pytest.mark.parametrize(
    ("reading", "misread"),
    [
        (READINGS[0], np.concatenate((RIGHT[:, :2] - RIGHT[:, 2:] / 2, RIGHT[:, :2] + RIGHT[:, 2:] / 2), axis=1)),
        (READINGS[1], np.concatenate(((RIGHT[:, :2] + RIGHT[:, 2:]) / 2, RIGHT[:, 2:] - RIGHT[:, :2]), axis=1)),
        (READINGS[2], RIGHT[:, [1, 0, 3, 2]]),
    ],
    ids=["corners", "centres", "turned"],
)
def test_every_wrong_reading_of_boxes_is_another_ones_right_one(reading: Reading, misread: Boxes) -> None:
    found = Detections(misread, np.ones(1, np.float32), np.zeros(1, np.int64))
    assert reading.boxes(found).boxes.tolist() == RIGHT.tolist()


@pytest.mark.parametrize(
    ("scores", "word"), [([0.5, 0.6, 0.7], "once more"), ([-3.0, 2.5], "logits"), ([0.2, 0.9], "")]
)
def test_a_sigmoid_too_many_or_too_few_is_seen_by_the_scores(
    recording: Recording, frames: list[LabelledFrame], scores: list[float], word: str
) -> None:
    with loaded(ModelChoice(name="gilmok-mini"), BackendChoice(), Path()) as parts:
        own = parts.artefact.input
        first = tried(parts, recording, frames, own)[0]
    row = Detections(
        np.array([[0, 0, 9, 9]] * len(scores), np.float32),
        np.array(scores, np.float32),
        np.zeros(len(scores), np.int64),
    )
    stream = dataclasses.replace(first.stream, answers=[row] * len(first.stream.frames), tracks=())
    found = diagnose([Trial(Contract(own, AS_WRITTEN), 0.5, stream)], own, None)
    assert (word in found.scores) if word else not found.scores
    assert found.word is (Word.WRONG if word else Word.RIGHT)


def test_a_query_head_is_read_with_every_other_making_of_scores() -> None:
    """Logits that nothing made a sigmoid of are nearly all below every floor: nothing is left to see that by."""
    shapes = [(1, 9, 3), (1, 9, 4)]
    options = {"boxes": 1, "scores": "as-they-are"}
    told = [reading for reading, _ in readings(manifest("detr", shapes, decoder_options=options))]
    assert [dict(reading.options)["scores"] for reading in told if reading.options] == ["sigmoid", "softmax"]
    assert 'decoder_options.scores = "sigmoid"' in [reading.name for reading in told]
    assert not any(reading.options for reading, _ in readings(manifest("yolov8", [(1, 7, 9)])))


def test_no_two_candidates_feed_the_network_the_same() -> None:
    own = contract(64, 64, resize="letterbox-centre", scale=1 / 255)
    found = inputs(own)
    assert found[0] is own
    assert not any(same_input(a, b) for i, a in enumerate(found) for b in found[:i])
    assert {(one.colour, one.resize) for one in found} >= {("RGB", "stretch"), ("BGR", "letterbox-top-left")}


def test_smoothing_and_sides_are_tried_alone() -> None:
    own = contract(64, 64, resize="letterbox-centre", rectangle_stride=32)
    usual = msgspec.structs.replace(own, colour="RGB")
    found = inputs(own, usual)
    assert [(one.colour, one.filter) for one in found[:4]] == [
        ("BGR", "linear"),
        ("RGB", "linear"),
        ("BGR", "antialiased"),
        ("RGB", "antialiased"),
    ]
    assert not any(one.filter == "antialiased" for one in found[4:])
    square = next(one for one in found if one == msgspec.structs.replace(own, rectangle_stride=0))
    assert Contract(square, AS_WRITTEN).differs(own) == ("rectangle_stride = 0",)
    assert all(one.rectangle_stride == 0 for one in found if one.resize == "stretch")


def test_whole_pixels_have_no_scale_to_mix_up() -> None:
    assert {one.scale for one in inputs(contract(64, 64, dtype="uint8"))} == {1.0}


def test_a_recording_without_objects_is_refused() -> None:
    class Empty:
        dataset, name, numbers = "coco", "empty", (1, 2)

        def truth(self, _number: int) -> None:
            return None

    with pytest.raises(NothingLabelled, match="coco empty"):
        labelled_frames(Empty(), 3)  # type: ignore[arg-type]
