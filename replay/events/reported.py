"""The reports of a run folder, of an MCAP file, or of a node's ring, with what rules need to know of their stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.wire.births import StreamBirth
from edge.wire.messages import Birth, FrameReport, MessageWrong, check, decode
from replay.runs.loaded import read_run
from replay.runs.runfolder import holds_run
from sensors.errors import GilmokError

REPORT, BIRTH = "gilmok.FrameReport", "gilmok.Birth"
ENDING = ".mcap"


class NothingReported(GilmokError):
    def __init__(self, path: Path | str, what: str) -> None:
        super().__init__(
            f"{path} {what}", "name a run's folder, or an MCAP file or a stream's folder that a node recorded"
        )


@dataclass(slots=True)
class Reported:
    """One stream."""

    name: str
    birth: Birth | None = None
    """None: it isn't there, since nobody listened to the node."""
    reports: list[FrameReport] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    """What of the files could not be read: more may have happened."""

    @property
    def stream(self) -> StreamBirth | None:
        leaf = self.name.rpartition("/")[2]
        return next((one for one in self.birth.streams if one.name == leaf), None) if self.birth else None


def reported(path: Path) -> list[Reported]:
    """By stream, in the order of publication. Raises NothingReported, or what reading raises."""
    if holds_run(path):
        found = [Reported(one.name, one.birth, list(one.reports)) for one in read_run(path).streams]
    else:
        files = sorted(path.glob(f"*{ENDING}")) if path.is_dir() else [path]
        found = list(_recorded(path, files))
    if not any(one.reports for one in found):
        raise NothingReported(path, "holds no report")
    return found


def _recorded(path: Path, files: list[Path]) -> Iterator[Reported]:
    from sensors.mcap.records import McapReader

    if not files:
        raise NothingReported(path, "is neither a run's folder nor a recording")
    streams: dict[str, Reported] = {}
    birth: Birth | None = None
    damage: list[str] = []
    for file in files:
        reader = McapReader(file)
        for message in reader.messages():
            try:
                if message.channel.schema.name == BIRTH:
                    birth = decode(message.content, Birth)
                elif message.channel.schema.name == REPORT:
                    report = decode(message.content, FrameReport)
                    check(report)
                    of = streams.setdefault(report.stream, Reported(report.stream))
                    of.birth = birth
                    of.reports.append(report)
            except MessageWrong as error:
                raise NothingReported(file, f"holds a message that is none of ours: {error.what}") from error
        damage += [f"{file}: {what}" for what in reader.damage]
    for one in streams.values():
        one.damage = damage
        yield one
