import socket
from pathlib import Path

import pytest

from fleet.config import Web, WebContradicts
from fleet.web.listening import WebPortTaken, WebUnreachable, listen


def test_beyond_this_machine_nobody_looks_unasked() -> None:
    with pytest.raises(WebContradicts, match="asks nobody"):
        Web(host="0.0.0.0")
    with pytest.raises(WebContradicts, match="may send that"):
        Web(host="0.0.0.0", user_header="X-User", token_file=Path("token"))
    Web(host="0.0.0.0", token_file=Path("token"))


def test_a_port_that_is_taken_is_told_or_followed_by_the_next() -> None:
    with listen(Web(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(WebPortTaken, match=f"port {port}"):
            listen(Web(port=port))
        with listen(Web(port=port, or_next=True)) as second:
            assert second.getsockname()[1] != port


def test_a_host_that_is_not_ours_is_told() -> None:
    with pytest.raises(WebUnreachable, match="can't be listened at"):
        listen(Web(host="192.0.2.1", token_file=Path("token")))


def test_sockets_are_closed_where_nothing_is_served() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(WebPortTaken):
            listen(Web(port=taken.getsockname()[1]))
