import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from sensors.sources.picture_header import Header
from sensors.sources.pictures import PictureUnreadable, decode, read_header, read_picture
from tests.written_pictures import gradient, png_chunk, saved, turn

KINDS = [".jpg", ".png", ".bmp", ".webp"]


def test_a_png_comes_back_to_the_pixel_and_read_only(tmp_path: Path) -> None:
    image = read_picture(saved(tmp_path, "a.png", gradient()))
    np.testing.assert_array_equal(image, gradient())
    assert not image.flags.writeable


def test_a_jpeg_decodes_as_opencv_decodes_it(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", gradient())
    np.testing.assert_array_equal(read_picture(path), cv2.imread(str(path)))


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.97])
def test_a_truncated_picture_is_refused_however_little_is_missing(tmp_path: Path, suffix: str, kept: float) -> None:
    path = saved(tmp_path, f"a{suffix}", gradient())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(PictureUnreadable, match=f"a{suffix}"):
        read_picture(path)


def test_a_missing_picture_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match="No such file"):
        read_picture(tmp_path / "none.png")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_is_turned_as_viewers_turn_it_whatever_its_kind(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    path = turn(saved(tmp_path, f"a{suffix}", gradient()), orientation)
    np.testing.assert_array_equal(read_picture(path), cv2.imread(str(path)))
    header = read_header(path)
    assert header == Header(80, 48, orientation)
    assert header.upright == ((48, 80) if orientation >= 5 else (80, 48))
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    np.testing.assert_array_equal(decode(path).shown(upright=False), stored)


@pytest.mark.parametrize(
    "exif", [b"", b"MM", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"XX\0*\0\0\0\x08\0\x01"]
)
def test_an_exif_block_of_nonsense_turns_nothing(tmp_path: Path, exif: bytes) -> None:
    path = saved(tmp_path, "a.png", gradient())
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + png_chunk(b"eXIf", exif) + whole[33:])
    np.testing.assert_array_equal(read_picture(path), gradient())


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(
    ("cut", "behind", "odd"),
    [(0, b"", ""), (-1, b"", "no end mark"), (0, b"made by a camera", "16 bytes after its end")],
)
def test_what_every_viewer_shows_is_read_and_its_oddity_told(
    tmp_path: Path, suffix: str, cut: int, behind: bytes, odd: str
) -> None:
    path = saved(tmp_path, f"a{suffix}", gradient())
    before, whole = read_picture(path), path.read_bytes()
    mark = 2 if suffix == ".jpg" else 12
    path.write_bytes((whole[:-mark] if cut else whole) + behind)
    np.testing.assert_array_equal(read_picture(path), before)
    assert odd in decode(path).oddity
    assert bool(odd) == bool(decode(path).oddity)


def test_a_jpeg_in_print_colours_or_with_odd_parameters_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cmyk.jpg"
    PillowImage.fromarray(gradient()).convert("CMYK").save(path)
    assert read_picture(path).shape == (48, 80, 3)
    odd = bytearray(saved(tmp_path, "a.jpg", gradient()).read_bytes())
    scan = odd.rfind(b"\xff\xda")
    odd[scan + 12] = 0  # where the spectral selection ends: 63 in a sequential JPEG
    (tmp_path / "a.jpg").write_bytes(odd)
    assert read_picture(tmp_path / "a.jpg").shape == (48, 80, 3)
    assert "Invalid SOS parameters" in decode(tmp_path / "a.jpg").oddity


def test_a_bit_flipped_in_a_png_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", gradient())
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 40] ^= 1
    path.write_bytes(content)
    with pytest.raises(PictureUnreadable, match="its part IDAT is damaged"):
        read_picture(path)


@pytest.mark.slow
def test_a_small_file_that_claims_billions_of_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    PillowImage.new("1", (30_000, 30_000)).save(buffer, "PNG")
    path = tmp_path / "bomb.png"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(PictureUnreadable, match="30000x30000 are more than"):
        read_picture(path)


@pytest.mark.parametrize("suffix", KINDS)
def test_a_header_tells_the_size(tmp_path: Path, suffix: str) -> None:
    assert read_header(saved(tmp_path, f"1{suffix}", gradient(30, 50))).stored == (50, 30)


def test_the_size_of_every_kind_of_webp_is_in_its_header(tmp_path: Path) -> None:
    for quality in (50, 101):  # beyond 100: without loss
        (tmp_path / "a.webp").write_bytes(cv2.imencode(".webp", gradient(30, 50), [64, quality])[1].tobytes())
        assert read_header(tmp_path / "a.webp").stored == (50, 30)
    assert read_header(turn(tmp_path / "a.webp", 6)) == Header(50, 30, 6)


def test_a_jpeg_whose_size_lies_behind_a_large_profile_is_measured(tmp_path: Path) -> None:
    path = saved(tmp_path, "1.jpg", gradient(30, 50))
    whole = path.read_bytes()
    profile = b"\xff\xe2\xff\xff" + bytes(65_533)
    path.write_bytes(whole[:2] + profile * 2 + whole[2:])
    assert read_header(path).stored == (50, 30)


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("kept", [0, 1, 2, 10])
def test_a_header_cut_short_is_told(tmp_path: Path, suffix: str, kept: int) -> None:
    path = saved(tmp_path, f"1{suffix}", gradient())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PictureUnreadable, match=str(path)):
        read_header(path)


def test_a_name_that_is_not_utf_8_is_a_name(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", gradient()).rename(tmp_path / "\udcb1\udce6.jpg")
    assert read_picture(path).shape == (48, 80, 3)


def test_an_odd_colour_profile_leaves_a_jpeg_readable_and_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.jpg", gradient())
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xe2" + (100).to_bytes(2, "big") + b"ICC_PROFILE\0" + b"x" * 86 + content[2:])
    assert read_header(path).stored == (80, 48)
    decoded = decode(path)
    assert decoded.oddity == "has a colour profile that nobody can read"
    np.testing.assert_array_equal(decoded.image, cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))
    path.write_bytes(content[:100])
    with pytest.raises(PictureUnreadable, match="its header is damaged"):
        read_header(path)
