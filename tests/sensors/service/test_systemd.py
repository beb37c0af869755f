"""What is said to systemd, heard on a real socket."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sensors.service.systemd import Systemd


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + address[1:] if address.startswith("@") else address)
        ear.settimeout(10)
        yield ear


@pytest.mark.parametrize("abstract", [False, True])
def test_every_word_is_a_datagram_of_its_own(abstract: bool, tmp_path: Path) -> None:
    address = f"@gilmok-test-{secrets.token_hex(8)}" if abstract else str(tmp_path / "notify")
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid()), "A": "b"}
    with listening(address) as ear:
        systemd = Systemd.of(environment)
        assert (environment, systemd.listens, systemd.watchdog_s) == ({"A": "b"}, True, 30.0)
        systemd.ready("2 streams run")
        systemd.alive("all\nis well\nWATCHDOG=trigger")
        systemd.tell("stuck")
        systemd.stopping()
        heard = [ear.recv(4096).decode().split("\n") for _ in range(4)]
    assert heard[0] == ["READY=1", "STATUS=2 streams run"]
    assert heard[1] == ["WATCHDOG=1", "STATUS=all is well WATCHDOG=trigger"], "no foreign text says a word of its own"
    assert heard[2] == ["STATUS=stuck"]
    assert heard[3][0] == "STOPPING=1"


def test_nobody_waits_for_a_supervisor_that_is_gone_or_reads_no_more(tmp_path: Path) -> None:
    Systemd(str(tmp_path / "nobody")).alive("well")
    Systemd().alive("well")
    with listening(str(tmp_path / "deaf")):
        systemd = Systemd(str(tmp_path / "deaf"))
        for _ in range(10_000):
            systemd.alive("well")


@pytest.mark.parametrize("usec", ["0", "-1", "x", "", "30000000"])
def test_a_watchdog_that_is_none_or_another_process_s_is_not_ours(usec: str) -> None:
    other = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": usec, "WATCHDOG_PID": str(os.getpid() + 1)}
    assert Systemd.of(other).watchdog_s is None
    assert Systemd.of({"WATCHDOG_USEC": usec}).watchdog_s is None
