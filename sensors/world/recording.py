"""Writing what the cameras of a world see as recordings: facts, video, truth; kept by the digest of what made them."""

import dataclasses
import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from sensors import atomic_files
from sensors.atomic_files import FileUnwritable
from sensors.errors import GilmokError
from sensors.world import conditions, rig, scene
from sensors.world.bodies import LABELS
from sensors.world.camera import Camera
from sensors.world.faults import Delivered, Fault, FaultyCamera
from sensors.world.render import Renderer, Shot
from sensors.world.stage import RendererName
from sensors.world.truth import FAIR_AREA, FAIR_HEIGHT, FAIR_OCCLUDED, FAIR_SIDE_PX, FAIR_TRUNCATED, Seen, role
from sensors.world.video import VideoWriter

FORMAT = "gilmok-world/1"
FACTS, VIDEO, TRUTH = "recording.json", "video.mp4", "truth.jsonl.gz"
INVISIBLE_M = 60.0
"""Hidden road users farther away are left out of the written truth."""
CLASSES = ("person", "bicycle", "car", "bus", "truck")
TOOLS = ("panda3d", "libsumo", "eclipse-sumo", "sumo-data", "av", "numpy", "opencv-python-headless")
Tell = Callable[[str, float], None]
"""What is being done, and how much of all is done, 0..1."""


class NothingDelivered(GilmokError):
    def __init__(self, camera: str) -> None:
        super().__init__(f"camera {camera} delivered not a single frame", "let fewer be lost, or make the drive longer")


ELSEWHERE = "name other folders with --out and --cache"


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that decides what a set of recordings holds."""

    layout: str
    seed: int
    condition: str
    cameras: tuple[str, ...]
    duration_s: float = 40.0
    fps: float = 15.0
    width: int = 640
    height: int = 360
    supersample: int = 2
    renderer: RendererName = "p3tinydisplay"
    quality: int = 27
    faults: tuple[Fault, ...] = ()

    def key(self, camera: str) -> str:
        """Digest of the order for one camera, of the program that fills it and of its tools."""
        whole = hashlib.sha256(json.dumps(asdict(dataclasses.replace(self, cameras=(camera,)))).encode())
        for path in sorted(Path(__file__).parent.glob("*.py")):
            whole.update(path.name.encode() + path.read_bytes())
        whole.update(json.dumps(_versions()).encode())
        return whole.hexdigest()


def render(order: Order, out: Path, cache: Path, tell: Tell) -> list[Path]:
    """One folder a camera in `out`, copied from `cache` where it was made before. Raises GilmokError's leaves."""
    try:
        return _rendered(order, out, cache, tell)
    except OSError as error:
        raise FileUnwritable(Path(error.filename or out), error, ELSEWHERE) from error


def _rendered(order: Order, out: Path, cache: Path, tell: Tell) -> list[Path]:
    condition = conditions.named(order.condition)
    rig.check_names(order.layout, order.cameras)
    # Before minutes of drawing rather than after them.
    for folder in (out, cache):
        folder.mkdir(parents=True, exist_ok=True)
    folders = [out / f"{order.layout}-{order.condition}-{name}" for name in order.cameras]
    kept = {name: cache / order.key(name) for name in order.cameras}
    missing = [name for name in order.cameras if not (kept[name] / FACTS).is_file()]
    if missing:
        world = scene.build(
            order.layout, order.seed, order.duration_s, progress=lambda part: tell("traffic", part * 0.05)
        )
        wanted = rig.named(world, order.cameras, width=order.width, height=order.height, fps=order.fps)
        tell("building the scene", 0.05)
        renderer = Renderer(world, condition, order.width, order.height, order.supersample, order.renderer)
        try:
            for camera in wanted:
                if camera.name in missing:
                    start = 0.1 + 0.9 * missing.index(camera.name) / len(missing)

                    def told(part: float, start: float = start, name: str = camera.name) -> None:
                        tell(name, start + part * 0.9 / len(missing))

                    _write(order, camera, renderer, kept[camera.name], told)
        finally:
            renderer.close()
    for name, folder in zip(order.cameras, folders, strict=True):
        folder.mkdir(exist_ok=True)
        # Last what makes a recording of them.
        for file in sorted(kept[name].iterdir(), key=lambda file: file.name == FACTS):
            atomic_files.copy(file, folder / file.name, hint=ELSEWHERE)
    return folders


