"""Every command that a page prints is one that gilmok knows, with options that its help tells of."""

import re
from pathlib import Path

import pytest

import gilmok

HOUSE = Path(gilmok.__file__).parent
PAGES = [HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", HOUSE / "bench/README.md", *(HOUSE / "docs").rglob("*.md")]
WORD = re.compile(r"[a-z]+")
VERBS = re.compile(r"[a-z]+(\|[a-z]+)*")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def commands() -> list[str]:
    """What stands in backticks, or on an indented or fenced line of its own, and begins with `gilmok VERB`."""
    found: set[str] = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        for command in [*re.findall(r"`(gilmok [^`]+)`", text), *re.findall(r"^ *(gilmok [^\n`]+)$", text, re.M)]:
            if command.split()[1] in {verb.split()[0] for verb in gilmok.VERBS}:
                found.add(" ".join(command.partition("#")[0].split()))
    return sorted(found)


@pytest.mark.parametrize("command", commands())
def test_a_command_that_is_printed_is_known_with_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()[1:]
    path = [words[0]]
    if len(words) > 1 and WORD.fullmatch(words[1]):
        path.append(words[1])
        if len(words) > 2 and " ".join(path) in gilmok.VERBS and VERBS.fullmatch(words[2]):
            path.append(words[2])  # a verb of two words may have verbs of its own
        elif path == ["fleet", "rollout"]:
            path.append("start")  # which may be left out
    elif words[0] == "qualify":
        path.append("run")  # which may be left out
    for one in ([*path[:-1], last] for last in path[-1].split("|")):
        with pytest.raises(SystemExit) as ended:
            gilmok.main([*one, "--help"])
        told = capsys.readouterr()
        assert ended.value.code == 0, told.err
        assert [option for option in OPTION.findall(command) if option not in told.out] == []


def test_there_are_commands_to_try() -> None:
    assert len(commands()) > 25
