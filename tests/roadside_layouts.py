"""Tiny recordings in the layouts that cameras beside a road have: as `tests.layouts`."""

import json
from pathlib import Path

from tests.layouts import Made, picture, text


def openlabel(root: Path) -> Made:
    pictures = {n: picture(root / "images" / "drive" / f"{n:06}.jpg", seed=n) for n in (0, 1, 2)}
    labels = text(root / "drive.json", json.dumps({"openlabel": OPENLABEL}))
    return Made(root, "drive", pictures, labels, parts=(labels,))


OPENLABEL = {
    "metadata": {"schema_version": "1.0.0"},
    "streams": {
        "cam": {"type": "camera", "uri": ""},
        "lidar": {"type": "lidar", "uri": "lidar"},
    },
    "objects": {
        "7": {"name": "car1", "type": "car", "frame_intervals": [{"frame_start": 0, "frame_end": 1}]},
        "791ba1b2-811e-4d92-bee2-ce047f097415": {"name": "walker", "type": "pedestrian"},
    },
    "frames": {
        str(n): {
            "frame_properties": {
                "timestamp": f"1631702348.{n}",
                "streams": {"cam": {"uri": f"/images/drive/{n:06}.jpg"}, "lidar": {"uri": f"/lidar/{n}.pcd"}},
            },
            "objects": objects,
        }
        for n, objects in enumerate(
            (
                {
                    "7": {
                        "object_data": {
                            "bbox": [
                                {
                                    "name": "shape",
                                    "val": [25, 20, 10, 20],
                                    "coordinate_system": "cam",
                                    "attributes": {
                                        "num": [{"name": "truncation", "val": 0.25}],
                                        "text": [{"name": "occlusion_level", "val": "PARTIALLY_OCCLUDED"}],
                                    },
                                }
                            ],
                            "cuboid": [{"name": "shape3d", "val": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}],
                        }
                    },
                    "791ba1b2-811e-4d92-bee2-ce047f097415": {
                        "object_data": {"bbox": [{"name": "shape", "val": [45, 23, 10, 30]}]}
                    },
                },
                {"7": {"object_data": {"bbox": [{"name": "shape", "val": [26, 20, 10, 20]}]}}},
                {},
            )
        )
    },
}


def visdrone(root: Path) -> Made:
    part = root / "VisDrone2019-DET-val"
    names = ["0000001_02999_d_0000005", "0000001_03499_d_0000006", "9999938_00000_d_0000006"]
    pictures = {n: picture(part / "images" / f"{name}.jpg", seed=n) for n, name in enumerate(names, 1)}
    first, second, third = (part / "annotations" / f"{name}.txt" for name in names)
    text(first, "20,10,10,20,1,4,0,1\n40,8,10,30,1,1,1,2\n0,0,8,8,0,0,0,0\n")
    text(second, "21,10,10,20,1,4,0,0\n")
    text(third, "")
    return Made(root, part.name, pictures, first, parts=(part, part / "annotations"))


def visdrone_sequence(root: Path) -> Made:
    part = root / "VisDrone2019-MOT-val"
    pictures = {n: picture(part / "sequences" / "uav1_v" / f"{n:07}.jpg", seed=n) for n in (1, 2, 3)}
    rows = (
        "1,4,20,10,10,20,1,4,0,1\n1,5,40,8,10,30,1,1,-1,-1\n1,0,0,0,8,8,0,0,0,0\n"
        "2,4,21,10,10,20,1,4,0,0\n2,6,2,20,8,8,0,11,0,0\n"
    )
    return Made(root, "uav1_v", pictures, text(part / "annotations" / "uav1_v.txt", rows))


def dair_v2x_i(root: Path) -> Made:
    side = root / "single-infrastructure-side"
    pictures = {n: picture(side / "image" / f"{n:06}.jpg", seed=n) for n in (3, 11, 12)}
    first, second, third = (side / "label" / "camera" / f"{n:06}.json" for n in pictures)
    text(first, json.dumps([dair("Car", 20, 10, 30, 30), dair("Pedestrian", 40, 8, 50, 38)]))
    text(second, json.dumps([dair("Car", 20, 10, 30, 30)]))
    text(third, "[]")
    text(side / "data_info.json", json.dumps([{"image_path": f"image/{n:06}.jpg"} for n in pictures]))
    return Made(root, side.name, pictures, first, parts=(side, side / "label", side / "data_info.json"))


def dair(kind: str, *box: float) -> dict[str, object]:
    corners = {name: str(value) for name, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)}
    return {"type": kind, "truncated_state": "1", "occluded_state": 2, "alpha": "0", "2d_box": corners}


def rope3d(root: Path) -> Made:
    names = [f"148711_yz2n151d_420_1637216135.{n}_60_obstacle" for n in (5, 6, 7)]
    folders = ("training-image_2a", "training-image_2b", "training-image_2b")
    pictures = {
        n: picture(root / folder / f"{name}.jpg", seed=n)
        for n, (folder, name) in enumerate(zip(folders, names, strict=True), 1)
    }
    first, second, third = (root / "training" / "label_2" / f"{name}.txt" for name in names)
    (root / "training" / "denorm").mkdir(parents=True)
    car = "car 0 1 1.9 20 10 30 30 1.4 1.8 4.2 -3 0 4 -1.5\n"
    text(first, car + "pedestrian 0 0 0 40 8 50 38 0 0 0 0.0 0.0 0.0 0.0\n")
    text(second, car)
    text(third, "")
    return Made(root, "training", pictures, first, parts=(root / "training" / "denorm", root / "training-image_2a"))


def tumtraf(root: Path) -> Made:
    sensor = "s110_camera_basler_south1_8mm"
    one = root / "a9_dataset_r02_s01"
    numbers = [1646667310_025670627 + n * 10**8 for n in range(3)]
    stems = [f"{n // 10**9}_{n % 10**9:09}_{sensor}" for n in numbers]
    pictures = {
        n: picture(one / "images" / sensor / f"{stem}.jpg", seed=n % 9) for n, stem in zip(numbers, stems, strict=True)
    }
    files = [one / "labels" / sensor / f"{stem}.json" for stem in stems]
    for path, objects in zip(files, (TUMTRAF, {}, {}), strict=True):
        tree = {"metadata": {"schema_version": "1.0.0"}, "frames": {"7": {"objects": objects}}}
        text(path, json.dumps({"openlabel": tree}))
    return Made(root, sensor, pictures, files[0])


TUMTRAF = {
    "3": {"object_data": {"type": "CAR", "bbox": [{"name": "full_bbox", "val": [25, 20, 10, 20]}]}},
    "791ba1b2811e4d92bee2ce047f097415": {
        "object_data": {
            "type": "PEDESTRIAN",
            "cuboid": {"attributes": {"text": [{"name": "occlusion_level", "val": "MOSTLY_OCCLUDED"}]}},
            "keypoints_2d": {
                "name": "keypoints_2d",
                "attributes": {
                    "points2d": {
                        "name": "projected_bounding_box",
                        "val": [{"point2d": {"name": "p", "val": [x, y]}} for x, y in ((40, 38), (50, 20), (44, 8))],
                    }
                },
            },
        }
    },
}
