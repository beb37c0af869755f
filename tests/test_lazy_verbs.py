"""`gilmok VERB` imports what that verb needs: a help text is there at once, and a broken extra breaks one verb."""

import json
import os
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
    verbs = {place.split(":")[0] for place, _ in VERBS.values()}
    assert modules("replay", verb, "--help") & verbs == {f"replay.cli.{verb}"}


def test_the_help_of_replay_names_every_verb_and_imports_none() -> None:
    there = modules("replay", "--help")
    assert not there & HEAVY
    assert {name for name in there if name.startswith("replay.cli.")} == {"replay.cli.replay"}
    assert len(VERBS) == 17


@pytest.mark.parametrize("room", ["models.manifest", "edge.config"])
def test_a_runtime_is_told_to_send_nothing_before_it_is_imported(room: str) -> None:
    ask = f"import os, sys, {room}; print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    words = [sys.executable, "-P", "-c", ask]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]
