"""One door for text that came from outside, on its way to a person: names, labels, reasons, file names.

Whatever could move a cursor, turn the writing direction or pass for another line is shown by its code instead, and
the length is bounded. Nothing here is markup: what prints it takes every character for what it is.
"""

import re
import unicodedata
from pathlib import Path

MOST = 4000
"""Characters: any sentence of ours, and the longest path."""
ESCAPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that act instead of being seen: controls, formats (bidi), surrogates, line separators."""
_ACTING = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/+|//(?=[^\s'\"]{0,300}:[^\s'\"]{0,300}@))[^\s'\"]*@")
_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")
NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def shown(text: str, most: int = MOST) -> str:
    """`text` on one line, nothing in it but characters that are seen; its end is counted where it is too long.

    A byte of a file name that is no UTF-8 (a surrogate in Python's hands) is shown as that byte: `caf\\xe9`. A login
    in an address is hidden, whoever put it there.
    """
    text = without_logins(text) if "@" in text else text
    rest = len(text) - most
    if rest > 0:
        text = f"{text[:most]}... ({rest} characters more)"
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str, most: int = MOST) -> list[str]:
    """A text of several lines, each of them `shown`; empty ones left out."""
    return [shown(line, most) for line in text.splitlines() if line.strip()]


def without_logins(text: str) -> str:
    """Stars for whatever stands between `scheme:/` and an `@` in any word of it."""
    return _LOGIN.sub(r"\1***@", text)


def inert_json(text: str) -> str:
    """JSON that means the same, with what would act on a terminal escaped. JSON has done so with the first 32."""
    return text if text.isascii() else _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def without_surrogates(text: str) -> str:
    """What JSON and UTF-8 can hold: a byte of a file name that is no UTF-8 is shown as that byte."""
    return text if text.isascii() else "".join(_shown(one) if "\ud800" <= one <= "\udfff" else one for one in text)


def path_of(text: str) -> Path:
    """The path that a file of ours names: what `without_surrogates` has shown by its bytes is found again."""
    literal, meant = Path(text), Path(_BYTE.sub(lambda found: chr(0xDC00 + int(found[1], 16)), text))
    if literal == meant or literal.exists() or not meant.parent.exists():
        return literal
    return meant


def _shown(one: str) -> str:
    if unicodedata.category(one) not in ESCAPED:
        return one
    code = ord(one)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return NAMED.get(one) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )
