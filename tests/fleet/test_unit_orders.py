"""Orders and wishes that a person says to a real unit."""

import json
from pathlib import Path

import pytest

import gilmok
from edge.wire.address import BrokerAt
from tests.brokers import embedded_url, site
from tests.edge.unit.units import NODE, running, state_of, write_config
from tests.waiting import wait_until

__all__ = ["embedded_url", "site"]


def test_a_person_orders_and_desires_and_is_told_what_came_of_it(
    tmp_path: Path, embedded_url: str, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, site, BrokerAt(url=embedded_url))
    hub = tmp_path / "hub.toml"
    hub.write_text(f'site = "{site}"\n[broker]\nurl = "{embedded_url}"\n')

    def say(*words: str) -> tuple[int, str]:
        status = gilmok.main(["fleet", words[0], NODE, *words[1:], "--hub", str(hub)])
        told = capsys.readouterr()
        return status, told.out + told.err

    with running(config):
        wait_until(lambda: state_of(config).device_tuple, "the chip to be read")
        assert say("order", "restart", "--why", "a try") == (0, f"{NODE}: applied, the node is started again\n")
        status, told = say("order", "rollback", "--json")
        assert (status, json.loads(told)["verdict"]) == (1, "refused")
        assert say("desire", "none", "--wait", "60") == (0, f"{NODE}: kept\n")
        status, told = say("desire", "0" * 64, "--wait", "0.5")
        assert status == 1
        assert f"no unit {NODE} answered with an outcome (matching) within 0.5 s" in told
    status, told = say("order", "restart", "--within", "0.2")
    assert status == 1
    assert "an order is void" in told
    with pytest.raises(SystemExit) as usage:
        say("desire", "cafe")
    assert usage.value.code == 2
