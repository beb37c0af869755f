"""The demonstration, as it comes along."""

from fleet.scenario.demo import CAMERAS, MODEL, SAMPLES, SECONDS, demo_scenario


def test_the_demonstration_finds_the_recordings_that_come_along() -> None:
    scenario = demo_scenario(SAMPLES, MODEL, SECONDS)
    assert len(scenario.nodes) == CAMERAS
    assert {node.kind for node in scenario.nodes} == {"roadside", "vehicle"}
