import os
from pathlib import Path

import msgspec
import pytest

from sensors.outside import ContentWrong, json_of, read_bytes, read_small, text_lines, text_of, toml_of, yaml_of

MARKED = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b""]
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "utf-8"]


class Box(msgspec.Struct):
    left: float | None = None
    name: str = ""


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bytes(path, 5) == b"12345"
    with pytest.raises(ContentWrong, match="has 5 bytes: more than 4 are not read"):
        read_bytes(path, 4)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(ContentWrong, match="can't be read"):
            read_bytes(path)
    with pytest.raises(ContentWrong, match="No such file"):
        read_bytes(tmp_path / "none")
    with pytest.raises(ContentWrong, match="null"):
        read_bytes(tmp_path / "a\0b")


@pytest.mark.parametrize(("mark", "encoding"), list(zip(MARKED, ENCODINGS, strict=True)))
def test_a_byte_order_mark_is_heeded_and_gone(tmp_path: Path, mark: bytes, encoding: str) -> None:
    content = mark + '{"name": "길목"}'.encode(encoding)
    (tmp_path / "a").write_bytes(content + "\n".encode(encoding))
    assert text_of(content) == '{"name": "길목"}'
    assert json_of(content, Box).name == "길목"
    assert list(text_lines(tmp_path / "a")) == [(1, '{"name": "길목"}')]
    assert toml_of(mark + 'a = "길목"'.encode(encoding)) == {"a": "길목"}


def test_lines_end_as_any_system_ends_them_and_none_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one\ntwo\r\nthree\rfour")
    assert list(text_lines(tmp_path / "a")) == [(1, "one"), (2, "two"), (3, "three"), (4, "four")]
    with pytest.raises(ContentWrong, match="is longer than 4 characters") as raised:
        list(text_lines(tmp_path / "a", 4))
    assert raised.value.line == 3
    (tmp_path / "a").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentWrong, match="is not text"):
        list(text_lines(tmp_path / "a"))


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"left":' * 100_000 + b"1" + b"}" * 100_000, b"[" * 10**6])
def test_nesting_without_end_is_a_refusal(content: bytes) -> None:
    with pytest.raises(ContentWrong):
        json_of(content, Box)
    with pytest.raises(ContentWrong, match="is nested too deep"):
        json_of(b'{"stranger":' + content, Box)
    with pytest.raises(ContentWrong, match="is nested too deep"):
        toml_of(b"a = " + b"[" * 100_000)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"nonsense",
        b'{"left": 1',
        b'{"left": "wide"}',
        b'{"name": "\xff"}',
        b"\xff\xfe\x00",
        b'{"left": NaN}',
    ],
)
def test_what_is_no_json_of_that_kind_is_one_error(content: bytes) -> None:
    with pytest.raises(ContentWrong):
        json_of(content, Box)


def test_pythons_own_nan_is_null_where_that_is_asked_for_and_text_is_left_alone() -> None:
    found = json_of(b'[{"left": NaN}, {"left": -Infinity, "name": "NaN, \\"Infinity\\""}]', list[Box], nan_as_null=True)
    assert [box.left for box in found] == [None, None]
    assert found[1].name == 'NaN, "Infinity"'


def test_what_is_no_toml_is_one_error() -> None:
    for content in (b"a = ", b"\xff", b"a = 1\na = 2"):
        with pytest.raises(ContentWrong):
            toml_of(content)


@pytest.mark.parametrize(
    "key", ["a" + ".a" * 100_000, "a" + ' . "b.c"' * 200, "[a" + ".a" * 200 + "]", "x = {a" + ".a" * 200]
)
def test_a_dotted_key_without_end_is_refused_before_it_is_followed(key: str) -> None:
    with pytest.raises(ContentWrong, match="nested too deep") as raised:
        toml_of(f"b = 1\n{key} = 1\n".encode())
    assert raised.value.line == 2
    assert toml_of(b'a.b.c = "1.2.3.4"')["a"]["b"]["c"] == "1.2.3.4"


def test_a_tag_of_pythons_own_is_refused() -> None:
    with pytest.raises(ContentWrong, match="tag of Python's own"):
        yaml_of(b'names: !!python/object/apply:os.system ["id"]\n', dict[str, object])


def test_a_key_or_a_password_is_a_page_at_most_and_may_come_through_a_pipe() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"word")
    os.close(writer)
    assert read_small(Path(f"/dev/fd/{reader}")) == b"word"
    os.close(reader)
    with pytest.raises(OSError, match="more than 1,048,576 bytes"):
        read_small(Path("/dev/zero"))
