"""Values that a file might hold where another was meant, and trees with one of them in it."""

from random import Random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2**31, 2**63, 2**64, 2**70, -(2**70), 0.0, -0.0, 0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"),
    float("-inf"), 10**400, 100000,
)  # fmt: skip
TEXTS = (
    "", " ", "\x1b[31m", "[/bold]", "\u202e", "a" * 5000, "..", "/", "../../etc/passwd", "~nobody/x", "a\nb", "nan",
    "car", "{}", "%s%n", "차량", "\U0001f697", "\x00", "-", "--help", "mqtt://u:secret@h:1/", "C:\\x\\y.jpg",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"a": {}}, [None])


def nasty(rng: Random) -> Any:
    """A value that a file might hold where another was meant."""
    return rng.choice(rng.choice((NUMBERS, TEXTS, OTHERS)))


def changed(tree: Any, rng: Random) -> Any:
    """`tree` with one of its nodes, at any depth, gone, given twice, renamed or of another kind."""
    places = list(_places(tree))
    if not places:
        return nasty(rng)
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[str(nasty(rng))] = holder.pop(key)
        case 1:
            holder.insert(key, holder[key])
        case 2:
            holder[key] = [holder[key]] * rng.choice((1, 2, 100))
        case _:
            holder[key] = nasty(rng)
    return tree


def _places(tree: Any) -> Any:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield tree, key
            yield from _places(value)
