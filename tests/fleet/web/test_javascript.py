"""The page's modules: what their comments say of types holds."""

import shutil
import subprocess
from pathlib import Path

import pytest

import fleet.web


def test_types_of_the_page_hold() -> None:
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("TypeScript's compiler isn't installed (Debian: node-typescript)")
    told = subprocess.run(
        [compiler, "--project", str(Path(fleet.web.__file__).parent / "jsconfig.json")], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout
