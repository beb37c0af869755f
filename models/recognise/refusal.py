"""Why ONNX Runtime doesn't take a file, in words for the person who exported it."""

import re

import onnxruntime as ort

NEWER = {
    "opset": r"(?s)Opset (\d+) is under development.* till opset (\d+)",
    "IR version": r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
}
"""How it says that a model is of a newer format than it knows: which, and up to which."""
FOREIGN_OPERATOR = r"(\S+)\(-?\d+\) is not a registered function/op"


def refusal(error: Exception) -> tuple[str, str]:
    """Why, and what to do about it; the latter is empty where nothing better is known than to export it again."""
    text = str(error)
    for what, pattern in NEWER.items():
        if found := re.search(pattern, text):
            why = f"it has {what} {found[1]}, and ONNX Runtime {ort.__version__} reads {what}s up to {found[2]}"
            return why, f"export it with {what} {found[2]} or older, or install a newer onnxruntime"
    if found := re.search(FOREIGN_OPERATOR, text):
        return (
            f"its operator {found[1]} is none of ONNX Runtime's",
            "export it without operators of one vendor's (TensorRT's suppression, EfficientNMS_TRT, is one)",
        )
    return gist(error), ""


def gist(error: Exception) -> str:
    """Its sentence on one line, without its numbers and without where in its own sources it says so."""
    kind = type(error).__name__
    if kind == "InvalidProtobuf":
        return "it is cut short, or no ONNX model"
    if kind == "NoSuchFile":
        return "there is no such file"
    words = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    words = re.sub(r"\S*onnxruntime_src/\S+ (?:.*?\) )?", "", words)
    return " ".join(words.split())
