"""Files in /dev by which an accelerator or a camera is reached, as vendors' drivers make them (not run on hardware)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.config import NodeConfig
from sensors.errors import GilmokError

NPU: Mapping[str, tuple[tuple[str, ...], str]] = {
    "openvino": (("/dev/accel/accel*", "/dev/dri/renderD*"), "char-drm"),
    "qnn": (("/dev/fastrpc-*", "/dev/adsprpc-*", "/dev/dma_heap/system"), ""),
    "rknn": (("/dev/dri/renderD*", "/dev/rknpu", "/dev/dma_heap/system"), "char-drm"),
    "hailo": (("/dev/hailo*",), ""),
    "mobilint": (("/dev/aries*", "/dev/regulus*"), ""),
    "furiosa": (("/dev/rngd/*", "/dev/npu*"), ""),
    "rebellions": (("/dev/rbln*",), ""),
    "deepx": (("/dev/dxrt*",), ""),
}
"""By backend: patterns of its files, and the class that an image's service gets, where there is one."""
DEV = Path("/dev")
CPU = ("cpu", "CPU")
CAMERAS = "char-video4linux"


class DeviceFilesUnknown(GilmokError):
    def __init__(self, backend: str, patterns: Sequence[str]) -> None:
        where = f"none of {', '.join(patterns)} is here" if patterns else "nobody told which files its driver makes"
        super().__init__(
            f"the service could not reach the accelerator of backend {backend!r}: {where}",
            "load its driver first; or name its files with --device /dev/...",
        )


def device_nodes(config: NodeConfig, named: Sequence[str], root: Path) -> tuple[str, ...]:
    """What the node's service may use of /dev: its accelerator's, its cameras', and those that were `named`.

    `root`: an image's is not asked what is plugged in; classes stand for files. Raises DeviceFilesUnknown.
    """
    here = root == Path("/")
    found = [*named, *_accelerator(config, here, bool(named))]
    for stream in config.streams:
        url = stream.source.options.get("url", "") if stream.source.kind == "camera" else ""
        if isinstance(url, int):
            found.append(f"/dev/video{url}" if here else CAMERAS)
        elif url.startswith("/dev/"):
            found.append(str(Path(url).resolve()) if here else CAMERAS)
    return tuple(dict.fromkeys(found))


def _accelerator(config: NodeConfig, here: bool, named: bool) -> Sequence[str]:
    backend = config.backend
    if backend.name in ("onnxruntime", "emulated") or backend.device.startswith(CPU):
        return ()
    patterns, kind = NPU.get(backend.name, ((), ""))
    files = (
        sorted(str(path) for pattern in patterns for path in DEV.glob(pattern.removeprefix("/dev/"))) if here else []
    )
    if files or named:
        return files
    if kind and not here:
        return (kind,)
    raise DeviceFilesUnknown(backend.name, patterns)
