"""What a disk, a tool or a hand does to a file, by a seed."""

import re

import numpy as np

TOKENS = [
    b"-1", b"nan", b"1e400", b"1e308", b"-7", b"0", b"99999999999999999999", b"null", b"true", b"1.5", b" ", b",",
    b'"', b"<", b"{", b"[" * 2000, b"\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"&x;", b"\\ud800", b"\xea\xb8\xb8",
]  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")


def mangled(content: bytes, rng: np.random.Generator) -> bytes:
    """With some bytes flipped, a piece cut out or doubled, or a token in another's place."""
    parts = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        at, length = int(rng.integers(0, len(parts) + 1)), int(rng.integers(0, 40))
        match int(rng.integers(0, 5)):
            case 0:
                parts[at : at + 1] = bytes([int(rng.integers(0, 256))])
            case 1:
                del parts[at : at + length]
            case 2:
                parts[at:at] = parts[at : at + length]
            case 3:
                numbers = list(_NUMBER.finditer(parts))
                if numbers:
                    found = numbers[int(rng.integers(0, len(numbers)))]
                    parts[found.start() : found.end()] = TOKENS[int(rng.integers(0, len(TOKENS)))]
            case _:
                parts[at:at] = TOKENS[int(rng.integers(0, len(TOKENS)))]
    return bytes(parts)
