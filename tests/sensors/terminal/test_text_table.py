import pytest

from sensors.terminal.text_table import Table, Text, columns_of, laid_out, numbers

REASON = "the stream replays no recording with a truth that anybody knows of"


def told(what: str | Text | Table, width: int | None) -> list[str]:
    return ["".join(part.text for part in line).rstrip() for line in laid_out(what, width)]


@pytest.fixture
def accuracy() -> Table:
    table = Table("Accuracy", ["stream", *numbers("AP50", "AP50:95", "truth boxes")])
    table.add(Text("roadside-campus/north", "bold"))
    table.add("  all", "0.4810", "0.3312", "10221")
    table.add("  road roller", "0.5000", "-", "7")
    table.note("vehicle-1/front", REASON)
    return table


def test_what_fits_stands_in_columns_with_numbers_on_the_right(accuracy: Table) -> None:
    assert told(accuracy, 80) == [
        "Accuracy",
        "stream                   AP50  AP50:95  truth boxes",
        "───────────────────────────────────────────────────",
        "roadside-campus/north",
        "  all                  0.4810   0.3312        10221",
        "  road roller          0.5000        -            7",
        "vehicle-1/front",
        f"  {REASON}",
        "",
    ]


def test_a_line_has_no_end_where_it_is_piped(accuracy: Table) -> None:
    assert told(accuracy, None)[-2] == f"vehicle-1/front        {REASON}"


def test_words_are_wrapped_before_rows_are_stacked() -> None:
    table = Table("", ["asked", "found", ""])
    table.add("AP kept at least 98 % of the reference's", "0.9911 (0.980..0.999)", "pass")
    assert told(table, 44) == [
        "asked                   found",
        "────────────────────────────────────────────",
        "AP kept at least 98 %   0.9911          pass",
        "of the reference's      (0.980..0.999)",
        "",
    ]


def test_rows_are_stacked_where_not_even_the_words_fit(accuracy: Table) -> None:
    assert told(accuracy, 34) == [
        "Accuracy",
        "roadside-campus/north",
        "  all",
        "    AP50         0.4810",
        "    AP50:95      0.3312",
        "    truth boxes  10221",
        "  road roller",
        "    AP50         0.5000",
        "    AP50:95      -",
        "    truth boxes  7",
        "vehicle-1/front",
        "  the stream replays no recording",
        "  with a truth that anybody knows",
        "  of",
        "",
    ]


def test_a_row_that_begins_with_a_number_keeps_its_head_when_stacked() -> None:
    table = Table("", numbers("added", "AP50"))
    table.add("10", "0.4810")
    assert told(table, 9) == ["added 10", "  AP50  0.4810", ""]


@pytest.mark.parametrize("width", [None, 120, 80, 51, 40, 24, 20, 1])
def test_no_word_is_ever_cut(accuracy: Table, width: int | None) -> None:
    text = "\n".join(told(accuracy, width))
    words = [word for row in accuracy.rows for cell in row for word in cell.text.split()]
    assert all(word in text.split() for word in words)
    assert "…" not in text


def test_foreign_text_in_a_cell_is_no_markup_and_moves_no_cursor() -> None:
    table = Table("[/bold]", ["\x1b[2J"])
    table.add("[red]\x1b]0;title\x07\nnext")
    text = "\n".join(told(table, 80))
    assert "\x1b" not in text
    assert r"[red]\x1b]0;title\x07\nnext" in text


def test_an_east_asian_character_takes_two_places_and_a_combining_one_none() -> None:
    assert columns_of("차량 ab") == 7
    assert columns_of("e\u0301") == 1
    table = Table("", ["name", "x"])
    table.add("차량", "1")
    table.add("cars", "2")
    assert told(table, 80)[2:4] == ["차량  1", "cars  2"]


def test_a_row_has_no_more_cells_than_there_are_columns() -> None:
    with pytest.raises(ValueError, match="2 cells in 1 columns"):
        Table("", ["a"]).add("1", "2")


def test_a_long_line_is_wrapped_where_it_began() -> None:
    assert told("  one two three", 9) == ["  one two", "  three"]
    assert told("/a/path/that/is/one/word", 9) == ["/a/path/that/is/one/word"]
