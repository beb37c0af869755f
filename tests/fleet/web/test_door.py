"""The door at a hub: a process begins when somebody comes, and another where one was killed."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.config import HubConfig, Web
from fleet.web.door import Door
from tests.fleet.web.conftest import get
from tests.waiting import wait_until


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text("some-token", encoding="utf-8")
    with Door(HubConfig(store=tmp_path / "hub.db", web=Web(port=0, token_file=token))) as one:
        # It was read: what becomes of the file changes nothing for the process that begins later.
        token.unlink()
        one.open(None)
        yield one


def test_nothing_runs_until_somebody_comes_and_who_comes_after_a_death_is_served(door: Door) -> None:
    assert door.pid is None
    status, _, body = get(door.address, "/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert get(door.address, "/api/nodes")[0] == 401
    first = door.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: door.pid is None, "the death to be noticed")
    assert get(door.address, "/healthz")[0] == 200
    assert door.pid not in (None, first)
