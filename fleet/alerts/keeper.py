"""Keeps the alerts' process alive beside its hub."""

import logging
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from fleet.alerts.webhook import WebhookSecretWrong, secret_of
from fleet.config import HubConfig
from sensors.config import plain
from sensors.private_files import SecretOpen
from sensors.processes.die_with_parent import end, tied_to_parent
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)

POLL_S = 0.2
AGAIN_S = 1.0
STOP_S = 5.0


class AlertKeeper:
    """Used by `with`; where no rule is configured, it starts nothing."""

    def __init__(self, config: HubConfig) -> None:
        self._config = config
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="alerts", daemon=True)
        self.pid: int | None = None
        """Of the process; None while there is none."""

    def __enter__(self) -> Self:
        if self._config.webhook is not None:
            try:
                secret_of(self._config.webhook)
            except (WebhookSecretWrong, SecretOpen) as error:
                # Told now, not when the first alert rises; it is read anew then.
                log.error("%s; %s", error.sentence, error.hint)
        if self._config.alert:
            # The kernel ends the process with the thread that started it.
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._config.alert:
            self._thread.join(STOP_S + 1)

    def _keep(self) -> None:
        while not self._done.is_set():
            status = self._live()
            self.pid = None
            if status is not None:
                log.error("the alerts' process ended with status %d; starting it again", status)
                self._done.wait(AGAIN_S)

    def _live(self) -> int | None:
        """How it ended by itself; None where it was ended with the hub."""
        command = tied_to_parent([sys.executable, "-P", "-m", "fleet.alerts.process"])
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        self.pid = process.pid
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.write(compact(plain(self._config)))
            process.stdin.close()
        while not self._done.wait(POLL_S):
            if (status := process.poll()) is not None:
                return status
        end(process, STOP_S)
        return None
