"""A qualification's page in Korean."""

from pathlib import Path

import pytest

from replay.qualify.page.page import CATALOGUE, write_page
from replay.qualify.qualification import read
from replay.report.language import read_catalogue
from tests.replay.report.pages import figures_of
from tests.replay.report.test_language import untranslated


def test_a_qualification_speaks_korean_and_keeps_its_figures(qualified: Path, tmp_path: Path) -> None:
    found = read(qualified)
    english = write_page(found, tmp_path).read_text(encoding="utf-8")
    korean = write_page(found, tmp_path, "ko").read_text(encoding="utf-8")
    assert '<html lang="ko">' in korean
    assert "gilmok 검증 보고서" in korean
    # What LoadGen says, and what a machine calls itself, is theirs.
    assert [text for text in untranslated(korean) if "early stopping" not in text and "satisfied" not in text] == []
    assert not figures_of(english) - figures_of(korean)


@pytest.mark.parametrize("word", ["PASS", "FAIL", "INCONCLUSIVE"])
def test_a_verdict_keeps_its_english_word_beside_the_korean_one(word: str) -> None:
    assert word in dict(read_catalogue(CATALOGUE))[word]
