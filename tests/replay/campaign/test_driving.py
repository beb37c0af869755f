"""What runs beside what, and who is to blame; by an engine that does nothing but keep the rules."""

from collections.abc import Callable, Sequence
from pathlib import Path

from replay.campaign.cell import Cell, Outcome
from replay.campaign.config import read_campaign
from replay.campaign.driver import Driver
from replay.campaign.engines.engine import EndedCell
from replay.campaign.fencing import Fencing
from replay.campaign.inputs import Inputs
from replay.campaign.slots import Slots
from replay.campaign.status import status, to_run
from replay.campaign.store import Lease, Store
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.replay.campaign.made import campaign_file

DIED = EndedCell(key="", why="its process was killed by signal 9")


class Desk:
    """An engine that ends what it was given first, as `answer` says, and refuses what must not run together."""

    def __init__(
        self, answer: Callable[[Cell], EndedCell] = lambda _cell: EndedCell(key="", outcome=Outcome())
    ) -> None:
        self._answer = answer
        self.running: list[Cell] = []
        self.most: dict[str, int] = {}

    def start(self, cell: Cell, folder: str) -> None:
        assert Path(folder).is_absolute()
        self.running.append(cell)
        assert len(self.running) == 1 or not any(one.timing for one in self.running)
        for slot in {one.slot for one in self.running}:
            n = sum(one.slot == slot for one in self.running)
            self.most[slot] = max(self.most.get(slot, 0), n)

    def ended(self, patience_s: float) -> Sequence[EndedCell]:
        assert patience_s > 0
        cell = self.running.pop(0)
        said = self._answer(cell)
        return [EndedCell(key=cell.key, outcome=said.outcome, why=said.why)]

    def kill(self, key: str) -> None:
        raise AssertionError(key)

    def close(self) -> None:
        self.running.clear()


def driven(folder: Path, cells: list[Cell], desk: Desk, *, cores: int = 4, fence_after: int = 3) -> Store:
    store = Store(folder / "out", ManualClock())
    slots = Slots(folder / "slots")
    Driver(store, desk, ManualClock(), cores=cores, fencing=Fencing(fence_after, {}), slots=slots).run(cells)
    return store


def made(folder: Path, n: int = 6, **more: object) -> list[Cell]:
    work = [{"kind": "lockstep", "repeats": n}, {"kind": "realtime", "repeats": 2}]
    chips = [{"backend": "onnxruntime", "device": "cpu", "slots": 3}]
    return Inputs().cells(read_campaign(campaign_file(folder, **{"work": work, "chips": chips, **more})))


def test_accuracy_cells_share_a_chip_to_its_slots_and_a_timing_cell_has_the_machine_alone(tmp_path: Path) -> None:
    cells, desk = made(tmp_path), Desk()
    store = driven(tmp_path, cells, desk)
    records = store.records(cells)
    assert len(records) == len(cells) == 8
    assert desk.most == {"onnxruntime:cpu": 3}
    alone = {cell.at.name: records[cell.key].last.alone for cell in cells}
    assert all(alone[cell.at.name] == cell.timing for cell in cells)
    # Who ran beside whom is told by both.
    for cell in cells:
        for other in records[cell.key].last.beside:
            key = next(one.key for one in cells if one.at.name == other)
            assert cell.at.name in records[key].last.beside


def test_a_cell_whose_process_dies_is_tried_again_and_told_as_flaky(tmp_path: Path) -> None:
    died: list[str] = []

    def answer(cell: Cell) -> EndedCell:
        if cell.at.repeat == 2 and cell.key not in died:
            died.append(cell.key)
            return DIED
        return EndedCell(key="", outcome=Outcome())

    cells = made(tmp_path)
    store = driven(tmp_path, cells, Desk(answer))
    found = status(store, "it", cells)
    assert found.states == {"done": 8}
    assert [one.tries for one in found.cells if one.flaky] == [2, 2]
    record = store.record(died[0])
    assert record is not None
    assert [(one.ended, one.blame, one.why) for one in record.attempts] == [
        ("failed", "engine", DIED.why),
        ("done", "", ""),
    ]


