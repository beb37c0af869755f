from types import SimpleNamespace
from typing import Any

import pytest

from models.labels import COCO80
from replay.datasets.classes import groups_of
from replay.recording import Group
from replay.scoring.classes import (
    ClassesContradict,
    LabelsNotOffered,
    LabelsUnknownToModel,
    evaluated,
    known_to,
    offered,
)

GROUPS = {
    "Car": Group(("Car",), ("Car", "car")),
    "Traffic_Light": Group(("Traffic_Light",), ("Traffic_Light",)),
    "Bus": Group(("Bus",), ("Bus",), on_request=True),
}
RECORDING: Any = SimpleNamespace(dataset="made", groups=GROUPS, labels=("Car", "Traffic_Light", "Bus", "Tram", "Van"))


def test_names_that_differ_in_case_or_in_what_stands_between_words_are_matched_and_shown() -> None:
    classes = evaluated(RECORDING, ["CAR", "traffic light", "bus"])
    assert classes.groups["Car"].found == ("CAR",)
    assert classes.groups["Traffic_Light"].found == ("traffic light",)
    assert classes.matched == (
        "Car is what the model calls CAR",
        "Traffic_Light is what the model calls traffic light",
    )
    exact = evaluated(RECORDING, ["car", "CAR", "Traffic_Light"])
    assert (exact.groups["Car"].found, exact.matched) == (("car",), ())


def test_a_class_beside_the_makers_own_is_scored_where_it_is_asked_for() -> None:
    assert list(evaluated(RECORDING, ["car", "bus"]).groups) == ["Car"]
    assert list(evaluated(RECORDING, ["car", "bus"], ["bus", "car"]).groups) == ["Bus", "Car"]


def test_what_is_asked_for_is_found_whatever_its_case_if_that_is_clear() -> None:
    assert offered(RECORDING, "traffic-light") == "Traffic_Light"
    twice: Any = SimpleNamespace(dataset="made", labels=(), groups={"car": GROUPS["Car"], "CAR": GROUPS["Car"]})
    assert offered(twice, "Car") is None
    assert offered(twice, "car") == "car"
    with pytest.raises(LabelsNotOffered, match="'plane'"):
        evaluated(RECORDING, ["car"], ["plane"])
    with pytest.raises(LabelsUnknownToModel, match="'Bus'"):
        evaluated(RECORDING, ["car"], ["bus"])


def test_a_model_may_use_the_data_sets_own_words_or_the_usual_ones() -> None:
    street: Any = SimpleNamespace(
        dataset="made",
        groups={
            "vehicle": Group(("car", "van", "others"), ("car", "bus", "truck")),
            "person": Group(("Pedestrian",), ("person",)),
        },
        labels=("car", "van", "others", "Pedestrian"),
    )
    own = evaluated(street, ["Others", "van", "car", "tree", "pedestrian"])
    assert own.groups["vehicle"].found == ("car", "van", "Others")
    assert own.groups["person"].found == ("pedestrian",)
    assert own.matched == (
        "vehicle is what the model calls car, van, Others",
        "person is what the model calls pedestrian",
    )
    assert evaluated(street, ["vehicle"]).groups["vehicle"].found == ("vehicle",)


def test_a_label_that_fits_two_classes_counts_for_the_one_it_is_named_like() -> None:
    groups = {"vehicle": Group(("Car", "Van"), ("car", "bus", "truck")), "Bus": Group(("Bus",), ("Bus", "bus"), True)}
    road: Any = SimpleNamespace(dataset="made", groups=groups, labels=("Car", "Van", "Bus"))
    assert evaluated(road, ["car", "bus"]).groups["vehicle"].found == ("car", "bus")
    both = evaluated(road, ["car", "bus"], ["vehicle", "Bus"]).groups
    assert (both["vehicle"].found, both["Bus"].found) == (("car",), ("bus",))


def test_somebody_may_say_which_labels_count_for_which_class() -> None:
    written = {"Car": ["auto", "Kombi"], "heavy: Bus, tram": ["laster"], "Van": []}
    classes = evaluated(RECORDING, ["auto", "kombi", "car", "laster", "van"], wanted=written)
    assert classes.groups["Car"] == Group(("Car",), ("auto", "kombi"))
    assert classes.groups["heavy"] == Group(("Bus", "Tram"), ("laster",))
    assert classes.groups["Van"] == Group(("Van",), ("van",))
    assert classes.matched == ()


@pytest.mark.parametrize(
    ("written", "error", "what"),
    [
        ({"Car": ["bsu"]}, LabelsUnknownToModel, "'bsu'.*is 'bus' meant"),
        ({"Plane": ["car"]}, LabelsNotOffered, "'Plane'"),
        ({"heavy:Bus,Plane": ["car"]}, LabelsNotOffered, "Plane"),
        ({"Car": ["car"], "Bus": ["car"]}, ClassesContradict, "model's label 'car'"),
        ({"Bus": ["bus"], "heavy:Bus,Tram": ["car"]}, ClassesContradict, "recording's label 'Bus'"),
    ],
)
def test_classes_that_can_not_be_meant_are_refused(written: dict[str, list[str]], error: Any, what: str) -> None:
    with pytest.raises(error, match=what):
        evaluated(RECORDING, ["car", "bus"], wanted=written)


def test_of_two_models_each_needs_only_its_own_labels() -> None:
    written = {"Car": ["car", "auto"]}
    assert known_to(written, ["car", "bus"], ["auto"]) == {"Car": ("car",)}
    assert known_to(written, ["auto"], ["car", "bus"]) == {"Car": ("auto",)}
    with pytest.raises(LabelsUnknownToModel, match="'auto'"):
        known_to(written, ["car"], ["car"])


def test_classes_that_the_model_has_one_word_for_are_one_class_of_that_name() -> None:
    labels = (
        "human.pedestrian.adult",
        "human.pedestrian.child",
        "human.pedestrian.stroller",
        "vehicle.car",
        "vehicle.van",
    )
    drive: Any = SimpleNamespace(dataset="made", groups=groups_of(labels), labels=labels)
    classes = evaluated(drive, COCO80)
    assert {name: group.truth for name, group in classes.groups.items()} == {
        "person": ("human.pedestrian.adult", "human.pedestrian.child"),
        "vehicle.car": ("vehicle.car",),
    }
    assert classes.groups["person"].found == ("person",)
    assert classes.unknown_to_model == ("human.pedestrian.stroller", "vehicle.van")
    assert "person" not in evaluated(drive, ["adult", "child", "person"]).groups
    both: Any = SimpleNamespace(dataset="made", groups=groups_of(("person", "rider")), labels=("person", "rider"))
    assert list(evaluated(both, COCO80).groups) == ["person"]
