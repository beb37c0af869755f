"""Reading a page as a browser would, without one."""

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

FETCHING = ("src", "href", "xlink:href", "action", "srcset", "poster", "data")


@dataclass
class Page:
    text: str = ""
    ids: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    handlers: list[str] = field(default_factory=list)
    """Attributes that would run a script."""
    links: list[str] = field(default_factory=list)
    """Whatever an attribute may ask for."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.page.tags.add(tag)
        for name, value in attributes:
            if name == "id":
                self.page.ids.append(value or "")
            if name.startswith("on"):
                self.page.handlers.append(name)
            if name in FETCHING:
                self.page.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.page.text += data


def read_page(path: Path) -> Page:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader.page


def check_self_contained(page: Page) -> None:
    assert not page.tags & {"script", "iframe", "object", "embed", "base", "form"}
    assert not page.handlers
    assert all(link.startswith(("#", "data:")) for link in page.links)
    missing = {link[1:] for link in page.links if link.startswith("#")} - set(page.ids)
    assert not missing
    assert len(page.ids) == len(set(page.ids))


def texts_of(page: str) -> list[str]:
    """What a person reads, but code and configuration; pointers' hints, too."""
    bare = re.sub(r"<(style|pre|code|title)>.*?</\1>", "", page, flags=re.DOTALL)
    told = [*re.findall(r">([^<>]+)<", bare), *re.findall(r'(?:aria-label|title)="([^"]+)"', bare)]
    return [" ".join(html.unescape(one).split()) for one in told if one.strip() and "stroke-line" not in one]


def figures_of(page: str) -> Counter[str]:
    return Counter(figure for text in texts_of(page) for figure in re.findall(r"\d[\d.,]*\d|\d", text))
