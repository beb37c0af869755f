import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import gilmok
from models.bundle.bundle import EXPECTED, INDEX, MANIFEST, PATCH, SBOM, BundleWrong, FileEntry, decoded
from models.bundle.making import BundleTaken, IngredientAbsent, NameUnfit, make
from models.bundle.verify import VerifiedBundle, verify
from tests.bundles import ingredients, relisted, tiny_bundle


def test_a_bundle_that_was_made_is_what_it_says_wherever_it_lies(made: VerifiedBundle, bundle: Path) -> None:
    moved = bundle.rename(bundle.with_name("elsewhere, under another name"))
    found = verify(moved, made.digest)
    assert found.artefact.path == moved / "model/tiny.onnx"
    assert (found.bundle, found.expected) == (made.bundle, made.expected)


def test_the_same_ingredients_make_the_same_bytes(made: VerifiedBundle, tmp_path: Path) -> None:
    assert tiny_bundle(tmp_path).digest == made.digest


def test_a_bit_flipped_anywhere_is_told_with_its_file(bundle: Path, made: VerifiedBundle) -> None:
    chance, digest = random.Random(7), made.digest
    for name in [*decoded((bundle / INDEX).read_bytes(), bundle).files, INDEX]:
        content = (bundle / name).read_bytes()
        place = chance.randrange(len(content))
        flipped = content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
        (bundle / name).write_bytes(flipped)
        # A list that happens to be one still is another bundle.
        asked = digest if name == INDEX else ""
        with pytest.raises(BundleWrong) as told:
            verify(bundle, asked)
        assert str(bundle / name) in told.value.sentence or name == INDEX
        (bundle / name).write_bytes(content)
    verify(bundle)


def link(bundle: Path) -> None:
    (bundle / MANIFEST).rename(bundle.with_name("kept"))
    (bundle / MANIFEST).symlink_to(bundle.with_name("kept"))


def linked_folder(bundle: Path) -> None:
    (bundle / "self-test").rename(bundle.with_name("kept"))
    (bundle / "self-test").symlink_to(bundle.with_name("kept"))


def linked_list(bundle: Path) -> None:
    (bundle / INDEX).rename(bundle / "x")
    (bundle / INDEX).symlink_to("x")


def more_depth(bundle: Path) -> None:
    (bundle / "model/a/b/c/d/e/f/g/h/i").mkdir(parents=True)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "it is no part of the bundle": lambda bundle: (bundle / "model/setup.py").write_text("import os"),
    "it is missing": lambda bundle: (bundle / SBOM).unlink(),
    "it is a link, or no file": link,
    "or no file": linked_folder,
    "no file": lambda bundle: os.mkfifo(bundle / "model/pipe"),
    "it is an empty folder": lambda bundle: (bundle / "artefact").mkdir(),
    "it has 3 bytes, not": lambda bundle: (bundle / EXPECTED).write_bytes(b"{}\n"),
    "it is a link": linked_list,
    "can't be read": lambda bundle: (bundle / INDEX).unlink(),
    "link": more_depth,
}


@pytest.mark.parametrize("why", DAMAGES)
def test_a_folder_that_holds_anything_else_is_refused(bundle: Path, why: str) -> None:
    DAMAGES[why](bundle)
    with pytest.raises(BundleWrong, match=why):
        verify(bundle)


