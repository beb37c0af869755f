"""Keeps the alerts' process alive beside its hub."""

import logging
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from fleet.alerts.webhook import WebhookSecretWrong, secret_of
from fleet.config import HubConfig
from sensors.config import plain
from sensors.private_files import SecretOpen
from sensors.processes.kept import KeptProcess
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)


class AlertKeeper:
    """Used by `with`; where no rule is configured, it starts nothing."""

    def __init__(self, config: HubConfig) -> None:
        self._config = config
        self._kept = KeptProcess("the alerts' process", "fleet.alerts.process", compact(plain(config)))
        self._stack = ExitStack()

    @property
    def pid(self) -> int | None:
        """Of the process; None while there is none."""
        return self._kept.pid

    def __enter__(self) -> Self:
        if self._config.webhook is not None:
            try:
                secret_of(self._config.webhook)
            except (WebhookSecretWrong, SecretOpen) as error:
                # Told now, not when the first alert rises; it is read anew then.
                log.error("%s; %s", error.sentence, error.hint)
        if self._config.alert:
            self._stack.enter_context(self._kept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
