"""`gilmok VERB` imports what that verb needs: a help text is there at once, and a broken extra breaks one verb."""

import json
import subprocess
import sys

import pytest

from replay.cli.replay import VERBS

ASK = """
import json, sys
import gilmok
try:
    gilmok.main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
HEAVY = {"numpy", "cv2", "onnxruntime", "sqlalchemy", "paho", "rich", "msgspec", "scipy", "matplotlib"}


def modules(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-P", "-c", ASK, *words], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_the_front_door_imports_no_room() -> None:
    there = modules("--help")
    assert not there & HEAVY
    assert {name for name in there if name.partition(".")[0] in ("models", "edge", "replay", "fleet")} == set()


@pytest.mark.parametrize("verb", ["score", "whatif"])
def test_a_verb_of_replay_imports_no_other_one(verb: str) -> None:
    there = {name for name in modules("replay", verb, "--help") if name.startswith("replay.cli.")}
    assert there == {"replay.cli.replay", f"replay.cli.{verb}"}


def test_the_help_of_replay_names_every_verb_and_imports_none() -> None:
    there = modules("replay", "--help")
    assert not there & HEAVY
    assert {name for name in there if name.startswith("replay.cli.")} == {"replay.cli.replay"}
    assert len(VERBS) == 11
