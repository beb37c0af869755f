"""Tiny recordings in each data set's layout: three pictures of 64x48, two objects in the first, none in the last."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from replay.recording import Recording

WIDTH, HEIGHT = 64, 48


@dataclass(frozen=True, slots=True)
class Made:
    root: Path
    name: str
    pictures: dict[int, Path]
    labels: Path
    """The file that holds the truth of the first frame."""
    note: str = ""
    """What must go with every score of it."""
    parts: tuple[Path, ...] = ()
    """What may be named instead of the root; none: whatever lies in it."""

    @property
    def one_file(self) -> bool:
        """Whether all its frames lie in one video."""
        return len(set(self.pictures.values())) == 1


def told(recording: Recording, *, thoroughly: bool = False) -> list[str]:
    """What the recording says of its problems, whatever their severity."""
    return [problem.what for problem in recording.problems(on_picture=(lambda: None) if thoroughly else None)]


def picture(path: Path, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), noise)
    return path


def clip(path: Path) -> Path:
    """A video of three frames, ten a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (WIDTH, HEIGHT))
    for seed in range(3):
        writer.write(np.full((HEIGHT, WIDTH, 3), 60 * seed, np.uint8))
    writer.release()
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def ua_detrac(root: Path) -> Made:
    folder = root / "Insight-MVT_Annotation_Train" / "MVI_00001"
    return Made(
        root,
        "MVI_00001",
        {n: picture(folder / f"img{n:05}.jpg", seed=n) for n in (1, 2, 3)},
        text(root / "DETRAC-Train-Annotations-XML-v3" / "MVI_00001_v3.xml", DETRAC_XML),
    )


DETRAC_XML = """<sequence name="MVI_00001">
  <sequence_attribute camera_state="stable" sence_weather="cloudy"/>
  <ignored_region><box left="0.5" top="0.5" width="10" height="5"/></ignored_region>
  <frame num="1" density="2">
    <target_list>
      <target id="4">
        <box left="20" top="10" width="10" height="20"/>
        <attribute vehicle_type="Sedan" truncation_ratio="0.25" speed="1" orientation="0" color="Red"/>
        <occlusion>
          <region_overlap left="20" top="10" width="5" height="10" occlusion_id="7" occlusion_status="0"/>
          <region_overlap left="25" top="10" width="5" height="10" occlusion_id="0" occlusion_status="-1"/>
          <region_overlap left="20" top="10" width="10" height="20" occlusion_id="8" occlusion_status="1"/>
        </occlusion>
      </target>
      <target id="7">
        <box left="40.5" top="8" width="24.5" height="30"/>
        <attribute vehicle_type="Hovercraft"/>
      </target>
    </target_list>
  </frame>
  <frame num="2" density="1">
    <target_list>
      <target id="4">
        <box left="21" top="10" width="10" height="20"/>
        <attribute vehicle_type="Sedan" truncation_ratio="0"/>
      </target>
    </target_list>
  </frame>
</sequence>
"""


def mot15(root: Path) -> Made:
    return mot(root, "TINY-S1", MOT15_GT)


MOT15_GT = """1,9,20,10,10,20,1,-1,-1,-1
1,15,40,8,12.5,30,1,-1,-1,-1
2,9,21,10,10,20,1,-1,-1,-1
2,15,40,8,12,30,0,-1,-1,-1
"""


def mot(root: Path, name: str, gt: str) -> Made:
    folder = root / "train" / name
    text(
        folder / "seqinfo.ini",
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate=7\nseqLength=3\nimWidth=64\nimHeight=48\nimExt=.jpg\n",
    )
    pictures = {n: picture(folder / "img1" / f"{n:06}.jpg", seed=n) for n in (1, 2, 3)}
    return Made(root, name, pictures, text(folder / "gt" / "gt.txt", gt))


