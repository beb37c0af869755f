import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import gilmok

pytest.importorskip("cryptography")


@pytest.fixture
def signed(qualified: Path, tmp_path: Path) -> Path:
    """A signed copy of a report; its owner's keys are `owner.pem` and `owner.pub` beside it."""
    shutil.copytree(qualified, tmp_path / "report")
    assert gilmok.main(["qualify", "keygen", str(tmp_path / "owner")]) == 0
    key = str(tmp_path / "owner.pem")
    assert gilmok.main(["qualify", "sign", str(tmp_path / "report"), "--key", key]) == 0
    return tmp_path / "report"


def verify(report: Path, key: str = "owner.pub") -> int:
    return gilmok.main(["qualify", "verify", str(report), "--key", str(report.parent / key)])


def test_a_signed_report_verifies_wherever_it_is_copied(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(signed) == 0
    shutil.copytree(signed, signed.parent / "copy")
    assert verify(signed.parent / "copy") == 0
    assert "files are as the owner" in capsys.readouterr().out


def test_the_private_key_is_for_its_owners_eyes(signed: Path) -> None:
    assert (signed.parent / "owner.pem").stat().st_mode & 0o077 == 0


def change_figure(report: Path) -> None:
    path = report / "qualification.json"
    path.write_text(path.read_text().replace('"most": ', '"most": 1', 1))


def change_page(report: Path) -> None:
    path = report / "qualification.html"
    path.write_text(path.read_text().replace("INCONCLUSIVE", "PASS"))


def change_evidence(report: Path) -> None:
    (report / "evidence/loadgen/offline/latencies_ns.txt").write_text("1\n")


def lose_page(report: Path) -> None:
    (report / "qualification.html").unlink()


def add_file(report: Path) -> None:
    (report / "evidence/more.txt").write_text("")


def swap_names(report: Path) -> None:
    one, other = report / "qualification.json", report / "qualification.html"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def date_back(report: Path) -> None:
    path = report / "qualification.sig"
    path.write_text(path.read_text().replace('"signed_utc_ns": 1', '"signed_utc_ns": 2', 1))


def drop_from_list(report: Path) -> None:
    path = report / "qualification.sig"
    lines = [line for line in path.read_text().splitlines() if "offline/latencies" not in line]
    path.write_text("\n".join(lines))
    change_evidence(report)


def cut_signature(report: Path) -> None:
    path = report / "qualification.sig"
    path.write_bytes(path.read_bytes()[:100])


def unsign(report: Path) -> None:
    (report / "qualification.sig").unlink()


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (change_figure, "qualification.json was changed"),
        (change_page, "qualification.html was changed"),
        (change_evidence, "latencies_ns.txt was changed"),
        (lose_page, "qualification.html is missing"),
        (add_file, "evidence/more.txt was added"),
        (swap_names, "qualification.html was changed; qualification.json was changed"),
        (date_back, "doesn't belong to its list of files"),
        (drop_from_list, "doesn't belong to its list of files"),
        (cut_signature, "can't be read"),
        (unsign, "is not signed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_whatever_is_changed_is_named(
    signed: Path, tamper: Callable[[Path], None], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(signed)
    assert verify(signed) == 1
    assert told in capsys.readouterr().err


def test_another_key_does_not_verify(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gilmok.main(["qualify", "keygen", str(signed.parent / "stranger")])
    assert verify(signed, "stranger.pub") == 1
    assert "was not signed with this key" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["absent.pub", "owner.pem", "report/qualification.html"])
def test_what_is_no_public_key_is_told(signed: Path, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(signed, key) == 1
    assert "is no ed25519 key" in capsys.readouterr().err


def test_neither_a_key_nor_a_signature_is_overwritten(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gilmok.main(["qualify", "keygen", str(signed.parent / "owner")]) == 1
    assert gilmok.main(["qualify", "sign", str(signed), "--key", str(signed.parent / "owner.pem")]) == 1
    assert "the report is signed" in capsys.readouterr().err


def test_half_a_pair_of_keys_is_not_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    in_the_way = tmp_path / ".owner.pub.new"
    in_the_way.mkdir()
    assert gilmok.main(["qualify", "keygen", str(tmp_path / "owner")]) == 1
    assert "owner.pub can't be written" in capsys.readouterr().err
    in_the_way.rmdir()
    assert gilmok.main(["qualify", "keygen", str(tmp_path / "owner")]) == 0


def test_what_is_no_report_is_not_signed(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = signed.parent / "empty"
    empty.mkdir()
    assert gilmok.main(["qualify", "sign", str(empty), "--key", str(signed.parent / "owner.pem")]) == 1
    assert "there is no qualification.json" in capsys.readouterr().err
