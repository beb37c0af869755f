"""Writes requirements.arm64.txt: the wheel of every package that gilmok needs on arm64, with its digest; what has none.

    python -P scripts/arm64_lock.py

pip's own resolver is asked, by its ordinary client, for wheels of another machine; nothing is downloaded but metadata.
A unit installs from it by `pip install --require-hashes -r requirements.arm64.txt`; a test reads it offline.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

HOUSE = Path(__file__).parents[1]
LOCK = HOUSE / "requirements.arm64.txt"
PYTHON = "3.11"
GLIBC_MINORS = (17, 24, 26, 27, 28, 31, 34)
"""Of `manylinux_2_N`: Debian 12 has 36, Ubuntu 22.04 has 35."""
DEVELOPMENT = ("dev", "training")
"""Extras of those who change gilmok, or train: not for a unit."""
HEAD = f"""\
# The packages of a unit on arm64 (CPython {PYTHON}, glibc 2.28 or newer), each with the digest of its wheel.
# Written by `python -P scripts/arm64_lock.py` out of pyproject.toml and constraints.txt.
# Install: pip install --require-hashes -r requirements.arm64.txt
"""


def main() -> int:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = _wheels(project["dependencies"])
    if isinstance(core, str):
        print(f"the core can't be installed on arm64: {core}", file=sys.stderr)
        return 1
    lines = [HEAD, *(_line(one) for one in core), "\n# Extras on arm64:\n"]
    for extra, needs in sorted(project["optional-dependencies"].items()):
        if extra in DEVELOPMENT:
            continue
        found = _wheels(_flat(needs, project["optional-dependencies"]))
        lines.append(f"# {extra}: {'no wheel of ' + found if isinstance(found, str) else 'every wheel is there'}\n")
    LOCK.write_text("".join(lines), encoding="utf-8")
    return 0


def _flat(needs: Sequence[str], extras: dict[str, list[str]]) -> list[str]:
    """With what `gilmok[...]` stands for."""
    flat: list[str] = []
    for need in needs:
        if need.startswith("gilmok["):
            for extra in need.removeprefix("gilmok[").removesuffix("]").split(","):
                flat += _flat(extras[extra], extras)
        else:
            flat.append(need)
    return flat


def _wheels(needs: Sequence[str]) -> list[dict[str, Any]] | str:
    """What pip would install there; or why it can't, in pip's words."""
    platforms = ["manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--quiet", "--ignore-installed"]
        words += ["--report", str(report), "--target", folder, "--constraint", str(HOUSE / "constraints.txt")]
        words += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON]
        words += [word for abi in ("cp311", "abi3", "none") for word in ("--abi", abi)]
        words += [word for platform in platforms for word in ("--platform", platform)]
        done = subprocess.run([*words, *needs], capture_output=True, text=True, check=False)
        if done.returncode:
            # Of one that has no wheel of the pinned version, pip says that its requirements conflict.
            missing = re.findall(r"No matching distribution found for (\S+)|Cannot install (.+?) because", done.stderr)
            return ", ".join(sorted({one or other for one, other in missing})) or "pip says " + done.stderr[-200:]
        installed: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return sorted(installed, key=lambda one: str(one["metadata"]["name"]).lower())


def _line(one: dict[str, Any]) -> str:
    name, version = one["metadata"]["name"], one["metadata"]["version"]
    digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
    # The file's name alone: where it comes from is a matter of whoever installs.
    wheel = unquote(urlsplit(one["download_info"]["url"]).path.rpartition("/")[2])
    return f"{name}=={version} --hash=sha256:{digest}  # {wheel}\n"


if __name__ == "__main__":
    sys.exit(main())
