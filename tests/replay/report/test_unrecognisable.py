"""A page over somebody's own recording shows no faces and plates; over a published one it shows what was published."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

pytest.importorskip("mcap", reason="needs mcap: pip install 'gilmok[record]'")

from replay.datasets.writing.mcap import write_mcap
from replay.recording import open_dataset
from replay.report.evidence import Evidence, evidence
from replay.report.views.panels import panels
from replay.report.views.unrecognisable import NOTE, may_be_shown
from replay.runs.loaded import read_run
from replay.truth import Role
from sensors.frame import Image
from tests.fakes import ManualClock


def own(run: Path, folder: Path) -> tuple[Evidence, Evidence]:
    """Of the run's stream, and of the same over its recording as MCAP."""
    (stream,) = read_run(run).streams
    assert stream.scored is not None
    folder.mkdir()
    write_mcap(stream.scored.recording, folder / "drive.mcap", ManualClock())
    drive = open_dataset("mcap", folder).open("drive")
    return evidence(stream.scored), evidence(replace(stream.scored, recording=drive))


def shown(seen: Evidence) -> tuple[Image, Image, int, list[str]]:
    """The first panel's picture, what the recording holds there, its place among the scored frames, what is told."""
    drawn, told = panels(seen, 5_000_000)
    content = base64.b64decode(drawn[0].picture.partition(",")[2])
    image = int(np.flatnonzero(seen.numbers == drawn[0].number)[0])
    original = seen.recording.picture(drawn[0].number)
    return np.asarray(simplejpeg.decode_jpeg(content, "BGR"), np.uint8), original, image, told


def test_people_in_the_truth_and_in_the_findings_are_blurred_and_the_page_says_so(
    tiny_run: Path, tmp_path: Path
) -> None:
    published, mine = own(tiny_run, tmp_path / "mine")
    picture, original, _, told = shown(published)
    assert NOTE not in told
    assert np.abs(picture.astype(int) - original).mean() < 5
    _, original, image, told = shown(mine)
    assert told[-1] == NOTE
    truth = mine.recording.truth(int(mine.numbers[image]))
    assert truth is not None
    noise = np.random.default_rng(1).integers(0, 256, original.shape).astype(np.uint8)
    safe = may_be_shown(mine, image, noise)
    for left, top, right, bottom in truth.boxes[truth.of_role(Role.POSITIVE)].clip(0).astype(int).tolist():
        face = np.s_[top : (top + bottom) // 2, left:right]
        assert (safe[face] != noise[face]).any(axis=2).mean() > 0.95


def test_a_frame_without_an_answer_is_blurred_all_over(tiny_run: Path, tmp_path: Path) -> None:
    _, mine = own(tiny_run, tmp_path / "mine")
    mute = replace(mine, stream=replace(mine.stream, answers=(None,) * len(mine.stream.answers)))
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    assert may_be_shown(mute, 0, noise).std() < noise.std() / 3
