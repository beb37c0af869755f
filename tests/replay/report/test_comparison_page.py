import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

import gilmok
from replay.comparison.compare import Held, compare
from replay.comparison.result import Comparison, Row, SequenceRow
from replay.report.charts.comparison import intervals, recordings, tails
from replay.report.comparison import write_comparison
from replay.statistics.verdicts import Verdict
from tests.replay.report.pages import check_self_contained, figures_of, read_page
from tests.replay.report.test_language import untranslated

HOSTILE = "<script>alert('x')</script>&\"<img src=http://evil.example>"


@pytest.fixture(scope="module")
def held(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Held:
    """The tiny run against a second one of the same."""
    again = tmp_path_factory.mktemp("again") / "again"
    scenario = json.loads((tiny_run / "run.json").read_text())["scenario"]
    where = ["--dataset", "mot", "--root", scenario["root"], "--name", "WALK", "--model", scenario["model"]["file"]]
    assert gilmok.main(["replay", "run", *where, "--no-report", "--out", str(again)]) == 0
    return compare([tiny_run], [again])


def changed(held: Held, **fields: object) -> Held:
    told: Comparison = msgspec.structs.replace(held.comparison, **fields)
    return Held(told, held.a, held.b)


def row(verdict: Verdict | None, difference: float = -0.02, unit: str = "sequences") -> Row:
    return Row(
        figure="AP",
        of=HOSTILE,
        a=0.5,
        b=0.5 + difference,
        difference=difference,
        low=difference - 0.01,
        high=difference + 0.01,
        n=9,
        unit=unit,
        verdict=verdict,
        margin=None if verdict is None else 0.005,
        why="",
    )


def test_a_comparison_is_a_page_that_is_complete_in_itself(held: Held, tmp_path: Path) -> None:
    page = read_page(write_comparison(held, tmp_path / "page.html"))
    check_self_contained(page)
    assert "INCONCLUSIVE" in page.text
    assert all(sentence in page.text for sentence in held.comparison.because)
    assert "mot WALK" in page.text
    assert "1 sequence" in page.text


def test_it_speaks_korean_and_keeps_its_figures(held: Held, tmp_path: Path) -> None:
    english = write_comparison(held, tmp_path / "en.html").read_text(encoding="utf-8")
    korean = write_comparison(held, tmp_path / "ko.html", "ko").read_text(encoding="utf-8")
    assert "B가 A보다 나쁜지 아직 알 수 없습니다." in korean
    assert untranslated(korean) == []
    assert not figures_of(english) - figures_of(korean)


def test_precision_and_recall_stand_by_score_of_both_sides(held: Held, tmp_path: Path) -> None:
    told = held.comparison.by_score
    assert told is not None
    assert repr(told.a) == repr(told.b)
    (whole, person) = told.a.classes
    assert (whole.of, whole.n_truth, person.best.f1) == ("", 12, 1.0)
    page = read_page(write_comparison(held, tmp_path / "page.html"))
    assert "The score at which F1 is greatest" in page.text
    # Without a truth there is neither.
    without = changed(held, by_score=None)
    assert (
        "F1" not in read_page(write_comparison(without, tmp_path / "without.html")).text.split("What the words mean")[0]
    )


def test_names_from_outside_stay_text(held: Held, tmp_path: Path) -> None:
    spoilt = changed(held, because=(HOSTILE,), per_class=(row(Verdict.WORSE),), notes=(HOSTILE,))
    page = read_page(write_comparison(spoilt, tmp_path / "page.html"))
    check_self_contained(page)
    assert page.text.count(HOSTILE) >= 3


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (Verdict.WORSE, "B is worse than A."),
        (Verdict.NOT_WORSE, "B is not worse than A."),
        (Verdict.INCONCLUSIVE, "Nobody can tell yet whether B is worse than A."),
    ],
)
def test_the_verdict_is_a_sentence(held: Held, verdict: Verdict, sentence: str, tmp_path: Path) -> None:
    text = read_page(write_comparison(changed(held, verdict=verdict), tmp_path / "page.html")).text
    assert sentence in text


def test_where_no_truth_is_known_only_latency_is_shown(held: Held, tmp_path: Path) -> None:
    latency = tuple(one for one in held.comparison.figures if one.unit == "runs")
    bare = changed(held, figures=latency, per_class=(), per_sequence=(), sequences=0)
    page = read_page(write_comparison(bare, tmp_path / "page.html"))
    check_self_contained(page)
    assert "Both tails" in page.text
    assert "Recording by recording" not in page.text


def test_figures_without_an_interval_or_a_value_are_drawn_as_far_as_they_are_known() -> None:
    unknown = msgspec.structs.replace(row(None), low=np.nan, high=np.nan, difference=np.nan)
    assert "<svg" in intervals([row(Verdict.WORSE), row(None), unknown], "a", ratio=False)
    assert "<svg" in intervals([row(Verdict.NOT_WORSE, 1.02, "runs")], "b", ratio=True)
    one = SequenceRow(recording="r" * 60, digest="d", a=0.5, b=np.nan, sap_a=None, sap_b=None)
    assert "<svg" in recordings([one, msgspec.structs.replace(one, b=0.4)], "c")
    assert "<svg" in tails({"A": [np.array([0.0])], "B": [np.array([]), np.array([3.0, 4.0])]}, "d")
