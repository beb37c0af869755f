"""What a year of a fleet weighs in rollups, and how long it takes to ask: hours of a made year, and minutes of its end.

python -P bench/year.py
python -P bench/year.py --streams 100 --days 365 --minute-days 2
"""

import argparse
import random
import tempfile
from pathlib import Path

import sqlalchemy as sa

from bench.program import measured
from fleet.ledger.rollups.history import History
from fleet.ledger.rollups.roll import HOUR_S, MINUTE_S
from fleet.ledger.rollups.sums import Scores, Sums
from fleet.ledger.schema import ROLLUPS
from fleet.ledger.store import Store
from sensors.clock import SystemClock
from sensors.ranges import Count, in_range
from sensors.terminal.command_line import command_parser

CLOCK = SystemClock()
DAY_S = 86_400
END_S = 1_800_000_000 // DAY_S * DAY_S
FPS = 15
STAGES_NS = {"wait": 1e6, "prepare": 2e6, "infer": 20e6, "decode": 1e6, "total": 24e6, "hub": 26e6}
MADE = 20
"""Different sums, taken in turn: making each would be most of the time."""


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=in_range(Count), default=100)
    parser.add_argument("--days", type=in_range(Count), default=365)
    parser.add_argument("--minute-days", type=in_range(Count), default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gilmok-year-") as folder:
        path = Path(folder) / "hub.db"
        hours = _fill(path, chosen.streams, chosen.days, HOUR_S)
        of_hours = path.stat().st_size
        days = _fill(path, chosen.streams, chosen.days, DAY_S)
        of_days = path.stat().st_size - of_hours
        minutes = _fill(path, chosen.streams, chosen.minute_days, MINUTE_S)
        of_minutes = path.stat().st_size - of_hours - of_days
        return {
            "hours": hours,
            "bytes_an_hour": round(of_hours / hours),
            "bytes_a_day": round(of_days / days),
            "minutes": minutes,
            "bytes_a_minute": round(of_minutes / minutes),
            "hours_of_the_year_mb": round(of_hours / 1e6),
            "minutes_of_a_year_mb": round(of_minutes / minutes * DAY_S / MINUTE_S * 365 * chosen.streams / 1e6),
            **_ask(path, chosen.days),
        }


def _fill(path: Path, streams: int, days: int, step_s: int) -> int:
    rows = [_made(seed, step_s).row() for seed in range(MADE)]
    store, count = Store(path, write=True), 0
    for begin in range(END_S - days * DAY_S, END_S, DAY_S):
        places = [(second, stream) for stream in range(streams) for second in range(begin, begin + DAY_S, step_s)]
        own = {"step_s": step_s, "site": "seoul", "stream": "north"}
        made = [
            {**own, "node": f"pole-{stream:04}", "begin_utc_s": second, **rows[(second // step_s + stream) % MADE]}
            for second, stream in places
        ]
        with store.writing() as connection:
            connection.execute(sa.insert(ROLLUPS), made)
        count += len(made)
    store.close()
    return count


def _made(seed: int, step_s: int) -> Sums:
    """A day is made of its hours."""
    if step_s < DAY_S:
        return _sums(random.Random(seed), FPS * step_s)
    hour, day = _sums(random.Random(seed), FPS * HOUR_S), Sums()
    for _ in range(step_s // HOUR_S):
        day.merge(hour)
    return day


def _sums(rng: random.Random, frames: int) -> Sums:
    found = Sums()
    found.counts.update({"ok": frames, "healths": frames // FPS, "captured": frames})
    for stage, usual_ns in STAGES_NS.items():
        for _ in range(frames):
            found.latency[stage].add(int(usual_ns * rng.lognormvariate(0, 0.15)))
    found.classes.update({"car": Scores(frames * 6, frames * 4.2), "bus": Scores(frames * 2, frames * 1.1)})
    return found


def _ask(path: Path, days: int) -> dict[str, float]:
    asked = {
        "a_stream_s_year_by_day_s": (END_S - days * DAY_S, END_S, DAY_S, "pole-0000"),
        "all_streams_year_by_day_s": (END_S - days * DAY_S, END_S, DAY_S, None),
        "all_streams_last_day_by_hour_s": (END_S - DAY_S, END_S, HOUR_S, None),
        "all_streams_last_hour_by_minute_s": (END_S - HOUR_S, END_S, MINUTE_S, None),
    }
    took: dict[str, float] = {}
    for name, question in asked.items():
        with History(path) as history:
            began = CLOCK.now().mono_ns
            assert history.streams(*question)
            took[name] = round((CLOCK.now().mono_ns - began) / 1e9, 3)
    return took


if __name__ == "__main__":
    measured(figures)
