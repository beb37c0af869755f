"""A page in Korean: every sentence of ours, with the figures of the English one."""

import re
from pathlib import Path

import pytest

from gilmok import main
from replay.report.language import CATALOGUE, Catalogue, CatalogueWrong, in_language, read_catalogue
from tests.replay.report.pages import figures_of, texts_of

ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,},? [a-z]{2,}")


def untranslated(page: str) -> list[str]:
    """Three words of English in a row are a sentence that nobody translated."""
    return [text for text in texts_of(page) if ENGLISH.search(text)]


def test_a_run_s_page_speaks_korean_and_keeps_its_figures(run: Path, tmp_path: Path) -> None:
    assert main(["replay", "report", str(run), "--language", "ko", "--out", str(tmp_path / "ko.html")]) == 0
    assert main(["replay", "report", str(run), "--out", str(tmp_path / "en.html")]) == 0
    korean, english = ((tmp_path / name).read_text(encoding="utf-8") for name in ("ko.html", "en.html"))
    assert '<html lang="ko">' in korean
    assert "12 프레임 모두 응답했습니다." in korean
    assert untranslated(korean) == []
    # Korean has a digit more where English has a word: a month, a third.
    assert not figures_of(english) - figures_of(korean)
    # Tags, pictures and curves are the same: only texts differ.
    assert re.findall(r"<\w+", korean) == re.findall(r"<\w+", english)


def test_what_comes_from_outside_is_not_translated_and_stays_escaped() -> None:
    page = '<html lang="en"><p title="Verdict">Nothing can be said: &lt;b&gt;odd&lt;/b&gt;.</p><pre>ok</pre>'
    said = in_language(page, "ko")
    assert (
        said == '<html lang="ko"><p title="판정">말할 수 있는 것이 없습니다: &lt;b&gt;odd&lt;/b&gt;.</p><pre>ok</pre>'
    )
    assert in_language(page, "en") == page


def test_a_translation_fills_in_as_many_holes_as_its_text_has() -> None:
    for text, translation in read_catalogue(CATALOGUE):
        holes, filled = len(re.findall(r"\{[\d#]?\}", text)), re.findall(r"\{([\d#]?)\}", translation)
        if any(filled):
            assert sorted(map(int, filled)) == list(range(1, holes + 1)), text
        else:
            assert len(filled) == holes, text


def test_sentences_are_found_one_by_one_and_as_lists() -> None:
    catalogue = Catalogue(iter([("All is well.", "좋음."), ("{#} dropped", "드롭 {}"), ("Of {} {}.", "{2}의 {1}.")]))
    assert catalogue.translated("All is well. Of 3 cars.") == "좋음. cars의 3."
    assert catalogue.translated("3 dropped, 4 lost") == "드롭 3, 4 lost"
    assert catalogue.translated("many dropped") is None


def test_a_catalogue_that_is_out_of_step_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("one\ntwo\n= 둘\n", encoding="utf-8")
    with pytest.raises(CatalogueWrong, match="'one'"):
        list(read_catalogue(path))
