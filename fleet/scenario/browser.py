"""The dashboard in front of whoever started it."""

import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path

import msgspec

from fleet.config import HubConfig
from fleet.web.door import Door
from sensors import config
from sensors.errors import GilmokError
from sensors.signals import ended_by_signals
from sensors.terminal import console


def open_browser(at: str) -> None:
    """Where somebody sits before a screen; elsewhere a text browser would take the terminal."""
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stderr.isatty():
        webbrowser.open(at)


class Showing:
    """Goes on showing a hub's ledger when the hub has ended: pages wait at its address, and are there again at once."""

    def __init__(self) -> None:
        self._door: Door | None = None
        self._enough = threading.Event()

    def begin(self, hub_toml: Path, listener: socket.socket | None) -> None:
        """Behind the `listener` that was the hub's, a copy of which goes on; None: as [web] says, or the next free
        port. Where there can be no page, that is told.
        """
        try:
            hub = config.read(hub_toml, HubConfig)
            web = msgspec.structs.replace(hub.web, or_next=True)
            door = Door(msgspec.structs.replace(hub, web=web), None if listener is None else listener.dup())
        except GilmokError as error:
            console.warn(f"{error.sentence}; {error.hint}")
            return
        door.open(None)
        self._door = door

    @property
    def address(self) -> str:
        """Empty where there is no page."""
        return "" if self._door is None else self._door.address

    def wait(self) -> None:
        """Until Ctrl-C or SIGTERM; not at all where there is no page."""
        if self._door is None:
            return
        console.warn(f"dashboard: {self._door.address} until Ctrl-C")
        with ended_by_signals(self._enough.set):
            self._enough.wait()

    def end(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None
