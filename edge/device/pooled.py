"""A thread-safe session, run by several threads at once: a device with several cores, as the pipeline sees it."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from edge.device.backend import InferenceFailed, Session, Telemetry, Tensors
from models.tensors import TensorSpec


class Pooled:
    """A PipelinedSession; owns `session` and closes it."""

    def __init__(self, backend: str, session: Session, workers: int) -> None:
        self._backend = backend
        self._session = session
        # One more than there are workers: the next inference waits at the door while an answer is being read.
        self._depth = workers + 1
        self._places = threading.BoundedSemaphore(self._depth)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"{backend}-worker")

    @property
    def inputs(self) -> Sequence[TensorSpec]:
        return self._session.inputs

    @property
    def outputs(self) -> Sequence[TensorSpec]:
        return self._session.outputs

    @property
    def facts(self) -> Mapping[str, str]:
        return self._session.facts

    @property
    def depth(self) -> int:
        return self._depth

    def run(self, feeds: Tensors) -> Tensors:
        return self.collect(self.submit(feeds))

    def submit(self, feeds: Tensors) -> "Future[Tensors]":
        self._places.acquire()
        try:
            return self._pool.submit(self._session.run, feeds)
        except RuntimeError as error:
            self._places.release()
            raise InferenceFailed(self._backend, "the session is closed") from error

    def collect(self, ticket: "Future[Tensors]") -> Tensors:
        try:
            return ticket.result()
        except CancelledError:
            raise InferenceFailed(self._backend, "the session was closed before its turn came") from None
        finally:
            self._places.release()

    def telemetry(self) -> Telemetry | None:
        return self._session.telemetry()

    def close(self) -> None:
        """Waits for the inferences that run; those that wait for their turn fail."""
        self._pool.shutdown(cancel_futures=True)
        self._session.close()
