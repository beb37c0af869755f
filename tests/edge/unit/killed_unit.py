"""`gilmok unit run NODE.toml`, killed before its N-th step: python -P -m tests.edge.unit.killed_unit N NODE.toml

A step: a file that is opened to write, renamed or removed, a folder that is made or removed, below the unit's own
folder; a process that it starts.
"""

import os
import signal
import sys
from pathlib import Path

import gilmok

CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"})


def main(at: int, config: Path) -> int:
    place = str(config.parent)
    left = at

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event == "open":
            written = isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            counts = bool(written) and ".unit" in str(arguments[0]) and place in str(arguments[0])
        else:
            counts = event == "subprocess.Popen" or (event in CHANGES and ".unit" in str(arguments[0]))
        if counts:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return gilmok.main(["unit", "run", str(config)])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
