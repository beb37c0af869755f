"""A unit's chip is mostly an arm64: what gilmok needs has a wheel for it, held to the lock file without a network."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import gilmok

HOUSE = Path(gilmok.__file__).parent
LINE = re.compile(r"([\w.-]+)==(\S+) --hash=sha256:[0-9a-f]{64}  # (\S+\.whl)")
NEED = re.compile(r"^[\w.-]+")
TAG = re.compile(r"-(any|(?:manylinux\w+_aarch64|musllinux\w+_aarch64)(?:\.\w+)*)\.whl$")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, tuple[str, str]]:
    """Version and wheel by name."""
    text = (HOUSE / "requirements.arm64.txt").read_text(encoding="utf-8")
    return {plain(name): (version, wheel) for name, version, wheel in LINE.findall(text)}


def needed() -> set[str]:
    """All that the core asks for, and what that asks for in turn, as installed here."""
    found: set[str] = set()
    asked = ["gilmok"]
    while asked:
        name = asked.pop()
        try:
            for need in requires(name) or []:
                what, _, condition = need.partition(";")
                match = NEED.match(what)
                assert match is not None
                other = "extra ==" in condition or "win32" in condition or 'python_version < "3.11"' in condition
                if not other and plain(match[0]) not in found:
                    found.add(plain(match[0]))
                    asked.append(match[0])
        except PackageNotFoundError:
            continue
    return found


def test_every_dependency_of_the_core_has_a_wheel_for_arm64() -> None:
    there = locked()
    assert len(there) > 25
    # A package that is only there for a Python or a system which units don't have is none of theirs.
    here = {name for name in needed() if _installed(name)}
    assert here - set(there) == set(), "python -P scripts/arm64_lock.py writes the file anew"
    assert [wheel for _, wheel in there.values() if TAG.search(wheel) is None] == []


def test_what_is_locked_is_what_is_tested() -> None:
    lines = (HOUSE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {plain(name): version for name, _, version in (line.partition("==") for line in lines) if version}
    assert {name: version for name, (version, _) in locked().items() if pins.get(name, version) != version} == {}


def test_the_lock_names_no_place_that_a_wheel_comes_from() -> None:
    assert "://" not in (HOUSE / "requirements.arm64.txt").read_text(encoding="utf-8")


def _installed(name: str) -> bool:
    try:
        requires(name)
    except PackageNotFoundError:
        return False
    return True
