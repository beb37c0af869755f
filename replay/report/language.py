"""A finished page in another language: text after text by a catalogue, its figures as they are.

The pages are written in English, by templates and by the functions that choose a sentence; a catalogue holds what a
page may say, with `{}` for what is filled in (`{#}`: a figure). What isn't in it stays English: an error's sentence, a
data set's remark, a name.
"""

import html
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from sensors.errors import GilmokError

Language: TypeAlias = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
HERE = Path(__file__).parent
CATALOGUE = HERE / "korean.txt"
COMPARISON = HERE / "korean_comparison.txt"
"""What only a comparison's page says."""

# What is no text of ours: style, code, what was configured, and the tags themselves.
_APART = re.compile(r"(<style>.*?</style>|<pre>.*?</pre>|<code>.*?</code>|<[^>]+>)", re.DOTALL)
_ATTRIBUTES = re.compile(r'(aria-label|title)="([^"]*)"')
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z0-9≤])")
FIGURE = r"([\d.,−-]+)"
_HOLE = re.compile(r"\{(\d|#)?\}")


class CatalogueWrong(GilmokError):
    def __init__(self, path: Path, line: str) -> None:
        super().__init__(
            f"{path.name}: what is the translation of {line!r}?", "below a text stands = and its translation"
        )


class Catalogue:
    """Texts of pages, and their translation."""

    def __init__(self, pairs: Iterator[tuple[str, str]]) -> None:
        self._exact: dict[str, str] = {}
        patterns: list[tuple[str, str]] = []
        for text, translation in pairs:
            if _HOLE.search(text):
                patterns.append((text, translation))
            else:
                self._exact[text] = translation
        # What says most of itself is tried first.
        patterns.sort(key=lambda one: -len(_HOLE.sub("", one[0])))
        self._patterns = [(_pattern(text), translation) for text, translation in patterns]
        self._known: dict[str, str | None] = {}

    def translated(self, text: str) -> str | None:
        """None where it, or a sentence of it, isn't in the catalogue."""
        if text not in self._known:
            self._known[text] = self._translate(text)
        return self._known[text]

    def _translate(self, text: str) -> str | None:
        sentences = _SENTENCE.split(text)
        if text not in self._exact and len(sentences) > 1 and (said := self._by_sentences(sentences)) is not None:
            return said
        return self._whole(text) or self._listed(text, "; ") or self._listed(text, ", ")

    def _by_sentences(self, sentences: Sequence[str]) -> str | None:
        """One after another, or several that the catalogue has as one; None where it doesn't have them all."""
        for first in range(1, len(sentences)):
            said = self._whole(" ".join(sentences[:first]))
            rest = None if said is None else self.translated(" ".join(sentences[first:]))
            if said is not None and rest is not None:
                return f"{said} {rest}"
        return None

    def _whole(self, text: str) -> str | None:
        if text in self._exact:
            return self._exact[text]
        lowered = text[:1].lower() + text[1:]
        if lowered in self._exact:
            return self._exact[lowered]
        for pattern, translation in self._patterns:
            if (found := pattern.fullmatch(text)) is not None:
                return _filled(translation, [self.translated(one) or one for one in found.groups()])
        return None

    def _listed(self, text: str, between: str) -> str | None:
        """Short facts, one after another."""
        parts = text.removesuffix(".").split(between)
        told = [self._whole(part) or self._whole(part.capitalize()) for part in parts]
        if len(parts) < 2 or not any(told):
            return None
        end = "." if text.endswith(".") else ""
        return between.join(said or part for said, part in zip(told, parts, strict=True)) + end


def in_language(page: str, language: Language, more: Sequence[Path] = ()) -> str:
    """`page`, HTML of ours; `more`: catalogues beside the one of a run's page."""
    if language == "en":
        return page
    catalogue = _catalogue((CATALOGUE, *more))
    pieces = _APART.split(page)
    pieces[::2] = [_text(piece, catalogue) for piece in pieces[::2]]
    pieces[1::2] = [_tag(piece, catalogue) for piece in pieces[1::2]]
    return "".join(pieces).replace('<html lang="en">', f'<html lang="{language}">', 1)


def _text(piece: str, catalogue: Catalogue) -> str:
    bare = piece.strip()
    if not any(letter.isalpha() for letter in bare):
        return piece
    said = catalogue.translated(" ".join(html.unescape(bare).split()))
    return piece if said is None else piece.replace(bare, html.escape(said, quote=False), 1)


def _tag(piece: str, catalogue: Catalogue) -> str:
    def attribute(found: re.Match[str]) -> str:
        said = catalogue.translated(html.unescape(found[2]))
        return found[0] if said is None else f'{found[1]}="{html.escape(said)}"'

    return _ATTRIBUTES.sub(attribute, piece) if piece.startswith("<") and "=" in piece[:2000] else piece


def _pattern(text: str) -> re.Pattern[str]:
    """`{}` is anything, `{#}` a figure."""
    parts = _HOLE.split(text)
    holes = [FIGURE if hole == "#" else "(.+?)" for hole in parts[1::2]]
    whole = "".join(re.escape(part) + hole for part, hole in zip(parts[::2], [*holes, ""], strict=True))
    return re.compile(whole, re.DOTALL)


def _filled(translation: str, values: Sequence[str]) -> str:
    given = iter(values)
    return _HOLE.sub(lambda hole: values[int(hole[1]) - 1] if hole[1] else next(given), translation)


@cache
def _catalogue(paths: tuple[Path, ...]) -> Catalogue:
    return Catalogue(pair for path in paths for pair in read_catalogue(path))


def read_catalogue(path: Path) -> Iterator[tuple[str, str]]:
    """Each text and its translation. Raises CatalogueWrong."""
    text = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("= ") == (not text):
            raise CatalogueWrong(path, text or line)
        if not text:
            text = line
            continue
        yield text, line[2:]
        text = ""
    if text:
        raise CatalogueWrong(path, text)
