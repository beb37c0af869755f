"""`scripts/chaos --minutes N --seed S`: real nodes, broker and hub, maltreated; at the end the books have to balance.

The last line says what was lost, doubled, unbalanced, and how the hub's memory grew; status 0: it held.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.chaos.deeds import deeds
from tests.chaos.memory import Memory
from tests.chaos.verdict import spooled
from tests.chaos.world import SITE, World

WARM_S = 120.0
"""How long the fleet may take until every node reports, before anything is done to it, and again before its end."""
ENOUGH = 10
"""Reports, for that."""
PAUSE_S = (0.2, 6.0)
"""Between two deeds, and"""
LASTS_S = (0.5, 8.0)
"""how long one lasts."""
DRAIN_S = 180.0
"""How long the fleet may take in the end, with everything well again, until nothing waits for the hub."""
GROWTH_MB = 64.0
ANSWER_S = 20.0
"""So long a hub may be silent that runs and has what it needs, a core too: it may have to start, or to find its way
back.
"""
LOOK_S = 0.1


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0, help="of what is done and when; the machine does the rest")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--broker", choices=("mosquitto", "embedded"), default="mosquitto")
    parser.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument(
        "--workers", type=int, default=1, help="of the hub; where they are several, they are killed, too"
    )
    parser.add_argument("--no-kills", action="store_true", help="all live to the end: is their memory flat?")
    parser.add_argument("--keep", type=Path, help="where everything stays (default: nowhere)")
    chosen = parser.parse_args()
    if chosen.keep:
        chosen.keep.mkdir(parents=True)
        return _chaos(chosen, chosen.keep)
    with tempfile.TemporaryDirectory(prefix="gilmok-chaos-") as folder:
        return _chaos(chosen, Path(folder))


def _chaos(chosen: argparse.Namespace, folder: Path) -> int:
    random = Random(chosen.seed)
    with World(folder, chosen.nodes, chosen.broker, random, ledger=chosen.ledger, workers=chosen.workers) as world:
        if not world.disks:
            print("full disks: left out, since nobody may mount one here")
        done = _maltreat(world, chosen.minutes * 60, kills=not chosen.no_kills)
        late = _recover(world)
        verdict = world.evidence.judge(world.store, SITE)
    hub, node = done.memory.growth("hub"), done.memory.growth("node")
    grown = max(one.largest_mb - one.first_mb for one in (hub, node) if one.lives) if hub.lives or node.lives else 0.0
    silent = world.answers.longest_s
    for words in (*verdict.words, *late):
        print(words)
    starts = ", ".join(f"{one.name} {one.starts}" for one in (world.hub, *world.nodes))
    print(f"done: {', '.join(f'{name} {count}' for name, count in sorted(done.deeds.items()))}; starts: {starts}")
    print(f"memory: hub {hub}; nodes {node}")
    print(
        f"the hub told its state {world.answers.heard} times; silent, where it could speak, for {silent:.1f} s at most"
        f" (and {world.answers.longest_waited_s:.1f} s more, waiting for a core), until {world.answers.longest_until}"
    )
    held = verdict.holds and not late and grown <= GROWTH_MB and silent <= ANSWER_S
    print(
        f"seed {chosen.seed}, {chosen.minutes:g} min, {chosen.broker}, {chosen.ledger}, workers {chosen.workers}: "
        f"{verdict.recorded} reports recorded, {verdict.booked} booked; lost {verdict.lost}, doubled {verdict.doubled},"
        f" unbalanced {verdict.unbalanced}, unsettled {len(late)}; memory growth {grown:.0f} MB at most: "
        + ("held" if held else "BROKEN")
    )
    return 0 if held else 1


class Done:
    def __init__(self) -> None:
        self.deeds: Counter[str] = Counter()
        self.memory = Memory()


def _maltreat(world: World, seconds: float, *, kills: bool) -> Done:
    done, random = Done(), world.random
    _await_reports(world)
    undo: list[tuple[float, Callable[[], None]]] = []
    end, following = time.monotonic() + seconds, time.monotonic()
    while (now := time.monotonic()) < end:
        for entry in [entry for entry in undo if entry[0] <= now]:
            undo.remove(entry)
            entry[1]()
        _keep_going(world)
        if now >= following:
            name, deed = random.choice(deeds(world, kills=kills))
            done.deeds[name] += 1
            undone = deed()
            if undone is not None:
                undo.append((now + random.uniform(*LASTS_S), undone))
            following = now + random.uniform(*PAUSE_S)
        done.memory.sample({"hub": [world.hub], "node": world.nodes}, now)
        world.look()
        time.sleep(LOOK_S)
    for _, undone in undo:
        undone()
    return done


def _keep_going(world: World) -> None:
    """A supervisor: whatever has ended is started again, the broker apart."""
    if not world.hub.running:
        world.hub.start()
    for node in world.nodes:
        if not node.running:
            world.start_node(node)


def _await_reports(world: World) -> None:
    """Until some more of every node are in the ledger; no longer than WARM_S."""
    before, end = world.booked(), time.monotonic() + WARM_S
    while time.monotonic() < end:
        _keep_going(world)
        now = world.booked()
        if all(now[node.name] >= before[node.name] + ENOUGH for node in world.nodes):
            return
        time.sleep(LOOK_S)


def _recover(world: World) -> list[str]:
    """All is well again: what is left goes to the hub, and all end as they should; what didn't, a sentence each."""
    world.proxy.mend()
    if world.broker is not None and not world.broker.running:
        world.start_broker()
    for node in world.nodes:
        world.empty(node)
        node.thaw()
    world.hub.thaw()
    world.freeze_database(frozen=False)
    world.start_database()
    _await_reports(world)
    end = time.monotonic() + DRAIN_S
    for node in world.nodes:
        # So that it flushes and says its last word.
        node.terminate()
        world.evidence.see(world.spool(node.name))
    left = {node.name: 1 for node in world.nodes}
    while time.monotonic() < end:
        if not world.hub.running:
            world.hub.start()
        left = {node.name: sum(map(len, spooled(world.spool(node.name)).values())) for node in world.nodes}
        if not any(left.values()):
            break
        # A session that ended in need left something: the next one brings it home.
        for node in world.nodes:
            if left[node.name] and not node.running:
                node.start()
        time.sleep(10)
        for node in world.nodes:
            node.terminate()
            world.evidence.see(world.spool(node.name))
    time.sleep(2)
    world.hub.terminate()
    late = [f"{name}: {count} reports are still in its spool" for name, count in left.items() if count]
    if world.hub.statuses and world.hub.statuses[-1]:
        late.append(f"the hub ended with status {world.hub.statuses[-1]}")
    return late


if __name__ == "__main__":
    raise SystemExit(main())
