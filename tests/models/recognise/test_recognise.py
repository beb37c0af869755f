from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from models import catalogue, decode
from models.onnxfile import MAX_BYTES, ModelFileBroken, ModelFileForeign, WeightsAbsent
from models.own_manifest import recognised
from models.recognise.questions import InputForeign, LabelsAsked, LabelsUnfit, NoDetector, SizeAsked, TaskForeign
from models.recognise.recognise import recognise
from models.recognise.recognition import Answers, Recognition
from tests.tiny_heads import write_dynamic, write_head, zeros
from tests.tiny_models import OPSET

CELLS = 8 * 8 + 4 * 4 + 2 * 2
"""Of strides 8, 16 and 32 on 64 x 64 pixels."""
ABC = Answers(labels="a,b,c")
ULTRALYTICS = {"author": "Ultralytics", "task": "detect", "names": "{0: 'car', 1: \"driver's seat\", 2: 'bus'}"}


def head(found: Recognition) -> tuple[str, dict[str, Any]]:
    return found.manifest["decoder"], dict(found.manifest["decoder_options"])


def fed(found: Recognition) -> tuple[str, str, str]:
    return found.manifest["decoder"], found.manifest["input"]["colour"], found.manifest["input"]["resize"]


def test_an_ultralytics_export_says_all_of_it(tmp_path: Path) -> None:
    found = recognise(write_head(tmp_path / "best.onnx", {"output0": zeros(1, 7, CELLS)}, metadata=ULTRALYTICS))
    assert head(found) == ("yolov8", {})
    assert found.manifest["labels"] == ["car", "driver's seat", "bus"]
    contract = found.manifest["input"]
    assert (contract["colour"], contract["resize"], contract["whole"]) == ("RGB", "letterbox-centre", "nearest")
    assert contract["scale"] == pytest.approx(1 / 255)
    assert found.manifest["suppression"]["iou"] == 0.7


