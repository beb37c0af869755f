"""Pascal VOC: an XML file beside each picture. http://host.robots.ox.ac.uk/pascal/VOC

VOC2012/JPEGImages/2007_000027.jpg ...
VOC2012/Annotations/2007_000027.xml ...
VOC2012/ImageSets/Main/{train,val,test}.txt      (names of pictures; without this folder, all of them are one set)

And as tools write it: the XML files beside the pictures, in one folder or in {train,valid,test}/, or in annotations/
beside images/.

Boxes stay as they are: VOC's own count from 1, those of many tools from 0. What is marked difficult may be found, and
need not be.
"""

import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from replay.datasets.classes import groups_of
from replay.datasets.frame_truths import FrameTruths
from replay.datasets.labels import MOST_SHOWN, Boxes, LabelsWrong, Lenience, check_size, cornered_box, rows
from replay.datasets.layout import files_in, find_root, folders, numbered_or_counted
from replay.datasets.pictures import PictureRecording
from replay.datasets.soundness import counted
from replay.datasets.spelling import by_stem, spelled, spelling, stems
from replay.recording import Problem, RecordingUnknown, Severity
from replay.truth import Role, Truth, constant
from sensors.outside import ContentWrong, open_bytes
from sensors.outside_xml import Node, XmlFile
from sensors.sources.folder import pictures_in

NAME = "voc"
FPS = float("nan")
"""Stills have no rate."""
PICTURES, LABELS, SETS = "JPEGImages", "Annotations", "ImageSets/Main"
ALL = "all"
"""The only recording where there are no sets."""
SPLITS = ("train", "valid", "val", "test")
"""Folders of pictures with their files beside them, as Roboflow writes them."""
APART = (("images", "annotations"), ("images", "Annotations"))
"""Folders of pictures and of their files, as other tools name them."""
BEGINNING = 4096
YES = ("1", "true", "yes")
OF_ONE_CLASS = ("-1", "0", "1")
"""Whether a picture has the class that a set is of."""
_BEGINS = re.compile(
    rb"<annotation(\s[^>]*)?>\s*(<!--.*?-->\s*)*<(folder|filename|path|source|size|object|segmented|owner)\b", re.DOTALL
)
CORNERS = ("xmin", "ymin", "xmax", "ymax")


class PascalVoc:
    def __init__(self, root: Path) -> None:
        apart = tuple(f"{labels}/*.xml" for labels in dict.fromkeys(labels for _, labels in APART))
        beside = ("*.xml", *(f"{split}/*.xml" for split in SPLITS))
        self._root = find_root(NAME, root, (PICTURES, f"VOC*/{PICTURES}", *apart, *beside), _is_voc)
        years = [self._root] if (self._root / PICTURES).is_dir() else _years(self._root)
        self._sets: dict[str, _Set] = {}
        for year in years:
            lead = "" if year == self._root else f"{year.name}/"
            held = _Set(year / PICTURES, year / LABELS)
            named = [path for path in files_in(year / SETS, ".txt") if not _is_of_one_class(path)]
            self._sets |= {f"{lead}{path.stem}": replace(held, members=path) for path in named}
            if not named:
                self._sets[f"{lead}{ALL}"] = held
        if not years:
            self._sets = _as_tools_write_it(self._root)

    def recordings(self) -> Sequence[str]:
        return list(self._sets)

    def open(self, name: str) -> PictureRecording:
        if name not in self._sets:
            raise RecordingUnknown(NAME, self._root, name, self.recordings())
        place = self._sets[name]
        members = place.members
        held, written = pictures_in(place.pictures), files_in(place.labels, ".xml")
        key = spelling(stems(held), stems(written))
        found, files = by_stem(held, key), by_stem(written, key)
        # Without a set, what has labels belongs to the recording, too, whether its picture is there or not.
        names = _names(members) if members is not None else [*stems(found.values()), *stems(files.values())]
        wanted = {key(name): name for name in names}
        pictures = numbered_or_counted([found[one] for one in wanted if one in found])
        absent = {one: name for one, name in wanted.items() if one not in found}
        pairs = {number: (path, files[one]) for number, path in pictures.items() if (one := key(path.stem)) in files}
        labels = {number: file for number, (_, file) in pairs.items()}
        read = _Objects()
        for number, path in labels.items():
            read.read(path, number)
        return PictureRecording(
            dataset=NAME,
            name=name,
            fps=FPS,
            labels=read.labels,
            groups=groups_of(read.labels),
            pictures=pictures,
            truths=FrameTruths(np.asarray(read.frames, np.int64), read.truth(), labelled=labels),
            truth_files=tuple(labels.values()),
            film=False,
            promised_sizes=read.sizes,
            read_problems=(
                *_absent(absent, files, members or place.pictures),
                *read.problems(),
                *spelled(list(pairs.values())),
            ),
        )


@dataclass(frozen=True, slots=True)
class _Set:
    pictures: Path
    """A folder."""
    labels: Path
    """Likewise, perhaps the same."""
    members: Path | None = None
    """The names of the set's pictures; None: all of them."""


