from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.manifest import InputContract, Resize
from models.preprocess import InputUnfit, PictureUnfit, Placement, Preparer, place
from models.tensors import DType, Quantisation, TensorSpec
from sensors.frame import Array, Image
from tests.tiny_models import contract


def plain(width: int, height: int, bgr: tuple[int, int, int] = (10, 20, 30)) -> Image:
    image = np.empty((height, width, 3), np.uint8)
    image[:] = bgr
    return image


def prepared(
    image: Image, rule: InputContract, dtype: DType = "float32", quantisation: Quantisation | None = None
) -> tuple[Array, Placement]:
    preparer = Preparer(rule, TensorSpec("image", rule.shape, dtype, quantisation))
    made = preparer.prepare(image, preparer.buffer())
    return made.tensor, made.placement


@pytest.mark.parametrize(
    ("resize", "width", "height", "covered", "offset", "scale"),
    [
        ("letterbox-top-left", 960, 540, (416, 234), (0, 0), (416 / 960, 416 / 960)),
        ("letterbox-top-left", 100, 200, (208, 416), (0, 0), (2.08, 2.08)),
        ("letterbox-centre", 960, 540, (416, 234), (0, 91), (416 / 960, 416 / 960)),
        ("letterbox-centre", 100, 200, (208, 416), (104, 0), (2.08, 2.08)),
        ("stretch", 960, 540, (416, 416), (0, 0), (416 / 960, 416 / 540)),
        ("letterbox-top-left", 2000, 1, (416, 1), (0, 0), (0.208, 0.208)),  # never thinner than a pixel
    ],
)
def test_where_a_frame_lies_in_the_input(
    resize: Resize,
    width: int,
    height: int,
    covered: tuple[int, int],
    offset: tuple[int, int],
    scale: tuple[float, float],
) -> None:
    placement = place(width, height, contract(416, 416, resize=resize))
    assert (placement.covered, placement.offset) == (covered, offset)
    assert placement.scale == pytest.approx(scale)


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        ("letterbox-top-left", [[10, 10, 10, 10], [10, 10, 10, 10], [7, 7, 7, 7], [7, 7, 7, 7]]),
        ("letterbox-centre", [[7, 7, 7, 7], [10, 10, 10, 10], [10, 10, 10, 10], [7, 7, 7, 7]]),
        ("stretch", [[10, 10, 10, 10]] * 4),
    ],
)
def test_a_wide_picture_shows_which_resize_rule_was_taken(resize: Resize, expected: list[list[int]]) -> None:
    tensor, _ = prepared(plain(80, 40), contract(4, 4, resize=resize, pad=7))
    assert tensor[0, 0].tolist() == expected


def test_resizing_is_bilinear() -> None:
    ramp = np.repeat(np.array([[0, 100]], np.uint8)[:, :, None], 3, axis=2)
    tensor, _ = prepared(ramp, contract(4, 1))
    assert tensor[0, 0].tolist() == [[0, 25, 75, 100]]


def test_an_antialiased_picture_has_all_that_it_shrank() -> None:
    """Every third column is white: the plain rule sees black or white alone, Pillow's filter a third everywhere."""
    stripes = np.zeros((6, 24, 3), np.uint8)
    stripes[:, ::3] = 240
    smoothed, _ = prepared(stripes, contract(8, 2, filter="antialiased"))
    assert smoothed[0, 0, :, 1:-1].tolist() == [[80] * 6] * 2
    plain, _ = prepared(stripes, contract(8, 2))
    assert set(np.unique(plain).tolist()) <= {0, 240}
    enlarged, _ = prepared(np.array([[[0] * 3, [100] * 3]], np.uint8), contract(4, 1, filter="antialiased"))
    assert enlarged[0, 0].tolist() == [[0, 25, 75, 100]]


