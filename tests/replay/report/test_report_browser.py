"""The page in a real browser: nothing complains, nothing is asked for."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from replay.report.write import write_report

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The browser's own curiosity ends here: no name resolves.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
BROWSER_ITSELF = "not an origin"
EVIL = '<script>console.error("ran")</script><img src=x onerror=\'console.error("ran")\'>'

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def load(page: Path, tmp_path: Path) -> tuple[list[str], list[str]]:
    """What the page wrote to the console, and every address that it asked for."""
    log = tmp_path / "net.json"
    assert CHROMIUM is not None
    ran = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--log-net-log={log}",
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "</html>" in ran.stdout
    console = [line for line in ran.stderr.splitlines() if "CONSOLE" in line]
    events: list[Any] = json.loads(log.read_text())["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return console, sorted({params["url"] for params in asked if params["initiator"] != BROWSER_ITSELF})


def test_the_page_of_a_run_is_quiet(run: Path, tmp_path: Path) -> None:
    assert load(write_report(run), tmp_path) == ([], [])


def test_a_name_with_a_script_in_it_does_not_run(run: Path, tmp_path: Path) -> None:
    for name in ("run.json", "summary.json"):
        path = run / name
        path.write_text(path.read_text().replace('"tiny"', json.dumps(EVIL)).replace('"person"', json.dumps(EVIL)))
    page = write_report(run)
    assert "&lt;script&gt;" in page.read_text()
    assert load(page, tmp_path) == ([], [])


def test_these_tests_would_notice(tmp_path: Path) -> None:
    page = tmp_path / "loud.html"
    page.write_text('<html><script>console.error("ran")</script><img src="http://127.0.0.1:9/x.png"></html>')
    console, addresses = load(page, tmp_path)
    assert any("ran" in line for line in console)
    assert "http://127.0.0.1:9/x.png" in addresses
