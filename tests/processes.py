"""Programs that a test started, or that something it started has started."""

from pathlib import Path


def pid_of(config: Path) -> int:
    """The process that was started with that configuration."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(config).encode() in arguments:
                return int(entry.name)
    raise AssertionError(f"no process runs {config}")
