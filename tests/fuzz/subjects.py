"""What is tried: a folder of inputs for each command, and the command that reads them."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import layouts
from tests.makers import MAKERS
from tests.tiny import write_model, write_recording
from tests.tiny_campaign import Subject as Campaign

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Subject:
    words: tuple[str, ...]
    """The command; `{here}` is the trial's own copy of the folder."""
    base: Path
    mutable: tuple[str, ...]
    """Globs of the files that are spoilt."""
    lives: bool = False
    """It runs until it is told to stop."""
    slow: bool = False

    @property
    def name(self) -> str:
        return " ".join(self.words).replace("{here}", self.base.name)


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
NODE = """\
name = "n"
site = "s"
run = "r"
kind = "roadside"
state = "state"
model = { file = "tiny.onnx" }
[broker]
url = "mqtt://127.0.0.1:9"
[[streams]]
name = "north"
pace = "lockstep"
[streams.source]
kind = "recording"
options = { dataset = "mot", root = "mot", recording = "WALK" }
"""
HUB = 'store = "hub.sqlite"\n[embedded]\nport = 0\nfolder = "broker"\n[[truth]]\ndataset = "mot"\nroot = "mot"\n'


def datasets(folder: Path) -> Iterator[Subject]:
    """Every layout, listed, checked and run."""
    for kind, make in MAKERS.items():
        base = folder / kind
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
            ("replay", "convert", *common, "--to", "coco", "--out", "{here}/out", "--yes"),
            ("replay", "determinism", *common, *run[:4], "--repeats", "2", "--json"),
            ("model", "doctor", "{here}/tiny.onnx", *common, "--name", made.name, "--frames", "2", "--json"),
        ):
            yield Subject(words, base, ("data/**/*",))


def models(folder: Path) -> Iterator[Subject]:
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
    view = ("--out", "{here}/frame.png", "--model", "{here}/tiny.onnx")
    for source in ("pictures", "pictures/1.png", "pictures/2.jpg", "video.mp4"):
        yield Subject(("camera", "view", f"{{here}}/{source}", *view), base, ("pictures/*", "video.mp4", "tiny.*"))


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


def nodes(folder: Path) -> Iterator[Subject]:
    """Programs that live until they are stopped, and whole scenarios."""
    base = folder / "node"
    base.mkdir()
    write_model(base)
    write_recording(base / "mot")
    (base / "node.toml").write_text(NODE)
    (base / "hub.toml").write_text(HUB)
    streams = NODE[NODE.index("[[streams]]") :].replace("[[streams]]", "[[nodes.streams]]")
    own = 'name = "n"\nkind = "roadside"\nmodel = { file = "tiny.onnx" }\n'
    sources = streams.replace("[streams.source]", "[nodes.streams.source]")
    (base / "scenario.toml").write_text(f'name = "x"\nsite = "s"\n[[nodes]]\n{own}{sources}')
    yield Subject(("node", "run", "{here}/node.toml"), base, ("node.toml",), lives=True)
    yield Subject(("hub", "run", "{here}/hub.toml"), base, ("hub.toml",), lives=True)
    yield Subject(("hub", "nodes", "--hub", "{here}/hub.toml", "--json"), base, ("hub.toml",))
    yield Subject(("run", "{here}/scenario.toml", "--out", "{here}/out"), base, ("scenario.toml",), slow=True)


def stores(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """A hub's store after a scenario; slow to make."""
    base = folder / "store"
    call("run", folder / "node" / "scenario.toml", "--out", base)
    store = ("--store", "{here}/parts/hub.sqlite")
    for words in (("nodes",), ("runs",), ("refused",), ("report", "store")):
        yield Subject(("hub", *words, *store, "--json"), base, ("parts/hub.sqlite",))
        yield Subject(("hub", *words, *store), base, ("parts/hub.sqlite",))
    shutil.copy(base / "parts/hub.sqlite", base / "copy.sqlite")
    for asked in (
        ("history", "--since", "7d ago", "--step", "1h", "--json"),
        ("rollup",),
        ("prune", "--days", "1"),
        ("migrate",),
        ("backup", "{here}/other.sqlite"),
        ("export", "--parquet", "{here}/out", "--json"),
    ):
        yield Subject(("hub", *asked, *store), base, ("parts/hub.sqlite",))
    yield Subject(("hub", "restore", "--store", "{here}/new.sqlite", "{here}/copy.sqlite"), base, ("copy.sqlite",))


def fleets(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """A fleet's authority and what it issued, and a broker that isn't there."""
    base = folder / "fleet"
    call("fleet", "enrol", "one", "--fleet", base)
    call("fleet", "enrol", "two", "--fleet", base)
    call("fleet", "revoke", "two", "--fleet", base)
    for words in (
        ("enrol", "three", "--host", "127.0.0.1", "--days", "7"),
        ("renew", "one"),
        ("revoke", "one"),
        ("list", "--json"),
        ("acl", "--for", "mosquitto"),
        ("acl", "--for", "nats"),
    ):
        yield Subject(("fleet", *words, "--fleet", "{here}"), base, ("**/*",))
    load = ("--nodes", "2", "--rate", "2", "--seconds", "1", "--patience", "1", "--json")
    yield Subject(("fleet", "simulate", "--broker", "mqtt://127.0.0.1:9", *load), base, ("*.json",), lives=True)


def qualifications(folder: Path, call: Callable[..., None]) -> Iterator[Subject]:
    """What a campaign of some seconds leaves; slow to make."""
    base = folder / "qualified"
    base.mkdir()
    campaign = Campaign(write_model(base), write_recording(base / "mot"))
    call(*campaign.words(base / "a"))
    call("qualify", "keygen", base / "key")
    call("qualify", "sign", base / "a", "--key", base / "key.pem")
    records = ("a/*.json", "a/*.sig", "key.pub")
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


def prepared(folder: Path, call: Callable[..., None], *, quickly: bool) -> list[Subject]:
    """Every subject, with its inputs made in `folder`; `quickly` without those that take their time."""
    found = [*datasets(folder), *models(folder), *submissions(folder), *nodes(folder), *commands(folder)]
    if quickly:
        return [one for one in found if not one.slow and not one.lives]
    return [*found, *runs(folder, call), *stores(folder, call), *qualifications(folder, call), *fleets(folder, call)]
