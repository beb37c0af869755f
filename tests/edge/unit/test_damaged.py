import os
import signal

import pytest

from tests.edge.unit.test_deploying import Place, Published, place, published, wait_for_chip
from tests.edge.unit.units import NODE, node_pid, running, state_of
from tests.waiting import wait_until

pytestmark = pytest.mark.long

__all__ = ["Published", "place", "published"]


def happened(place: Place) -> list[str]:
    return [event.what for event in state_of(place.config).events]


def test_a_bundle_that_the_disk_has_damaged_is_not_driven_with_and_fetched_anew(place: Place) -> None:
    ear, good = place.ear, place.digests["good"]
    bundle = place.config.parent / "state" / f"{NODE}.unit" / "deployments" / good
    with running(place.config) as unit:
        wait_for_chip(place)
        ear.desire("good", good)
        ear.wait("that it is kept", outcome="kept", desired="good", phase="settled")
        model = next((bundle / "model").glob("*.onnx"))
        content = model.read_bytes()
        model.write_bytes(content[:-1] + b"!")
        wait_until(lambda: node_pid(unit), "the node")
        os.kill(node_pid(unit), signal.SIGKILL)
        wait_until(lambda: happened(place).count("kept") == 2, "that it is kept again")
        assert model.read_bytes() == content
    damaged = next(event for event in state_of(place.config).events if event.what == "damaged")
    assert "its sha256 is" in damaged.reason
    assert state_of(place.config).bad == ()
