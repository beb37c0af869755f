import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edge.answering.self_test import run_self_test
from models.bundle.self_test import Answer, Bounds
from models.bundle.tuples import exactly
from models.bundle.verify import VerifiedBundle, verify
from sensors.clock import NS_PER_S
from tests.bundles import ingredients, relisted, tiny_bundle
from tests.fakes import ManualClock

pytest.importorskip("cyclonedx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> VerifiedBundle:
    return tiny_bundle(tmp_path_factory.mktemp("made"))


def otherwise(answer: Answer) -> Answer:
    """The same boxes, from tensors that point elsewhere."""
    return Answer([output[..., ::-1].copy() for output in answer.outputs], answer.found)


def test_the_machine_that_made_a_bundle_passes_its_self_test(made: VerifiedBundle) -> None:
    result = run_self_test(made, "cpu", ManualClock(tick_ns=NS_PER_S))
    assert (result.why, result.device) == ("", made.expected.recorded_on)
    assert result.fps == 2.0
    assert result.verdict is not None
    assert result.verdict.cosine_min == pytest.approx(1)
    assert result.verdict.matched == result.verdict.boxes_expected == 2


def test_a_device_that_the_bundle_is_not_good_for_runs_nothing(tmp_path: Path) -> None:
    of = ingredients(tmp_path)
    (rule,) = of.good_for
    other = tiny_bundle(tmp_path, good_for=(exactly(of.self_test.recorded_on, runtime="onnxruntime >=99"),))
    result = run_self_test(other, "cpu", ManualClock())
    assert result.verdict is None
    assert "it asks for runtime onnxruntime >=99, the unit has onnxruntime" in result.why
    assert rule.runtime == result.device.runtime


def test_a_model_that_answers_otherwise_fails_and_says_by_how_much(tmp_path: Path) -> None:
    of = ingredients(tmp_path)
    recorded = replace(of.self_test, answers=list(map(otherwise, of.self_test.answers)))
    made = tiny_bundle(tmp_path, self_test=recorded)
    result = run_self_test(made, "cpu", ManualClock())
    assert "cosine" in result.why
    assert result.verdict is not None
    assert result.verdict.cosine_min < 0.99


def test_a_device_that_is_too_slow_fails(tmp_path: Path) -> None:
    of = ingredients(tmp_path)
    made = tiny_bundle(tmp_path, self_test=replace(of.self_test, bounds=Bounds(fps=30)))
    result = run_self_test(made, "cpu", ManualClock(tick_ns=NS_PER_S))
    assert result.why == "it does 2.0 frames/s, asked are 30"


def test_boxes_that_have_no_partner_fail(made: VerifiedBundle, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made.folder, tmp_path / "bundle"))
    expected = folder / "self-test/expected.json"
    text = expected.read_text()
    assert '"labels": [\n        0\n' in text
    expected.write_text(text.replace('"labels": [\n        0\n', '"labels": [\n        1\n'))
    relisted(folder)
    result = run_self_test(verify(folder), "cpu", ManualClock())
    assert result.why == "0 of 2 expected boxes have a partner, asked is a share of 0.9"
