"""What is tried: a folder of inputs for each command, and the command that reads them."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from gilmok import VERBS
from replay.cli.convert import LAYOUTS
from tests import layouts, roadside_layouts
from tests.fuzz.fleet_subjects import fleets, nodes, spools, stores
from tests.fuzz.subject import Subject
from tests.layouts import Made
from tests.makers import MAKERS
from tests.tiny import write_model, write_recording
from tests.tiny_campaign import Subject as Campaign
from tests.tiny_heads import write_head, zeros

REPOSITORY = Path(__file__).resolve().parents[2]

PATIENCE = 20
QUESTIONS = (
    ("replay", "report", "{here}/run"),
    ("replay", "whatif", "{here}/run", "--json"),
    ("replay", "profile", "{here}/run", "--profile", "official"),
    ("replay", "compare", "{here}/run", "{here}/other", "--resamples", "100", "--out", "{here}/page.html"),
    ("replay", "compare", "{here}/other", "{here}/run", "--resamples", "100", "--json"),
    ("replay", "gate", "{here}/gates.toml", "{here}/run", "--junit", "{here}/junit.xml"),
    ("replay", "trend", "{here}/trend.jsonl", "{here}/run", "--baseline", "{here}/base"),
    *(
        ("replay", "export", "{here}/run", "--to", kind, "--out", "{here}/out")
        for kind in ("coco", "csv", "kitti", "mot", "openlabel", "parquet")
    ),
)


def datasets(folder: Path) -> Iterator[Subject]:
    """Every layout, listed, checked, run, and written in others."""
    for place, (called, make) in enumerate({**MAKERS, **FILMED}.items()):
        base, kind = folder / called, called.removesuffix(" of a video")
        made = make(base / "data")
        write_model(base)
        common = ("--dataset", kind, "--root", "{here}/data")
        run = ("--name", made.name, "--model", "{here}/tiny.onnx", "--out", "{here}/out")
        for words in (
            ("replay", "list", *common, "--json"),
            ("replay", "check", *common),
            ("replay", "run", *common, *run),
            ("replay", "run", *common, *run, "--unsound", "--json"),
            ("replay", "run", "--root", "{here}/data", "--classes", "vehicle=car", *run[2:]),
            *(
                (
                    "replay",
                    "convert",
                    *common,
                    *run[:2],
                    "--to",
                    LAYOUTS[n % len(LAYOUTS)],
                    "--out",
                    "{here}/out",
                    "--yes",
                )
                for n in (place, place + 4)
            ),
            ("replay", "determinism", *common, *run[:4], "--repeats", "2", "--json"),
            ("model", "doctor", "{here}/tiny.onnx", *common, "--name", made.name, "--frames", "2", "--json"),
        ):
            yield Subject(words, base, ("data/**/*",))


def filmed_coco(root: Path) -> Made:
    labels = layouts.coco(root / "other").labels
    layouts.clip(root / "clip.mp4")
    return Made(root, "clip", {}, Path(shutil.move(labels, root / "clip.json")))


def filmed_openlabel(root: Path) -> Made:
    made = roadside_layouts.openlabel(root)
    tree = json.loads(made.labels.read_bytes())
    for frame in tree["openlabel"]["frames"].values():
        frame.pop("frame_properties", None)
    made.labels.write_text(json.dumps(tree))
    layouts.clip(made.labels.with_suffix(".mp4"))
    return made


FILMED: dict[str, Callable[[Path], Made]] = {
    "coco of a video": filmed_coco,
    "openlabel of a video": filmed_openlabel,
}


def heads(folder: Path) -> Iterator[Path]:
    """Networks as trainers export them: labels in their notes, open sides, suppression inside, queries."""
    noted = {"author": "Ultralytics", "names": "{0: 'person', 1: 'car'}", "stride": "32", "imgsz": "[64, 64]"}
    yield write_head(folder / "head-yolov8.onnx", {"output0": zeros(1, 6, 84)}, metadata={**noted, "task": "detect"})
    yield write_head(
        folder / "head-open.onnx", {"output0": zeros(1, 6, 84)}, size=("h", "w"), batch="n", metadata=noted
    )
    end2end = {**noted, "end2end": "True"}
    yield write_head(folder / "head-end2end.onnx", {"output0": zeros(1, 300, 6)}, metadata=end2end)
    queries = {"logits": zeros(1, 9, 2), "pred_boxes": zeros(1, 9, 4)}
    yield write_head(folder / "head-detr.onnx", queries, metadata={"names": "['person', 'car']"})


def models(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    base = folder / "model"
    base.mkdir()
    write_model(base)
    layouts.picture(base / "pictures" / "1.png")
    layouts.picture(base / "pictures" / "2.jpg")
    shutil.copy(folder / "world/data/corner-day-rsu-1/video.mp4", base / "video.mp4")
    own = ("tiny.*",)
    yield Subject(("model", "show", "{here}/tiny.onnx", "--json"), base, own)
    yield Subject(("model", "verify", "{here}/tiny.onnx"), base, own)
    yield Subject(("model", "add", "mine", "{here}/tiny.onnx", "--manifest", "{here}/tiny.toml"), base, own)
    yield Subject(("model", "add", "mine", "{here}/tiny.onnx", "--json"), base, ("tiny.onnx",))
    shot = ("--out", "{here}/frame.png", "--model")
    for source in ("pictures", "pictures/1.png", "pictures/2.jpg", "video.mp4"):
        mutable = ("pictures/*", "video.mp4", "tiny.*")
        yield Subject(("camera", "view", f"{{here}}/{source}", *shot, "{here}/tiny.onnx"), base, mutable)
    for head in heads(base):
        yield Subject(("model", "add", "mine", f"{{here}}/{head.name}", "--json"), base, (head.name,))
        view = ("camera", "view", "{here}/pictures", *shot, f"{{here}}/{head.name}")
        yield Subject(view, base, (head.name,))
    yield from store_of_models(folder, call)


def store_of_models(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """A store with a model in it, in good and in bad order."""
    base = folder / "models"
    base.mkdir()
    (base / "pictures").symlink_to(folder / "model" / "pictures")
    tiny = folder / "model" / "tiny.onnx"
    call("model", "add", "mine", tiny, "--manifest", tiny.with_suffix(".toml"), home=base)
    kept = ("home/**/*",)
    for words in (
        ("list",),
        ("list", "--json"),
        ("show", "mine", "--json"),
        ("verify",),
        ("add", "mine", str(tiny), "--manifest", str(tiny.with_suffix(".toml"))),
        ("add", "other", str(tiny), "--manifest", str(tiny.with_suffix(".toml")), "--json"),
    ):
        yield Subject(("model", *words), base, kept)
    yield Subject(("camera", "view", "{here}/pictures", "--out", "{here}/a.png", "--model", "mine"), base, kept)


def runs(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """Run folders, and everything that reads them. `call` runs a command beside this process."""
    base = folder / "runs"
    base.mkdir()
    model, root = write_model(base), write_recording(base / "mot")
    for name in ("run", "other", "base"):
        asked = ["replay", "run", "--dataset", "mot", "--root", root, "--name", "WALK", "--model", model, "--no-report"]
        for _ in range(PATIENCE):
            shutil.rmtree(base / name, ignore_errors=True)
            call(*asked, "--pace", "realtime", "--out", base / name)
            # On a busy machine the camera may be late.
            if json.loads((base / name / "summary.json").read_text())["valid"]:
                break
    shutil.copy(REPOSITORY / "examples" / "gates.toml", base / "gates.toml")
    call("replay", "trend", base / "trend.jsonl", base / "other", "--baseline", base / "base")
    for words in QUESTIONS:
        yield Subject(
            words, base, ("run/**/*.json*", "run/**/*.json*", "other/**/*.json*", "gates.toml", "trend.jsonl")
        )


def submissions(folder: Path) -> Iterator[Subject]:
    base = folder / "score"
    shutil.copytree(REPOSITORY / "examples" / "score", base)
    for metric in ("coco", "sap", "kitti", "hota"):
        files = ("--truth", "{here}/truth.json", "--outputs", "{here}/outputs.json")
        yield Subject(("replay", "score", *files, "--metric", metric, "--json"), base, ("*.json",))


def qualifications(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """What a campaign of some seconds leaves; slow to make."""
    base = folder / "qualified"
    base.mkdir()
    campaign = Campaign(write_model(base), write_recording(base / "mot"))
    call(*campaign.words(base / "a"))
    call("qualify", "keygen", base / "key")
    call("qualify", "sign", base / "a", "--key", base / "key.pem")
    records = ("a/*.json", "a/*.sig", "key.pub")
    files = ("a/*", "key.*")
    yield Subject(("qualify", "keygen", "{here}/new"), base, files)
    yield Subject(("qualify", "sign", "{here}/a", "--key", "{here}/key.pem"), base, files)
    there = Campaign(Path("{here}/tiny.onnx"), Path("{here}/mot"))
    verb, *words = there.words(Path("{here}/b"))
    yield Subject((verb, "run", *words), base, ("tiny.*", "mot/**/*"), slow=True)
    yield Subject(("qualify", "compare", "{here}/a", "{here}/a", "--out", "{here}/page.html"), base, records)
    yield Subject(("qualify", "verify", "{here}/a", "--key", "{here}/key.pub"), base, records)
    yield Subject(("qualify", "rerun", "{here}/a", "--out", "{here}/b"), base, records, slow=True)


def commands(folder: Path) -> Iterator[Subject]:
    """Commands whose input is mostly their words."""
    base = folder / "words"
    base.mkdir()
    write_model(base)
    (base / "note.txt").write_text("7\n")
    world = ("world", "render", "--seconds", "0.2", "--fps", "5", "--size", "64x48", "--cameras", "rsu-1")
    faults = ("--fault", "freeze@0-0.1", "--out", "{here}/out", "--cache", "{here}/cache")
    compiled = ("model", "compile", "{here}/tiny.onnx", "--backend", "onnxruntime", "--set", "a=1", "--json")
    yield Subject((*world, *faults), base, ("note.txt",), slow=True)
    yield Subject(compiled, base, ("tiny.*",), slow=True)
    yield Subject(("backend", "list", "--json"), base, ("note.txt",))
    yield Subject(("backend", "check", "emulated", "--option", "a=1", "--json"), base, ("note.txt",))
    yield Subject(("backend", "network", "{here}/net.onnx"), base, ("note.txt",))
    # It needs no environment of its own: nothing is installed.
    yield Subject(("backend", "install", "onnxruntime"), base, ("note.txt",))


def demonstrations(folder: Path) -> Iterator[Subject]:
    """Four nodes, or as many as there are recordings of the drawn world."""
    base = folder / "world"
    words = ("demo", "--seconds", "0.3", "--recordings", "{here}/data", "--model", "{here}/tiny.onnx")
    yield Subject((*words, "--out", "{here}/out"), base, ("data/**/*", "tiny.*"), slow=True)


def prepared(folder: Path, call: Callable[..., None], *, quickly: bool) -> list[Subject]:
    """Every subject, with its inputs made in `folder`; `quickly` without those that take their time."""
    found = [*datasets(folder), *models(folder, call), *submissions(folder), *nodes(folder), *commands(folder)]
    if quickly:
        return [one for one in found if not one.slow and not one.lives]
    found += [*demonstrations(folder), *runs(folder, call), *spools(folder, call), *stores(folder, call)]
    return [*found, *qualifications(folder, call), *fleets(folder, call)]


def untried(subjects: list[Subject], call: Callable[..., None], said: Path) -> list[str]:
    """The verbs that no subject calls, as the programs' own helps list them."""
    tried = {words for one in subjects for words in (one.words[:1], one.words[:2])}
    missing = []
    for verb in VERBS:
        first = tuple(verb.split())
        call(*first, "--help")
        inner = [(*first, name) for name in SUB_VERB.findall((said / "stdout").read_text())]
        missing += [" ".join(words) for words in inner or [first] if words not in tried]
    return missing


SUB_VERB = re.compile(r"^    ([a-z]+)(?:\s|$)", re.MULTILINE)