def test_open_sizes_are_those_that_the_metadata_names_height_first(tmp_path: Path) -> None:
    path = write_head(
        tmp_path / "best.onnx",
        {"output0": zeros(1, 7, CELLS // 2)},
        size=("height", "width"),
        batch="batch",
        metadata={**ULTRALYTICS, "imgsz": "[32, 64]"},
    )
    found = recognise(path)
    assert (found.manifest["input"]["width"], found.manifest["input"]["height"]) == (64, 32)
    # Before their programs wrote down that they left the sides open, they fed what a model was trained with.
    assert any("64x32 for every picture, as it was trained" in line for line in found.assumed)
    assert "rectangle_stride" not in found.manifest["input"]


def test_sides_left_open_on_purpose_follow_the_picture(tmp_path: Path) -> None:
    said = {**ULTRALYTICS, "imgsz": "[64, 96]", "stride": "16", "args": "{'dynamic': True, 'nms': False}"}
    path = write_dynamic(tmp_path / "best.onnx", said)
    manifest, found = recognised("m", path, Answers())
    assert (manifest.input.width, manifest.input.height, manifest.input.rectangle_stride) == (96, 64, 16)
    assert manifest.outputs == ((1, 7, 0),)
    assert any("96x64 at most" in line for line in found.assumed)
    fixed, found = recognised("m", path, Answers(size=(64, 64)))
    assert (fixed.input.rectangle_stride, fixed.outputs) == (0, ((1, 7, CELLS),))
    assert any("64x64 for every picture" in line for line in found.assumed)
    # Its RT-DETR is stretched to one size, whatever its sides.
    path = write_head(
        tmp_path / "q.onnx", {"out": np.full((1, 300, 7), 0.25, np.float32)}, size=("h", "w"), metadata=said
    )
    assert recognised("m", path, Answers())[0].input.rectangle_stride == 0


def test_pictures_are_smoothed_as_they_shrink_where_their_makers_do_so(tmp_path: Path) -> None:
    """RF-DETR says by its outputs' names whose it is; queries may be anybody's, unless Ultralytics has signed them."""

    def told(outputs: dict[str, Any], answers: Answers = ABC, **more: Any) -> tuple[str, bool]:
        manifest, found = recognised("m", write_head(tmp_path / "m.onnx", outputs, **more), answers)
        return manifest.input.filter, any("--filter antialiased" in line for line in found.assumed)

    queries = {"logits": zeros(1, 9, 3) - 4, "pred_boxes": zeros(1, 9, 4)}
    assert told({"dets": zeros(1, 9, 4), "labels": zeros(1, 9, 3) - 4}) == ("antialiased", False)
    assert told(queries) == ("linear", True)
    assert told(queries, Answers(labels="a,b,c", filter="antialiased")) == ("antialiased", False)
    assert told(queries, Answers(), metadata=ULTRALYTICS) == ("linear", False)
    assert told({"output0": zeros(1, 7, CELLS)}) == ("linear", False)


@pytest.mark.parametrize("metadata", [None, {**ULTRALYTICS, "end2end": "True"}])
def test_findings_as_many_as_a_grid_has_cells_are_findings(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    rows = zeros(1, 300, 6)
    if metadata is None:
        rows[0, :, 4] = np.linspace(0.9, 0.1, 300)
    path = write_head(tmp_path / "m.onnx", {"output0": rows}, size=(192, 320), metadata=metadata)
    assert recognise(path, Answers(labels="a,b")).manifest["decoder"] == "end2end"


def test_a_picture_beyond_any_detector_s_is_refused_before_it_is_made(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"output0": zeros(1, 7, CELLS)}, size=(2**31, 32), metadata=ULTRALYTICS)
    with pytest.raises(NoDetector, match="pictures of 32x2147483648 pixels"):
        recognise(path)


def test_any_number_of_labels_is_asked_for_in_words(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"output0": zeros(1, 300, 6)})
    with pytest.raises(LabelsAsked, match="fit any number"):
        recognise(path)


def test_a_column_more_than_labels_is_said_to_be_the_last(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"dets": zeros(1, 9, 4), "labels": zeros(1, 9, 5) - 4})
    assert any("count from 1" in line for line in recognise(path, Answers(labels="a,b,c,d")).assumed)
    assert not any("count from 1" in line for line in recognise(path, Answers(labels="none,a,b,c,d")).assumed)


def test_suppression_in_the_graph_is_not_done_again(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"output0": zeros(1, 300, 6)}, metadata={**ULTRALYTICS, "end2end": "True"})
    found = recognise(path)
    assert head(found) == ("end2end", {"columns": "x1 y1 x2 y2 score class"})
    assert found.manifest["suppression"]["iou"] == 1


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"out": zeros(1, 3 * CELLS, 8)}, ("yolov5", {})),
        ({"out": zeros(1, 8, CELLS)}, None),
        ({"logits": zeros(1, 9, 3), "pred_boxes": zeros(1, 9, 4)}, ("detr", {"boxes": 1, "scores": "as-they-are"})),
        ({"logits": zeros(1, 9, 3) - 4, "pred_boxes": zeros(1, 9, 4)}, ("detr", {"boxes": 1, "scores": "sigmoid"})),
        # One column more than labels is "nothing", and for a softmax, unless it is RF-DETR's.
        ({"logits": zeros(1, 9, 4) - 4, "pred_boxes": zeros(1, 9, 4)}, ("detr", {"boxes": 1, "scores": "softmax"})),
        ({"dets": zeros(1, 9, 4), "labels": zeros(1, 9, 4) - 4}, None),
        ({"dets": zeros(1, 9, 4), "labels": zeros(1, 9, 5) - 4}, None),
        ({"out": zeros(5, 7)}, ("end2end", {"columns": "batch x1 y1 x2 y2 class score"})),
    ],
)
def test_a_head_is_told_by_its_outputs(
    outputs: dict[str, Any], expected: tuple[str, dict[str, Any]] | None, tmp_path: Path
) -> None:
    path = write_head(tmp_path / "m.onnx", outputs)
    if expected is None:
        labels = Answers(labels="a,b,c,d")
        assert recognise(path, labels).manifest["decoder"] in ("yolov8", "detr")
    else:
        assert head(recognise(path, ABC)) == expected


