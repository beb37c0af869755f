"""Recordings of the built-in world that a campaign draws itself: known by what is ordered, drawn by the first cell."""

import fcntl
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from models import catalogue
from replay.campaign.config import WorldDrive
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.processes.die_with_parent import follow
from sensors.world import conditions, faults, layouts, rig
from sensors.world.recording import FACTS, Order, render


class NotDrawn(GilmokError):
    """Why a world could not be drawn, in the words of the process that tried."""


def order_of(drive: WorldDrive) -> Order:
    """Raises what is wrong with it, before anything is drawn."""
    conditions.named(drive.condition)
    layouts.named(drive.layout)
    rig.check_names(drive.layout, [drive.camera])
    return Order(
        drive.layout,
        drive.seed,
        drive.condition,
        (drive.camera,),
        drive.seconds,
        drive.fps,
        drive.width,
        drive.height,
        faults=tuple(faults.parse(text, drive.seconds) for text in drive.faults),
    )


def place_of(order: Order) -> tuple[Path, str]:
    """The data set's folder and the recording's name in it, whether or not it has been drawn."""
    (camera,) = order.cameras
    return _worlds() / order.key(camera), f"{order.layout}-{order.condition}-{camera}"


def draw(drive: WorldDrive) -> None:
    """Draws it where it isn't there yet; who comes second waits for the first. Raises NotDrawn or FileUnwritable."""
    order = order_of(drive)
    root, name = place_of(order)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with (root / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (root / name / FACTS).is_file():
                _draw_aside(order, root)
    except OSError as error:
        raise FileUnwritable(root, error) from error


def _draw_aside(order: Order, root: Path) -> None:
    """In a process of its own: what draws stays in memory, and would stand beside what is timed."""
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawned, initializer=follow, initargs=(os.getpid(),)) as pool:
        if why := pool.submit(_drawn, order, root).result():
            raise NotDrawn(*why)


def _drawn(order: Order, root: Path) -> tuple[str, str] | None:
    """None: it is there. An error doesn't come whole through a pipe; its sentence and hint do."""
    try:
        render(order, root, _worlds() / "cache", lambda _what, _share: None)
    except GilmokError as error:
        return error.sentence, error.hint
    return None


def _worlds() -> Path:
    return catalogue.store().parent / "worlds"
