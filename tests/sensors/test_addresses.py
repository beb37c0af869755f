import pytest

from sensors.addresses import without_login, without_logins
from sensors.errors import GilmokError


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://user:secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp:/user:secret@cam/1", "rtsp:/***@cam/1"),
        ("mqtt://user:se/cr@et@hub:99999", "mqtt://***@hub:99999"),
        ("user:secret@hub", "***@hub"),
        ("mqtt:user:secret@hub", "***@hub"),
        ("mqtt://hub:1883", "mqtt://hub:1883"),
        ("rtsp://cam/1?user=a&password=secret", "rtsp://cam/1?***"),
        ("rtsp://user:sec?ret@cam/1?password=secret", "rtsp://***@cam/1?***"),
        ("freeze@5-3:0.5", "freeze@5-3:0.5"),
        ("cam@home.mp4", "cam@home.mp4"),
        ("", ""),
    ],
)
def test_no_letter_of_a_login_is_shown(address: str, shown: str) -> None:
    assert without_login(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://user:secret@camera:554/x",
        "rtsp:/user:secret@camera/x",
        "mqtt://user:se@cret@hub:18833",
        "https://secret@host/p?q=secret@1",
    ],
)
def test_no_error_quotes_a_login(address: str) -> None:
    error = GilmokError(f"the video {address} is not there", f"try {address} again")
    assert "cret" not in str(error)
    assert "***@" in error.sentence
    assert "***@" in error.hint


def test_no_error_quotes_a_query() -> None:
    error = GilmokError("can't fetch 'https://host/m.onnx?token=secret': gone", "is rtsp://cam right?")
    assert str(error).startswith("can't fetch 'https://host/m.onnx?***': gone")
    assert error.hint == "is rtsp://cam right?"


def test_an_address_of_mail_is_left_as_it_is() -> None:
    assert str(GilmokError("write to somebody@example.org")) == "write to somebody@example.org"


def test_a_login_whose_scheme_was_cut_off_is_hidden_and_a_path_is_none() -> None:
    assert without_logins("not scored for '//u:secret@h:1/'") == "not scored for '//***@h:1/'"
    assert without_logins("/a//b/c@2x.png //srv/share@x") == "/a//b/c@2x.png //srv/share@x"
