import subprocess
import sys

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


def test_standard_output_is_ours_alone_and_what_libraries_print_goes_to_standard_error() -> None:
    done = subprocess.run([sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == '{\n  "ours": 1\n}\n'
    assert sorted(done.stderr.splitlines()) == ["a library", "its C++"]
