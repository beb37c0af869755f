import math
from dataclasses import dataclass

import numpy as np
import pytest

from replay.metrics.kitti import CAR, DIFFICULTIES, EVALUATED, KittiFound, KittiLabels, kitti_curve, type_codes

EASY, MODERATE, HARD = DIFFICULTIES
Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    type: str
    corners: Corners
    image: int = 0
    truncated: float = 0.0
    occluded: float = 0.0


@dataclass(frozen=True)
class Answer:
    type: str
    corners: Corners
    score: float
    image: int = 0


def arrays(labels: list[Label], answers: list[Answer]) -> tuple[KittiLabels, KittiFound]:
    return KittiLabels(
        images=np.array([row.image for row in labels], np.int64),
        types=type_codes([row.type for row in labels]),
        corners=np.array([row.corners for row in labels], np.float64).reshape(-1, 4),
        truncated=np.array([row.truncated for row in labels], np.float64),
        occluded=np.array([row.occluded for row in labels], np.float64),
    ), KittiFound(
        images=np.array([row.image for row in answers], np.int64),
        types=type_codes([row.type for row in answers]),
        corners=np.array([row.corners for row in answers], np.float64).reshape(-1, 4),
        scores=np.array([row.score for row in answers], np.float64),
    )  # fmt: skip


def first_point(labels: list[Label], answers: list[Answer], difficulty: str = "moderate") -> tuple[int, float]:
    """How many boxes count, and the precision at the first threshold, for Car."""
    chosen = next(one for one in DIFFICULTIES if one.name == difficulty)
    curve = kitti_curve(*arrays(labels, answers), CAR, chosen)
    return curve.n, float(curve.precision[0])


BOX: Corners = (100, 100, 200, 150)
ELSEWHERE: Corners = (400, 100, 500, 150)
CAR_THERE, FOUND = Label("Car", BOX), Answer("Car", BOX, 0.9)


@pytest.mark.parametrize(
    ("labels", "answers", "n", "precision"),
    [
        pytest.param([CAR_THERE], [FOUND], 1, 1, id="found"),
        pytest.param([Label("car", BOX)], [Answer("CAR", BOX, 0.9)], 1, 1, id="upper and lower case alike"),
        pytest.param([CAR_THERE], [FOUND, Answer("Car", ELSEWHERE, 0.95)], 1, 1 / 2, id="a false alarm above it"),
        pytest.param([CAR_THERE], [FOUND, Answer("Car", ELSEWHERE, 0.8)], 1, 1, id="a false alarm below it"),
        pytest.param(
            [CAR_THERE, Label("Van", ELSEWHERE)], [FOUND, Answer("Car", ELSEWHERE, 0.95)], 1, 1, id="a van absorbs"
        ),
        pytest.param(
            [CAR_THERE, Label("Van", ELSEWHERE)],
            [FOUND, Answer("Car", ELSEWHERE, 0.95), Answer("Car", ELSEWHERE, 0.95)],
            1,
            1 / 2,
            id="but only one",
        ),
        pytest.param(
            [CAR_THERE, Label("Truck", ELSEWHERE)],
            [FOUND, Answer("Car", ELSEWHERE, 0.95)],
            1,
            1 / 2,
            id="a truck doesn't",
        ),
        pytest.param(
            [CAR_THERE, Label("DontCare", (390, 90, 600, 160))],
            [FOUND, Answer("Car", ELSEWHERE, 0.95), Answer("Car", (410, 100, 510, 150), 0.95)],
            1,
            1,
            id="a DontCare area absorbs many",
        ),
        pytest.param(
            [CAR_THERE, Label("DontCare", (400, 100, 470, 150))],
            [FOUND, Answer("Car", ELSEWHERE, 0.95)],
            1,
            1 / 2,
            id="but not one that it covers by .7 exactly",
        ),
        pytest.param(
            [CAR_THERE, Label("Car", ELSEWHERE, occluded=2)],
            [FOUND, Answer("Car", ELSEWHERE, 0.95)],
            1,
            1,
            id="too much occluded to count",
        ),
        pytest.param([CAR_THERE], [Answer("Car", (100, 100, 170, 150), 0.9)], 1, 0, id="an overlap of .7"),
        pytest.param([Label("Car", (0, 0, 90, 25))], [Answer("Car", (0, 0, 90, 25), 0.9)], 1, 1, id="25 px high"),
        pytest.param(
            [Label("Car", (0, 0, 90, 24.9))], [Answer("Car", (0, 0, 90, 24.9), 0.9)], 0, 0, id="24.9 px doesn't"
        ),
        pytest.param(
            [Label("Car", (0, 0, 90, 25))],
            [Answer("Car", (0, 0, 90, 24.9), 0.9)],
            1,
            0,
            id="a found box of 24.9 px is ignored, and so is what it takes",
        ),
        pytest.param(
            [CAR_THERE, Label("Car", (0, 0, 90, 25))],
            [FOUND, Answer("Pedestrian", (0, 0, 90, 24.9), 0.9)],
            2,
            1,
            id="whatever class it is of",
        ),
    ],
)  # fmt: skip
def test_the_devkit_s_rules_by_hand(labels: list[Label], answers: list[Answer], n: int, precision: float) -> None:
    assert first_point(labels, answers) == (n, precision)


