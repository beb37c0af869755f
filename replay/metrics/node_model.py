"""A node as queues: which frames it takes, and when each answer leaves, if frames took it another time than they did.

A frame is taken when the node has room for it (the newest there is, else the next to come), prepared, worked on by one
of the device's servers, and finished; preparing and finishing are done one at a time, in order, as `edge.stream` does
them, and publishing is left to others. What a frame takes of each, without waiting for other frames, is read off the
record; how long it waits follows.
"""

import heapq
from dataclasses import dataclass, fields, replace

import numpy as np

from replay.metrics.pool import Index, Mask

UNLIMITED = 1 << 30
BURST = 25
"""Frames in a row whose times stay together when the order is changed."""
TIE = 1.1
"""Spreads within this factor of each other tell nothing."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How much a node does at once."""

    depth: int
    """Frames in work, from being taken until they are finished; UNLIMITED: every frame is taken as it comes."""
    servers: int
    """Inferences that the device works on beside each other; further ones wait in its queue."""


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """When each frame that was taken came through; (N,) each, ns, in the order in which they were taken."""

    there_ns: Index
    """When the camera had it."""
    taken_ns: Index
    submitted_ns: Index
    """Prepared, and handed to the device."""
    answered_ns: Index
    """As the host read it."""
    finished_ns: Index
    published_ns: Index
    failed: Mask
    """It kept the node, and gave no answer."""

    def __len__(self) -> int:
        return len(self.taken_ns)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What each frame takes, without waiting for others; (N,) each, ns."""

    lag_ns: Index
    """From when it could be taken until it was."""
    prepare_ns: Index
    infer_ns: Index
    finish_ns: Index
    publish_ns: Index
    failed: Mask

    def __len__(self) -> int:
        return len(self.infer_ns)

    def scaled(self, factor: float) -> "Work":
        """Whatever the frame path does takes so many times as long; waking up and publishing stay as they were."""
        return replace(
            self,
            prepare_ns=_times(self.prepare_ns, factor),
            infer_ns=_times(self.infer_ns, factor),
            finish_ns=_times(self.finish_ns, factor),
        )

    def dealt(self, rng: np.random.Generator) -> "Work":
        """The same in another order: cut into runs of BURST, so that bursts stay together, and dealt anew."""
        runs = np.array_split(np.arange(len(self)), max(len(self) // BURST, 1))
        order = np.concatenate([runs[place] for place in rng.permutation(len(runs))])
        order = np.roll(order, int(rng.integers(len(self))))
        return Work(**{one.name: getattr(self, one.name)[order] for one in fields(self)})


def constant(took_ns: int) -> Work:
    """Every frame keeps a server so long, and nothing else takes time."""
    none: Index = np.zeros(1, np.int64)
    return Work(none, none, np.array([took_ns], np.int64), none, none, np.zeros(1, np.bool_))


def work_of(passed: Passages, shape: Shape) -> Work:
    """What is left of the recorded times when the waiting for other frames is taken out."""
    lag, infer, finish = [], [], []
    servers, room = _Servers(shape.servers), _Room(shape.depth)
    thread_free = finisher_free = 0
    times = passed.there_ns, passed.taken_ns, passed.submitted_ns, passed.answered_ns, passed.finished_ns
    for there, taken, submitted, answered, finished in zip(*(column.tolist() for column in times), strict=True):
        lag.append(max(taken - max(there, thread_free, room.free_ns), 0))
        infer.append(max(answered - max(submitted, servers.free_ns), 0))
        finish.append(max(finished - max(answered, finisher_free), 0))
        servers.busy_until(answered)
        room.taken_until(finished)
        thread_free, finisher_free = submitted, finished
    return Work(
        lag_ns=np.array(lag, np.int64),
        prepare_ns=passed.submitted_ns - passed.taken_ns,
        infer_ns=np.array(infer, np.int64),
        finish_ns=np.array(finish, np.int64),
        publish_ns=passed.published_ns - passed.finished_ns,
        failed=passed.failed,
    )


def simulated(there_ns: Index, work: Work, shape: Shape) -> tuple[Index, Passages]:
    """(N,) which of the frames (in order of time) are taken, and how each comes through.

    The first one taken takes as long as the first of `work`, and so on, from the start again when that runs out.
    """
    arrivals = there_ns.tolist()
    costs = np.stack([work.lag_ns, work.prepare_ns, work.infer_ns, work.finish_ns, work.publish_ns], 1).tolist()
    rows: list[int] = []
    through: list[tuple[int, ...]] = []
    servers, room = _Servers(shape.servers), _Room(shape.depth)
    thread_free = finisher_free = row = 0
    while row < len(arrivals):
        free = max(thread_free, room.free_ns)
        while shape.depth < UNLIMITED and row + 1 < len(arrivals) and arrivals[row + 1] <= free:
            row += 1
        lag, prepare, infer, finish, publish = costs[len(rows) % len(costs)]
        taken = max(free, arrivals[row]) + lag
        submitted = taken + prepare
        done = max(submitted, servers.free_ns) + infer
        servers.busy_until(done)
        answered = max(done, finisher_free)
        finished = answered + finish
        room.taken_until(finished)
        thread_free, finisher_free = submitted, finished
        through.append((taken, submitted, answered, finished, finished + publish))
        rows.append(row)
        row += 1
    taken_rows: Index = np.array(rows, np.int64)
    taken_ns, submitted_ns, answered_ns, finished_ns, published_ns = np.array(through, np.int64).reshape(-1, 5).T
    return taken_rows, Passages(
        there_ns=there_ns[taken_rows],
        taken_ns=taken_ns,
        submitted_ns=submitted_ns,
        answered_ns=answered_ns,
        finished_ns=finished_ns,
        published_ns=published_ns,
        failed=np.resize(work.failed, len(rows)),
    )


def shape_of(passed: Passages, depth: int | None = None) -> Shape:
    """`depth`: where the record tells it; else the most frames that ever were in work at once."""
    depth = depth or _depth_seen(passed)
    return Shape(depth, _servers_seen(passed, depth))


def _depth_seen(passed: Passages) -> int:
    finished_before = np.searchsorted(np.sort(passed.finished_ns), passed.taken_ns, "right")
    return int((np.arange(1, len(passed) + 1) - finished_before).max(initial=1))


def _servers_seen(passed: Passages, depth: int) -> int:
    """So many that inferences vary least in length once their waiting for others is taken out.

    Where a record can't tell, one less than the depth: the last place is for the inference that waits at the door.
    """
    usual = max(depth - 1, 1)
    spreads = {n: float(work_of(passed, Shape(depth, n)).infer_ns.std()) for n in range(1, depth + 1)}
    best = min(spreads, key=lambda n: spreads[n])
    return usual if spreads[usual] <= TIE * spreads[best] else best


def _times(values: Index, factor: float) -> Index:
    scaled: Index = np.rint(values * factor).astype(np.int64)
    return scaled


class _Servers:
    """When the next of the device's servers is free; 0: one always was."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._busy: list[int] = []

    @property
    def free_ns(self) -> int:
        return self._busy[0] if len(self._busy) == self._n else 0

    def busy_until(self, end_ns: int) -> None:
        if len(self._busy) == self._n:
            heapq.heapreplace(self._busy, end_ns)
        elif self._n < UNLIMITED:
            heapq.heappush(self._busy, end_ns)


class _Room:
    """When the node has room for another frame; they are finished in order."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._ends: list[int] = []

    @property
    def free_ns(self) -> int:
        return self._ends[-self._depth] if len(self._ends) >= self._depth else 0

    def taken_until(self, end_ns: int) -> None:
        self._ends.append(end_ns)
