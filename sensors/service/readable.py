"""Whether a service may read what it needs: it has an account of its own, and sees nobody's home."""

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from sensors.errors import GilmokError
from sensors.service.places import SLASH

HOMES = ("/home", "/root", "/run/user")
"""`ProtectHome` shows these empty."""
PRIVATE = ("/tmp", "/var/tmp")
"""And `PrivateTmp` others in the place of these."""
GROUPS = {"char-drm": "render", "char-accel": "render", "char-video4linux": "video"}
"""Of classes of devices, of which an image has none that could be asked."""
OTHERS_ENTER, OTHERS_READ = stat.S_IXOTH, stat.S_IROTH
INSTEAD = (
    "install gilmok where every account may read it, and call that one: `python3 -m venv /opt/gilmok` and its pip; "
    "`uv tool install` with UV_TOOL_DIR and UV_PYTHON_INSTALL_DIR in /opt; `pipx install --global` (docs/deployment.md)"
)


class ProgramHidden(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"a service can't run {path}: {why}", INSTEAD)


class FileHidden(GilmokError):
    def __init__(self, key: str, path: Path, why: str) -> None:
        super().__init__(
            f"the service could not read {path}, which stands in its {key}: {why}",
            "move it to where every account may read it, under /srv say, and correct the path",
        )


def program(root: Path, interpreter: Path | None = None) -> tuple[str, ...]:
    """A command, of absolute paths, that runs gilmok from a venv, a uv tool or a pipx alike.

    `interpreter`: as the image under `root` sees it; None: the one that runs now. Raises ProgramHidden.
    """
    if interpreter is None:
        here = Path(sys.executable)
        interpreter = SLASH / here.relative_to(root) if root != SLASH and here.is_relative_to(root) else here
        if root == SLASH:
            # A venv's interpreter is a link to one that lies elsewhere, and its library elsewhere again.
            _check(Path(os.path.realpath(here)), Path(sys.base_prefix), Path(__file__).parents[1])
    if root == SLASH:
        _check(interpreter)
    elif not os.path.lexists(root / interpreter.relative_to(SLASH)):
        raise ProgramHidden(interpreter, f"there is none under {root}")
    # Not the script beside it: its first line may be too long for a kernel, or lead elsewhere after a move.
    return (str(interpreter), "-P", "-m", "gilmok")


def _check(*paths: Path) -> None:
    for path in paths:
        if why := hidden(path):
            raise ProgramHidden(path, why)


def check_file(key: str, path: Path) -> None:
    """Raises FileHidden."""
    if why := hidden(path):
        raise FileHidden(key, path, why)


def hidden(path: Path) -> str:
    """Why an account without a home can't read `path`; empty: it can."""
    for place in (*HOMES, *PRIVATE):
        if path.is_relative_to(place):
            return f"services don't see what is in {place}"
    for part in [*reversed(path.parents), path]:
        try:
            mode = part.stat().st_mode
        except OSError as error:
            return f"{part}: {error.strerror}"
        needed = OTHERS_READ
        if stat.S_ISDIR(mode):
            needed = OTHERS_ENTER | OTHERS_READ if part == path else OTHERS_ENTER
        if mode & needed != needed:
            return f"{part} is closed to other accounts ({stat.filemode(mode)})"
    return ""


def groups_of(devices: Iterable[str], root: Path) -> tuple[str, ...]:
    """The groups that device nodes belong to, as far as the machine under `root` has them by name."""
    known = {line.partition(":")[0] for line in _lines(root / "etc/group")}
    owners = {_group(Path(device)) if device.startswith("/") else GROUPS.get(device, "") for device in devices}
    return tuple(sorted((owners & known) - {"root"}))


def _group(path: Path) -> str:
    try:
        return path.group()
    except (OSError, KeyError):
        return ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
