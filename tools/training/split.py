"""Which worlds teach, which stop the teaching, which are scored, which are shipped: no seed and no layout in two.

The scored and shipped worlds have the conditions' own values; the teaching ones only values drawn around them, and
nothing at all of `night`, `fog` and `lowsun`, so that the card can tell what the detector does with what it never saw.
"""

from dataclasses import dataclass
from typing import Literal

Part = Literal["train", "valid", "test", "shipped"]


@dataclass(frozen=True, slots=True)
class Entry:
    part: Part
    layout: str
    seed: int
    condition: str


TEACHING_LAYOUTS = ("tjunction", "avenue", "skew", "narrow")
TEACHING_CONDITIONS = ("day", "overcast", "day", "rain", "day", "dusk")
VALID_LAYOUT = "fork"
SCORED_LAYOUTS = ("crossing", "boulevard")
UNTAUGHT_CONDITIONS = ("night", "fog", "lowsun")
TRAIN_SEEDS = tuple(range(1000, 1048))
VALID_SEEDS = (2000, 2001, 2002)
TEST_SEEDS = (3000, 3001, 3002, 3003)
SHIPPED_SEEDS = (4004, 4000)
SCORED_CONDITIONS = ("day", "overcast", "dusk", "rain", "lowsun", "fog", "night")

SPLIT: tuple[Entry, ...] = (
    *(
        Entry(
            "train",
            TEACHING_LAYOUTS[i % len(TEACHING_LAYOUTS)],
            seed,
            TEACHING_CONDITIONS[i // 4 % len(TEACHING_CONDITIONS)],
        )
        for i, seed in enumerate(TRAIN_SEEDS)
    ),
    *(
        Entry("valid", VALID_LAYOUT, seed, condition)
        for seed, condition in zip(VALID_SEEDS, ("day", "day", "rain"), strict=True)
    ),
    *(
        Entry("test", SCORED_LAYOUTS[i % 2], seed, condition)
        for condition in SCORED_CONDITIONS
        for i, seed in enumerate(TEST_SEEDS)
    ),
    Entry("shipped", "crossing", SHIPPED_SEEDS[0], "day"),
    Entry("shipped", "crossing", SHIPPED_SEEDS[1], "rain"),
)


def of(part: Part) -> list[Entry]:
    return [entry for entry in SPLIT if entry.part == part]
