import math

import msgspec

from replay.runs import nan_json
from sensors.record import Record


class Inner(Record, frozen=True, kw_only=True):
    a: float
    b: float | None = None


class Outer(Record, frozen=True, kw_only=True):
    one: Inner
    many: tuple[Inner, ...]
    named: dict[str, float]
    maybe: Inner | None = None


def test_nan_survives_the_way_through_json_and_none_stays_none() -> None:
    inner = Inner(a=math.nan)
    outer = Outer(one=inner, many=(inner, Inner(a=1.0, b=2.0)), named={"x": math.nan, "y": 3.0}, maybe=inner)
    back = nan_json.convert(msgspec.json.decode(msgspec.json.encode(outer)), Outer)
    assert math.isnan(back.one.a)
    assert back.one.b is None
    assert math.isnan(back.many[0].a)
    assert back.many[1] == Inner(a=1.0, b=2.0)
    assert math.isnan(back.named["x"])
    assert back.named["y"] == 3.0
    assert back.maybe is not None
    assert math.isnan(back.maybe.a)


def test_an_absent_part_stays_absent() -> None:
    back = nan_json.convert({"one": {"a": 1}, "many": [], "named": {}, "maybe": None}, Outer)
    assert back.maybe is None
