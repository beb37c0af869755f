"""What `--stay` shows when the hub has ended."""

import http.client
import socket
from pathlib import Path

import pytest

from fleet.scenario.browser import Showing
from tests.fleet.web.conftest import get


@pytest.fixture
def hub_toml(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(f'store = "{tmp_path / "hub.db"}"\n', encoding="utf-8")
    return path


def test_who_comes_between_the_hub_and_what_is_shown_afterwards_waits_and_is_served(hub_toml: Path) -> None:
    showing = Showing()
    with socket.create_server(("127.0.0.1", 0)) as was:
        at = f"http://127.0.0.1:{was.getsockname()[1]}/"
        early = http.client.HTTPConnection("127.0.0.1", was.getsockname()[1], timeout=60)
        early.request("GET", "/healthz")
        showing.begin(hub_toml, was)
    try:
        assert showing.address == at
        assert early.getresponse().status == 200
        assert get(at, "/healthz")[0] == 200
    finally:
        early.close()
        showing.end()
    assert showing.address == ""


def test_where_the_hub_listened_nowhere_pages_are_shown_at_the_next_free_port(hub_toml: Path) -> None:
    first, second = Showing(), Showing()
    try:
        first.begin(hub_toml, None)
        second.begin(hub_toml, None)
        assert first.address
        assert second.address not in ("", first.address)
    finally:
        first.end()
        second.end()


def test_where_there_can_be_no_page_the_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hub.toml").write_text('[web]\ntoken_file = "nowhere"\n', encoding="utf-8")
    for name in ("hub.toml", "gone.toml"):
        showing = Showing()
        showing.begin(tmp_path / name, None)
        showing.wait()
        showing.end()
    told = capsys.readouterr().err
    assert "token_file" in told
    assert "gone.toml" in told
