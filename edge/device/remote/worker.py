"""Run by the Python of the other environment: `python -P worker.py DESCRIPTOR PACKAGES`.

Only this file runs as a script. It makes our packages importable, and nothing that is installed beside them: that
belongs to the parent's environment.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class OnlyThese(MetaPathFinder):
    """Finds the named top-level packages, each in its own folder."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = folders

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 (the import system's signature)
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        folder = self._folders.get(fullname)
        return PathFinder.find_spec(fullname, [folder], target) if folder else None


def main(descriptor: str, packages: str) -> None:
    sys.meta_path.insert(0, OnlyThese(json.loads(packages)))
    from edge.device.remote.serve import serve

    # Programs that the SDK starts and leaves behind must not hold the link open.
    os.set_inheritable(int(descriptor), False)
    with socket.socket(fileno=int(descriptor)) as link:
        serve(link)


if __name__ == "__main__":
    main(*sys.argv[1:])
