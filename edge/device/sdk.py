"""Vendors' SDKs: what a backend says about its own, and the one way to import it."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.device.backend import BackendError

UNTRIED = {"evidence": "not run on hardware"}
"""Goes into the facts of every device and session whose backend nobody has run on its vendor's silicon yet."""


@dataclass(frozen=True, slots=True)
class About:
    """What `gilmok backend list` tells of a backend, whether or not its SDK is here (a class attribute `about`)."""

    silicon: str
    """Whose chips, and which."""
    module: str
    """What is imported to see whether the SDK is here."""
    install: str
    """How to get the SDK."""
    tried: str
    """On what this backend has really been run."""
    also: tuple[str, ...] = ()
    """Other modules that will do instead of `module`."""


@dataclass(frozen=True, slots=True)
class Package:
    """Pip requirements of one step, their approximate download, and whether their dependencies stay away."""

    requirements: str
    """Separated by spaces."""
    megabytes: int
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build a backend's environment (a class attribute `recipe`)."""

    packages: Sequence[Package]
    finish: Callable[[Path], None] = lambda _site: None
    """Called with the environment's site-packages folder after the installation."""

    @property
    def megabytes(self) -> int:
        return sum(package.megabytes for package in self.packages)


class SdkAbsent(BackendError):
    def __init__(self, backend: str, module: str, why: str, install: str) -> None:
        super().__init__(f"backend {backend!r} needs {module!r}, which can't be imported: {why}", f"install: {install}")


def sdk(backend: str, about: About, module: str = "") -> Any:
    """The SDK's module (or the named one beside it). Raises SdkAbsent.

    OSError and RuntimeError count: some vendors' packages import a system library that pip can't bring.
    """
    wanted = module or about.module
    try:
        return importlib.import_module(wanted)
    except (ImportError, OSError, RuntimeError) as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SdkAbsent(backend, wanted, why, about.install) from error
