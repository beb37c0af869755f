import numpy as np
import pytest

from models.decoders.fastestdet import decode
from models.manifest import Manifest
from tests.tiny_models import contract, manifest


def network() -> Manifest:
    """Four columns, two rows."""
    return manifest("fastestdet", [(1, 8, 2, 4)], input=contract(64, 32), decoder_options={"stride": 16})


def test_one_cell_by_hand() -> None:
    outputs = np.zeros((1, 8, 2, 4), np.float32)
    outputs[0, :, 1, 3] = [0.5, 0, 0, 0, np.log(3), 0.5, 0.01, 0]
    found = decode([outputs], network())
    # Centre (3 x 16, 1 x 16); half of 64 wide, three quarters of 32 high; .5^.6 x .5^.4 = .5, and x .01^.4 = .105.
    assert found.boxes == pytest.approx(np.array([[32, 4, 64, 28]] * 2))
    assert found.scores.tolist() == pytest.approx([0.5, 0.5**0.6 * 0.01**0.4])
    assert found.labels.tolist() == [0, 1]


def test_a_centre_moves_by_one_cell_at_most() -> None:
    outputs = np.zeros((1, 8, 2, 4), np.float32)
    outputs[0, :, 0, 1] = [1, 1e4, -1e4, 0, 0, 1, 0, 0]
    (box,) = decode([outputs], network()).boxes
    assert ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) == (32, -16)
