"""A campaign of tiny models over a tiny recording."""

from pathlib import Path
from typing import Any

import tomli_w

from tests.tiny import write_model, write_recording

HANGS = """
[stuck]
source = "assumed: it never answers"
min_ms = 3600000.0
p50_ms = 3600000.0
p90_ms = 3600000.0
p99_ms = 3600000.0
max_ms = 3600000.0
"""


def tables(folder: Path, **more: Any) -> dict[str, Any]:
    """One model on the CPU over one recording of 12 frames, in lockstep; `more` takes the place of its tables."""
    if not (folder / "tiny.onnx").exists():
        write_model(folder)
        write_recording(folder / "mot")
    return {
        "name": "tiny",
        "models": [{"name": "tiny", "file": "tiny.onnx"}],
        "chips": [{"backend": "onnxruntime", "device": "cpu"}],
        "recordings": [{"name": "walk", "dataset": "mot", "root": "mot", "recording": "WALK"}],
        "work": [{"kind": "lockstep"}],
        **more,
    }


def campaign_file(folder: Path, **more: Any) -> Path:
    path = folder / "campaign.toml"
    path.write_text(tomli_w.dumps(tables(folder, **more)))
    return path


def stuck_chip(folder: Path) -> dict[str, Any]:
    (folder / "stuck.toml").write_text(HANGS)
    options = {"profiles": str(folder / "stuck.toml"), "late": "tell"}
    return {"backend": "emulated", "device": "stuck", "options": options, "deadline_ms": 3_600_000.0}
