"""The tour tells the house as it is."""

import re
from pathlib import Path

import pytest

from scripts.rooms_picture import HOUSE, PAGE, drawn_into

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_imports() -> None:
    assert drawn_into(TEXT) == TEXT, "python -P scripts/rooms_picture.py draws it anew"


@pytest.mark.parametrize("page", ["docs/tour.md", "README.md", "CONTRIBUTING.md", "docs/glossary.md"])
def test_every_path_that_is_named_is_there(page: str) -> None:
    text = (HOUSE / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:sensors|models|edge|replay|fleet|tools|tests|docs|scripts|bench)/[\w/.-]*)`", text))
    missing = [path for path in sorted(named) if not (HOUSE / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", sorted(str(page.relative_to(HOUSE)) for page in (HOUSE / "docs").rglob("*.md")))
def test_every_link_leads_somewhere(page: str) -> None:
    folder = Path(HOUSE / page).parent
    text = (HOUSE / page).read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (folder / link).exists()] == []


def test_the_glossary_is_short_and_in_two_columns() -> None:
    rows = [line for line in (HOUSE / "docs/glossary.md").read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    words = [row.split("|")[1].strip() for row in rows[1:]]
    assert len(words) == len(set(words)) <= 36
