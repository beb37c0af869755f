from pathlib import Path

import pytest

from models.onnxfile import ModelFileBroken, check
from tests.tiny_models import sums


def test_a_whole_model_is_whole(tmp_path: Path) -> None:
    check(sums(tmp_path / "whole.onnx"))


def test_a_model_cut_short_anywhere_is_not(tmp_path: Path) -> None:
    whole = sums(tmp_path / "whole.onnx").read_bytes()
    cut = tmp_path / "cut.onnx"
    records_end = 0
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        try:
            check(cut)
        except ModelFileBroken:
            continue
        records_end += 1
    # Only a cut right behind the graph leaves whole records: then what is missing are the operator set versions.
    assert records_end == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no graph"),
        (b"<!DOCTYPE html><html>not found</html>", "no whole ONNX model"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "in the middle"),
        (b"\xff" * 64, "not those of ONNX"),
        (b"\x08\x08", "no graph"),
        (b"\x08", "in the middle"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "stranger.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileBroken, match=why):
        check(path)
