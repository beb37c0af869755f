import pytest

from models.bundle.tuples import ANY, Admission, RuleWrong, agrees, device_tuple, exactly, refusal

HAILO = device_tuple("hailo", "npu", {"architecture": "HAILO8L", "runtime": "HailoRT 4.20.0", "firmware": "4.20.0"})


@pytest.mark.parametrize(
    ("rule", "told", "expected"),
    [
        (ANY, "", True),
        ("HAILO8", "HAILO8L", False),
        ("HAILO8L", "HAILO8L", True),
        ("HAILO8", "", False),
        ("onnxruntime >=1.31,<2", "onnxruntime 1.32.0", True),
        ("onnxruntime >=1.31,<2", "onnxruntime 2.0", False),
        ("onnxruntime >=1.31, <2", "onnxruntime-qnn 1.32", False),
        ("onnxruntime >=1.31", "", False),
        ("openvino >=2026.4", "openvino 2026.4.1-22345-abcdef", True),
        (">=4.19,<=4.20", "4.20.0", True),
        (">=4.20.1", "4.20", False),
        ("==4.20", "4.20.0", True),
        (">4.9", "v4.10", True),
    ],
)
def test_a_rule_agrees_with_what_an_sdk_tells(rule: str, told: str, expected: bool) -> None:
    assert agrees(rule, told) is expected


@pytest.mark.parametrize("rule", ["onnxruntime >=", ">= x", "<", "a >=1,<", "a >=1 or >=2"])
def test_a_range_that_is_none_is_refused_and_never_taken_for_a_text(rule: str) -> None:
    with pytest.raises(RuleWrong):
        exactly(HAILO, runtime=rule)


def test_a_chip_of_another_letter_is_another_chip() -> None:
    good_for = [exactly(HAILO, architecture="HAILO8")]
    assert refusal(HAILO, good_for) == "it asks for architecture HAILO8, the unit has HAILO8L"


def test_old_firmware_under_a_new_driver_is_told() -> None:
    rule = exactly(HAILO, firmware=">=4.21", runtime="HailoRT >=4.21")
    told = refusal(HAILO, [rule])
    assert "runtime HailoRT >=4.21, the unit has HailoRT 4.20.0" in told
    assert "firmware >=4.21, the unit has 4.20.0" in told


def test_what_the_sdk_does_not_tell_is_unknown_and_only_any_admits_it() -> None:
    silent = device_tuple("hailo", "npu", {"architecture": "HAILO8L", "runtime": "HailoRT 4.20.0"})
    assert "the unit's SDK doesn't tell it" in refusal(silent, [exactly(HAILO)])
    assert refusal(silent, [exactly(HAILO, firmware=ANY)]) == ""


def test_one_of_several_admissions_is_enough_and_the_nearest_says_why_none_is() -> None:
    others = [exactly(HAILO, architecture="HAILO8", runtime="HailoRT 4.18"), exactly(HAILO, architecture="HAILO10")]
    assert refusal(HAILO, others) == "it asks for architecture HAILO10, the unit has HAILO8L"
    assert refusal(HAILO, [*others, exactly(HAILO)]) == ""


def test_an_emulated_chip_is_no_chip() -> None:
    emulated = device_tuple("hailo", "emulated", {"architecture": "HAILO8L"})
    rule = Admission(backend="hailo", kind="npu", **dict.fromkeys(("architecture", "compiler", "runtime"), ANY),
                     driver=ANY, firmware=ANY)  # fmt: skip
    assert refusal(emulated, [rule]) == "it is for a device of kind npu, the unit's is emulated"


def test_a_cpu_is_known_by_its_machine() -> None:
    assert device_tuple("openvino", "cpu", {"architecture": "intel64"}, "x86_64").architecture == "x86_64"
