"""A candidate beside the active model: a real node, its shadow's own process, a real broker and a hub."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest

from edge.config import BackendChoice, ModelChoice, NodeConfig, ShadowChoice, SourceChoice, StreamConfig
from edge.node import Node
from edge.wire.address import BrokerAt
from edge.wire.shadows import ShadowHealth, ShadowStream
from fleet.arrivals import SessionKey
from fleet.config import HubConfig
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from fleet.ledger.shadow_reports import shadow_reports
from fleet.reporting.run_records import troubles
from sensors.clock import SystemClock
from tests.hubs import running
from tests.tiny import write_model, write_recording
from tests.waiting import wait_until

CLOCK = SystemClock()


@pytest.fixture
def broker(embedded_url: str) -> BrokerAt:
    return BrokerAt(url=embedded_url)


@pytest.fixture
def hub(broker: BrokerAt, site: str, tmp_path: Path) -> HubConfig:
    return HubConfig(name=f"{site}-hub", site=site, broker=broker, store=tmp_path / "hub.db")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording, `tiny.onnx`, and `candidate.onnx`, which answers the same and is another file."""
    folder = tmp_path_factory.mktemp("street")
    write_recording(folder / "mot", frames=1000, fps=50)
    write_model(folder)
    model = onnx.load(path := write_model(folder, "candidate"))
    model.doc_string = "a candidate"
    onnx.save(model, path)
    return folder


def node_config(street: Path, state: Path, broker: BrokerAt, site: str, **shadow: Any) -> NodeConfig:
    options = {"dataset": "mot", "root": str(street / "mot"), "recording": "WALK"}
    backend = BackendChoice(options={"threads": 1})
    candidate = {"model": ModelChoice(file=street / "candidate.onnx"), "backend": backend, "block_s": 0.1, **shadow}
    return NodeConfig(
        name="pole",
        site=site,
        broker=broker,
        state=state,
        model=ModelChoice(file=street / "tiny.onnx"),
        backend=backend,
        shadow=ShadowChoice(**candidate),
        streams=(
            StreamConfig(
                name="camera", source=SourceChoice(kind="recording", options=options), pacing_bound_ms=10_000.0
            ),
        ),
    )


@contextmanager
def driving(config: NodeConfig, folder: Path) -> Iterator[Node]:
    """The node works while the context lasts; raises what broke it."""
    node, ready = Node(config, folder, CLOCK), threading.Event()
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(node.run, ready.set)
        try:
            wait_until(lambda: ready.is_set() or ended.done(), "the node to be ready")
            yield node
        finally:
            node.stop()
            ended.result()


def health(node: Node) -> ShadowHealth:
    assert node.shadow is not None
    return node.shadow.health()


def counted(node: Node) -> ShadowStream:
    return health(node).streams["camera"]


def key_of(config: NodeConfig, node: Node) -> SessionKey:
    assert node.session is not None
    return SessionKey(config.site, config.name, node.session.id)


def test_its_findings_are_of_the_very_frames_and_no_part_of_the_streams_books(
    hub: HubConfig, broker: BrokerAt, site: str, street: Path, tmp_path: Path
) -> None:
    config = node_config(street, tmp_path, broker, site)
    with running(Hub(hub, CLOCK)):
        with driving(config, tmp_path) as node:
            wait_until(lambda: counted(node).ok >= 5, "the shadow to answer")
        of = key_of(config, node)
    with LedgerReader(hub.where) as ledger:
        said, last = shadow_reports(ledger, of, "camera"), ledger.last_heard(of).health
        frames = {(row.report.seq, row.report.stamp): row.report for row in ledger.frames(of, "camera")}
        birth = ledger.birth(of)
        assert ledger.refusals() == {}
    assert last is not None
    assert last.shadow is not None
    assert birth is not None
    assert birth.shadow is not None
    told, books = last.shadow.streams["camera"], last.streams["camera"]
    assert last.shadow.phase == "ended"
    assert told.seen == told.ok + told.failed + told.pending + sum(told.skipped.values())
    assert len(said) == told.ok + told.failed - told.unsent >= 5
    assert [one.n for one in said] == list(range(len(said)))
    assert {one.model for one in said} == {birth.shadow.model.sha256[:12]} != {birth.model.sha256[:12]}
    for one in said:
        assert one.findings == frames[one.seq, one.stamp].findings
    assert (books.failed, books.pending) == (0, 0)
    assert books.captured == books.ok + books.dropped
    assert len(frames) == books.ok == told.seen


