"""Which data set's layout is this folder of? Every registered reader is asked.

How a reader takes part: its constructor takes the root and calls `layout.find_root(NAME, root, marks)` before it reads
anything. Built, it says that the root is of its layout; LayoutAbsent says what it looked for. So marks are to be of
this layout alone, and a reader whose marks others have, too (any .xml, say), also gives `find_root` an `is_ours`, which
looks into the file. Neither may read more than a file's beginning: all of them look at every folder that is asked for.
"""

from collections.abc import Sequence
from pathlib import Path

from replay.datasets.layout import LayoutAbsent, holding
from replay.recording import DatasetWrong, open_dataset
from sensors import plugins
from sensors.plugins import PluginBroken

SHOWN_MARKS = 2


class LayoutUnknown(DatasetWrong):
    def __init__(self, root: Path, absent: Sequence[LayoutAbsent]) -> None:
        sentence = absent[0].sentence
        if root.exists():
            what = f"it holds {holding(root)}" if root.is_dir() else "it is a file, and no part of one"
            sentence = f"{root} is of no known layout: {what}"
        nearby = [f"{one.nearby} is a {one.dataset} folder" for one in absent if one.nearby]
        looked = "; ".join(f"{one.dataset}: {' or '.join(one.marks[:SHOWN_MARKS])}" for one in absent)
        super().__init__(sentence, f"name that one: {nearby[0]}" if nearby else f"looked for {looked}")


class LayoutAmbiguous(DatasetWrong):
    def __init__(self, root: Path, kinds: Sequence[str]) -> None:
        super().__init__(f"{root} may be of several layouts: {', '.join(kinds)}", "say which one with --dataset")


def recognise(root: Path) -> str:
    """The name of the one data set plugin that `root` is laid out for.

    Raises LayoutUnknown, LayoutAmbiguous, or what the only reader that knows the layout has against this folder.
    """
    found: list[str] = []
    absent: list[LayoutAbsent] = []
    for kind in plugins.names("datasets"):
        try:
            open_dataset(kind, root)
            found.append(kind)
        except LayoutAbsent as error:
            absent.append(error)
        except PluginBroken:
            continue
        except DatasetWrong:
            found.append(kind)  # its layout, with something wrong in it: opened again, it says what
    if not found:
        raise LayoutUnknown(root, absent)
    if len(found) > 1:
        raise LayoutAmbiguous(root, found)
    return found[0]
