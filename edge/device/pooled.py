"""A thread-safe session, run by several threads at once: a device with several cores, as the pipeline sees it."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import TypeAlias

from edge.device.backend import InferenceFailed, Session, Tensors
from edge.device.delegating import DelegatingSession

Work: TypeAlias = tuple[Tensors, "Future[Tensors]"]


class Pooled(DelegatingSession):
    """A PipelinedSession; owns `session` and closes it."""

    def __init__(self, backend: str, session: Session, workers: int) -> None:
        super().__init__(session)
        self._backend = backend
        # One more than there are workers: the next inference waits at the door while an answer is being read.
        self._depth = workers + 1
        self._places = threading.BoundedSemaphore(self._depth)
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._changing = threading.Lock()
        self._closed = False
        # Daemons: an inference that hangs must not keep the program from ending.
        self._workers = [
            threading.Thread(target=self._work, name=f"{backend}-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for worker in self._workers:
            worker.start()

    @property
    def depth(self) -> int:
        return self._depth

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> "Future[Tensors]":
        self._places.acquire()
        answer: Future[Tensors] = Future()
        with self._changing:
            if self._closed:
                self._places.release()
                raise InferenceFailed(self._backend, "the session is closed")
            self._waiting.put((feeds, answer))
        return answer

    def collect(self, ticket: "Future[Tensors]") -> Tensors:
        try:
            return ticket.result()
        finally:
            self._places.release()

    def close(self) -> None:
        """Waits for the inferences that run; those that wait for their turn fail."""
        with self._changing:
            self._closed = True
            for work in self._left():
                work[1].set_exception(InferenceFailed(self._backend, "the session was closed before its turn came"))
            for _ in self._workers:
                self._waiting.put(None)
        for worker in self._workers:
            worker.join()
        super().close()

    def _left(self) -> Iterator[Work]:
        with contextlib.suppress(queue.Empty):
            while True:
                if (work := self._waiting.get_nowait()) is not None:
                    yield work

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            feeds, answer = work
            try:
                outputs = self._inner.run(feeds)
            except BaseException as error:  # noqa: BLE001 (the top of a thread; whoever collects the answer gets it)
                answer.set_exception(error)
            else:
                answer.set_result(outputs)
            # Nothing of the call may live on while this thread waits.
            del work, feeds, answer