@pytest.mark.parametrize(
    ("size", "sides", "covered", "offset"),
    [
        ((640, 360), (64, 48), (64, 36), (0, 6)),
        ((360, 640), (48, 64), (36, 64), (6, 0)),
        ((640, 640), (64, 64), (64, 64), (0, 0)),
        ((640, 310), (64, 32), (64, 31), (0, 0)),
        ((2000, 1), (64, 16), (64, 1), (0, 7)),
    ],
)
def test_sides_that_follow_the_picture_are_the_smallest_whole_strides(
    size: tuple[int, int], sides: tuple[int, int], covered: tuple[int, int], offset: tuple[int, int]
) -> None:
    rule = contract(64, 64, resize="letterbox-centre", whole="nearest", rectangle_stride=16, pad=7)
    preparer = Preparer(rule, TensorSpec("image", rule.shape, "float32", open_axes=(2, 3)))
    memory = preparer.buffer()
    made = preparer.prepare(plain(*size), memory)
    assert (made.placement.input, made.placement.covered, made.placement.offset) == (sides, covered, offset)
    assert made.tensor.shape == (1, 3, sides[1], sides[0])
    assert np.shares_memory(made.tensor, memory)
    assert (made.tensor[0, 0] == 10).sum() == covered[0] * covered[1]
    assert set(np.unique(made.tensor[0, 0]).tolist()) <= {7, 10}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"resize": "stretch"}, "is for a letterbox"),
        ({"resize": "letterbox-centre", "width": 60}, "not whole multiples"),
        ({"resize": "letterbox-centre", "fixed": {"size": [[64.0, 64.0]]}}, "stay the same"),
    ],
)
def test_sides_that_can_not_follow_the_picture_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        contract(**{"width": 64, "height": 64, "rectangle_stride": 16, **wrong})


@pytest.mark.parametrize(("colour", "expected"), [("BGR", [10, 20, 30]), ("RGB", [30, 20, 10])])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_channels_come_in_the_order_and_place_that_the_contract_says(
    colour: str, expected: list[int], layout: str
) -> None:
    tensor, _ = prepared(plain(8, 8), contract(5, 3, colour=colour, layout=layout))
    assert tensor.shape == ((1, 3, 3, 5) if layout == "NCHW" else (1, 3, 5, 3))
    channels = tensor[0] if layout == "NCHW" else tensor[0].transpose(2, 0, 1)
    assert [np.unique(channel).tolist() for channel in channels] == [[value] for value in expected]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_normalisation_follows_the_channel_order_of_the_colour(layout: str) -> None:
    rule = contract(
        2, 2, colour="RGB", layout=layout, scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
    )
    tensor, _ = prepared(plain(2, 2, (255, 0, 51)), rule)
    red, green, blue = tensor[0].reshape(3, -1) if layout == "NCHW" else tensor[0].reshape(-1, 3).T
    assert red.tolist() == pytest.approx([(0.2 - 0.485) / 0.229] * 4)
    assert green.tolist() == pytest.approx([-0.456 / 0.224] * 4)
    assert blue.tolist() == pytest.approx([(1 - 0.406) / 0.225] * 4)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_a_uint8_input_gets_the_pixels_as_they_are(layout: str) -> None:
    tensor, _ = prepared(plain(8, 8), contract(4, 4, layout=layout, dtype="uint8"), "uint8")
    assert tensor.dtype == np.uint8
    assert sorted(np.unique(tensor).tolist()) == [10, 20, 30]


@pytest.mark.parametrize(
    ("dtype", "quantisation", "expected"),
    [
        ("int8", Quantisation(1 / 128, 0), [0, 64, 127]),  # 1.0 saturates
        ("uint8", Quantisation(1 / 255, 0), [0, 128, 255]),
        ("int16", Quantisation(1 / 1000, -5), [-5, 497, 995]),
        ("float16", None, [0, np.float16(128 / 255), 1]),
    ],
)
def test_a_quantised_input_gets_what_its_scale_says(
    dtype: DType, quantisation: Quantisation | None, expected: list[float]
) -> None:
    tensor, _ = prepared(plain(2, 2, (0, 128, 255)), contract(2, 2, scale=1 / 255), dtype, quantisation)
    assert tensor.dtype == dtype
    assert tensor[0, :, 0, 0].tolist() == expected


