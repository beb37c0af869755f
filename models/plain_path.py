"""Paths that every vendor's SDK takes: many read them as UTF-8, and a file name need not be that."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


def plain_path(path: Path) -> Path:
    """`path` itself; where it is no UTF-8, a link to it that is, for as long as this process lives."""
    return path if _is_utf8(os.fspath(path)) else _link(path.absolute())


def plain_name(path: Path) -> str:
    """Its name; what is no UTF-8 in it becomes `_`."""
    return path.name if _is_utf8(path.name) else path.name.encode(errors="replace").decode().replace("?", "_")


@cache
def _link(path: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gilmok-link-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if _is_utf8(path.name):
        # Weights that lie in a file beside the graph are found through the folder.
        (folder / "there").symlink_to(path.parent)
        return folder / "there" / path.name
    link = folder / plain_name(path)
    link.symlink_to(path)
    return link


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
