"""What is read out of a run folder: of today, of the first versions, unfinished, changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gilmok
from edge.wire.messages import encode
from replay.runs.loaded import LoadedRun, read_run
from replay.runs.reports import read_reports, report_files
from replay.runs.runfolder import (
    FLAT_REPORTS,
    REPORTS,
    NoFolderName,
    NoRunFolder,
    RunFolder,
    RunFolderTaken,
    RunFolderWrong,
)
from tests.made_runs import Played, write_drives, write_run

GATES = '[[accuracy]]\nfigure = "AP50"\nclass = "vehicle"\nat_least = 0.5\n'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two streams, `north` over one drive and `south` over another."""
    root = write_drives(tmp_path / "kitti", n=2)
    north, south = Played(root=root, name="north", cars=8), Played(root=root, drive=1, name="south")
    return write_run(tmp_path / "run", north, south)


def change(path: Path, how: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))


def told(run: LoadedRun) -> tuple[object, ...]:
    return run.identity, run.summary, [(one.name, list(one.reports), one.stream) for one in run.streams]


def test_every_stream_has_a_file_of_its_own(run: Path) -> None:
    assert [path.relative_to(run) for path in report_files(run)] == [
        Path("reports/replay/north.jsonl"),
        Path("reports/replay/south.jsonl"),
    ]
    north, south = read_run(run).streams
    assert {report.stream for report in north.reports} == {"north"}
    assert (len(north.reports), len(south.reports)) == (10, 10)


def as_of_the_first_versions(run: Path) -> Path:
    reports = read_reports(run)
    shutil.rmtree(run / REPORTS)
    (run / FLAT_REPORTS).write_bytes(b"".join(encode(report) + b"\n" for report in reports))
    return run


def test_a_run_of_the_first_versions_reads_the_same(run: Path, tmp_path: Path) -> None:
    old = as_of_the_first_versions(Path(shutil.copytree(run, tmp_path / "old")))

    # Summaries held what tells two sessions of one count apart only later.
    def forget(content: Any) -> None:
        for one in content["streams"]:
            del one["session_id"]

    change(old / "summary.json", forget)
    assert told(read_run(old)) == told(read_run(run))


@pytest.mark.parametrize("verb", ["report", "profile", "whatif", "gate", "compare"])
def test_every_verb_reads_a_run_of_the_first_versions(
    run: Path, tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)

    def ask(folder: Path, name: str) -> str:
        words = {
            "report": ["report", str(folder), "--out", str(tmp_path / f"{name}.html")],
            "profile": ["profile", str(folder), "--profile", "crosswalk", "--json"],
            "whatif": ["whatif", str(folder), "--json"],
            "gate": ["gate", str(gates), str(folder), "--json"],
            "compare": ["compare", str(folder), str(other), "--resamples", "100", "--json"],
        }[verb]
        capsys.readouterr()
        assert gilmok.main(["replay", *words]) == 0
        out = capsys.readouterr().out
        return (tmp_path / f"{name}.html").read_text() if verb == "report" else out.replace(str(folder), "RUN")

    other = Path(shutil.copytree(run, tmp_path / "other"))
    change(other / "run.json", lambda content: content.update(run="other"))
    old = as_of_the_first_versions(Path(shutil.copytree(run, tmp_path / "old")))
    assert ask(old, "old") == ask(run, "new")


def test_two_sessions_of_one_stream_share_its_file_and_are_told_apart(run: Path) -> None:
    second = "a" * 32
    change(run / "run.json", lambda content: content["nodes"].append(content["nodes"][0] | {"session_id": second}))

    def again(content: Any) -> None:
        content["streams"].append(content["streams"][0] | {"session_id": second})

    change(run / "summary.json", again)
    path = run / "reports/replay/north.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *(x | {"session_id": second} for x in lines)]))
    first, _, last = read_run(run).streams
    assert {report.session_id for report in first.reports} == {""}
    assert {report.session_id for report in last.reports} == {second}
    assert last.birth.session_id == second