@pytest.mark.parametrize(
    ("label", "counts"),
    [
        (Label("Car", (0, 0, 90, 40)), {"easy", "moderate", "hard"}),
        (Label("Car", (0, 0, 90, 39.9)), {"moderate", "hard"}),
        (Label("Car", BOX, occluded=1), {"moderate", "hard"}),
        (Label("Car", BOX, occluded=2), {"hard"}),
        (Label("Car", BOX, occluded=3), set()),
        (Label("Car", BOX, truncated=0.15), {"easy", "moderate", "hard"}),
        (Label("Car", BOX, truncated=0.3), {"moderate", "hard"}),
        (Label("Car", BOX, truncated=0.5), {"hard"}),
        (Label("Car", BOX, truncated=0.51), set()),
    ],
)
def test_what_counts_at_which_difficulty(label: Label, counts: set[str]) -> None:
    labels, found = arrays([label], [])
    assert {one.name for one in DIFFICULTIES if kitti_curve(labels, found, CAR, one).n} == counts


@pytest.mark.parametrize(
    ("n", "ap40", "ap11"),
    [(1, 0, 1 / 11), (40, 39 / 40, 10 / 11), (41, 1, 1), (200, 1, 1)],
)
def test_fewer_than_41_boxes_can_t_reach_1(n: int, ap40: float, ap11: float) -> None:
    labels = [Label("Car", BOX, image) for image in range(n)]
    answers = [Answer("Car", BOX, 1 - image / 1000, image) for image in range(n)]
    curve = kitti_curve(*arrays(labels, answers), CAR, EASY)
    assert curve.ap40 == pytest.approx(ap40)
    assert curve.ap11 == pytest.approx(ap11)


def test_where_nothing_counts_nothing_is_known() -> None:
    curve = kitti_curve(*arrays([Label("Van", BOX)], [FOUND]), CAR, EASY)
    assert math.isnan(curve.ap40)
    assert math.isnan(curve.ap11)


