"""A recording in lockstep, split over processes: the findings, digest and accuracy of the whole, sooner.

Nothing in lockstep depends on the frame before, as long as nothing is tracked. Times of a run in shards are of frames
that ran beside each other: they are worth nothing as latencies.
"""

import itertools
import multiprocessing
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from edge.wire.messages import StreamCounters
from replay.part import Part, part_of
from replay.recording import open_recorded
from replay.runs.nan_json import convert as convert_nan
from replay.runs.offline import STREAM, OfflineRun, ReplayConfig
from replay.runs.reports import read_reports, write_reports
from replay.runs.runfolder import RunFolder, read_identity, read_summary
from replay.runs.stream_record import StreamRecord
from replay.runs.summary import Summary, summarise
from sensors.config import convert, plain
from sensors.errors import GilmokError
from sensors.processes.die_with_parent import follow

SHARDS = "shards"
IN_SHARDS = "it ran in {n} shards beside each other: its latencies and frames per second are of no worth"


class NotInShards(GilmokError):
    def __init__(self, why: str) -> None:
        super().__init__(f"this run can't be split into shards: {why}", "run it whole, with shards = 1")


class ShardDied(GilmokError):
    def __init__(self, n: int) -> None:
        super().__init__(
            f"the process of one of {n} shards was killed, or crashed in a library",
            "let fewer run beside each other: was memory short?",
        )


def run_in_shards(config: ReplayConfig, out: Path, n: int) -> Summary:
    """As `OfflineRun(config, out).run()`, by `n` processes; raises what that does, NotInShards or ShardDied."""
    if config.pace != "lockstep" or config.tracker is not None:
        raise NotInShards("only lockstep without a tracker looks at each frame by itself")
    whole = part_of(open_recorded(config.dataset, config.root, config.name), config.part)
    n = max(1, min(n, len(whole.numbers), config.frames or len(whole.numbers)))
    folder = RunFolder(out)
    places = [out / SHARDS / str(shard) for shard in range(n)]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n, spawned, initializer=follow, initargs=(os.getpid(),)) as pool:
        tasks = [pool.submit(_run, plain(_shard_of(config, shard, n)), place) for shard, place in enumerate(places)]
        try:
            for task in tasks:
                task.result()
        except BrokenProcessPool as error:
            raise ShardDied(n) from error
    # Read as they are: `read_run` would score each of them.
    parts = [convert_nan(read_summary(place), Summary) for place in places]
    identity = read_identity(places[0])
    birth = identity.nodes[0]
    stream = replace(birth.streams[0], digest=whole.digest)
    birth = replace(birth, run=out.name, streams=(stream,))
    reports = [replace(report, n=n) for n, report in enumerate(itertools.chain(*map(read_reports, places)))]
    record = StreamRecord(
        birth=birth,
        stream=stream,
        reports=reports,
        counters=_counted(parts),
        final=True,
        hub_latency_ns=None,
        recording=whole,
    )
    troubles = [trouble for part in parts for trouble in part.troubles]
    summary = summarise(out.name, [record], troubles, notes=[IN_SHARDS.format(n=n)])
    folder.write_identity(replace(identity, run=out.name, scenario=plain(config), nodes=(birth,)))
    write_reports(folder, [(birth.node, STREAM, reports)])
    folder.write_summary(summary)
    shutil.rmtree(out / SHARDS)
    return summary


def _shard_of(config: ReplayConfig, shard: int, n: int) -> ReplayConfig:
    part = replace(config.part or Part(), most=config.frames, shard=shard, of=n)
    return msgspec.structs.replace(config, part=part, frames=None)


def _run(config: dict[str, Any], out: Path) -> None:
    """One shard, in a process of its own; the whole alone is scored."""
    run = OfflineRun(convert(config, ReplayConfig, "this shard"), out)
    run.scoring.put_off()
    run.run()


def _counted(parts: Sequence[Summary]) -> StreamCounters:
    frames = [part.frames for part in parts]
    return StreamCounters(
        captured=sum(one.captured for one in frames),
        ok=sum(one.ok for one in frames),
        failed=sum(one.failed for one in frames),
        dropped=sum(one.dropped for one in frames),
    )
