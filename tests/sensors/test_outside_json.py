import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sensors import outside_json
from sensors.outside import ContentWrong
from sensors.outside_json import json_elements, json_parts

ODD = [{"a": 'q"],{\\'}, [1, [2, {}]], "\\\\", '\\"', None, 1.5, {"deep": {"b": ["]"]}}, "é", []]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 2**20])
@pytest.mark.parametrize("elements", [ODD, [], [0], ODD * 3])
def test_a_list_comes_element_by_element_wherever_the_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, elements: Any
) -> None:
    monkeypatch.setattr(outside_json, "BLOCK_BYTES", block)
    path = tmp_path / "list.json"
    path.write_bytes(b"\xef\xbb\xbf \n" + json.dumps(elements, indent=1).encode())
    assert list(json_elements(path, object)) == elements
    path.write_text(json.dumps({"x": [[1]], "y": {"frames": [0]}, "frames": elements, "z": "]"}))
    assert list(json_elements(path, object, "frames")) == elements


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b" ", b"{}", b"[1, 2", b'["a', b"[1 2]", b'{"frames": 3}', b"7", b"]", b"[[[", b'[{"a": }]'),
        *(b"[" * 100_000, b"[1,]", b"[1, 2, ]", b"[,1]", b"[,]", b"[1][1]", b'[1]\n"x"', b"[1]\x1a"),
        *(b'{"frames": [1]}7', b'{"frames": [1,]}'),
    ],
)
def test_what_is_no_whole_list_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(content)
    with pytest.raises(ContentWrong):
        list(json_elements(path, object, "frames"))


def test_an_element_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside_json, "BLOCK_BYTES", 64)
    monkeypatch.setattr(outside_json, "MOST_ELEMENT_BYTES", 100)
    path = tmp_path / "list.json"
    path.write_text(json.dumps(["x" * 300]))
    with pytest.raises(ContentWrong, match="an element of more than 100 bytes"):
        list(json_elements(path, object))
    path.write_text(json.dumps(list(range(1000))))
    assert np.array_equal(list(json_elements(path, int)), np.arange(1000))


def test_a_list_in_memory_is_read_as_one_in_a_file_and_its_faults_are_counted_from_its_beginning() -> None:
    content = b"[" + b",".join(b"%d" % n for n in range(400_000)) + b', "x"]'
    read = json_parts(content, int)
    assert [next(read) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ContentWrong, match=r"Expected 'int', got 'str' - at '\$\[400000\]'"):
        list(read)