def _write(order: Order, camera: Camera, renderer: Renderer, folder: Path, tell: Callable[[float], None]) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    faulty = FaultyCamera(order.faults, np.random.default_rng([order.seed, 9]))
    count = int(order.duration_s * order.fps)
    written = 0
    with (
        VideoWriter(part / VIDEO, order.width, order.height, order.fps, order.quality) as video,
        # Without a time in its head, the same truth gives the same bytes.
        gzip.GzipFile(part / TRUTH, "wb", mtime=0) as lines,
    ):
        for seq in range(count):
            shot = renderer.shoot(camera, seq)
            delivered = faulty.deliver(shot.image, camera.instant_ns(seq)) if shot is not None else None
            if shot is not None and delivered is not None:
                video.write(delivered.image)
                lines.write(
                    (json.dumps(truth_line(seq, camera, shot, delivered), separators=(",", ":")) + "\n").encode()
                )
                written += 1
            tell((seq + 1) / count)
        if not written:
            raise NothingDelivered(camera.name)
    facts = {
        "format": FORMAT, "name": f"{order.layout}-{order.condition}-{camera.name}", "layout": order.layout,
        "seed": order.seed, "condition": order.condition, "duration_s": order.duration_s, "renderer": order.renderer,
        "supersample": order.supersample, "camera": _flat(camera), "fps": order.fps, "frames": written,
        "labels": list(CLASSES), "kinds": LABELS, "faults": [asdict(fault) for fault in order.faults],
        "fair": {
            "min_area_share": FAIR_AREA, "min_height_share": FAIR_HEIGHT, "min_side_px": FAIR_SIDE_PX,
            "max_occluded": FAIR_OCCLUDED, "max_truncated": FAIR_TRUNCATED,
        },
        "versions": _versions(), "order_sha256": folder.name,
        "sha256": {name: hashlib.sha256((part / name).read_bytes()).hexdigest() for name in (VIDEO, TRUTH)},
    }  # fmt: skip
    (part / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def truth_line(seq: int, camera: Camera, shot: Shot, delivered: Delivered) -> dict[str, object]:
    """One frame's truth as it is written; what was really there, whatever the fault."""
    return {
        "seq": seq,
        "t_ns": delivered.stamped_ns,
        "world_ns": camera.instant_ns(seq),
        "fault": "+".join(delivered.faults),
        "objects": [
            _object(seen, camera) for seen in shot.seen if seen.visible is not None or seen.distance_m < INVISIBLE_M
        ],
    }


def _object(seen: Seen, camera: Camera) -> dict[str, object]:
    def places(values: Sequence[float], digits: int) -> list[float]:
        return [round(v, digits) for v in values]

    return {
        "track": seen.track, "kind": seen.kind, "label": seen.label, "role": role(seen, camera),
        "box": places(seen.visible, 1) if seen.visible else None, "amodal": places(seen.amodal, 1),
        "occluded": round(seen.occluded, 3), "truncated": round(seen.truncated, 3),
        "distance_m": round(seen.distance_m, 2), "position_m": places(seen.position_m, 2),
        "heading_rad": round(seen.heading_rad, 3),
    }  # fmt: skip


def _flat(camera: Camera) -> dict[str, object]:
    facts = asdict(camera)
    view = facts.pop("view")
    return {**facts, **{k: round(v, 4) for k, v in view.items()}}


def _versions() -> dict[str, str]:
    return {name: version(name) for name in TOOLS}
