"""A recording's content: its bytes as one digest."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from replay.recording import DatasetWrong
from sensors.outside import ContentWrong, open_bytes

PART_BYTES = 2**20


class ContentUnreadable(DatasetWrong):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}", "check the file, its disk and its permissions")


def content_digest(files: Iterable[tuple[str, Path]]) -> str:
    """sha256 over each file, after a line that says what it is called here and how long it is.

    So no byte can move from one file to the next unnoticed. Reads every file once; raises ContentUnreadable.
    """
    whole = hashlib.sha256()
    for name, path in files:
        try:
            with open_bytes(path) as file:
                whole.update(f"{name}{os.fstat(file.fileno()).st_size}\n".encode())
                while part := file.read(PART_BYTES):
                    whole.update(part)
        except ContentWrong as error:
            raise ContentUnreadable(path, error.what) from error
        except OSError as error:
            raise ContentUnreadable(path, f"can't be read: {error.strerror}") from error
    return whole.hexdigest()