def test_the_padding_is_normalised_like_a_pixel() -> None:
    tensor, _ = prepared(plain(4, 2), contract(4, 4, resize="letterbox-top-left", pad=114, scale=1 / 114))
    assert tensor[0, 0, 3].tolist() == pytest.approx([1.0] * 4)


def test_a_frame_of_another_size_leaves_nothing_of_the_one_before() -> None:
    rule = contract(4, 4, resize="letterbox-top-left", pad=7)
    preparer = Preparer(rule, TensorSpec("image", rule.shape, "float32"))
    out = preparer.buffer()
    preparer.prepare(plain(4, 4, (200, 200, 200)), out)
    placement = preparer.prepare(plain(8, 4), out).placement
    assert (placement.width, placement.height) == (8, 4)
    assert out[0, 0].tolist() == [[10] * 4, [10] * 4, [7] * 4, [7] * 4]


def test_every_buffer_is_filled_whole_and_belongs_to_the_caller() -> None:
    rule = contract(4, 4, resize="letterbox-top-left", pad=7)
    preparer = Preparer(rule, TensorSpec("image", rule.shape, "float32"))
    first, second = preparer.buffer(), preparer.buffer()
    first.fill(np.nan)
    second.fill(np.nan)
    preparer.prepare(plain(4, 2), first)
    kept = first.copy()
    preparer.prepare(plain(4, 2, (1, 2, 3)), second)
    assert np.isfinite(second).all()
    assert np.array_equal(first, kept)


def test_a_frames_read_only_picture_is_left_as_it_is() -> None:
    image = plain(8, 8)
    image.flags.writeable = False
    prepared(image, contract(4, 4))
    assert (image == (10, 20, 30)).all()


@pytest.mark.parametrize(
    "image",
    [np.empty((0, 0, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)],
)
def test_what_is_no_picture_is_refused(image: Any) -> None:
    with pytest.raises(PictureUnfit, match="can't be prepared"):
        prepared(image, contract(4, 4))


def test_a_session_of_fixed_sides_is_not_fed_others() -> None:
    rule = contract(64, 64, resize="letterbox-centre", rectangle_stride=16)
    with pytest.raises(InputUnfit, match="these are fixed"):
        Preparer(rule, TensorSpec("image", rule.shape, "float32"))


@pytest.mark.parametrize(
    ("shape", "dtype", "scale", "why"),
    [
        ((1, 3, 8, 8), "float32", 1.0, "shapes differ"),
        ((1, 4, 4, 3), "float32", 1.0, "shapes differ"),
        ((1, 3, 4, 4), "uint8", 1 / 255, "no quantisation"),
        ((1, 3, 4, 4), "int8", 1.0, "no quantisation"),
    ],
)
def test_a_session_that_takes_another_tensor_is_refused_at_once(
    shape: tuple[int, ...], dtype: DType, scale: float, why: str
) -> None:
    with pytest.raises(InputUnfit, match=why):
        Preparer(contract(4, 4, scale=scale), TensorSpec("image", shape, dtype))


@settings(deadline=None)
@given(
    st.sampled_from(["letterbox-top-left", "letterbox-centre", "stretch"]),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
def test_boxes_come_back_to_where_the_frame_had_them(resize: Resize, width: int, height: int) -> None:
    placement = place(width, height, contract(416, 320, resize=resize))
    whole = np.array([[0, 0, width, height], [width / 4, height / 2, width / 2, height]], np.float32)
    scale, offset = np.array(placement.scale * 2), np.array(placement.offset * 2)
    back = placement.to_frame((whole * scale + offset).astype(np.float32))
    # float32 holds a coordinate of the input to 2^-15 pixels; a scale of less than one spreads that error.
    assert np.allclose(back, whole, atol=2**-14 / min(placement.scale))
