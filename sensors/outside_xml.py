"""XML from outside, a child of its root at a time: bounded, with line numbers, in any encoding that has a name."""

import codecs
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from sensors.outside import ContentWrong, open_bytes

CHUNK_BYTES = 65_536
MOST_TOKEN_BYTES = 2**22
"""Of one tag, text or comment."""
MOST_DEPTH = 64
MOST_VALUE = 1e12
MOST_NODES = 500_000
"""In one child of the root: a track of a day's video."""

EXPATS_OWN = ("utf-8", "us-ascii", "ascii", "iso-8859-1")
WIDE = ("utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4", "unicode")
"""Of two or four bytes a character: a declaration that can be read byte by byte is not in one of them."""
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
}
"""What is declared -> what is written: Windows' own tables hold more than the standards that they are named after."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"'>]{1,60})["']""")


@dataclass(slots=True, eq=False)
class Node:
    tag: str
    attributes: dict[str, str]
    line: int
    """Of its opening tag, from 1."""
    text: str = ""
    children: "list[Node]" = field(default_factory=list)

    def all(self, *path: str) -> "Iterator[Node]":
        """The descendants that `path`, tag by tag, leads to."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.tag == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> "Node":
        """Raises ContentWrong where there is none."""
        found = next(self.all(*path), None)
        if found is None:
            raise ContentWrong(f"<{self.tag}> has no <{'/'.join(path)}>", self.line)
        return found

    def attribute(self, name: str) -> str:
        """Raises ContentWrong where it lacks it."""
        try:
            return self.attributes[name]
        except KeyError:
            raise ContentWrong(f"<{self.tag}> lacks its attribute {name!r}", self.line) from None

    def number(self, name: str | None = None) -> float:
        """The attribute, or without `name` its text, as a finite number; raises ContentWrong."""
        text = self.text if name is None else self.attribute(name)
        what = f"<{self.tag}>" if name is None else f"{name} of <{self.tag}>"
        try:
            value = float(text)
        except ValueError:
            raise ContentWrong(f"{what} is no number: {text[:40]!r}", self.line) from None
        if not math.isfinite(value):
            raise ContentWrong(f"{what} is not finite: {text}", self.line)
        if abs(value) > MOST_VALUE:
            raise ContentWrong(f"{what} is beyond {MOST_VALUE:g}", self.line)
        return value


class XmlFile:
    """`root` is there at once, without its children; they come one by one. Every step raises ContentWrong."""

    def __init__(self, path: Path) -> None:
        self.encoding_remark = ""
        """Why it is read as UTF-8 although it declares another encoding, if so."""
        self._stack: list[Node] = []
        self._done: list[Node] = []
        self._nodes = 0
        self._chunks = self._parsed(path)
        self._root: Node | None = None
        while self._root is None and next(self._chunks, None) is not None:
            pass
        if self._root is None:
            raise ContentWrong("is empty")
        self.root: Node = self._root

    def children(self) -> Iterator[Node]:
        while True:
            yield from self._done
            self._done.clear()
            if next(self._chunks, None) is None:
                break
        yield from self._done

    def _parsed(self, path: Path) -> Iterator[bool]:
        """Steps through the file; what it finds goes to `_root` and `_done`."""
        with open_bytes(path) as file:
            decode, parser = self._opened(file.peek(CHUNK_BYTES))
            parser.buffer_text = True
            parser.StartElementHandler = lambda tag, attributes: self._start(tag, attributes, parser.CurrentLineNumber)
            parser.EndElementHandler = self._end
            parser.CharacterDataHandler = self._text
            parser.EntityDeclHandler = self._entity
            fed = 0
            final = False
            while not final:
                chunk = file.read(CHUNK_BYTES)
                final = not chunk
                content = chunk if decode is None else _decoded(decode, chunk, final)
                try:
                    parser.Parse(content, final)
                except expat.ExpatError as error:
                    what = expat.errors.messages[error.code]
                    raise ContentWrong(f"is not whole XML: {what}", error.lineno) from error
                fed += len(content)
                if fed - max(0, parser.CurrentByteIndex) > MOST_TOKEN_BYTES:
                    raise ContentWrong(f"has a part of more than {MOST_TOKEN_BYTES:,} bytes", parser.CurrentLineNumber)
                yield True

    def _opened(self, start: bytes) -> tuple[codecs.IncrementalDecoder | None, expat.XMLParserType]:
        found = _DECLARED.match(start)
        if found is None:
            # With its mark, UTF-8 is what it is, whatever is declared.
            return None, expat.ParserCreate("utf-8" if start.startswith(codecs.BOM_UTF8) else None)
        declared = found[1].decode("latin-1").strip()
        if declared.lower().startswith(WIDE):
            # Whoever wrote this declares what its program had in memory.
            self.encoding_remark = f"it is not in the encoding {declared} that is declared: read as UTF-8"
            return None, expat.ParserCreate("utf-8")
        if declared.lower() in EXPATS_OWN:
            return None, expat.ParserCreate()
        try:
            encoding = WIDER.get(declared.lower(), declared)
            b"<".decode(encoding)  # a codec may be of no text at all, as base64 is
            decoder = codecs.getincrementaldecoder(encoding)
        except (LookupError, UnicodeError, ValueError):
            self.encoding_remark = f"nobody knows the encoding {declared} that is declared: read as UTF-8"
            decoder = codecs.getincrementaldecoder("utf-8")
        # Named here, the encoding goes before the one that the file declares.
        return decoder("strict"), expat.ParserCreate("utf-8")

    def _start(self, tag: str, attributes: dict[str, str], line: int) -> None:
        node = Node(tag, attributes, line)
        if self._stack:
            self._nodes += 1
            # The root itself keeps none: it would grow with the file.
            if len(self._stack) > 1:
                self._stack[-1].children.append(node)
        else:
            self._root = node
        self._stack.append(node)
        if len(self._stack) > MOST_DEPTH:
            raise ContentWrong("is nested too deep", line)
        if self._nodes > MOST_NODES:
            raise ContentWrong(f"has more than {MOST_NODES:,} elements in one", self._stack[1].line)

    def _end(self, _: str) -> None:
        node = self._stack.pop()
        node.text = node.text.strip()
        if len(self._stack) == 1:
            self._done.append(node)
            self._nodes = 0

    def _text(self, text: str) -> None:
        node = self._stack[-1]
        if len(self._stack) > 1:
            node.text += text
        if len(node.text) > MOST_TOKEN_BYTES:
            raise ContentWrong(f"has a text of more than {MOST_TOKEN_BYTES:,} characters", node.line)

    def _entity(self, *_: object) -> None:
        raise ContentWrong("declares entities: they are not read")


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool) -> bytes:
    try:
        return decoder.decode(chunk, final).encode()
    except UnicodeError as error:
        raise ContentWrong("is not text in the encoding that it declares, nor in UTF-8") from error
