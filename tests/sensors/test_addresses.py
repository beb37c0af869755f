import pytest

from sensors.addresses import without_login


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://user:secret@cam/1", "rtsp://***@cam/1"),
        ("rtsp:/user:secret@cam/1", "rtsp:/***@cam/1"),
        ("mqtt://user:se/cr@et@hub:99999", "mqtt://***@hub:99999"),
        ("user:secret@hub", "***@hub"),
        ("mqtt:user:secret@hub", "***@hub"),
        ("mqtt://hub:1883", "mqtt://hub:1883"),
        ("freeze@5-3:0.5", "freeze@5-3:0.5"),
        ("cam@home.mp4", "cam@home.mp4"),
        ("", ""),
    ],
)
def test_no_letter_of_a_login_is_shown(address: str, shown: str) -> None:
    assert without_login(address) == shown
