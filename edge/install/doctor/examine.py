"""Everything looked at, one after another."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from edge.config import NodeConfig, SpoolChoice
from edge.install.doctor import machine, node
from edge.install.doctor.finding import Finding, tried
from sensors.clock import Clock
from sensors.service.places import STATE

BYTES_PER_MB = 1_000_000


def examine(path: Path | None, clock: Clock) -> Iterator[Finding]:
    """`path`: of NODE.toml; None: the machine alone. Raises ConfigMissing or ConfigWrong."""
    config = None if path is None else node.read(path)
    yield tried("clock", partial(machine.clock, clock))
    yield tried("disk", partial(_disk, config, clock))
    yield tried("heat", machine.heat)
    yield tried("cores", machine.cores)
    yield tried("memory", machine.memory)
    if config is None or path is None:
        yield tried("accelerator", node.accelerators)
        return
    yield tried("accelerator", partial(node.accelerator, config, path.parent))
    yield tried("model", partial(node.model, config))
    yield from node.streams(config, path.parent, clock)
    yield from node.brokers(config, clock)


def _disk(config: NodeConfig | None, clock: Clock) -> Finding:
    spool = SpoolChoice() if config is None else config.spool
    folder = STATE if config is None else config.state
    return machine.disk(_standing(folder.absolute()), round(spool.max_mb * BYTES_PER_MB), clock)


def _standing(folder: Path) -> Path:
    """It, or the first above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())