def test_a_tensor_of_every_known_ladder_of_strides_is_dense(tmp_path: Path) -> None:
    """With one label a row of YOLOX has six numbers, as many as a finding."""
    for strides in ((4, 8, 16, 32), (16, 32), (8, 16)):
        cells = sum((64 // stride) ** 2 for stride in strides)
        path = write_head(tmp_path / "m.onnx", {"out": zeros(1, cells, 6)})
        assert head(recognise(path, Answers(labels="a"))) == ("yolox", {"strides": list(strides), "classes": "best"})
        assert head(recognise(path, Answers(labels="a,b"))) == ("yolov8", {})


ROW = {
    "x1": 9.0,
    "y1": 8.0,
    "x2": 30.0,
    "y2": 40.0,
    "cx": 30.0,
    "cy": 20.0,
    "w": 9.0,
    "h": 8.0,
    "score": 0.5,
    "class": 2.0,
}


@pytest.mark.parametrize(
    ("columns", "unit"),
    [
        ("x1 y1 x2 y2 class score", {}),
        ("cx cy w h score class", {}),
        ("x1 y1 x2 y2 score class", {"unit": "shares"}),
        ("cx cy w h score class", {"unit": "shares"}),
    ],
)
def test_the_columns_of_a_row_are_told_by_its_values(columns: str, unit: dict[str, str], tmp_path: Path) -> None:
    row = [ROW[name] / (64 if unit and name not in ("score", "class") else 1) for name in columns.split()]
    path = write_head(tmp_path / "m.onnx", {"out": np.array([[row, [0.0] * 6]], np.float32)})
    found = recognise(path, ABC)
    assert head(found) == ("end2end", {"columns": columns, **unit})
    # In shares and by their centres: Ultralytics' RT-DETR, which stretches pictures.
    queries = columns.startswith("cx") and bool(unit)
    assert (found.manifest["input"]["resize"] == "stretch") is queries


def test_rows_without_whole_numbers_of_classes_are_no_findings(tmp_path: Path) -> None:
    """Ultralytics' RT-DETR with two labels: centres and sides in shares, and two scores."""
    path = write_head(tmp_path / "m.onnx", {"out": np.full((1, 300, 6), 0.25, np.float32)})
    assert head(recognise(path, Answers(labels="a,b"))) == ("detr", {"scores": "as-they-are"})


def test_boxes_in_pixels_beside_scores_are_no_queries(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"boxes": zeros(1, 70, 4) + 30, "scores": zeros(1, 70, 3)})
    with pytest.raises(NoDetector):
        recognise(path, ABC)


def test_boxes_about_their_cells_in_pixels_are_decoded_and_others_are_not(tmp_path: Path) -> None:
    raw = zeros(1, CELLS, 8)
    assert head(recognise(write_head(tmp_path / "raw.onnx", {"out": raw}), ABC))[0] == "yolox"
    place = 0
    for stride in (8, 16, 32):
        side = 64 // stride
        for cell in range(side * side):
            raw[0, place, :2] = (cell % side + 0.5) * stride, (cell // side + 0.5) * stride
            place += 1
    # Whose it is, and so how it is fed, tells the objectness: YOLOv6 writes 1 in its place.
    assert fed(recognise(write_head(tmp_path / "x.onnx", {"out": raw}), ABC)) == ("yolov5", "BGR", "letterbox-top-left")
    raw[..., 4] = 1
    assert fed(recognise(write_head(tmp_path / "v6.onnx", {"out": raw}), ABC)) == ("yolov5", "RGB", "letterbox-centre")


def test_tensorflows_ssd_takes_pixels_as_they_are(tmp_path: Path) -> None:
    outputs = {
        "detection_boxes": np.full((1, 10, 4), 0.5, np.float32),
        "detection_classes": np.ones((1, 10), np.float32),
        "detection_scores": np.full((1, 10), 0.25, np.float32),
        "num_detections": np.array([10], np.float32),
    }
    path = write_head(tmp_path / "ssd.onnx", outputs, layout="NHWC", dtype=TensorProto.UINT8)
    found = recognise(path, ABC)
    decoder, options = head(found)
    assert decoder == "ssd"
    assert options["corners"], options["unit"] == ("y1 x1 y2 x2", "shares")
    assert (options["first_label"], options["count"]) == (1, 3)
    assert found.manifest["input"]["layout"] == "NHWC"
    assert "scale" not in found.manifest["input"]


FOUND = (("boxes", zeros(1, 2, 4) + 30), ("classes", zeros(1, 2) + 1), ("scores", zeros(1, 2) + 0.5))


@pytest.mark.parametrize(
    ("outputs", "labels", "first", "known"),
    [
        # TensorFlow's 8 outputs; its background has a number, whether or not the table has a name for it.
        ({"raw_detection_boxes": zeros(1, 9, 4), **{f"detection_{k}": v for k, v in FOUND}}, "a,b", 1, ["a", "b"]),
        ({f"detection_{k}": v for k, v in FOUND}, "background,a,b", 1, ["a", "b"]),
        # TFLite's own suppression numbers without it.
        ({f"TFLite_Detection_PostProcess:{k}": v for k, v in FOUND}, "???,a,b", 0, ["a", "b"]),
        # torchvision's, of open length: where 0 is found it is a label.
        ({k: v[0] for k, v in FOUND}, "__background__,a,b", 1, ["a", "b"]),
        ({k: v[0] * (k != "classes") for k, v in FOUND}, "a,b", 0, ["a", "b"]),
        # One finding at most: as many numbers of it as of their count.
        ({"num_dets": np.ones((1, 1), np.int32), **{f"det_{k}": v[:, :1] for k, v in FOUND}}, "a,b", 0, ["a", "b"]),
    ],
)
def test_the_first_label_s_number_is_the_family_s(
    outputs: dict[str, Any], labels: str, first: int, known: list[str], tmp_path: Path
) -> None:
    manifest, found = recognised("m", write_head(tmp_path / "m.onnx", outputs), Answers(labels=labels))
    assert (manifest.decoder_options["first_label"], list(manifest.labels)) == (first, known)
    assert any("0 is the background" in line for line in found.assumed) is bool(first)
    decode.rehearse(manifest)


def test_a_picture_without_an_axis_for_the_batch_is_torchvisions(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {k: v[0] for k, v in FOUND}, size=(64, 96), batch=None)
    manifest, _ = recognised("m", path, Answers(labels="a,b"))
    assert (manifest.decoder, manifest.input.shape) == ("ssd", (1, 3, 64, 96))


def test_a_second_input_for_the_pictures_size_is_fed_the_inputs_own(tmp_path: Path) -> None:
    outputs = {"labels": np.zeros((1, 9), np.int64), "boxes": zeros(1, 9, 4) + 30, "scores": zeros(1, 9)}
    path = write_head(
        tmp_path / "m.onnx", outputs, size=(32, 64), more_inputs={"orig_target_sizes": (TensorProto.INT64, [1, 2])}
    )
    manifest, _ = recognised("m", path, ABC)
    assert manifest.input.fixed == {"orig_target_sizes": [[64, 32]]}
    assert manifest.decoder_options["unit"] == "pixels"
    decode.rehearse(manifest)


def test_findings_of_open_length_are_read(tmp_path: Path) -> None:
    outputs = {"boxes": zeros(0, 4), "labels": np.zeros(0, np.int64), "scores": zeros(0)}
    manifest, _ = recognised("m", write_head(tmp_path / "m.onnx", outputs, open_axis=0), ABC)
    assert manifest.outputs == ((0, 4), (0,), (0,))
    decode.rehearse(manifest)


def test_what_is_open_is_asked_for_by_one_option(tmp_path: Path) -> None:
    with pytest.raises(LabelsAsked, match=r"room for 3[\s\S]*--labels car,person,truck"):
        recognise(write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)}))
    with pytest.raises(LabelsUnfit, match="2 labels for outputs with room for 3"):
        recognise(tmp_path / "m.onnx", Answers(labels="a,b"))
    with pytest.raises(SizeAsked, match="--size 640x640"):
        recognise(write_head(tmp_path / "open.onnx", {"out": zeros(1, 7, CELLS)}, size=("h", "w")), ABC)