def test_a_chip_on_which_cell_after_cell_dies_is_fenced_and_the_others_go_on(tmp_path: Path) -> None:
    chips = [{"backend": "onnxruntime", "device": "cpu"}, {"backend": "emulated", "device": "steady-30ms"}]
    cells = made(tmp_path, chips=chips)
    ours = [cell for cell in cells if cell.slot == "onnxruntime:cpu"]

    def answer(cell: Cell) -> EndedCell:
        return EndedCell(key="", outcome=Outcome()) if cell in ours else DIED

    store = driven(tmp_path, cells, Desk(answer))
    found = status(store, "it", cells)
    assert {one.state for one in found.cells if one.name in {cell.at.name for cell in ours}} == {"done"}
    assert found.states["waiting"] == 5
    assert list(store.fences()) == ["emulated:steady-30ms"]
    assert "3 cells in a row" in store.fences()["emulated:steady-30ms"].why
    assert len(found.missing) == 8
    # What failed by the engine's fault is due again, what is done is not.
    assert {cell.slot for cell in to_run(store, cells)} == {"emulated:steady-30ms"}


def test_a_chip_whose_process_nothing_can_end_is_fenced_at_once_and_stays_locked(tmp_path: Path) -> None:
    clock = ManualClock()

    class Stuck(Desk):
        """As a process in the kernel's uninterruptible sleep: it neither ends nor dies."""

        killed = 0

        def ended(self, patience_s: float) -> Sequence[EndedCell]:
            clock.pass_ns(NS_PER_S)
            return super().ended(patience_s) if self.running and self.running[0].slot == "onnxruntime:cpu" else []

        def kill(self, key: str) -> None:
            assert self.running[0].key == key
            self.killed += 1

    chips = [{"backend": "emulated", "device": "steady-30ms"}, {"backend": "onnxruntime", "device": "cpu"}]
    cells, desk = made(tmp_path, chips=chips, work=[{"kind": "lockstep", "limit_s": 5.0, "repeats": 2}]), Stuck()
    store, slots = Store(tmp_path / "out", clock), Slots(tmp_path / "slots")
    driver = Driver(store, desk, clock, cores=1, fencing=Fencing(3, {}), slots=slots)
    driver.run(cells[:2])
    assert desk.killed == 1
    found = status(store, "it", cells[:2])
    assert found.states == {"failed": 1, "waiting": 1}
    assert "nothing can end its process" in store.fences()["emulated:steady-30ms"].why
    assert slots.take("emulated:steady-30ms", 1, alone=True) is None
    for slot in driver.stuck:
        slot.release()


def test_one_wrong_model_fences_no_chip(tmp_path: Path) -> None:
    wrong = EndedCell(key="", outcome=Outcome(why="it is wrong", blame="cell"))
    cells = made(tmp_path)
    store = driven(tmp_path, cells, Desk(lambda _cell: wrong))
    assert store.fences() == {}
    assert status(store, "it", cells).states == {"failed": 8}
    assert to_run(store, cells) == []
    assert len(to_run(store, cells, failed=True)) == 8


def test_a_cell_that_cannot_run_says_so_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    models = [{"name": "tiny", "file": "tiny.onnx"}, {"name": "absent"}]
    cells = made(tmp_path, models=models, optional=[{"model": "absent"}])
    store = driven(tmp_path, cells, Desk())
    found = status(store, "it", cells)
    assert found.states == {"done": 8, "failed": 8}
    assert all("absent" in one.why and one.blame == "cell" for one in found.cells if one.state == "failed")
    assert found.missing == ()


def test_two_campaigns_never_share_a_slot_and_one_alone_takes_them_all(tmp_path: Path) -> None:
    ours, theirs = Slots(tmp_path), Slots(tmp_path)
    first = ours.take("npu:0", 2, alone=False)
    assert first is not None
    assert theirs.take("npu:0", 2, alone=True) is None
    second = theirs.take("npu:0", 2, alone=False)
    assert second is not None
    assert {first.name, second.name} == {"npu:0/0", "npu:0/1"}
    assert ours.take("npu:0", 2, alone=False) is None
    first.release()
    second.release()
    both = theirs.take("npu:0", 2, alone=True)
    assert both is not None
    both.release()


def test_a_lease_is_held_for_as_long_as_its_process_and_then_the_cell_was_interrupted(tmp_path: Path) -> None:
    store = Store(tmp_path, ManualClock())
    lease = Lease(store.cell_folder("k"), ManualClock())
    assert store.state("k") == "in flight"
    lease.drop()
    assert store.state("k") == "interrupted"
    again = Lease(store.cell_folder("k"), ManualClock())
    again.release()
    assert store.state("k") == "waiting"
