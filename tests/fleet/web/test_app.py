import json
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from fleet.cli import hub as hub_verbs
from fleet.web.openapi import ENDPOINTS, document
from replay.report.language import read_catalogue
from tests.fleet.web.conftest import Told, get


def test_the_api_tells_what_the_command_line_tells(
    told: Told, page_at: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*verb: str) -> Any:
        assert hub_verbs.main([*verb, "--store", str(told.hub.store), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    own = {"nodes": ["pole"], "models": ["yolox-nano"]}
    assert json.loads(get(page_at, "/api/runs")[2]) == [{**row, **own} for row in said("runs")]
    assert json.loads(get(page_at, "/api/runs/drive")[2]) == said("report", "drive")
    varying = {"state", "last_heard"}
    # Of the command line's health period a node is stale sooner.
    ours, theirs = json.loads(get(page_at, "/api/nodes")[2]), said("nodes")
    assert [{k: v for k, v in row.items() if k not in varying} for row in ours] == [
        {k: v for k, v in row.items() if k not in varying} for row in theirs
    ]


def test_every_documented_path_answers_and_unknown_names_are_404(page_at: str) -> None:
    names = {"site": "seoul", "node": "pole", "run": "drive", "stream": "camera", "to": "csv"}
    for one in ENDPOINTS:
        if "rollout" in one.parameters:
            assert get(page_at, one.path.format(rollout="nobody"))[0] == 404
            continue
        status, headers, _ = get(page_at, one.path.format(**names))
        if one.needed:
            assert status == 422
            continue
        assert (one.path, status, headers["content-type"].partition(";")[0]) == (one.path, 200, one.media)
        if one.parameters:
            status, _, body = get(page_at, one.path.format(**dict.fromkeys(names, "nobody")))
            assert status == 404
            assert set(json.loads(body)) == {"error", "hint"}
    told = json.loads(get(page_at, "/openapi.json")[2])
    assert (
        set(told["paths"]) == {*(one.path for one in ENDPOINTS), "/healthz", "/metrics"} == set(document("")["paths"])
    )
    assert get(page_at, "/healthz")[0] == 200


def test_a_page_may_do_nothing_but_what_comes_from_here(page_at: str) -> None:
    for path in ("/", "/pages/main.js", "/api/runs", "/nowhere"):
        _, headers, _ = get(page_at, path)
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    for stranger in ("elsewhere.example", "localhost.elsewhere.example:8080", "", "127.0.0.1.example", "1.2.3"):
        assert (stranger, get(page_at, "/", host=stranger)[0]) == (stranger, 400)
    for own in ("localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080", "192.0.2.7"):
        assert (own, get(page_at, "/", host=own)[0]) == (own, 200)
    assert get(page_at, "/pages/../app.py")[0] == 404


def test_the_live_stream_is_for_our_own_pages(page_at: str) -> None:
    live = page_at.replace("http", "ws") + "live"
    with connect(live, origin=Origin(page_at.rstrip("/"))) as ours:
        assert "rows" in json.loads(ours.recv(20))
    with pytest.raises(InvalidStatus), connect(live, origin=Origin("http://elsewhere.example")):
        pass


def test_a_ledger_that_is_not_there_yet_is_told_and_one_that_comes_is_shown(told: Told, page_at: str) -> None:
    told.hub.store.rename(told.hub.store.with_name("away"))
    status, _, body = get(page_at, "/api/nodes")
    assert status == 503
    assert "there is no store" in json.loads(body)["error"]
    told.say("mast")
    assert [row["node"] for row in json.loads(get(page_at, "/api/nodes")[2])] == ["mast"]


@pytest.mark.parametrize("name", ["hub", "report", "comparison"])
def test_every_sentence_that_the_page_asks_for_has_its_korean(name: str, page_at: str, tmp_path: Path) -> None:
    status, headers, body = get(page_at, f"/words/{name}")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    (tmp_path / "words.txt").write_bytes(body)
    pairs = list(read_catalogue(tmp_path / "words.txt"))
    assert len(pairs) > 50
    # What is filled in stays in, and the browser, too, takes a text and its translation by turns.
    assert not [said for text, said in pairs if "{#}" in said or said.count("{") != text.count("{")]
    assert get(page_at, "/words/nothing")[0] == 404