def test_a_run_that_never_came_to_its_summary_is_read_as_far_as_it_goes(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_run(run).summary
    (run / "summary.json").unlink()
    path = run / "reports/replay/south.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    unfinished = read_run(run).summary
    assert (unfinished.interrupted, unfinished.valid, unfinished.books.balanced) == (True, False, False)
    assert [one.frames.ok for one in unfinished.streams] == [10, 9]
    assert unfinished.streams[0].accuracy.coco == whole.streams[0].accuracy.coco
    gates = tmp_path / "gates.toml"
    gates.write_text(GATES)
    assert gilmok.main(["replay", "gate", str(gates), str(run)]) == 3
    assert "there is no summary.json" in " ".join(capsys.readouterr().out.split())
    assert gilmok.main(["replay", "report", str(run)]) == 0
    assert "there is no summary.json" in (run / "report.html").read_text()


def remove(name: str) -> Callable[[Path], None]:
    def harm(run: Path) -> None:
        path = run / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return harm


def cut(name: str) -> Callable[[Path], None]:
    def harm(run: Path) -> None:
        (run / name).write_bytes((run / name).read_bytes()[:-40])

    return harm


def fail_every_frame(run: Path) -> None:
    path = run / "reports/replay/north.jsonl"
    lines = [json.loads(line) | {"status": "failed", "findings": None} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def move_a_box(run: Path) -> None:
    path = run / "reports/replay/north.jsonl"
    path.write_text(path.read_text().replace("60.0", "61.0", 1))


def turn_a_box_inside_out(run: Path) -> None:
    path = run / "reports/replay/north.jsonl"
    path.write_text(path.read_text().replace("60.0", "6.0", 1))


def say_otherwise(run: Path) -> None:
    change(run / "summary.json", lambda content: content["streams"][0]["frames"].update(ok=11))


def nest(run: Path) -> None:
    (run / "summary.json").write_text('{"run":' + "[" * 100_000)


def add_a_stranger(run: Path) -> None:
    shutil.copy(run / "reports/replay/north.jsonl", run / "reports/replay/west.jsonl")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (remove("run.json"), "run.json is missing"),
        (remove("reports"), "reports.jsonl is missing"),
        (remove("reports/replay/north.jsonl"), "reports/replay/north.jsonl is missing"),
        (cut("reports/replay/north.jsonl"), "reports/replay/north.jsonl, line 10: "),
        (cut("summary.json"), "summary.json: Input data was truncated"),
        (nest, "summary.json: is nested too deep"),
        (fail_every_frame, "north: 0 reports are ok and 10 failed; the summary says 10 and 0"),
        (move_a_box, "the summary was made from other findings of replay/north"),
        (turn_a_box_inside_out, "north.jsonl, line 1: refused"),
        (say_otherwise, "10 reports are ok and 0 failed; the summary says 11 and 0"),
        (add_a_stranger, "10 reports in reports/replay/west.jsonl are of no stream of the summary"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_missing_or_changed_is_told(run: Path, harm: Callable[[Path], None], why: str) -> None:
    harm(run)
    with pytest.raises(RunFolderWrong, match="can't be read") as raised:
        read_run(run)
    assert why in raised.value.sentence


def test_only_what_holds_no_run_is_no_run_folder(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is no run folder: it holds no run.json"), (tmp_path / "nowhere", "is no folder")):
        with pytest.raises(NoRunFolder, match=why):
            read_run(path)


def test_an_edited_run_clears_no_gate_by_its_old_summary(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_every_frame(run)
    gates = tmp_path / "gates.toml"
    gates.write_text("[[frames]]\nfate = 'failed'\nat_most = 0\n")
    assert gilmok.main(["replay", "gate", str(gates), str(run)]) == 1
    assert "its files disagree" in capsys.readouterr().err


@pytest.mark.parametrize(("part", "figure"), [("latency_ns", "total"), ("accuracy", "n_truth")])
def test_a_summary_that_lacks_a_figure_is_refused(run: Path, part: str, figure: str) -> None:
    def lose(content: Any) -> None:
        told = content["streams"][0][part]
        del told.get("coco", told)[figure]

    change(run / "summary.json", lose)
    with pytest.raises(RunFolderWrong, match=f"lack .*{figure}"):
        read_run(run)


def test_an_address_with_a_password_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NoFolderName, match="is an address") as raised:
        RunFolder(tmp_path / "mqtt://u:secret@h:1/")
    assert "secret" not in raised.value.sentence


def test_of_two_that_make_one_folder_one_is_refused(tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "run")
    with pytest.raises(RunFolderTaken):
        RunFolder(tmp_path / "run")
    first.discard()
    assert not (tmp_path / "run").exists()
    RunFolder(tmp_path / "run")
