"""A run in shards is the unsplit run, to the last digit of what it found."""

from pathlib import Path

import pytest

from edge.config import ModelChoice, TrackerChoice
from replay.campaign.shards import NotInShards, run_in_shards
from replay.part import Part, part_of
from replay.recording import open_recorded
from replay.runs.loaded import read_run
from replay.runs.offline import OfflineRun, ReplayConfig
from sensors.config import ConfigWrong, convert
from sensors.terminal.pretty_json import pretty
from tests.tiny import write_model, write_recording


def test_shards_give_digest_figures_and_books_of_the_unsplit_run(tmp_path: Path) -> None:
    root = write_recording(tmp_path / "mot", frames=20)
    model = ModelChoice(file=write_model(tmp_path))
    config = ReplayConfig(dataset="mot", root=root, name="WALK", model=model, part=Part(lost=0.2, seed=3), frames=11)
    whole = OfflineRun(config, tmp_path / "whole").run()
    split = run_in_shards(config, tmp_path / "split", 2)
    assert split.frames == whole.frames
    assert split.frames.captured == 11
    assert split.digest == whole.digest
    assert pretty(split.accuracy) == pretty(whole.accuracy)
    assert split.books.balanced
    assert "2 shards" in split.notes[0]
    # As any run folder, it is read again, with its recording.
    again = read_run(tmp_path / "split")
    assert [report.n for report in again.streams[0].reports] == list(range(11))
    assert again.streams[0].recording is not None
    assert again.summary.digest == whole.digest


def test_shards_are_every_frame_once_and_there_is_none_beyond_the_last(tmp_path: Path) -> None:
    recording = open_recorded("mot", write_recording(tmp_path / "mot", frames=11), "WALK")
    parts = [part_of(recording, Part(every=2, shard=shard, of=4)) for shard in range(4)]
    assert [number for part in parts for number in part.numbers] == list(recording.numbers)[::2]
    assert len({part.digest for part in (*parts, recording)}) == 5
    with pytest.raises(ConfigWrong, match="shard"):
        convert({"shard": 4, "of": 4}, Part, "here")


def test_what_depends_on_the_frame_before_is_not_split(tmp_path: Path) -> None:
    config = ReplayConfig(dataset="mot", root=tmp_path, name="WALK", model=ModelChoice(name="x"))
    for changed in ({"pace": "realtime"}, {"tracker": TrackerChoice(name="bytetrack")}):
        with pytest.raises(NotInShards):
            run_in_shards(
                ReplayConfig(**{**{k: getattr(config, k) for k in config.__struct_fields__}, **changed}), tmp_path, 2
            )
