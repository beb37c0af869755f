import math

import pytest

from sensors.terminal.figures import ms, number, short, signed, size


def test_what_is_undefined_is_a_dash_and_never_a_nought() -> None:
    assert [number(None), number(math.nan), signed(None), short(math.nan), ms(None)] == ["-"] * 5
    assert ms(None, unknown="–") == "–"


def test_no_nought_has_a_sign() -> None:
    assert number(-0.00001) == "0.0000"
    assert signed(-0.00001) == "0.0000"
    assert signed(0.25, 2) == "+0.25"
    assert number(-0.25, 2) == "-0.25"


def test_milliseconds_and_thousands() -> None:
    assert ms(1_234_567_890_123) == "1234567.89"
    assert ms(1_234_567_890_123, thousands=True) == "1,234,567.89"
    assert short(29.97) == "29.97"


@pytest.mark.parametrize(
    ("n_bytes", "told"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (99_960, "100 kB"), (999_600, "1.0 MB"), (1.2e9, "1.2 GB")],
)
def test_sizes(n_bytes: float, told: str) -> None:
    assert size(n_bytes) == told
