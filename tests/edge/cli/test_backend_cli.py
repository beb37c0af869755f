import json
import sys
from pathlib import Path

import pytest

from edge.cli.backend import NothingToCheckOn, RecipeAbsent, main
from edge.conformance.checks import CHECKS
from edge.conformance.suite import NETWORK
from edge.device import environment
from edge.device.environment import BuildFailed, build
from edge.device.opening import open_backend
from edge.device.remote.session import Remote
from edge.device.sdk import Package, Recipe, SdkAbsent
from sensors import plugins
from sensors.config import ConfigWrong


def test_the_list_names_every_registered_backend_its_devices_or_what_it_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list", "--json"]) == 0
    told = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert sorted(told) == plugins.names("backends")
    assert told["onnxruntime"]["installed"] == "here"
    assert told["onnxruntime"]["devices"][0]["kind"] == "cpu"
    assert all(finding["devices"] or (finding["why"] and finding["about"]["install"]) for finding in told.values())


def test_the_list_is_readable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "onnxruntime"]) == 0
    assert "device cpu (cpu)" in capsys.readouterr().out


def test_a_check_tells_what_every_backend_must_do_and_whether_this_one_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "onnxruntime", "--option", "sessions=2", "--json"]) == 0
    outcomes = json.loads(capsys.readouterr().out)
    assert len(outcomes) == len(CHECKS)
    assert {outcome["verdict"] for outcome in outcomes} == {"kept"}


def test_a_check_that_finds_something_broken_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "network.onnx"
    broken.write_bytes(NETWORK.read_bytes()[:500])
    assert main(["check", "onnxruntime", "--file", str(broken)]) == 1
    assert "broken" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(NothingToCheckOn, match="no file"):
        main(["check", "onnxruntime", "--file", str(tmp_path / "network.onnx")])


def test_options_are_toml() -> None:
    with pytest.raises(ConfigWrong, match="KEY=VALUE"):
        main(["check", "onnxruntime", "--option", "threads"])


def test_the_network_for_a_vendors_compiler_is_the_one_that_is_checked(tmp_path: Path) -> None:
    assert main(["network", str(tmp_path / "network.onnx")]) == 0
    assert (tmp_path / "network.onnx").read_bytes() == NETWORK.read_bytes()


def test_a_backend_without_a_recipe_needs_no_environment() -> None:
    with pytest.raises(RecipeAbsent, match="comes with gilmok"):
        main(["install", "onnxruntime"])


def test_a_backend_whose_sdk_is_elsewhere_runs_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if "hailo" not in plugins.names("backends"):
        pytest.skip("the installed gilmok knows no hailo: install it again")
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path))
    with pytest.raises(SdkAbsent, match="hailo_platform"):
        open_backend("hailo", {})
    environment.folder_of("hailo").parent.mkdir()
    environment.folder_of("hailo").symlink_to(sys.prefix)
    remote = open_backend("hailo", {}, deadline_ms=500)
    assert isinstance(remote, Remote)
    assert remote.deadline_ms == 500
    with pytest.raises(SdkAbsent, match="hailo_platform"):
        remote.devices()


@pytest.mark.long
def test_an_environment_that_cannot_be_built_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path))
    steps: list[str] = []
    recipe = Recipe(packages=(Package("not=a=requirement", 1),))
    with pytest.raises(BuildFailed, match="not=a=requirement"):
        build("broken", recipe, lambda what, _megabytes: steps.append(what))
    assert steps == ["environment", "not=a=requirement"]
    assert not environment.folder_of("broken").exists()
