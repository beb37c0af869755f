"""MCAP files as recordings: what a node recorded, what `gilmok replay record` wrote, and ROS 2 bags.

NAME.mcap                      a recording; where it holds pictures of several topics, NAME.mcap#topic each
NAME/ring.json, NAME/*.mcap    a ring of a node's: one recording, in the order of its files
NAME/metadata.yaml, *.mcap     a ROS 2 bag, which may be of several files
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from replay.datasets.layout import find_root
from replay.datasets.mcap_recording import McapRecording
from replay.recording import RecordingUnknown
from sensors.mcap.errors import need_packages
from sensors.mcap.records import MAGIC
from sensors.mcap.topics import picture_topics
from sensors.outside import ContentWrong, open_bytes
from sensors.sources.folder import sorted_by_number

NAME = "mcap"
ENDING = ".mcap"
RING, BAG = "ring.json", "metadata.yaml"
MARKS = (f"*{ENDING}", f"*/{RING}", f"*/*/{RING}", f"*/{BAG}")
PLACES = (f"*{ENDING}", f"*/*{ENDING}", f"*/*/*{ENDING}")


class Mcap:
    def __init__(self, root: Path) -> None:
        self._root = find_root(NAME, root, MARKS, _is_ours)
        need_packages()

    def recordings(self) -> Sequence[str]:
        """Files that hold no picture are left out."""
        return list(self._topics)

    def open(self, name: str) -> McapRecording:
        if name not in self._topics:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        files, topic = self._topics[name]
        return McapRecording(files, name, topic)

    @cached_property
    def _topics(self) -> dict[str, tuple[tuple[Path, ...], str]]:
        """By each recording's name its files, and the topic of its pictures."""
        found: dict[str, tuple[tuple[Path, ...], str]] = {}
        for name, files in self._files().items():
            topics = picture_topics(files[0])
            for topic in topics:
                found[name if len(topics) == 1 else f"{name}#{topic}"] = files, topic
        return found

    def _files(self) -> dict[str, tuple[Path, ...]]:
        found: dict[str, tuple[Path, ...]] = {}
        for path in sorted_by_number({path for place in PLACES for path in self._root.glob(place) if _is_mcap(path)}):
            folder = path.parent
            together = any((folder / mark).is_file() for mark in (RING, BAG))
            if folder != self._root and not together:
                continue
            of = folder if together else path.with_suffix("")
            name = str(of.relative_to(self._root)) if of != self._root else self._root.name
            found[name] = (*found.get(name, ()), path) if together else (path,)
        return found


def _is_ours(match: Path) -> bool:
    """A file, or what says that those beside it belong together."""
    return _is_mcap(match) or any(map(_is_mcap, match.parent.glob(f"*{ENDING}")))


def _is_mcap(path: Path) -> bool:
    try:
        with open_bytes(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except (ContentWrong, OSError):
        return False
