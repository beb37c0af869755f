"""Drawing the frames of all worlds, several processes at a time."""

import multiprocessing
from pathlib import Path

from tools.training import split
from tools.training.frames import Frames, cached, load, path_of
from tools.training.split import Entry, Part

SIZES: dict[Part, tuple[int, int, int]] = {
    "train": (4, 6, 11), "valid": (4, 3, 14), "test": (4, 3, 10), "shipped": (4, 3, 10),
}  # fmt: skip
"""Roadside cameras, riding cameras, instants of each, a world."""


def draw_frames(folder: Path, jobs: int, parts: tuple[Part, ...]) -> None:
    """Draw what is missing, each world in a process that may die with it."""
    from rich.progress import track

    missing = [e for e in split.SPLIT if e.part in parts and not path_of(e, folder, SIZES[e.part]).is_file()]
    if not missing:
        return
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=4) as pool:
        work = pool.imap_unordered(_draw, [(entry, folder) for entry in missing])
        for _ in track(work, "drawing worlds", len(missing)):
            pass


def _draw(job: tuple[Entry, Path]) -> None:
    entry, folder = job
    cached(entry, folder, SIZES[entry.part])


def frames_of(folder: Path, entries: list[Entry]) -> Frames:
    return load([path_of(entry, folder, SIZES[entry.part]) for entry in entries])
