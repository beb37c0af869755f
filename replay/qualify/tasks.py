"""What a campaign's process does: read its task, do it, and say how it went."""

import importlib
import sys
from pathlib import Path
from typing import Any

import msgspec

from replay.qualify.campaign import Campaign, from_record
from replay.qualify.children import Said, Task
from sensors.errors import GilmokError
from sensors.terminal import output

TELL_SHARE = 0.005
"""Smaller steps than this are not told."""


def serve(up_ns: int) -> int:
    """`up_ns`: when this process ran its first own line. Returns the exit status."""
    try:
        task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
        result = _done(task, from_record(task.campaign, "the campaign"), up_ns)
    except GilmokError as error:
        _say(Said(sentence=error.sentence, hint=error.hint))
        return 1
    _say(Said(share=1.0, result=result))
    return 0


def _done(task: Task, campaign: Campaign, up_ns: int) -> Any:
    from replay.qualify.parts import coldstart, determinism

    if task.part == "first":
        return coldstart.first(campaign, up_ns)
    if task.part == "digests":
        return determinism.digests(campaign)
    part = importlib.import_module(f"replay.qualify.parts.{task.part}")
    told = -1.0

    def tell(share: float, what: str) -> None:
        nonlocal told
        if share - told >= TELL_SHARE or share < told:
            told = share
            _say(Said(share=share, what=what))

    return part.measure(campaign, Path(task.folder), tell)


def _say(said: Said) -> None:
    # Nothing else is there: libraries have standard error.
    output.write(msgspec.json.encode(said) + b"\n")