def test_a_person_may_say_which_head_it_is(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, CELLS, 8)})
    assert head(recognise(path, Answers(labels="a,b,c", decoder="yolox")))[0] == "yolox"
    assert head(recognise(path, Answers(labels="a,b,c,d", decoder="yolov8")))[0] == "yolov8"


@pytest.mark.parametrize("task", ["segment", "pose", "classify", "obb"])
def test_another_task_is_refused_by_its_name(task: str, tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)}, metadata={**ULTRALYTICS, "task": task})
    with pytest.raises(TaskForeign, match=task):
        recognise(path)


def test_masks_beside_boxes_are_another_task(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, 39, CELLS), "masks": zeros(1, 32, 16, 16)})
    with pytest.raises(TaskForeign, match="segment"):
        recognise(path, ABC)


@pytest.mark.parametrize(
    "more", [{"batch": 4}, {"size": (64,)}, {"more_inputs": {"anchors": (TensorProto.FLOAT, [1, 2])}}]
)
def test_inputs_that_are_no_single_picture_are_refused(more: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputForeign, match="export "):
        recognise(write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)}, **more), ABC)


def test_a_file_that_is_no_model_says_so(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    for content in (b"no model at all", bytes(64)):
        path.write_bytes(content)
        with pytest.raises(ModelFileBroken):
            recognise(path)


def test_a_file_that_this_runtime_does_not_run_says_why_and_what_to_do(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)})
    model = onnx.load(path)
    model.opset_import[0].version = 99
    onnx.save(model, path)
    with pytest.raises(ModelFileForeign, match=r"it has opset 99, and[\s\S]*export it with opset \d+ or older") as told:
        recognise(path)
    assert "onnxruntime_src" not in str(told.value)
    model.opset_import[0].version = OPSET
    model.opset_import.add(domain="TRT", version=1)
    model.graph.node[0].domain, model.graph.node[0].op_type = "TRT", "EfficientNMS_TRT"
    onnx.save(model, path)
    with pytest.raises(ModelFileForeign, match="TRT:EfficientNMS_TRT is none of"):
        recognise(path)


