import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gilmok
from replay.report.write import ReportUnavailable, write_report
from replay.runs.digests import findings_digest
from replay.runs.reports import read_reports
from tests.replay.report.pages import check_self_contained, read_page

HOSTILE = "<script>alert('x')</script>&\"<img src=http://evil.example onerror=alert(1)>"


def change(path: Path, how: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))


def test_a_run_leaves_a_page_that_is_complete_in_itself(tiny_run: Path) -> None:
    page = read_page(tiny_run / "report.html")
    check_self_contained(page)
    assert "#def-latency" in page.links
    assert (tiny_run / "report.html").stat().st_size < 2_000_000


def test_the_page_tells_the_figures_of_the_summary(tiny_run: Path) -> None:
    summary = json.loads((tiny_run / "summary.json").read_text())
    text = read_page(tiny_run / "report.html").text
    assert "Every one of the 12 frames was answered." in text
    assert f"{summary['latency_ns']['total']['p50'] / 1e6:.2f}" in text
    assert "1.0000" in text
    assert "n<100" in text
    assert summary["digest"]["detections"] in text


def test_the_page_tells_what_ran(tiny_run: Path) -> None:
    identity = json.loads((tiny_run / "run.json").read_text())
    text = read_page(tiny_run / "report.html").text
    (node,) = identity["nodes"]
    for fact in (node["model"]["sha256"], node["streams"][0]["digest"], node["backend"]["facts"]["runtime"]):
        assert fact in text
    assert identity["host"]["system"] in text


def test_every_figure_links_to_what_it_means(tiny_run: Path) -> None:
    html = (tiny_run / "report.html").read_text()
    captions = html.split("<figcaption>")[1:]
    charts = [caption for caption in captions if not caption.startswith(("Truth", "Findings"))]
    assert len(charts) >= 4
    assert all('href="#def-' in caption.split("</figcaption>")[0] for caption in charts)


def test_names_from_outside_stay_text(run: Path) -> None:
    def rename(content: Any) -> None:
        content["run"] = HOSTILE
        content["host"]["name"] = HOSTILE
        (node,) = content["nodes"]
        node["model"]["name"] = node["backend"]["name"] = HOSTILE
        node["backend"]["facts"][HOSTILE] = HOSTILE
        content["scenario"][HOSTILE] = HOSTILE

    def rename_stream(content: Any) -> None:
        (stream,) = content["streams"]
        stream["model"] = stream["backend"] = HOSTILE
        stream["failures"] = {HOSTILE: 3}
        content["troubles"] = [HOSTILE]
        stream["accuracy"]["per_class"][HOSTILE] = stream["accuracy"]["per_class"]["person"]

    change(run / "run.json", rename)
    change(run / "summary.json", rename_stream)
    page = read_page(write_report(run))
    check_self_contained(page)
    assert page.text.count(HOSTILE) >= 8


def invalid(content: Any) -> None:
    content["invalid_because"] = ["replay/replay: the camera was late"]


def unbalanced(content: Any) -> None:
    content["books"] = {"balanced": False, "complaints": ["replay/replay: 3 of 12 reports are missing"]}


def troubled(content: Any) -> None:
    content["troubles"] = ["node vehicle-1 died: signal 9"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (invalid, ["The run is invalid", "the camera was late"]),
        (unbalanced, ["The books don't balance", "3 of 12 reports are missing"]),
        (troubled, ["Something went wrong beside the frames", "node vehicle-1 died: signal 9"]),
    ],
)
def test_the_verdict_names_what_is_wrong(run: Path, spoil: Callable[[Any], None], told: list[str]) -> None:
    change(run / "summary.json", spoil)
    text = read_page(write_report(run)).text
    assert all(line in text for line in told)


def test_a_recording_that_is_gone_takes_the_pictures_with_it_but_no_figure(run: Path) -> None:
    change(run / "run.json", lambda content: content["scenario"].update(root="/nowhere/mot"))
    page = read_page(write_report(run))
    assert "there is no folder /nowhere/mot" in page.text
    assert "1.0000" in page.text
    assert "image" not in page.tags


def test_a_recording_that_has_changed_is_not_shown_as_the_one_that_ran(run: Path, tiny_run: Path) -> None:
    root = run.parent / "mot"
    shutil.copytree(tiny_run.parent / "mot", root)
    picture = root / "train/WALK/img1/000005.jpg"
    picture.write_bytes(picture.read_bytes() + b" ")
    change(run / "run.json", lambda content: content["scenario"].update(root=str(root)))
    page = read_page(write_report(run))
    assert "its digest differs" in page.text
    assert "image" not in page.tags


def test_a_run_in_which_every_frame_failed_still_has_a_page(run: Path) -> None:
    fail_every_frame(run)
    digest = findings_digest(read_reports(run))

    def fail(content: Any) -> None:
        for one in (content, content["streams"][0]):
            one["frames"].update(ok=0, failed=12)
            one["latency_ns"] = {"total": dict.fromkeys(("p50", "p90", "p99", "p999", "max")) | {"n": 0}}
            one["digest"] = {"detections": digest}
        content["streams"][0]["failures"] = {"the NPU hung": 12}
        content["streams"][0]["fps"] = None

    change(run / "summary.json", fail)
    page = read_page(write_report(run))
    check_self_contained(page)
    assert "the NPU hung" in page.text
    assert "None of the 12 objects was found." in page.text


def fail_every_frame(run: Path) -> None:
    path = run / "reports/replay/replay.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.update(status="failed", reason="the NPU hung", findings=None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_without_the_extra_the_hint_says_what_to_install(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "replay.report.page", None)
    with pytest.raises(ReportUnavailable, match=r"gilmok\[report\]"):
        write_report(run)


def test_the_verb_writes_the_page_where_it_is_asked_to(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run.parent / "elsewhere.html"
    assert gilmok.main(["replay", "report", str(run), "--out", str(out)]) == 0
    assert read_page(out).text
    assert str(out) in capsys.readouterr().out
    assert gilmok.main(["replay", "report", str(run), "--out", str(run / "no/such/folder.html")]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_the_same_run_gives_the_same_page(run: Path) -> None:
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
