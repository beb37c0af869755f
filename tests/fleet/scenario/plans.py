"""Scenarios of a tiny model over tiny recordings, written where a test wants them."""

from pathlib import Path
from typing import Any

import tomli_w


def stream(root: Path, recording: str, **more: Any) -> dict[str, Any]:
    options = {"dataset": "mot", "root": str(root), "recording": recording}
    return {"name": "north", "source": {"kind": "recording", "options": options}, **more}


def plan(folder: Path, *nodes: dict[str, Any], **more: Any) -> Path:
    path = folder / "scenario.toml"
    path.write_text(tomli_w.dumps({"name": "walks", "nodes": list(nodes), **more}))
    return path


def node(name: str, model: Path, *streams: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "model": {"file": str(model)}, "streams": list(streams), **more}