def test_a_file_of_more_than_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelFileForeign, match="external data"):
        recognise(tmp_path / "m.onnx")


def test_weights_that_are_not_beside_the_file_are_named(tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)})
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(zeros(9), "w"))
    onnx.save(model, path, save_as_external_data=True, location="m.data", size_threshold=0)
    (tmp_path / "m.data").rename(tmp_path / "other.data")
    with pytest.raises(WeightsAbsent, match=r"keeps its weights in m\.data"):
        recognise(path)


@pytest.mark.parametrize(
    "names", ["{0: 'a', 2: 'b'}", "__import__('os').system('true')", "[" * 5000, "{'x': 'y'}", "7"]
)
def test_names_that_are_no_table_are_no_labels(names: str, tmp_path: Path) -> None:
    path = write_head(tmp_path / "m.onnx", {"out": zeros(1, 7, CELLS)}, metadata={"names": names})
    with pytest.raises(LabelsAsked):
        recognise(path)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("yolox_nano.onnx", "yolox-nano"),
        ("picodet_s_416_coco.onnx", "picodet-s-416"),
        ("nanodet_m.onnx", "nanodet-m"),
        ("FastestDet.onnx", "fastestdet"),
        ("yolo-fastestv2.onnx", "yolo-fastestv2"),
    ],
)
def test_the_models_that_gilmok_knows_are_recognised_as_what_their_manifests_say(
    name: str, of: str, shared: Path
) -> None:
    known = catalogue.known()[of]
    found, _ = recognised("mine", shared / "models" / name, Answers())
    assert (found.decoder, found.labels) == (known.decoder, known.labels)
    assert found.input.resize == known.input.resize
    assert found.input.colour == known.input.colour
    assert found.input.scale == pytest.approx(known.input.scale)
    assert found.input.mean == pytest.approx(known.input.mean)
