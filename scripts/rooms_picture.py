"""The picture of docs/tour.md, drawn from the imports: python -P scripts/rooms_picture.py draws it anew."""

import sys
from collections.abc import Iterable
from pathlib import Path

import grimp

HOUSE = Path(__file__).resolve().parents[1]
PAGE = HOUSE / "docs/tour.md"
ROOMS = ("sensors", "models", "edge", "replay", "fleet")
BEGIN, END = "<!-- drawn by scripts/rooms_picture.py -->\n", "<!-- end of the picture -->\n"

Arrow = tuple[str, str]


def picture() -> str:
    """Mermaid: a box for each room and for each folder in it; an arrow points to what is imported.

    An arrow that follows from others is left out. A room's own box stands for the files at its top.
    """
    graph = grimp.build_graph(*ROOMS)
    # The notebooks' door imports from everywhere, and nobody imports it: it stands for itself.
    packages = {name for name in graph.modules if graph.find_children(name)} | {"replay.public"}

    def folder(module: str) -> str:
        place = ".".join(module.split(".")[:2])
        return place if place in packages else module.split(".")[0]

    arrows = {
        (folder(importer), folder(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    inside = {(a, b) for a, b in arrows if a != b and a.split(".")[0] == b.split(".")[0]}
    between = {(a.split(".")[0], b.split(".")[0]) for a, b in arrows if a.split(".")[0] != b.split(".")[0]}
    lines = ["```mermaid", "flowchart LR"]
    for room in reversed(ROOMS):
        folders = sorted({folder(name) for name in graph.modules if name.split(".")[0] == room} - {room})
        lines.append(f"  subgraph {room}")
        lines.append(f"    {_id(room)}[{room}/*.py]")
        lines += [f"    {_id(name)}[{name.split('.')[1]}{_ending(name)}]" for name in folders]
        lines += [
            f"    {_id(a)} --> {_id(b)}" for a, b in _needed({(a, b) for a, b in inside if a in {room, *folders}})
        ]
        lines.append("  end")
    lines += [f"  {a} --> {b}" for a, b in _needed(between)]
    return "\n".join([*lines, "```", ""])


def _id(name: str) -> str:
    return name.replace(".", "_") + ("" if "." in name else "_files")


def _ending(name: str) -> str:
    return ".py" if (HOUSE / name.replace(".", "/")).with_suffix(".py").is_file() else "/"


def _needed(arrows: set[Arrow]) -> list[Arrow]:
    """Without those that a longer way says, too; of two that point at each other both stay."""
    return sorted(one for one in arrows if one[::-1] in arrows or not _leads(one, arrows - {one}))


def _leads(arrow: Arrow, others: Iterable[Arrow]) -> bool:
    start, goal = arrow
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for a, b in others:
            if a == here and b not in seen:
                if b == goal:
                    return True
                seen.add(b)
                ahead.append(b)
    return False


def drawn_into(text: str) -> str:
    """The page with the picture as it must be; raises ValueError where the page has no place for it."""
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    return head + BEGIN + picture() + END + tail


if __name__ == "__main__":
    sys.path.insert(0, str(HOUSE))
    PAGE.write_text(drawn_into(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
