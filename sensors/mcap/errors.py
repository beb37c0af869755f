"""What keeps an MCAP file from being read or written."""

from pathlib import Path

from sensors import plugins
from sensors.errors import GilmokError

PACKAGES = ("mcap", "mcap_protobuf", "mcap_ros2", "foxglove_schemas_protobuf")


class McapWrong(GilmokError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} {why}", "is it an MCAP file, copied whole? `gilmok replay recover` takes out what is whole"
        )


def need_packages() -> None:
    """Raises ExtraMissing where gilmok[record] isn't installed."""
    for package in PACKAGES:
        plugins.need(package, "record", "MCAP files")
