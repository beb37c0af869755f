"""What the way to the hub adds: from the end of a frame's last stage to its receipt, on one host, frame by frame.

    python -P bench/capture_to_hub.py SCENARIO.toml

Runs the scenario with the embedded broker and reads each report's three instants back from the hub's ledger: end of the
frame path, handed to the MQTT client, received. All are of one monotonic clock.
"""

import argparse
import tempfile
from pathlib import Path

import msgspec

from bench.program import measured
from fleet.arrivals import key_of
from fleet.ledger.reader import LedgerReader
from fleet.scenario.launch import PARTS, ScenarioRun
from fleet.scenario.scenario import read_scenario
from replay.metrics.percentiles import percentiles
from sensors.clock import SystemClock
from sensors.terminal.command_line import command_parser


def figures() -> dict[str, object]:
    parser = command_parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        summary = ScenarioRun(read_scenario(chosen.scenario), out, SystemClock()).run(lambda _heard: None)
        handed, travelled = [], []
        with LedgerReader(out / PARTS / "hub.sqlite") as ledger:
            for birth in list(ledger.births(summary.run)):
                for stream in birth.streams:
                    for row in ledger.frames(key_of(birth), stream.name):
                        done_ns = row.report.stamp.mono_ns + row.report.total_ns
                        handed.append(row.report.published.mono_ns - done_ns)
                        travelled.append(row.received.mono_ns - row.report.published.mono_ns)
    return {
        "scenario": chosen.scenario.name,
        "frames": msgspec.to_builtins(summary.frames),
        "to_the_mqtt_client_ns": msgspec.to_builtins(percentiles(handed)),
        "from_there_to_the_hub_ns": msgspec.to_builtins(percentiles(travelled)),
        "both_ns": msgspec.to_builtins(percentiles([a + b for a, b in zip(handed, travelled, strict=True)])),
    }


if __name__ == "__main__":
    measured(figures)
