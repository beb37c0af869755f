"""Deployments on a real unit: a real broker, a signed repository on a real server, the node and the self-test as
processes of their own.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from models.bundle.repository.client import trust
from models.bundle.repository.keys import Keys
from models.bundle.self_test import Answer
from models.bundle.tuples import exactly
from sensors.clock import NS_PER_S, SystemClock
from tests.bundles import ingredients, tiny_bundle
from tests.edge.unit.units import FPS, NODE, Ear, node_pid, running, state_of, trial_pid, write_config
from tests.served import Served, served
from tests.waiting import wait_until

pytestmark = pytest.mark.long

pytest.importorskip("tuf")
pytest.importorskip("cyclonedx")


@dataclass(frozen=True)
class Published:
    """A repository, and the digests of its bundles by what is wrong with them."""

    home: Path
    digests: dict[str, str]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    from models.bundle.repository.founding import init
    from models.bundle.repository.policy import Policy

    home = tmp_path_factory.mktemp("units")
    of = ingredients(home)
    other_way = [
        Answer([one[..., ::-1].copy() for one in answer.outputs], answer.found) for answer in of.self_test.answers
    ]
    rule = exactly(of.self_test.recorded_on, runtime="onnxruntime >=99")
    made = {
        "good": tiny_bundle(home / "good"),
        "better": tiny_bundle(home / "better", name="tiny-2"),
        "otherwise": tiny_bundle(home / "otherwise", name="tiny-3", self_test=replace(of.self_test, answers=other_way)),
        "elsewhere": tiny_bundle(home / "elsewhere", name="tiny-4", good_for=(rule,)),
    }
    repository = init(home / "repository", Keys(home / "keys"), Policy(), SystemClock())
    for one in made.values():
        repository.add(one.folder)
    return Published(home, {name: one.digest for name, one in made.items()})


@dataclass(frozen=True)
class Place:
    config: Path
    server: Served
    digests: dict[str, str]
    ear: Ear


@pytest.fixture
def place(published: Published, tmp_path: Path, embedded_url: str, site: str) -> Iterator[Place]:
    """A unit that has joined, not running yet."""
    folder = Path(shutil.copytree(published.home / "repository", tmp_path / "repository"))
    trust(tmp_path / "trusted", folder / "metadata" / "1.root.json")
    broker = BrokerAt(url=embedded_url)
    with served(folder) as server, Ear(broker, site) as ear:
        config = write_config(tmp_path, site, broker, repository=server.address, trusted="trusted")
        yield Place(config, server, published.digests, ear)


def wait_for_chip(place: Place) -> None:
    wait_until(lambda: place.ear.reports and place.ear.reports[-1].device_tuple, "the chip to be read")


def test_a_good_bundle_is_fetched_tested_switched_to_watched_and_kept(place: Place) -> None:
    ear, good = place.ear, place.digests["good"]
    place.server.change = lambda path, content: content[:-1] + b"!" if "files/" in path else content
    with running(place.config):
        wait_for_chip(place)
        ear.desire("spoilt", good)
        wait_until(lambda: "holds something else than it signed" in ear.reports[-1].reason, "what the unit waits for")
        assert (ear.reports[-1].outcome, ear.reports[-1].bad) == ("working", ()), (
            "the network's fault is not the bundle's"
        )
        place.server.change = lambda _path, content: content
        ear.desire("first", good)
        told = ear.wait("that it is kept", outcome="kept", desired="first", phase="settled")
        assert told.active is not None
        assert (told.active.digest, told.previous, told.bad) == (good, None, ())
        wait_until(lambda: ear.reports[-1].switched, "the cost of the switch")
        assert ear.reports[-1].switched is not None
        lost, down_s = ear.reports[-1].switched.frames_lost, ear.reports[-1].switched.down_ns / NS_PER_S
        assert lost is not None
        assert 0 < lost <= down_s * FPS + 2
        phases = [one.phase for one in ear.reports]
        assert [phase for phase in ("fetching", "testing", "watching") if phase in phases] == [
            "fetching",
            "testing",
            "watching",
        ]
        # Back to what NODE.toml says, and the bundle stays on the disk as what was before.
        ear.desire("home", None)
        told = ear.wait("that it is home", outcome="kept", desired="home", active=None)
        assert told.previous is not None
        assert told.previous.digest == good
    assert (place.config.parent / "state" / f"{NODE}.unit" / "deployments" / good / "bundle.json").is_file()


def test_what_is_no_good_is_refused_with_its_reason_and_blocks_nothing_that_comes_after(place: Place) -> None:
    ear, digests = place.ear, place.digests
    # While it is away: what was desired last is what counts, and what was ordered is void.
    ear.desire("older", digests["otherwise"])
    ear.order("o-1", "restart")
    ear.desire("elsewhere", digests["elsewhere"])
    with running(place.config) as unit:
        wait_for_chip(place)
        told = ear.wait("a refusal", outcome="refused", desired="elsewhere")
        assert "asks for runtime onnxruntime >=99, the unit has onnxruntime" in told.reason
        assert [path for path, _ in place.server.asked if path.startswith("files/")] == []
        ear.desire("otherwise", digests["otherwise"])
        assert "cosine" in ear.wait("a refusal", outcome="refused", desired="otherwise").reason
        ear.desire("crashes", digests["better"])
        wait_until(lambda: trial_pid(unit), "the self-test to begin")
        os.kill(trial_pid(unit), signal.SIGKILL)
        told = ear.wait("a refusal", outcome="refused", desired="crashes")
        assert told.reason == "the self-test was killed by signal 9"
        assert [one.deployment.digest for one in told.bad] == [
            digests["better"],
            digests["otherwise"],
            digests["elsewhere"],
        ]
        ear.desire("unknown", "0" * 64)
        told = ear.wait("that it waits", outcome="working", desired="unknown")
        ear.desire("good", digests["good"])
        ear.wait("that it is kept", outcome="kept", desired="good", phase="settled")
        # Wished for again, a bad one is not tried again.
        ear.desire("again", digests["better"])
        assert ear.wait("a refusal", outcome="refused", desired="again").reason == told.bad[0].reason
        assert ear.receipts == []


def test_a_deployment_whose_node_crashes_is_rolled_back_and_tried_again_by_order_alone(place: Place) -> None:
    ear, digests = place.ear, place.digests
    # Its device lets in one process at a time.
    place.config.write_text(place.config.read_text().replace("[unit]\n", '[unit]\nself_test = "alone"\n'))
    with running(place.config) as unit:
        wait_for_chip(place)
        ear.desire("good", digests["good"])
        ear.wait("that it is kept", outcome="kept", desired="good", phase="settled")
        ear.desire("better", digests["better"])
        ear.wait("that it is watched", desired="better", phase="watching")
        wait_until(lambda: node_pid(unit), "the new node")
        os.kill(node_pid(unit), signal.SIGKILL)
        told = ear.wait("a rollback", outcome="rolled back", desired="better")
        assert told.active is not None
        assert (told.active.digest, told.reason) == (digests["good"], "the node was killed by signal 9")
        ear.order("o-1", "retry", digest=digests["better"])
        ear.order("o-1", "retry", digest=digests["better"])
        ear.wait("that it is kept", outcome="kept", desired="better", phase="settled")
        ear.order("o-2", "rollback", digest=digests["better"])
        told = ear.wait("a rollback", outcome="rolled back", desired="better")
        assert told.reason == "by order of kim: a try"
        wait_until(lambda: len({one.id for one in ear.receipts}) == 2, "both receipts")
    assert {(one.id, one.verdict) for one in ear.receipts} == {("o-1", "applied"), ("o-2", "applied")}
    events = [event.what for event in state_of(place.config).events]
    assert events.count("rolled back") == 2
    assert events.count("may be tried again") == 1
