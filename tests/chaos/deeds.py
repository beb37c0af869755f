"""What can be done to a fleet; what undoes it a while later is handed back."""

from collections.abc import Callable
from typing import TypeAlias

from tests.chaos.world import World

Deed: TypeAlias = Callable[[], Callable[[], None] | None]


def deeds(world: World, *, kills: bool) -> list[tuple[str, Deed]]:
    """By name; without `kills` every process lives to the end."""

    def node_killed() -> Callable[[], None] | None:
        world.kill_node(world.random.choice(world.nodes))
        return None  # whatever has ended is started again anyhow

    def hub_killed() -> Callable[[], None] | None:
        world.hub.kill()
        return None

    def worker_killed() -> None:
        world.kill_worker()

    def broker_killed() -> Callable[[], None]:
        world.kill_broker()
        return world.start_broker

    def all_killed() -> Callable[[], None]:
        world.hub.kill()
        for node in world.nodes:
            world.kill_node(node)
        world.kill_broker()
        return world.start_broker

    def frozen() -> Callable[[], None]:
        program = world.random.choice([*world.nodes, world.hub, *([world.broker] if world.broker else [])])
        program.freeze()
        return program.thaw

    def cut() -> Callable[[], None]:
        world.proxy.cut()
        return world.proxy.mend

    def delayed() -> Callable[[], None]:
        world.proxy.delay_s = world.random.choice((0.01, 0.1, 0.5))
        return world.proxy.mend

    def disk_full() -> Callable[[], None]:
        node = world.random.choice(world.nodes)
        world.fill(node)
        return lambda: world.empty(node)

    def clock_set() -> None:
        world.step_clock(world.random.choice([*world.nodes, world.hub]))

    def garbled() -> None:
        world.garble()

    def database_killed() -> Callable[[], None]:
        world.freeze_database(frozen=False)
        if world.database is not None:
            world.database.stop()
        return world.start_database

    def database_frozen() -> Callable[[], None]:
        world.freeze_database(frozen=True)
        return lambda: world.freeze_database(frozen=False)

    found: list[Deed] = [
        *(node_killed, hub_killed, frozen, cut) * 2,
        *(broker_killed, all_killed, delayed, disk_full, clock_set, garbled),
    ]
    if world.database is not None:
        found += [*(database_killed, database_frozen) * 2]
    if world.several:
        found += [worker_killed] * 2
    return [(deed.__name__, deed) for deed in found if kills or not deed.__name__.endswith("_killed")]
