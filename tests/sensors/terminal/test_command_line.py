import pytest

from sensors.ranges import Count, in_range
from sensors.terminal.command_line import command_parser


def test_a_wrong_option_is_one_line_with_key_value_and_range(capsys: pytest.CaptureFixture[str]) -> None:
    parser = command_parser(prog="gilmok drive")
    run = parser.add_subparsers(required=True, metavar="VERB").add_parser("run")
    run.add_argument("--frames", type=in_range(Count))
    for number in range(40):
        run.add_argument(f"--option-{number}")
    with pytest.raises(SystemExit) as left:
        parser.parse_args(["run", "--frames", "-5"])
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "gilmok drive run: argument --frames: '-5' is not a whole number from 1 to 1,000,000,000",
        "  gilmok drive run --help tells its options",
    ]


def test_a_word_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command_parser(prog="gilmok drive").parse_args(["\x1b[2J"])
    assert "\x1b" not in capsys.readouterr().err


def test_an_option_that_a_verb_does_not_have_is_told_by_that_verb(capsys: pytest.CaptureFixture[str]) -> None:
    parser = command_parser(prog="gilmok drive")
    parser.add_subparsers(required=True, metavar="VERB").add_parser("run")
    with pytest.raises(SystemExit):
        parser.parse_args(["run", "--json"])
    assert capsys.readouterr().err.splitlines() == [
        "gilmok drive run: unrecognized arguments: --json",
        "  gilmok drive run --help tells its options",
    ]
