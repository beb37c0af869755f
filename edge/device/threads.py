"""Calls made on threads that nobody has to wait for: they may hang, and don't keep the process from ending."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Work: TypeAlias = tuple[Callable[[], Any], "Future[Any]", str]

_idle: "queue.LifoQueue[queue.SimpleQueue[Work]]" = queue.LifoQueue()
"""The doors of threads without work: the last one to finish works next, since its memory is still warm."""


def on_a_thread(call: Callable[[], T], name: str) -> "Future[T]":
    """Begin `call` on a thread that has nothing else to do, or a new one; the thread bears `name` meanwhile."""
    answer: Future[T] = Future()
    try:
        door = _idle.get_nowait()
    except queue.Empty:
        door = queue.SimpleQueue()
        threading.Thread(target=_serve, args=(door,), name=name, daemon=True).start()
    door.put((call, answer, name))
    return answer


def _serve(door: "queue.SimpleQueue[Work]") -> None:
    while True:
        call, answer, threading.current_thread().name = door.get()
        try:
            done = call()
        except BaseException as error:  # noqa: BLE001 (the top of a thread; whoever waits for the answer gets it)
            answer.set_exception(error)
        else:
            answer.set_result(done)
        # Nothing of the call may live on while this thread waits.
        del call, answer
        done = None
        _idle.put(door)
