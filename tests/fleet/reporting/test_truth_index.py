from pathlib import Path

import pytest

from edge.wire.messages import StreamBirth
from fleet.config import TruthRoot
from fleet.reporting.truth_index import TruthIndex, TruthUnknown
from replay.recording import open_dataset
from tests.layouts import picture, ua_detrac


def _stream(recording: str, digest: str, dataset: str = "ua-detrac") -> StreamBirth:
    return StreamBirth(
        name="camera",
        source="recording",
        pace="lockstep",
        fps=25.0,
        dataset=dataset,
        recording=recording,
        digest=digest,
    )


def test_the_truth_is_that_of_the_very_same_recording(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path / "here")
    digest = open_dataset("ua-detrac", made.root).open(made.name).digest
    altered = ua_detrac(tmp_path / "altered")
    picture(altered.pictures[2], seed=99)
    roots = [TruthRoot(dataset="ua-detrac", root=root) for root in (tmp_path / "none", altered.root, made.root)]
    book = TruthIndex(roots)
    stream = _stream(made.name, digest)
    recording = book.recording(stream)
    assert recording.digest == digest
    truth = recording.truth(1)
    assert truth is not None
    assert len(truth) == 3
    assert book.recording(stream) is recording


def test_why_a_truth_is_unknown_is_said(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    book = TruthIndex([TruthRoot(dataset="ua-detrac", root=made.root)])
    for stream, why in [
        (_stream(made.name, ""), "no recording with a truth"),
        (_stream("lobby", "d" * 64, dataset="mot"), "no folder is configured for mot"),
        (_stream("MVI_99999", "d" * 64), "no ua-detrac recording named 'MVI_99999'"),
        (_stream(made.name, "d" * 64), "is another recording here than at the node .* instead of dddddddddddd"),
    ]:
        with pytest.raises(TruthUnknown, match=why):
            book.recording(stream)


def test_what_is_not_sound_is_no_truth_unless_the_hub_is_told_so(tmp_path: Path) -> None:
    made = ua_detrac(tmp_path)
    made.pictures[2].unlink()
    stream = _stream(made.name, open_dataset("ua-detrac", made.root).open(made.name).digest)
    with pytest.raises(TruthUnknown, match="is not sound: 1 labelled frame"):
        TruthIndex([TruthRoot(dataset="ua-detrac", root=made.root)]).recording(stream)
    forced = TruthIndex([TruthRoot(dataset="ua-detrac", root=made.root, unsound=True)])
    assert forced.recording(stream).name == made.name
