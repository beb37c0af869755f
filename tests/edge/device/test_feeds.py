import pytest

from edge.device.feeds import TensorHuge, zeros
from models.tensors import TensorSpec


def test_a_tensor_beyond_any_picture_is_refused_before_it_is_made() -> None:
    assert [one.shape for one in zeros([TensorSpec("images", (1, 3, 32, 64), "float32")])] == [(1, 3, 32, 64)]
    with pytest.raises(TensorHuge, match=r"'images', float32\[1, 3, 2147483648, 32\], takes 825 GB; a picture has"):
        zeros([TensorSpec("images", (1, 3, 2**31, 32), "float32")])
