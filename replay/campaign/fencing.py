"""When a chip gets no more cells: it fails everything, or it hangs or dies time after time."""

from collections import defaultdict
from collections.abc import Mapping

from replay.campaign.cell import Cell
from replay.campaign.record import Blame


class Fencing:
    """What each chip did in this run of the campaign, and which ones are fenced."""

    def __init__(self, after: int, fenced: Mapping[str, str]) -> None:
        """`after`: so many failures make a fence; 0: none ever does. `fenced`: chip -> why, from before."""
        self._after = after
        self._fenced = dict(fenced)
        self._done: dict[str, int] = defaultdict(int)
        self._failed: dict[str, list[str]] = defaultdict(list)
        """The models of the cells that failed."""
        self._in_a_row: dict[str, int] = defaultdict(int)

    def why(self, chip: str) -> str:
        """Empty: it is not fenced."""
        return self._fenced.get(chip, "")

    def fence(self, chip: str, why: str) -> None:
        """It gets no more cells, whatever came before."""
        self._fenced[chip] = why

    def put(self, cell: Cell, blame: Blame) -> str:
        """A cell ended so; returns why its chip is fenced for it, mostly nothing."""
        chip = cell.slot
        if not blame:
            self._done[chip] += 1
            self._in_a_row[chip] = 0
            return ""
        self._failed[chip].append(cell.at.model)
        self._in_a_row[chip] = self._in_a_row[chip] + 1 if blame == "engine" else 0
        if self._after and not self.why(chip) and (why := self._reason(chip)):
            self._fenced[chip] = why
            return why
        return ""

    def _reason(self, chip: str) -> str:
        if self._in_a_row[chip] >= self._after:
            return f"{self._in_a_row[chip]} cells in a row died or hung on it"
        failed = self._failed[chip]
        # One model alone may be wrong itself.
        if not self._done[chip] and len(failed) >= self._after and len(set(failed)) > 1:
            return f"its first {len(failed)} cells failed, of {len(set(failed))} models"
        return ""