def overlap(a: Corners, b: Corners, own_area: bool = False) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared, area = width * height, (a[2] - a[0]) * (a[3] - a[1])
    return shared / area if own_area else shared / (area + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def devkit_pass(
    labels: list[tuple[Label, int]], answers: list[tuple[Answer, int]], floor: float, threshold: float | None
) -> tuple[list[float], int, int]:
    """computeStatistics of evaluate_object.cpp for one image, box by box: (scores of hits, hits, false alarms)."""
    assigned = [False] * len(answers)
    hits: list[float] = []
    for label, label_state in labels:
        if label_state == -1:
            continue
        best, best_overlap, best_score, best_is_ignored = -1, 0.0, -1e7, False
        for j, (answer, state) in enumerate(answers):
            if state == -1 or assigned[j] or (threshold is not None and answer.score < threshold):
                continue
            near = overlap(answer.corners, label.corners)
            if near <= floor:
                continue
            if threshold is None:
                if answer.score > best_score:
                    best, best_score = j, answer.score
            elif state == 0 and (near > best_overlap or best_is_ignored):
                best, best_overlap, best_is_ignored = j, near, False
            elif state == 1 and best == -1:
                best, best_is_ignored = j, True
        if best >= 0:
            assigned[best] = True
            if label_state == 0 and answers[best][1] == 0:
                hits.append(answers[best][0].score)
    dont_care = [label for label, _ in labels if label.type == "DontCare"]
    alarms = sum(
        not assigned[j]
        and state == 0
        and (threshold is None or answer.score >= threshold)
        and not any(overlap(answer.corners, area.corners, own_area=True) > floor for area in dont_care)
        for j, (answer, state) in enumerate(answers)
    )
    return hits, len(hits), alarms


def devkit_curve(
    labels: list[Label], answers: list[Answer], name: str, minimum: int, occ: int, cut: float
) -> list[float]:
    floor = 0.7 if name == "Car" else 0.5
    neighbour = {"Car": "Van", "Pedestrian": "Person_sitting"}.get(name)
    images = sorted({row.image for row in labels} | {row.image for row in answers})
    marked = []
    for image in images:
        of_labels = []
        for row in labels:
            beyond = row.occluded > occ or row.truncated > cut or row.corners[3] - row.corners[1] < minimum
            if row.image == image:
                of_labels.append(
                    (row, (1 if beyond else 0) if row.type == name else 1 if row.type == neighbour else -1)
                )
        of_answers = []
        for answer in answers:
            low = int(abs(answer.corners[1] - answer.corners[3])) < minimum
            if answer.image == image:
                of_answers.append((answer, 1 if low else 0 if answer.type == name else -1))
        marked.append((of_labels, of_answers))
    n = sum(state == 0 for of_labels, _ in marked for _, state in of_labels)
    scores = sorted((score for each in marked for score in devkit_pass(*each, floor, None)[0]), reverse=True)
    thresholds: list[float] = []
    recall = 0.0
    for i, score in enumerate(scores):
        left, right = (i + 1) / n, (i + 2) / n if i < len(scores) - 1 else (i + 1) / n
        if right - recall < recall - left and i < len(scores) - 1:
            continue
        thresholds.append(score)
        recall += 1 / 40
    precision = [0.0] * 41
    for i, threshold in enumerate(thresholds):
        passes = [devkit_pass(*each, floor, threshold) for each in marked]
        hits, alarms = sum(one[1] for one in passes), sum(one[2] for one in passes)
        precision[i] = hits / (hits + alarms) if hits + alarms else 0.0
    return [max(precision[i:]) for i in range(41)]


def random_street(rng: np.random.Generator) -> tuple[list[Label], list[Answer]]:
    types = ["Car", "Car", "Van", "Pedestrian", "Person_sitting", "Cyclist", "DontCare", "Truck"]
    labels: list[Label] = []
    answers: list[Answer] = []
    for image in range(int(rng.integers(1, 14))):
        here: list[Label] = []
        for _ in range(int(rng.integers(0, 9))):
            left, top = rng.uniform(0, 120, 2)
            height = float(rng.choice([24.9, 25, 39.5, 40, rng.uniform(15, 80)]))
            corners = (
                float(left),
                float(np.round(top)),
                float(left + rng.uniform(20, 90)),
                float(np.round(top)) + height,
            )
            here.append(
                Label(
                    str(rng.choice(types)), corners, image, float(rng.choice([0, 0.15, 0.4])), int(rng.integers(0, 4))
                )
            )
        labels += here
        for _ in range(int(rng.integers(0, 14))):
            left, top = rng.uniform(0, 120, 2)
            corners = (float(left), float(top), float(left + rng.uniform(20, 90)), float(top + rng.uniform(15, 80)))
            if here and rng.random() < 0.8:
                near = np.array(here[rng.integers(len(here))].corners) + rng.normal(0, 2, 4) * (rng.random() < 0.6)
                corners = (near[0], near[1], max(near[2], near[0] + 1), max(near[3], near[1] + 1))
            score = float(np.round(rng.random(), 2))
            answers.append(Answer(str(rng.choice(["Car", "Pedestrian", "Cyclist"])), corners, score, image))
    return labels, answers


@pytest.mark.parametrize("block", range(6))
def test_every_curve_is_that_of_the_devkit_box_by_box(block: int) -> None:
    for seed in range(30 * block, 30 * block + 30):
        labels, answers = random_street(np.random.default_rng(seed))
        for name, evaluated in EVALUATED.items():
            for one in DIFFICULTIES:
                expected = devkit_curve(labels, answers, name, one.min_height_px, one.max_occlusion, one.max_truncation)
                curve = kitti_curve(*arrays(labels, answers), evaluated, one)
                assert curve.precision.tolist() == expected, f"seed {seed}, {name}, {one.name}"