LISTS: dict[str, Callable[[dict[str, object]], object]] = {
    "of version 2": lambda told: told.update(schema=2, news=1),
    "unknown field `?'?news": lambda told: told.update(news=1),
    "leads elsewhere": lambda told: told["files"].update({"../../etc/passwd": told["files"].pop(SBOM)}),  # type: ignore
    "has a character": lambda told: told["files"].update({"a\x1b[2J": told["files"].pop(SBOM)}),  # type: ignore
    "are one": lambda told: told["files"].update({"SBOM.cdx.json": told["files"][SBOM]}),  # type: ignore[attr-defined,index]
    "the most is": lambda told: told["files"][SBOM].update(bytes=10**12),  # type: ignore[index]
    "at least 1|length >= 1": lambda told: told.update(good_for=[]),
    "no part of a bundle lies": lambda told: told["files"].update({"bin/sh": told["files"][SBOM]}),  # type: ignore
    "it lists no": lambda told: told["files"].pop(EXPECTED),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("why", LISTS)
def test_a_list_that_says_what_no_bundle_says_is_refused(bundle: Path, why: str) -> None:
    told = json.loads((bundle / INDEX).read_bytes())
    LISTS[why](told)
    told["files"] = dict(sorted(told["files"].items()))
    (bundle / INDEX).write_text(json.dumps(told, indent=2) + "\n")
    with pytest.raises(BundleWrong, match=why):
        verify(bundle)


def test_a_list_that_reads_the_same_in_other_bytes_is_refused(bundle: Path) -> None:
    (bundle / INDEX).write_bytes((bundle / INDEX).read_bytes() + b"\n")
    with pytest.raises(BundleWrong, match="not written as gilmok writes it"):
        verify(bundle)


def test_weights_that_a_graph_looks_for_outside_are_refused(bundle: Path) -> None:
    graph = onnx.load(str(bundle / "model/tiny.onnx"))
    weights = numpy_helper.from_array(np.zeros(4, np.float32), "more")
    onnx.external_data_helper.set_external_data(weights, location="../../secret.bin")
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    graph.graph.initializer.append(weights)
    (bundle / "model/tiny.onnx").write_bytes(graph.SerializeToString())
    relisted(bundle)
    with pytest.raises(BundleWrong):
        verify(bundle)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("[backend.options]\nthreads = 2\n", ""),
        ("[backend.options]\ncache = '/etc'\n", "may not change the option 'cache'"),
        ("[backend.options]\nhint = '../x'\n", "hint"),
        ("[broker]\nhost = 'elsewhere'\n", "broker"),
        ("state = '/'\n", "state"),
    ],
)
def test_a_patch_changes_what_is_on_the_list_and_nothing_else(bundle: Path, patch: str, why: str) -> None:
    (bundle / PATCH).write_text(patch)
    relisted(bundle)
    if not why:
        assert verify(bundle).patch.backend.options == {"threads": 2}
        return
    with pytest.raises(BundleWrong, match=why):
        verify(bundle)


def test_a_self_test_that_names_a_file_elsewhere_is_refused(bundle: Path) -> None:
    (bundle / EXPECTED).write_text((bundle / EXPECTED).read_text().replace("frame-0.png", "../model/tiny.onnx"))
    relisted(bundle)
    with pytest.raises(BundleWrong, match="no file of the bundle"):
        verify(bundle)


def test_what_is_there_is_never_overwritten_and_what_fails_leaves_nothing(tmp_path: Path) -> None:
    made = tiny_bundle(tmp_path)
    of = ingredients(tmp_path)
    with pytest.raises(BundleTaken):
        make(of, made.folder)
    for name in ("../x", "a/b", "a\x1b", ""):
        with pytest.raises(NameUnfit):
            make(ingredients(tmp_path, name=name), tmp_path / "other")
    of.artefact.path.unlink()
    with pytest.raises(IngredientAbsent, match=r"tiny\.onnx can't be read"):
        make(of, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "tiny.toml"]


def test_the_entry_of_a_file_is_its_size_and_digest(made: VerifiedBundle) -> None:
    entry = made.bundle.files["model/tiny.onnx"]
    assert entry == FileEntry(bytes=made.artefact.path.stat().st_size, sha256=made.artefact.sha256)


def test_the_command_line_verifies_and_shows(
    bundle: Path, made: VerifiedBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gilmok.main(["bundle", "verify", str(bundle), "--digest", made.digest]) == 0
    assert made.digest in capsys.readouterr().out
    assert gilmok.main(["bundle", "show", str(bundle), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["digest"], told["self_test"]["boxes"]) == (made.digest, made.expected.boxes)
    (bundle / SBOM).write_bytes(b"")
    assert gilmok.main(["bundle", "show", str(bundle)]) == 1
    assert "sbom.cdx.json: it has 0 bytes" in capsys.readouterr().err
