import numpy as np
import pytest

from models.decoders.yolox import decode
from models.manifest import Suppression
from sensors.frame import Array
from tests.tiny_models import contract, manifest

# Two cells beside each other: what confuses x with y, or width with height, shows.
WIDE = manifest("yolox", [(1, 2, 8)], input=contract(32, 16), decoder_options={"strides": [16]})


def cell(x: float, y: float, width: float, height: float, *scores: float) -> Array:
    return np.array([x, y, np.log(width), np.log(height), *scores], np.float32)


NOTHING = cell(0, 0, 1, 1, 0, 0, 0, 0)


def test_one_cell_by_hand() -> None:
    # Centre ((1 + .25) 16, .5 x 16) = (20, 8); sides 8 and 16; scores .8 x (.5, .25, .1), of which .08 is too low.
    found = decode([np.stack((NOTHING, cell(0.25, 0.5, 0.5, 1, 0.8, 0.5, 0.25, 0.1)))[None]], WIDE)
    assert found.boxes.tolist() == [[16, 0, 24, 16]] * 2
    assert found.scores.tolist() == pytest.approx([0.4, 0.2])
    assert found.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("index", "centre", "side"),
    [
        (0, (0, 0), 8),
        (1, (8, 0), 8),
        (4, (0, 8), 8),
        (15, (24, 24), 8),
        (16, (0, 0), 16),
        (19, (16, 16), 16),
        (20, (0, 0), 32),
    ],
)
def test_cells_run_row_by_row_with_x_fastest_through_three_strides(
    index: int, centre: tuple[int, int], side: int
) -> None:
    outputs = np.tile(NOTHING, (1, 21, 1))
    outputs[0, index] = cell(0, 0, 1, 1, 1, 1, 0, 0)
    found = decode([outputs], manifest("yolox", [(1, 21, 8)]))
    # No half cell is added: a centre of 0, 0 lies in the cell's corner.
    x, y = centre
    assert found.boxes.tolist() == [[x - side / 2, y - side / 2, x + side / 2, y + side / 2]]


def test_a_class_counts_only_as_far_as_there_is_an_object() -> None:
    sure_of_its_class = cell(0, 0, 1, 1, 0.05, 1, 0, 0)
    assert len(decode([np.stack((sure_of_its_class, NOTHING))[None]], WIDE)) == 0


def test_a_score_of_exactly_the_floor_is_no_candidate() -> None:
    at_the_floor = manifest(
        "yolox",
        [(1, 2, 8)],
        input=contract(32, 16),
        decoder_options={"strides": [16]},
        suppression=Suppression(score_floor=0.25, iou=0.5),
    )
    outputs = np.stack((cell(0, 0, 1, 1, 0.5, 0.5, 0, 0), cell(0, 0, 1, 1, 0.5, 0.51, 0, 0)))[None]
    assert decode([outputs], at_the_floor).scores.tolist() == pytest.approx([0.255])
