import pytest

import gilmok


@pytest.mark.parametrize("address", ["rtsp://me:secret@cam/1", "rtsp:/me:secret@cam", "http://me:sec/ret@[::1"])
def test_no_letter_of_a_cameras_password_is_printed(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert gilmok.main(["camera", "view", address, "--out", "x.png"]) == 1
    told = capsys.readouterr()
    assert "is an address" in told.err
    assert not any(part in told.out + told.err for part in ("secret", "sec", "ret@"))
