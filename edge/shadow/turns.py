"""Whose turn it is: of streams in step, the first one would always find the shadow free, and the others it busy."""


class Turns:
    """Used under one lock."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._in_line: dict[str, None] = {}
        """Streams that were turned away since they were served last, the first of them first."""
        self._let_go = 0
        """How often one let another go first, since one was served."""

    def turned_away(self, stream: str) -> None:
        self._in_line[stream] = None

    def is_next(self, stream: str) -> bool:
        """Whether it may be served now; one at the head that has ended loses its turn when all have waited for it."""
        if next(iter(self._in_line), stream) == stream or self._let_go >= self._streams:
            return True
        self._in_line[stream] = None
        self._let_go += 1
        return False

    def served(self, stream: str) -> None:
        if self._let_go >= self._streams:
            self._in_line.clear()
        self._in_line.pop(stream, None)
        self._let_go = 0
