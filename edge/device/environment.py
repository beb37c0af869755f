"""Environments of their own for SDKs whose pins conflict with ours: where they lie, and how they are built."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.device.backend import BackendError
from edge.device.sdk import Package, Recipe
from models import catalogue

OURS = "msgspec>=0.20,<1"
"""What the worker's side of `edge.device.remote` needs besides NumPy, which every SDK brings."""

OnStep = Callable[[str, int], None]
"""Told before each step: what, and about how many megabytes it moves."""


class BuildFailed(BackendError):
    def __init__(self, what: str, output: str) -> None:
        words = " | ".join(line for line in output.splitlines() if "ERROR" in line or "rror:" in line)
        words = (words or output)[-600:]
        super().__init__(f"building the environment failed at {what}: {words}", "nothing was installed")


def folder_of(backend: str) -> Path:
    return catalogue.store().parent / "backends" / backend


def python_of(backend: str) -> Path:
    """The environment's interpreter, whether or not it has been built."""
    return folder_of(backend) / "bin" / "python"


def build(backend: str, recipe: Recipe, on_step: OnStep) -> Path:
    """Build the environment anew and return its interpreter; raises BuildFailed.

    It is built in its final place, since scripts in it hold their paths, and removed again if a step fails.
    """
    folder = folder_of(backend)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        on_step("environment", 0)
        _run([sys.executable, "-m", "venv", str(folder)], "the virtual environment")
        python = str(python_of(backend))
        for package in (*recipe.packages, Package(OURS, 1)):
            on_step(package.requirements, package.megabytes)
            alone = ["--no-deps"] if package.alone else []
            wanted = package.requirements.split()
            _run([python, "-m", "pip", "install", "--quiet", *alone, *wanted], package.requirements)
        site = _run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], "asking for its folder")
        recipe.finish(Path(site.strip()))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return python_of(backend)


def _run(command: Sequence[str], what: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildFailed(what, done.stderr or done.stdout)
    return done.stdout
