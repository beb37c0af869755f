"""Where the truth of what nodes drive through is known, so that their findings can be scored."""

from collections.abc import Iterable, Iterator

from edge.wire.messages import StreamBirth
from fleet.config import TruthRoot
from replay.recording import Recording, check_sound, open_recorded
from sensors.errors import GilmokError


class TruthUnknown(GilmokError):
    """Why a stream's truth isn't known here."""


class TruthIndex:
    """Finds each stream's recording under the configured roots, and makes sure that it is the very same one."""

    def __init__(self, roots: Iterable[TruthRoot]) -> None:
        self._roots = list(roots)
        self._known: dict[tuple[str, str, str], Recording] = {}

    def recording(self, stream: StreamBirth) -> Recording:
        """The recording that the stream replays; raises TruthUnknown. The first time, it reads every picture."""
        at = (stream.dataset, stream.recording, stream.digest)
        if at not in self._known:
            self._known[at] = self._find(stream)
        return self._known[at]

    def _find(self, stream: StreamBirth) -> Recording:
        if not (stream.dataset and stream.digest):
            raise TruthUnknown("the stream replays no recording with a truth")
        others: list[str] = []
        for recording in self._candidates(stream):
            if recording.digest == stream.digest:
                return recording
            others.append(recording.digest)
        raise TruthUnknown(
            f"{stream.dataset} {stream.recording} is another recording here than at the node "
            f"({', '.join(digest[:12] for digest in others)} instead of {stream.digest[:12]})"
        )

    def _candidates(self, stream: StreamBirth) -> Iterator[Recording]:
        """The recordings of that name; raises TruthUnknown where there is none."""
        why = TruthUnknown(f"no folder is configured for {stream.dataset}", "add a [[truth]] table to HUB.toml")
        found = False
        for one in self._roots:
            if one.dataset != stream.dataset:
                continue
            try:
                recording = open_recorded(one.dataset, one.root, stream.recording)
                if not one.unsound:
                    check_sound(recording)
            except GilmokError as error:
                why = TruthUnknown(error.sentence, error.hint)
            else:
                found = True
                yield recording
        if not found:
            raise why
