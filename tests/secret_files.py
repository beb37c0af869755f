"""Files that only their owner may read, as every secret has to be."""

from pathlib import Path


def secret_file(path: Path, content: str | bytes) -> Path:
    path.touch(0o600)
    path.chmod(0o600)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