CAR = "Car 0.25 1 -1.57 20.00 10.00 30.00 30.00 1.50 1.60 3.90 3.00 0.00 4.00 -1.57"
WALKER = "Pedestrian 0 0 0.1 40 8 50 38 1.7 0.5 0.8 0 12 0 0.1"
DONT_CARE = "DontCare -1 -1 -10 1 1 12 6 -1 -1 -1 -1000 -1000 -1000 -10"


def kitti_object(root: Path) -> Made:
    half = root / "training"
    pictures = {n: picture(half / "image_2" / f"{n:06}.png", seed=n) for n in (0, 1, 2)}
    labels = text(half / "label_2" / "000000.txt", f"{CAR}\n{WALKER}\n{DONT_CARE}\n")
    text(half / "label_2" / "000001.txt", f"{CAR}\n")
    text(half / "label_2" / "000002.txt", "")
    return Made(root, "training", pictures, labels)


def kitti_tracking(root: Path) -> Made:
    half = root / "training"
    pictures = {n: picture(half / "image_02" / "0003" / f"{n:06}.png", seed=n) for n in (7, 8, 9)}
    lines = [f"7 2 {CAR}", f"7 5 {WALKER.replace('Pedestrian', 'Person')}", f"7 -1 {DONT_CARE}", f"8 2 {CAR}"]
    return Made(root, "0003", pictures, text(half / "label_02" / "0003.txt", "\n".join(lines) + "\n"))


def coco(root: Path) -> Made:
    pictures = {n: picture(root / "val2017" / f"{n:012}.jpg", seed=n) for n in (139, 285, 632)}
    return Made(
        root,
        "val2017",
        pictures,
        text(root / "annotations" / "instances_val2017.json", json.dumps(COCO_JSON)),
        parts=(root / "annotations", root / "annotations" / "instances_val2017.json"),
    )


COCO_JSON = {
    "info": {},
    "images": [{"id": n, "file_name": f"{n:012}.jpg", "width": WIDTH, "height": HEIGHT} for n in (632, 139, 285)],
    "categories": [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}],
    "annotations": [
        {"id": 1, "image_id": 139, "category_id": 3, "bbox": [20, 10, 10, 20], "area": 150.5, "iscrowd": 0},
        {"id": 2, "image_id": 139, "category_id": 1, "bbox": [40, 8, 12, 30], "iscrowd": 1, "segmentation": []},
        {"id": 3, "image_id": 285, "category_id": 1, "bbox": [40, 8, 12, 30], "area": 300, "iscrowd": 0},
    ],
}


def world(root: Path) -> Made:
    folder = root / "corner-day-rsu-1"
    folder.mkdir(parents=True)
    video = clip(folder / "video.mp4")
    lines = [
        {"seq": seq, "t_ns": seq * 10**8, "world_ns": seq * 10**8, "fault": "", "objects": objects}
        for seq, objects in enumerate((WORLD_OBJECTS, [], []))
    ]
    truth = folder / "truth.jsonl.gz"
    truth.write_bytes(gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode(), mtime=0))
    facts = {
        "format": "gilmok-world/1",
        "name": folder.name,
        "layout": "corner",
        "seed": 1,
        "condition": "day",
        "fps": 10.0,
        "frames": 3,
        "labels": ["person", "bicycle", "car", "bus", "truck"],
        "camera": {"name": "rsu-1"},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (video, truth)},
    }
    text(folder / "recording.json", json.dumps(facts))
    return Made(root, folder.name, dict.fromkeys(range(3), video), truth, WORLD_NOTE)


WORLD_NOTE = "drawn scenes of the built-in world: scores rank models and settings, they say nothing about real roads"
WORLD_OBJECTS = [
    {
        "track": track,
        "kind": label,
        "label": label,
        "role": "positive",
        "box": box,
        "amodal": box,
        "occluded": 0.0,
        "truncated": 0.0,
        "distance_m": 12.5,
        "position_m": [1.0, 12.5, 0.0],
        "heading_rad": 0.0,
    }
    for track, label, box in ((1, "car", [20, 10, 30, 30]), (2, "person", [40, 8, 50, 38]))
]
