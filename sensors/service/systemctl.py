"""What is asked of a systemd that runs here."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from sensors.errors import GilmokError

RUNNING = Path("/run/systemd/system")
"""It is there exactly where systemd is the first process (sd_booted(3))."""
LAST_LINES = 5


class SystemdRefused(GilmokError):
    def __init__(self, words: Sequence[str], said: str, hint: str = "") -> None:
        super().__init__(f"`{' '.join(words)}` failed: {said or 'it said nothing'}", hint)


class StartFailed(GilmokError):
    """In the service's own last words."""

    def __init__(self, service: str, said: str) -> None:
        super().__init__(f"{service} does not start: {said}", f"`journalctl -u {service}` has all that it said")


def runs_here() -> bool:
    return RUNNING.is_dir()


def systemctl(*words: str) -> str:
    """What it printed; raises SystemdRefused."""
    return _run(["systemctl", "--no-ask-password", *words])


def make_accounts(settings: Path) -> None:
    """Those that a file of sysusers.d names; raises SystemdRefused."""
    _run(["systemd-sysusers", str(settings)])


def start_anew(service: str) -> None:
    """Return when it says that it is ready; raises StartFailed."""
    try:
        systemctl("restart", f"{service}.service")
    except SystemdRefused as error:
        raise StartFailed(service, last_words(service) or error.sentence) from error


def last_words(service: str) -> str:
    """Of its journal; empty where nobody may read that."""
    words = [
        "journalctl",
        "--quiet",
        "--no-pager",
        "-o",
        "cat",
        "-n",
        str(LAST_LINES),
        f"_SYSTEMD_UNIT={service}.service",
    ]
    try:
        return " | ".join(line.strip() for line in _run(words).splitlines())
    except SystemdRefused:
        return ""


def _run(words: list[str]) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise SystemdRefused(words, error.strerror or str(error), "is systemd installed?") from error
    if done.returncode:
        raise SystemdRefused(words, " ".join(done.stderr.split()))
    return done.stdout
