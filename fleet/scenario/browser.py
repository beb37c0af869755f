"""The dashboard in front of whoever started it."""

import os
import sys
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from fleet.config import HubConfig
from fleet.web.listening import address, listen
from fleet.web.serve import Dashboard
from sensors import config
from sensors.clock import SystemClock
from sensors.signals import ended_by_signals
from sensors.terminal import console


def open_browser(at: str) -> None:
    """Where somebody sits before a screen; elsewhere a text browser would take the terminal."""
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if screen and sys.stderr.isatty():
        webbrowser.open(at)


def stay(hub_toml: Path, before: str) -> None:
    """Go on showing a hub's ledger until Ctrl-C, at the address where pages wait for it, or at the next port."""
    hub = config.read(hub_toml, HubConfig)
    port = urlsplit(before).port or hub.web.port
    with listen(msgspec.structs.replace(hub.web, port=port, or_next=True)) as listener:
        dashboard = Dashboard(hub, SystemClock(), listener)
        with ended_by_signals(dashboard.stop):
            dashboard.run(lambda: console.warn(f"dashboard: {address(listener)} until Ctrl-C"))
