"""Reading ahead: the next picture is decoded in a thread while the device works on this one."""

import queue
import threading
from collections.abc import Iterator

from sensors.frame import Frame

DEPTH = 2


class Ahead:
    """An iterator over `frames`, up to DEPTH of them ahead of whoever asks; what they raise, it raises in turn."""

    def __init__(self, frames: Iterator[Frame], name: str) -> None:
        self._frames = frames
        self._read: queue.Queue[Frame | Exception | None] = queue.Queue(DEPTH)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ahead-{name}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        found = None if self._closed.is_set() else self._read.get()
        if isinstance(found, Frame):
            return found
        self._closed.set()
        if found is None:
            raise StopIteration
        raise found

    def close(self) -> None:
        """End the thread; closing twice is harmless."""
        self._closed.set()
        while self._thread.is_alive():
            with self._read.mutex:
                self._read.queue.clear()
                self._read.not_full.notify_all()
            self._thread.join(timeout=0.01)

    def _run(self) -> None:
        last: Exception | None = None
        try:
            for frame in self._frames:
                if self._closed.is_set():
                    return
                self._read.put(frame)
        except Exception as error:  # noqa: BLE001  the top of a thread; raised again by the one that asks
            last = error
        self._read.put(last)
