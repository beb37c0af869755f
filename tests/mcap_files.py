"""Small MCAP files: ours, by the writer itself, and others', by their makers' libraries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mcap.writer import CompressionType, Writer

from replay.datasets.mcap_truth import FACTS, TRUTH, GroupFacts, RecordingFacts, truth_message
from replay.truth import Role, Truth, from_sizes
from sensors.clock import Stamp
from sensors.frame import Encoded
from sensors.mcap.writing import FrameFacts, McapWriter
from tests.layouts import HEIGHT, WIDTH, Made

BEGAN = Stamp(5_000_000_000, 1_700_000_000_000_000_000)
PERIOD_NS = 100_000_000
ROS_SCHEMA = b"""std_msgs/Header header
string format
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""


def jpeg(seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return cv2.imencode(".jpg", noise)[1].tobytes()


def at(place: int) -> Stamp:
    return Stamp(BEGAN.mono_ns + place * PERIOD_NS, BEGAN.utc_ns + place * PERIOD_NS)


def truths() -> list[Truth]:
    """Two objects, one, none."""
    boxes = from_sizes(np.array([[20, 10, 10, 20], [40, 8, 12, 30]], np.float64))
    two = Truth(boxes, np.array([0, 1]), np.array([9, -1]), np.array([Role.POSITIVE, Role.NEIGHBOUR]))
    return [two, two.pick(slice(1)), two.pick(slice(0))]


def ours(path: Path, pictures: Sequence[bytes], *, stream: str = "north", labelled: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = McapWriter(file)
        groups = {"person": GroupFacts(truth=("person", "sitting"), found=("person",))}
        labels = ("person", "sitting") if labelled else ()
        writer.metadata(FACTS, RecordingFacts(name=path.stem, fps=10, labels=labels, groups=groups).as_metadata())
        for place, content in enumerate(pictures):
            writer.picture(stream, Encoded("jpeg", content), at(place), place)
            writer.facts(stream, FrameFacts(seq=place, stamp=at(place), kind="arrival"))
            if labelled:
                truth = truths()[min(place, 2)]
                writer.json(f"/{stream}/truth", TRUTH, truth_message(place, truth), at(place), place)
        writer.finish()
    return path


def made(root: Path) -> Made:
    path = ours(root / "drive.mcap", [jpeg(seed) for seed in range(3)])
    return Made(root, "drive", dict.fromkeys(range(3), path), path)


def ros_bag(path: Path, pictures: Sequence[bytes], compression: CompressionType = CompressionType.ZSTD) -> Path:
    """As `ros2 bag record` writes a camera's compressed pictures, in CDR by the makers' library."""
    from mcap_ros2.writer import Writer as RosWriter

    with path.open("wb") as file:
        writer: Any = RosWriter(file, compression=compression)
        schema = writer.register_msgdef("sensor_msgs/msg/CompressedImage", ROS_SCHEMA.decode())
        for place, content in enumerate(pictures):
            seconds, nanosec = divmod(at(place).utc_ns, 1_000_000_000)
            header = {"stamp": {"sec": seconds, "nanosec": nanosec}, "frame_id": "cam"}
            message = {"header": header, "format": "bgr8; jpeg compressed bgr8", "data": content}
            writer.write_message("/cam/image/compressed", schema, message, at(place).utc_ns, at(place).utc_ns, place)
        writer.finish()
    return path


def raw_file(path: Path, write: Any, **options: Any) -> Path:
    """Whatever `write` puts into the makers' own writer."""
    with path.open("wb") as file:
        writer: Any = Writer(file, **options)
        writer.start()
        write(writer)
        writer.finish()
    return path
