"""The demonstration, as it comes along."""

from pathlib import Path

import pytest

from fleet.cli.run import fresh_folder
from fleet.scenario.demo import CAMERAS, MODEL, SAMPLES, SECONDS, demo_scenario


def test_the_demonstration_finds_the_recordings_that_come_along() -> None:
    scenario = demo_scenario(SAMPLES, MODEL, SECONDS)
    assert len(scenario.nodes) == CAMERAS
    assert {node.kind for node in scenario.nodes} == {"roadside", "vehicle"}


def test_two_runs_in_one_second_have_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len({fresh_folder("night") for _ in range(3)}) == 3
