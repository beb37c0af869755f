"""What machine this is, for the record."""

import platform


def host_facts() -> dict[str, str]:
    return {
        "name": platform.node(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