def test_a_shadow_that_is_killed_comes_back_and_the_active_stream_fails_no_frame(
    hub: HubConfig, broker: BrokerAt, site: str, street: Path, tmp_path: Path
) -> None:
    config = node_config(street, tmp_path, broker, site)
    with running(Hub(hub, CLOCK)), driving(config, tmp_path) as node:
        wait_until(lambda: counted(node).ok, "the shadow to answer")
        assert node.shadow is not None
        first = node.shadow.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: health(node).phase == "loading", "its death to be seen")
        assert health(node).why == "its process was killed by SIGKILL"
        wait_until(lambda: health(node).phase == "running", "it to be back")
        again = node.shadow.pid
    with LedgerReader(hub.where) as ledger:
        last = ledger.last_heard(key_of(config, node)).health
    assert again not in (None, first)
    assert last is not None
    assert last.shadow is not None
    assert last.shadow.starts == 2
    assert last.shadow.streams["camera"].skipped["absent"] > 0
    assert last.streams["camera"].failed == 0


def test_a_shadow_beyond_its_share_of_the_time_skips_frames_and_says_so(
    hub: HubConfig, broker: BrokerAt, site: str, street: Path, tmp_path: Path
) -> None:
    config = node_config(street, tmp_path, broker, site, max_share=0.005)
    with running(Hub(hub, CLOCK)), driving(config, tmp_path) as node:
        wait_until(lambda: counted(node).skipped.get("budget", 0) >= 10, "the budget to be spent")
    with LedgerReader(hub.where) as ledger:
        last = ledger.last_heard(key_of(config, node)).health
    assert last is not None
    assert last.shadow is not None
    assert last.shadow.share == 0.005
    told = last.shadow.streams["camera"]
    assert told.seen == told.ok + told.failed + told.pending + sum(told.skipped.values())
    assert last.streams["camera"].failed == 0


def test_a_shadow_that_hangs_is_ended_and_its_frame_is_a_failed_one(
    hub: HubConfig, broker: BrokerAt, site: str, street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.shadow.lives.GRACE_S", 0.2)
    backend = BackendChoice(options={"threads": 1}, deadline_ms=200.0)
    config = node_config(street, tmp_path, broker, site, backend=backend)
    with running(Hub(hub, CLOCK)), driving(config, tmp_path) as node:
        wait_until(lambda: counted(node).ok, "the shadow to answer")
        assert node.shadow is not None
        assert node.shadow.pid is not None
        os.kill(node.shadow.pid, signal.SIGSTOP)
        wait_until(lambda: counted(node).failed == 1, "the frame to be given up")
    of = key_of(config, node)
    with LedgerReader(hub.where) as ledger:
        failed = [one for one in shadow_reports(ledger, of, "camera") if one.status == "failed"]
        last = ledger.last_heard(of).health
    assert [(one.reason, one.findings) for one in failed] == [("its process was killed by SIGKILL", None)]
    assert last is not None
    assert last.streams["camera"].failed == 0


def test_a_shadow_that_can_not_be_loaded_says_why_and_the_active_model_runs_alone(
    hub: HubConfig, broker: BrokerAt, site: str, street: Path, tmp_path: Path
) -> None:
    config = node_config(street, tmp_path, broker, site, backend=BackendChoice(device="npu9"))
    absent = node_config(street, tmp_path / "absent", broker, f"{site}-2", model=ModelChoice(name="no-such-model"))
    with running(Hub(hub, CLOCK)):
        with driving(config, tmp_path) as node:
            wait_until(lambda: health(node).phase == "failed", "it to give up")
            assert "npu9" in health(node).why
        of = key_of(config, node)
    with LedgerReader(hub.where) as ledger:
        last, birth = ledger.last_heard(of).health, ledger.birth(of)
        assert birth is not None
        (trouble,) = troubles(ledger, [birth])
    assert trouble.startswith("the shadow of node pole could not run: ")
    assert last is not None
    assert last.shadow is not None
    assert last.shadow.starts == 1
    assert last.streams["camera"].failed == 0
    assert last.shadow.streams["camera"].skipped.keys() == {"absent"}
    with driving(absent, tmp_path) as node:
        assert health(node).phase == "failed"
        assert "no-such-model" in health(node).why
