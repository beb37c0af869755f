import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import tomli_w

import gilmok
from models import adding, catalogue
from models.adding import NameTaken, NameUnusable
from models.catalogue import DigestWrong, ModelAbsent, ModelUnknown, StoreUnusable
from models.decoders.cells import OutputsUnfit
from models.fetch import FetchFailed, digest
from models.onnxfile import ModelFileBroken
from models.own_manifest import FileUnrecognised
from models.recognise.questions import NoDetector
from sensors.config import ConfigMissing, ConfigWrong
from tests.tiny_models import sums

MINIMAL = {
    "outputs": [[1, 1, 8]],
    "decoder": "yolox",
    "decoder_options": {"strides": [4]},
    "labels": ["a", "b", "c"],
    "input": {"width": 4, "height": 4, "colour": "BGR", "resize": "stretch"},
    "suppression": {"score_floor": 0.1, "iou": 0.5},
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GILMOK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "desk").mkdir()
    return sums(tmp_path / "desk" / "mine.onnx")


def written(path: Path, **more: object) -> Path:
    path.write_text(tomli_w.dumps({**MINIMAL, **more}), encoding="utf-8")
    return path


def leftovers(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() or path.name[0] == ".")


@pytest.fixture
def server(model: Path) -> Iterator[str]:
    """The folder of `model` on the web, with a file that promises more bytes than it sends."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            if self.path != "/broken.onnx":
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)
            return None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=model.parent)) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def test_a_model_of_ones_own_needs_only_say_what_its_file_does_not(model: Path, home: Path) -> None:
    added, artefact = adding.add("my-net", str(model), written(model.with_name("any.toml")))
    assert (added.name, added.file, added.sha256) == ("my-net", "mine.onnx", digest(model))
    assert added.bytes == model.stat().st_size
    assert artefact.path == home / "models/my-net/mine.onnx"
    assert artefact.path.read_bytes() == model.read_bytes()
    assert catalogue.known()["my-net"] == added
    assert catalogue.locate("my-net") == (added, artefact)
    assert leftovers(home) == ["models/my-net/manifest.toml", "models/my-net/mine.onnx"]


def test_a_file_beside_its_manifest_is_what_that_manifest_says(model: Path) -> None:
    written(model.with_suffix(".toml"), summary="on my desk")
    manifest, artefact = catalogue.locate(str(model))
    assert (manifest.name, manifest.summary) == ("mine", "on my desk")
    assert artefact.path == model


def test_a_file_elsewhere_is_recognised_by_its_digest(model: Path, tmp_path: Path) -> None:
    added, _ = adding.add("my-net", str(model), written(model.with_name("any.toml")))
    copy = tmp_path / "renamed.bin"
    copy.write_bytes(model.read_bytes())
    manifest, artefact = catalogue.locate(str(copy))
    assert (manifest, artefact.path) == (added, copy)


def test_a_file_that_nobody_knows_and_that_tells_nothing_of_itself_is_refused(model: Path) -> None:
    with pytest.raises(FileUnrecognised, match=r"has no manifest[\s\S]*gilmok model add NAME"):
        catalogue.locate(str(model))


def test_a_damaged_file_under_a_known_name_is_told_apart_from_a_stranger(tmp_path: Path) -> None:
    damaged = tmp_path / "yolox_nano.onnx"
    damaged.write_bytes(b"half a model")
    with pytest.raises(DigestWrong, match=r"'yolox-nano': expected 3,660,092 bytes .* found 12 bytes"):
        catalogue.locate(str(damaged))


def test_a_known_model_without_its_file_names_the_official_source() -> None:
    with pytest.raises(ModelAbsent, match=r"not in the store[\s\S]*https://github.com/[\s\S]*model add yolox-nano"):
        catalogue.locate("yolox-nano")


def test_a_name_that_is_neither_model_nor_file_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match=r"'yolox'[\s\S]*fastestdet, gilmok-mini"):
        catalogue.locate("yolox")


def test_a_stored_file_that_changed_is_refused(model: Path) -> None:
    _, artefact = adding.add("my-net", str(model), written(model.with_name("any.toml")))
    artefact.path.write_bytes(artefact.path.read_bytes()[:-1])
    with pytest.raises(DigestWrong, match="my-net"):
        catalogue.locate("my-net")


def test_the_wrong_file_for_a_known_model_never_reaches_the_store(model: Path, home: Path) -> None:
    with pytest.raises(DigestWrong, match=r"expected 998,169 bytes with sha256 31cb[\s\S]*official source"):
        adding.add("fastestdet", str(model))
    assert leftovers(home) == []


def test_the_right_file_for_a_known_model_lands_and_may_land_again(shared: Path, home: Path) -> None:
    source = str(shared / "models/FastestDet.onnx")
    for _ in range(2):
        adding.add("fastestdet", source)
        assert leftovers(home) == ["models/fastestdet/FastestDet.onnx"]
    assert catalogue.locate("fastestdet")[1].path == home / "models/fastestdet/FastestDet.onnx"


def test_a_url_is_fetched_with_progress(model: Path, server: str, home: Path) -> None:
    told: list[tuple[int, int | None]] = []
    _, artefact = adding.add(
        "my-net", f"{server}/mine.onnx?raw=true", written(model.with_name("any.toml")), lambda *seen: told.append(seen)
    )
    assert artefact.path.read_bytes() == model.read_bytes()
    assert told[-1] == (model.stat().st_size, model.stat().st_size)
    assert leftovers(home) == ["models/my-net/manifest.toml", "models/my-net/mine.onnx"]


@pytest.mark.parametrize(
    ("name", "why"), [("absent.onnx", "404"), ("broken.onnx", "broke off after 10 of 1,000 bytes")]
)
def test_a_download_that_fails_leaves_nothing_behind(model: Path, server: str, home: Path, name: str, why: str) -> None:
    with pytest.raises(FetchFailed, match=why):
        adding.add("my-net", f"{server}/{name}", written(model.with_name("any.toml")))
    assert leftovers(home) == []


@pytest.mark.parametrize("source", ["http://127.0.0.1:9/mine.onnx", "http://", "/no/such/file.onnx", "/"])
def test_a_source_that_is_not_there_is_one_clear_line(model: Path, home: Path, source: str) -> None:
    with pytest.raises(FetchFailed, match="can't fetch"):
        adding.add("my-net", source, written(model.with_name("any.toml")))
    assert leftovers(home) == []


def test_a_model_cut_short_is_refused_though_no_digest_is_known(model: Path, home: Path) -> None:
    model.write_bytes(model.read_bytes()[:-20])
    with pytest.raises(ModelFileBroken, match="in the middle"):
        adding.add("my-net", str(model), written(model.with_name("any.toml")))
    assert leftovers(home) == []


def test_a_manifest_whose_decoder_reads_something_else_is_refused(model: Path, home: Path) -> None:
    with pytest.raises(OutputsUnfit, match="doesn't fit its decoder 'fastestdet'"):
        adding.add("my-net", str(model), written(model.with_name("any.toml"), decoder="fastestdet", decoder_options={}))
    assert leftovers(home) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"decodr": "yolox"}, "unknown key 'decodr'"),
        ({"outputs": "many"}, "outputs = 'many'"),
        ({"name": "other"}, "the manifest of 'other'"),
        ({"file": "../mine.onnx"}, "not a path"),
    ],
)
def test_a_wrong_manifest_names_the_key(model: Path, home: Path, more: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigWrong, match=why):
        adding.add("my-net", str(model), written(model.with_name("any.toml"), **more))
    assert leftovers(home) == []


def test_a_missing_manifest_is_named(model: Path) -> None:
    with pytest.raises(ConfigMissing, match=r"nowhere\.toml"):
        adding.add("my-net", str(model), model.with_name("nowhere.toml"))


def test_an_unknown_model_without_a_manifest_that_nobody_recognises_is_refused(model: Path) -> None:
    with pytest.raises(NoDetector, match=r"answer \[1, 1, 3\][\s\S]*manifest"):
        adding.add("my-net", str(model))


@pytest.mark.parametrize("name", ["yolox-nano", "my-net"])
def test_a_name_is_taken_once(model: Path, name: str) -> None:
    manifest = written(model.with_name("any.toml"))
    adding.add("my-net", str(model), manifest)
    with pytest.raises(NameTaken, match=name):
        adding.add(name, str(model), written(model.with_name("other.toml"), labels=["x", "y", "z"]))


@pytest.mark.parametrize("name", ["", "..", "a/b", "ä", "my net"])
def test_a_name_that_is_no_folder_name_is_refused(model: Path, name: str) -> None:
    with pytest.raises(NameUnusable):
        adding.add(name, str(model), written(model.with_name("any.toml")))


def test_a_store_that_can_not_be_used_is_one_clear_line(model: Path, home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(StoreUnusable, match=r"GILMOK_HOME"):
        adding.add("my-net", str(model), written(model.with_name("any.toml")))


def test_of_a_full_disk_it_is_told_that_it_is_full_whatever_else_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "LEAST_BYTES", 2**62)  # more than any disk has
    with (
        pytest.raises(StoreUnusable, match=r"No space left on device\n  make room there"),
        catalogue.aside(".x-") as made,
    ):
        raise ModelFileBroken(made, "basic_ios::clear")
    assert list((home / "models").iterdir()) == []


def test_the_same_model_added_again_is_there_already_and_another_is_refused(model: Path, home: Path) -> None:
    manifest = written(model.with_name("any.toml"))
    first, _ = adding.add("my-net", str(model), manifest)
    copied = model.with_name("copy.onnx")
    copied.write_bytes(model.read_bytes())
    again, artefact = adding.add("my-net", str(model), manifest)
    assert (again, artefact.path.is_file()) == (first, True)
    with pytest.raises(NameTaken):
        adding.add("my-net", str(model), written(model.with_name("other.toml"), labels=["x", "y", "z"]))
    assert catalogue.known()["my-net"] == first
    assert leftovers(home) == ["models/my-net/manifest.toml", "models/my-net/mine.onnx"]


def test_of_several_that_add_one_name_at_once_one_wins_and_the_others_are_told(model: Path) -> None:
    manifests = [written(model.with_name(f"any{n}.toml"), labels=[f"{n}a", f"{n}b", f"{n}c"]) for n in range(8)]
    together = threading.Barrier(len(manifests))

    def add(manifest: Path) -> str:
        together.wait()
        try:
            return str(adding.add("my-net", str(model), manifest)[0].labels[0])
        except NameTaken:
            return ""

    with ThreadPoolExecutor(len(manifests)) as threads:
        won = [label for label in threads.map(add, manifests) if label]
    assert won == [catalogue.known()["my-net"].labels[0]]


def test_a_broken_manifest_in_the_store_stops_no_other_model(
    model: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adding.add("my-net", str(model), written(model.with_name("any.toml")))
    broken = home / "models" / "torn"
    broken.mkdir()
    (broken / "manifest.toml").write_text("name = ")
    assert catalogue.locate("my-net")[0].name == "my-net"
    with pytest.raises(ConfigWrong, match="is not TOML"):
        catalogue.locate("torn")
    with pytest.raises(NameTaken):
        adding.add("torn", str(model), written(model.with_name("any.toml")))
    assert gilmok.main(["model", "list"]) == 0
    told = capsys.readouterr()
    assert "my-net" in told.out
    assert "model torn can't be used" in told.err
    assert gilmok.main(["model", "verify"]) == 1


def test_a_model_without_an_origin_is_from_where_it_was_taken(model: Path) -> None:
    added, _ = adding.add("my-net", str(model), written(model.with_name("any.toml")))
    assert added.origin.url == str(model.absolute())
