from pathlib import Path

import pytest

from fleet.rollout.plan import RolloutPlan
from sensors import config
from sensors.config import ConfigWrong

HEAD = 'name = "second"\nbundle = "made"\n'


def read(folder: Path, text: str) -> RolloutPlan:
    path = folder / "ROLLOUT.toml"
    path.write_text(text, encoding="utf-8")
    return config.read(path, RolloutPlan)


def test_a_plan_of_two_lines_has_waves_and_gates_and_finds_its_bundle_beside_it(tmp_path: Path) -> None:
    plan = read(tmp_path, HEAD)
    assert [wave.units or wave.share for wave in plan.wave] == [5, 0.05, 0.25, 1.0]
    assert plan.bundle == tmp_path / "made"
    assert "late" not in plan.gates.judged
    assert "late" in read(tmp_path, HEAD + "[gates]\ndeadline_ms = 50\n").gates.judged


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("look = 3", "unknown key"),
        ("look_s = nan", "look_s"),
        ("[[wave]]\nunits = 3\nshare = 0.5", "either units or a share"),
        ("[[wave]]", "either units or a share"),
        ("[[wave]]\nshare = 0.5\n[[wave]]\nshare = 0.25", "waves grow"),
        ("[[wave]]\nshare = 0.5\n[[wave]]\nunits = 3", "waves grow"),
        ("[[wave]]\nshare = 1.5", "share"),
        ("[gates]\nfailed = 0.0", "margin of 0"),
        ("[gates]\np50 = 1.0", "factor of 1"),
        ("[gates]\noff = ['p50']", "both off and required"),
        ("[gates]\noff = ['speed']", "speed"),
        ("until = 2026-12-24T00:00:00", "time zone"),
        ("look_s = 1\npatience_s = 90000", "raise look_s"),
        ("on_failure = 'carry on'", "on_failure"),
        ("[select]\nkinds = ['drone']", "drone"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_with_the_key(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ConfigWrong, match=what):
        read(tmp_path, HEAD + text + "\n")
