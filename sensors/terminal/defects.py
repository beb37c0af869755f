"""A fault of gilmok itself, kept whole in a file and told in one line."""

import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from sensors.clock import SystemClock
from sensors.terminal.foreign_text import shown, without_logins

KEPT = 20
"""So many of the newest reports stay."""
TOLD_CHARACTERS = 300
_HOME = Path(__file__).resolve().parents[2]


def named(error: BaseException) -> str:
    """The exception and the line of ours that it came through last, on one line."""
    ours = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(_HOME)]
    where = f" ({Path(ours[-1].filename).relative_to(_HOME)}:{ours[-1].lineno})" if ours else ""
    try:
        what = str(error)
    except Exception:  # noqa: BLE001  it may be the exception's own text that is broken
        what = "it can't even be told"
    return shown(f"{type(error).__name__}{': ' if what else ''}{what}", TOLD_CHARACTERS) + where


def kept(error: BaseException, words: Sequence[str] = ()) -> str:
    """Write the traceback where it stays; a sentence that says where."""
    text = "\n".join(
        [
            f"gilmok {shown(' '.join(words))}",
            f"python {platform.python_version()}, {platform.platform()}",
            "",
            *traceback.format_exception(error),
        ]
    )
    stamp, last = SystemClock().now().utc_ns, None
    for folder in (_state_folder(), Path(tempfile.gettempdir())):
        path = folder / f"gilmok-defect-{stamp}-{os.getpid()}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(without_logins(text), encoding="utf-8", errors="backslashreplace")
        except OSError as refused:
            last = refused
            continue
        _forget_the_oldest(folder)
        return f"the details are in {path}; please report it with that file"
    return f"the details could not be written anywhere ({last})"


def _state_folder() -> Path:
    root = os.environ.get("XDG_STATE_HOME", "")
    return (Path(root) if root.startswith("/") else Path("~/.local/state").expanduser()) / "gilmok"


def _forget_the_oldest(folder: Path) -> None:
    for path in sorted(folder.glob("gilmok-defect-*.txt"))[:-KEPT]:
        path.unlink(missing_ok=True)
