import json
import subprocess
import sys
from pathlib import Path

import pytest

from sensors.terminal import console

PROGRAM = """
import os, sys
from sensors.terminal import console
from sensors.terminal.exit_status import ended
def work():
    print("a library")
    os.write(1, b"its C++\\n")
    console.print_json({"ours": 1})
    return 0
sys.exit(ended(work))
"""


def test_standard_output_is_ours_alone_and_what_libraries_print_goes_to_standard_error(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as out:  # one can seek in it, and not in the pipe
        done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], stdout=out, stderr=subprocess.PIPE, check=True)
        out.seek(0)
        assert out.read() == '{\n  "ours": 1\n}\n'
    assert sorted(done.stderr.splitlines()) == [b"a library", b"its C++"]


def test_json_means_the_same_and_holds_nothing_that_acts_on_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    tree = {"na\u202eme": "\x1b[31m \x7f\x9b ±\ufeff", "where": "mqtt://u:secret@h/"}
    console.print_json(tree)
    told = capfdbinary.readouterr().out
    assert json.loads(told) == {**tree, "where": "mqtt://***@h/"}
    assert "±" in told.decode()
    assert not any(one in told.decode() for one in "\u202e\x1b\x7f\x9b\ufeff")
