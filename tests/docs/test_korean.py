"""README.ko.md says what README.md says: the same commands, the same links, in the same order."""

import re

from scripts.rooms_picture import HOUSE

ENGLISH, KOREAN = ((HOUSE / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
HOW = "README.ko.md is to follow README.md"


def test_its_blocks_of_commands_are_the_same() -> None:
    found = [[line for line in text.splitlines() if line.startswith("    ")] for text in (ENGLISH, KOREAN)]
    assert found[0] == found[1] != [], HOW


def test_its_table_names_the_same_commands_and_pages_row_by_row() -> None:
    def rows(text: str) -> list[list[str]]:
        table = [line for line in text.splitlines() if line.startswith("| ")]
        return [re.findall(r"`[^`]+`|\]\([^)]+\)|http://[\w.:/]+", line) for line in table]

    assert rows(KOREAN) == rows(ENGLISH), HOW


def test_it_links_to_the_same_pages() -> None:
    links = [set(re.findall(r"\]\(((?:docs|bench|[A-Z])[^)]*)\)", text)) for text in (ENGLISH, KOREAN)]
    assert links[1] - {"README.md"} == links[0] - {"README.ko.md"}, HOW
