import secrets
import socket

from fleet.heartbeat import PATIENCE_S, Heartbeat
from fleet.workers.status import Status
from sensors.clock import NS_PER_S
from sensors.service.systemd import Systemd
from tests.fakes import ManualClock


def test_a_hub_lives_as_long_as_everyone_who_books_comes_round() -> None:
    clock = ManualClock()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        name = f"gilmok-test-{secrets.token_hex(8)}"
        ear.bind(f"\0{name}")
        ear.setblocking(False)
        heartbeat = Heartbeat(Systemd(f"@{name}"), clock)

        def second(*rounds: int) -> bool:
            clock.pass_ns(NS_PER_S)
            heartbeat.beat(Status(rounds=rounds, nodes={"seoul/pole": "online", "seoul/kerb": "lost"}))
            said = ear.recv(4096).decode()
            assert "stuck" in said or "1 of 2 nodes online" in said
            return "WATCHDOG=1" in said

        assert all(second(n, n) for n in range(100))
        # One of two workers stands still: its store hangs.
        assert [second(200 + n, 99) for n in range(int(PATIENCE_S) + 1)] == [True] * int(PATIENCE_S) + [False]
        assert second(300, 100)
