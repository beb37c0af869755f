from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.session_name import StateInUse, StateUnusable, claimed, next_session


def test_every_start_is_a_new_session_and_nodes_do_not_share(tmp_path: Path) -> None:
    assert [next_session(tmp_path / "state", "a").count for _ in range(3)] == [1, 2, 3]
    assert next_session(tmp_path / "state", "b").count == 1


def test_a_replaced_disk_counts_from_one_again_and_is_another_session_all_the_same(tmp_path: Path) -> None:
    old, new = next_session(tmp_path / "old", "a"), next_session(tmp_path / "new", "a")
    assert old.count == new.count == 1
    assert old.id != new.id
    assert len(old.id) == len(new.id) == 32


@pytest.mark.parametrize("content", ["", "seven", "1\n2", "-7", "9007199254740991", "9" * 5000])
def test_a_damaged_counter_is_told_and_never_reset(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.session").write_text(content)
    with pytest.raises(StateUnusable, match=r"a\.session"):
        next_session(tmp_path, "a")
    assert (tmp_path / "a.session").read_text() == content


@settings(max_examples=40, deadline=None)
@given(st.one_of(st.binary(max_size=30), st.integers().map(lambda count: f"{count}".encode())))
def test_whatever_is_in_the_counters_file_the_next_session_counts_on_or_it_is_told(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    (folder / "a.session").write_bytes(content)
    with suppress(StateUnusable):
        assert next_session(folder, "a").count == int(content) + 1 > 0
        return
    assert (folder / "a.session").read_bytes() == content


def test_a_state_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateUnusable):
        next_session(tmp_path / "state", "a")


def test_a_second_process_on_one_state_is_told_at_once_and_other_nodes_are_not_in_its_way(tmp_path: Path) -> None:
    with claimed(tmp_path / "state", "a"):
        with pytest.raises(StateInUse, match="is node 'a' already"), claimed(tmp_path / "state", "a"):
            pass
        with claimed(tmp_path / "state", "b"):
            pass
    with claimed(tmp_path / "state", "a"):
        pass
