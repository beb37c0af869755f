"""What is to be sent to the webhook: a bounded queue, emptied in a thread of its own."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from fleet.alert_settings import Webhook
from fleet.alerts.records import AlertEvent, Outgoing, Sent
from fleet.alerts.webhook import NotTaken, WebhookSecretWrong, body_of, post, wait_s
from sensors.clock import NS_PER_S, Clock
from sensors.private_files import SecretOpen

log = logging.getLogger(__name__)

MOST = 500
"""Messages; when more wait, the oldest are given up."""
EVENTS_A_MESSAGE = 100


class Outbox:
    """`waiting` and `sent` may be asked from any thread."""

    def __init__(
        self,
        webhook: Webhook,
        hub: str,
        clock: Clock,
        waiting: Iterable[Outgoing],
        sent: Sent,
        changed: Callable[[], None],
        wait_s: Callable[[int], float] = wait_s,
    ) -> None:
        """`waiting`: what an earlier life left. `changed` is called, from the thread, after each try; `wait_s` tells
        how long to wait after so many.
        """
        self._wait_s = wait_s
        self._webhook = webhook
        self._hub = hub
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._waiting: deque[Outgoing] = deque(waiting)
        self._sent = sent
        self._wake = threading.Event()
        self._done = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience_s: float) -> None:
        """What isn't sent by then stays in `waiting`."""
        self._done = True
        self._wake.set()
        self._thread.join(patience_s)

    @property
    def waiting(self) -> tuple[Outgoing, ...]:
        with self._lock:
            return tuple(self._waiting)

    @property
    def sent(self) -> Sent:
        return self._sent

    def put(self, events: Sequence[AlertEvent]) -> None:
        """Returns at once."""
        with self._lock:
            for start in range(0, len(events), EVENTS_A_MESSAGE):
                some = tuple(events[start : start + EVENTS_A_MESSAGE])
                name = f"{some[0].alert.id}-{some[0].became}"
                self._waiting.append(Outgoing(id=name, made_utc_ns=some[0].at_utc_ns, events=some))
            while len(self._waiting) > MOST:
                self._waiting.popleft()
                self._count(given_up=1)
        self._wake.set()

    def _run(self) -> None:
        while not self._done:
            with self._lock:
                message = self._waiting[0] if self._waiting else None
            if message is None:
                self._wake.wait()
                self._wake.clear()
                continue
            self._settle(message)
            self._changed()

    def _settle(self, message: Outgoing) -> None:
        """Try once, and wait where it wasn't taken."""
        now_ns = self._clock.now().utc_ns
        if message.tries and now_ns - message.made_utc_ns > self._webhook.give_up_after_s * NS_PER_S:
            self._remove(message)
            self._count(given_up=1)
            return
        trouble = self._try(message, now_ns)
        if not trouble:
            self._remove(message)
            self._count(delivered=1)
            return
        if trouble != self._sent.trouble:
            log.warning("%s", trouble)
        self._count(failed=1, trouble=trouble)
        tried = msgspec.structs.replace(message, tries=message.tries + 1)
        with self._lock:
            if self._waiting and self._waiting[0] is message:
                self._waiting[0] = tried
        self._changed()
        self._rest(self._wait_s(tried.tries))

    def _try(self, message: Outgoing, utc_ns: int) -> str:
        """Why it wasn't taken; empty where it was."""
        try:
            post(self._webhook, body_of(message, self._hub), message.id, utc_ns)
        except (NotTaken, WebhookSecretWrong, SecretOpen) as error:
            return f"{error.sentence}; {error.hint}"
        return ""

    def _rest(self, seconds: float) -> None:
        """News don't shorten it: the oldest goes first."""
        until_ns = self._clock.now().mono_ns + int(seconds * NS_PER_S)
        while not self._done and (left_ns := until_ns - self._clock.now().mono_ns) > 0:
            self._wake.wait(left_ns / NS_PER_S)
            if not self._done:
                self._wake.clear()

    def _remove(self, message: Outgoing) -> None:
        with self._lock:
            if self._waiting and self._waiting[0] is message:
                self._waiting.popleft()

    def _count(self, *, delivered: int = 0, failed: int = 0, given_up: int = 0, trouble: str = "") -> None:
        before = self._sent
        self._sent = Sent(
            delivered=before.delivered + delivered,
            failed=before.failed + failed,
            given_up=before.given_up + given_up,
            trouble=trouble,
        )