def _as_tools_write_it(root: Path) -> dict[str, _Set]:
    apart = [_Set(root / images, root / labels) for images, labels in APART if files_in(root / labels, ".xml")]
    if apart:
        return {ALL: apart[0]}
    splits = {split: root / split for split in SPLITS if files_in(root / split, ".xml")}
    return {name: _Set(folder, folder) for name, folder in splits.items()} or {ALL: _Set(root, root)}


def _is_voc(path: Path) -> bool:
    """A folder of the layout, or an XML file that begins as its files do."""
    if path.is_dir():
        return True
    try:
        with open_bytes(path) as file:
            start = file.read(BEGINNING).replace(b"\0", b"")  # UTF-16, too
    except (ContentWrong, OSError):
        return False
    return bool(_BEGINS.search(start))


def _years(root: Path) -> list[Path]:
    return [folder for folder in folders(root) if (folder / PICTURES).is_dir()]


def _is_of_one_class(path: Path) -> bool:
    """Whether a set tells of one class which pictures have it: `000005 -1`. Names may have spaces."""
    listed = [name.split() for name in _names(path)]
    return bool(listed) and all(len(parts) > 1 and parts[-1] in OF_ONE_CLASS for parts in listed)


def _names(members: Path) -> list[str]:
    return list(dict.fromkeys(parts[0] for _, parts in rows(members, "\n", Lenience())))


def _absent(names: Mapping[str, str], files: Mapping[str, Path], members: Path) -> Iterator[Problem]:
    """`names`: as they are compared -> as they are written."""
    if names:
        labelled = sum(one in files for one in names)
        first = next(iter(names.values()))[:MOST_SHOWN]
        what = (
            f"{counted(len(names), 'picture')} of {members.name} not there, {labelled} of them labelled: {first} first"
        )
        yield Problem(Severity.UNSOUND, what)


class _Objects:
    """The objects of all pictures while they are being read."""

    def __init__(self) -> None:
        self._lenience = Lenience()
        self._kinds: dict[str, int] = {}
        self.sizes: dict[int, tuple[int, int]] = {}
        self.frames, self._labels, self._roles = array("q"), array("q"), array("q")
        self._boxes, self._truncated, self._occluded = Boxes(), array("f"), array("f")

    def read(self, path: Path, number: int) -> None:
        """Raises LabelsWrong."""
        check_size(path)
        try:
            file = XmlFile(path)
            if file.root.tag != "annotation":
                raise ContentWrong(f"holds a <{file.root.tag}>, not an <annotation>", file.root.line)
            for element in file.children():
                if element.tag == "size":
                    self._size(path, element, number)
                elif element.tag == "object":
                    self._add(path, element, number)
        except ContentWrong as error:
            raise LabelsWrong(path, error.line, error.what) from error
        if file.encoding_remark:
            self._lenience.note(file.encoding_remark, path)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted(self._kinds))

    def truth(self) -> Truth:
        known = {kind: number for number, kind in enumerate(self.labels)}
        place = np.array([known[kind] for kind in self._kinds], np.int64)
        return Truth(
            boxes=self._boxes.array(),
            labels=place[np.asarray(self._labels, np.int64)],
            tracks=constant(-1, len(self._labels)),
            roles=np.asarray(self._roles, np.int64),
            truncated=np.asarray(self._truncated, np.float32),
            occluded=np.asarray(self._occluded, np.float32),
        )

    def problems(self) -> Iterator[Problem]:
        yield from self._lenience.problems()
        if difficult := self._roles.count(int(Role.REGION)):
            box = counted(difficult, "box")
            yield Problem(Severity.REMARK, f"{box} marked difficult: whether found or not, it counts for nothing")

    def _size(self, path: Path, element: Node, number: int) -> None:
        """Tools leave it 0 where they don't know it."""
        width, height = element.first("width").number(), element.first("height").number()
        if width > 0 and height > 0:
            self.sizes[number] = int(width), int(height)
        elif width < 0 or height < 0:
            raise ContentWrong(f"<size> is negative: {width:g}x{height:g}", element.line)
        else:
            self._lenience.note("a <size> of 0 is taken as one that nobody knows", path)

    def _add(self, path: Path, thing: Node, number: int) -> None:
        name, box = thing.first("name").text, thing.first("bndbox")
        if not name:
            raise ContentWrong("<object> has an empty <name>", thing.line)
        corners = cornered_box(path, box.line, [box.first(corner).number() for corner in CORNERS])
        self.frames.append(number)
        self._boxes.add(corners)
        self._labels.append(self._kinds.setdefault(name, len(self._kinds)))
        difficult = next(thing.all("difficult"), None)
        is_difficult = difficult is not None and difficult.text.lower() in YES
        self._roles.append(int(Role.REGION) if is_difficult else int(Role.POSITIVE))
        self._truncated.append(_told(thing, "truncated"))
        self._occluded.append(_told(thing, "occluded"))


def _told(thing: Node, what: str) -> float:
    """1 or 0, or the fraction that some tools write; NaN where nothing is said."""
    text = next((node.text.lower() for node in thing.all(what)), "")
    if text in (*YES, "0", "false", "no"):
        return float(text in YES)
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if 0 <= value <= 1 else math.nan
