from types import SimpleNamespace
from typing import Any

import pytest

from replay.recording import Group
from replay.scoring.classes import LabelsNotOffered, LabelsUnknownToModel, evaluated, offered

GROUPS = {
    "Car": Group(("Car",), ("Car", "car")),
    "Traffic_Light": Group(("Traffic_Light",), ("Traffic_Light",)),
    "Bus": Group(("Bus",), ("Bus",), on_request=True),
}
RECORDING: Any = SimpleNamespace(dataset="made", groups=GROUPS)


def test_names_that_differ_in_case_or_in_what_stands_between_words_are_matched_and_shown() -> None:
    classes = evaluated(RECORDING, ["CAR", "traffic light", "bus"])
    assert classes.groups["Car"].found == ("CAR",)
    assert classes.groups["Traffic_Light"].found == ("traffic light",)
    assert classes.matched == (
        "Car is what the model calls CAR",
        "Traffic_Light is what the model calls traffic light",
    )
    exact = evaluated(RECORDING, ["car", "CAR", "Traffic_Light"])
    assert (exact.groups["Car"], exact.matched) == (GROUPS["Car"], ())


def test_a_class_beside_the_makers_own_is_scored_where_it_is_asked_for() -> None:
    assert list(evaluated(RECORDING, ["car", "bus"]).groups) == ["Car"]
    assert list(evaluated(RECORDING, ["car", "bus"], ["bus", "car"]).groups) == ["Bus", "Car"]


def test_what_is_asked_for_is_found_whatever_its_case_if_that_is_clear() -> None:
    assert offered(RECORDING, "traffic-light") == "Traffic_Light"
    twice: Any = SimpleNamespace(dataset="made", groups={"car": GROUPS["Car"], "CAR": GROUPS["Car"]})
    assert offered(twice, "Car") is None
    assert offered(twice, "car") == "car"
    with pytest.raises(LabelsNotOffered, match="'tram'"):
        evaluated(RECORDING, ["car"], ["tram"])
    with pytest.raises(LabelsUnknownToModel, match="'Bus'"):
        evaluated(RECORDING, ["car"], ["bus"])
