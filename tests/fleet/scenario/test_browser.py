"""What `--stay` shows when the hub has ended."""

import socket
from pathlib import Path

import pytest

from fleet.scenario.browser import Showing


@pytest.fixture
def hub_toml(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(f'store = "{tmp_path / "hub.db"}"\n', encoding="utf-8")
    return path


def test_pages_find_it_at_the_address_that_the_hub_had_or_else_at_another(hub_toml: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as was:
        before = f"http://127.0.0.1:{was.getsockname()[1]}/"
    first, second = Showing(), Showing()
    try:
        first.begin(hub_toml, before)
        assert first.address == before
        # Somebody else took the port meanwhile.
        second.begin(hub_toml, before)
        assert second.address not in ("", before)
    finally:
        first.end()
        second.end()
    assert first.address == ""


def test_where_there_can_be_no_page_the_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hub.toml").write_text('[web]\ntoken_file = "nowhere"\n', encoding="utf-8")
    for name in ("hub.toml", "gone.toml"):
        showing = Showing()
        showing.begin(tmp_path / name, "")
        showing.wait()
        showing.end()
    told = capsys.readouterr().err
    assert "token_file" in told
    assert "gone.toml" in told
