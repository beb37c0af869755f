"""The shadow's own process: loads the candidate, and answers one picture after another when nobody else needs the CPU.

`python -P -m edge.shadow.process DESCRIPTOR`; a node starts it, and it ends with it.
"""

import contextlib
import logging
import mmap
import os
import queue
import socket
import sys
import threading
from pathlib import Path
from typing import Literal, cast

import numpy as np

from edge.assembly import Loaded, loaded
from edge.config import BackendChoice, ModelChoice
from edge.pipeline import Pipeline
from edge.session_name import SessionName
from edge.shadow.channel import Answered, Begin, Channel, GivesUp, Picture, Ready, Room
from sensors import config
from sensors.clock import Clock, Stamp, SystemClock, process_cpu_ns
from sensors.errors import GilmokError
from sensors.frame import Frame, FrameId
from sensors.logs import to_stderr

log = logging.getLogger(__name__)

NICENESS = 19


def stand_back() -> None:
    """Behind every ordinary process: only the time that nobody wants; where that can't be, as nice as can be."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def serve(channel: Channel, clock: Clock) -> int:
    begin = channel.heard_by_shadow()
    if not isinstance(begin, Begin):
        return 1
    pictures: queue.SimpleQueue[tuple[Picture, mmap.mmap]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(channel, pictures), name="pictures", daemon=True).start()
    try:
        model = config.convert(begin.model, ModelChoice, "the shadow's model")
        backend = config.convert(begin.backend, BackendChoice, "the shadow's backend")
        with loaded(model, backend, Path(begin.base)) as parts:
            channel.say(Ready(parts.device.kind, dict(parts.backend_birth().facts)))
            _answer(channel, parts, SessionName(begin.session, begin.session_id), pictures, clock)
    except GilmokError as error:
        channel.say(GivesUp(error.sentence, error.hint))
    return 1


def _answer(
    channel: Channel,
    parts: Loaded,
    name: SessionName,
    pictures: "queue.SimpleQueue[tuple[Picture, mmap.mmap]]",
    clock: Clock,
) -> None:
    """Until there is nobody to answer to."""
    pipelines: dict[str, Pipeline] = {}
    while True:
        said, memory = pictures.get()
        began_ns, cpu_ns = clock.now().mono_ns, process_cpu_ns()
        pipeline = pipelines.get(said.stream)
        if pipeline is None:
            pipeline = pipelines[said.stream] = parts.pipeline(clock, name=name)
        report = pipeline.step(_frame(said, memory))
        took_ns = clock.now().mono_ns - began_ns
        if not channel.say(Answered(report, took_ns, process_cpu_ns() - cpu_ns)):
            return


def _frame(said: Picture, memory: mmap.mmap) -> Frame:
    image = np.ndarray((said.height, said.width, 3), np.uint8, memory)
    image.flags.writeable = False
    kind = cast(Literal["exposure", "arrival", "scheduled"], said.kind)
    return Frame(FrameId(said.stream, said.seq), Stamp(said.mono_ns, said.utc_ns), kind, image)


def _listen(channel: Channel, pictures: "queue.SimpleQueue[tuple[Picture, mmap.mmap]]") -> None:
    """In a thread of its own, so that the process ends with its node, whatever the model is doing."""
    memory: mmap.mmap | None = None
    while (said := channel.heard_by_shadow()) is not None:
        match said:
            case Room():
                memory = channel.room(said)
            case Picture():
                assert memory is not None
                pictures.put((said, memory))
            case Begin():
                break
    os._exit(0)


def main(descriptor: str) -> int:
    to_stderr()
    stand_back()
    # Programs that an SDK starts and leaves behind must not hold the link open.
    os.set_inheritable(int(descriptor), False)
    return serve(Channel(socket.socket(fileno=int(descriptor))), SystemClock())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
