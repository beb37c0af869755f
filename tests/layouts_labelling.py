"""Tiny recordings as labelling tools write them: see `tests.layouts`."""

import json
from pathlib import Path

from tests.layouts import Made, clip, picture, text


def yolo(root: Path) -> Made:
    images, labels = root / "images" / "val", root / "labels" / "val"
    pictures = {n: picture(images / f"{n:06}.jpg", seed=n) for n in (7, 8, 9)}
    config = text(root / "data.yaml", "path: .\ntrain: images/train\nval: images/val\nnames: [person, car]\n")
    first = text(
        labels / "000007.txt", "1 0.390625 0.416666667 0.15625 0.416666667\n0 0.71875 0.479166667 0.1875 0.625\n"
    )
    text(labels / "000008.txt", "0 0.5 0.5 0.25 0.25\n")
    text(labels / "000009.txt", "")
    return Made(root, "val", pictures, first, parts=(config,))


def voc(root: Path) -> Made:
    names = [f"2007_{n:06}" for n in (27, 28, 29)]
    pictures = {
        n: picture(root / "JPEGImages" / f"{name}.jpg", seed=n) for n, name in zip((27, 28, 29), names, strict=True)
    }
    first, second, third = (root / "Annotations" / f"{name}.xml" for name in names)
    text(first, VOC_XML.format(VOC_CAR + VOC_WALKER))
    text(second, VOC_XML.format(VOC_CAR))
    text(third, VOC_XML.format(""))
    text(root / "ImageSets" / "Main" / "val.txt", "\n".join(names) + "\n")
    text(root / "ImageSets" / "Main" / "car_val.txt", f"{names[0]}  1\n{names[1]} -1\n")
    return Made(root, "val", pictures, first, parts=(root / "JPEGImages",))


VOC_XML = """<annotation>
  <folder>VOC2007</folder>
  <size><width>64</width><height>48</height><depth>3</depth></size>
  {}
</annotation>
"""
VOC_CAR = """<object>
    <name>car</name><pose>Left</pose><truncated>1</truncated><occluded>0</occluded><difficult>0</difficult>
    <bndbox><xmin>20</xmin><ymin>10</ymin><xmax>30</xmax><ymax>30</ymax></bndbox>
  </object>"""
VOC_WALKER = """<object>
    <name>person</name>
    <bndbox><xmin>40</xmin><ymin>8</ymin><xmax>50</xmax><ymax>38</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>41</xmin><ymin>8</ymin><xmax>44</xmax><ymax>12</ymax></bndbox></part>
  </object>"""


def cvat(root: Path) -> Made:
    """A video beside its tracks."""
    video = clip(root / "corner.mp4")
    labels = text(root / "corner.xml", CVAT_VIDEO)
    return Made(root, "corner", dict.fromkeys(range(3), video), labels, parts=(labels,))


CVAT_META = """  <version>1.1</version>
  <meta><task>
    <name>corner</name><size>3</size><mode>interpolation</mode><start_frame>0</start_frame><stop_frame>2</stop_frame>
    <labels><label><name>car</name></label><label><name>person</name></label></labels>
    <original_size><width>64</width><height>48</height></original_size>
  </task></meta>
"""
CVAT_VIDEO = f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
{CVAT_META}  <track id="4" label="car" source="manual">
    <box frame="0" keyframe="1" outside="0" occluded="1" xtl="20" ytl="10" xbr="30" ybr="30" z_order="0"/>
    <box frame="1" keyframe="0" outside="0" occluded="0" xtl="22" ytl="10" xbr="32" ybr="30" z_order="0"/>
    <box frame="2" keyframe="1" outside="1" occluded="0" xtl="22" ytl="10" xbr="32" ybr="30" z_order="0"/>
  </track>
  <track id="7" label="person" source="manual">
    <box frame="0" keyframe="1" outside="0" occluded="0" xtl="40" ytl="8" xbr="50" ybr="38" z_order="0"/>
    <box frame="1" keyframe="1" outside="1" occluded="0" xtl="40" ytl="8" xbr="50" ybr="38" z_order="0"/>
  </track>
</annotations>
"""


def bdd100k(root: Path) -> Made:
    """A drive."""
    video = "b1c66a42-6f7d68ca"
    pictures = {
        n: picture(root / "images" / "track" / "val" / video / f"{video}-{n:07}.jpg", seed=n) for n in (1, 2, 3)
    }
    frames = [
        {"name": path.name, "videoName": video, "frameIndex": n - 1, "labels": BDD100K_LABELS.get(n, [])}
        for n, path in pictures.items()
    ]
    labels = text(root / "labels" / "box_track_20" / "val" / f"{video}.json", json.dumps(frames))
    return Made(root, video, pictures, labels)


def bdd100k_label(
    kind: str, track: str, left: int, top: int, right: int, bottom: int, **said: bool
) -> dict[str, object]:
    box = {"x1": left, "y1": top, "x2": right, "y2": bottom}
    return {"id": track, "category": kind, "attributes": said, "box2d": box}


BDD100K_LABELS = {
    1: [
        bdd100k_label("car", "00000004", 20, 10, 30, 30, Crowd=False, Occluded=True, Truncated=False),
        bdd100k_label("pedestrian", "00000007", 40, 8, 50, 38, crowd=False, occluded=False, truncated=True),
    ],
    2: [bdd100k_label("car", "00000004", 21, 10, 31, 30)],
}


def nuimages(root: Path) -> Made:
    """The labelled pictures of one camera."""
    times = (1535385092150099, 1535385099150099, 1535385192150099)
    names = {time: f"samples/CAM_FRONT/n003-2018-01-03__CAM_FRONT__{time}.jpg" for time in times}
    pictures = {time: picture(root / name, seed=seed) for seed, (time, name) in enumerate(names.items())}
    shots = [
        {"token": f"sd{time}", "calibrated_sensor_token": "cs1", "filename": name, "timestamp": time,
         "is_key_frame": True, "width": 64, "height": 48}
        for time, name in names.items()
    ]  # fmt: skip
    boxes = [(0, "c1", [20, 10, 30, 30]), (0, "c2", [40, 8, 50, 38]), (1, "c1", [21, 10, 31, 30])]
    tables: dict[str, list[dict[str, object]]] = {
        "sensor": [{"token": "s1", "channel": "CAM_FRONT", "modality": "camera"}],
        "calibrated_sensor": [{"token": "cs1", "sensor_token": "s1"}],
        "sample_data": list(shots),
        "category": [{"token": "c1", "name": "vehicle.car"}, {"token": "c2", "name": "human.pedestrian.adult"}],
        "object_ann": [
            {
                "token": f"o{n}",
                "sample_data_token": f"sd{times[shot]}",
                "category_token": kind,
                "bbox": box,
                "mask": None,
            }
            for n, (shot, kind, box) in enumerate(boxes)
        ],
    }
    paths = {name: text(root / "v1.0-mini" / f"{name}.json", json.dumps(rows)) for name, rows in tables.items()}
    return Made(root, "v1.0-mini/CAM_FRONT", pictures, paths["object_ann"], parts=(root / "v1.0-mini",))
