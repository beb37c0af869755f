"""A camera's address: what FFmpeg opens, and what records and logs may tell of it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from sensors.outside import ContentWrong, read_bytes, text_of
from sensors.private_files import check_secret
from sensors.ranges import quoted
from sensors.sources.source import SourceUnusable

LOGIN_BYTES = 1000
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class CameraAddress:
    opened: str
    """With the login, where there is one: for FFmpeg alone."""
    shown: str
    """Without login and query, which may hold secrets."""
    device: bool
    """A device of this machine; else a stream over the network."""
    of_this_machine: bool
    """Its clock is ours."""

    @property
    def scheme(self) -> str:
        return "" if self.device else urlsplit(self.opened).scheme.lower()


def camera_address(url: str | int, login: Path | None) -> CameraAddress:
    """Of a URL, or of a device's file or number; `login`: a file that holds user:password. Raises SourceUnusable."""
    if isinstance(url, int) or url.startswith("/"):
        path = f"/dev/video{url}" if isinstance(url, int) else url
        return CameraAddress(path, f"device {path}", device=True, of_this_machine=True)
    try:
        parts = urlsplit(url)
        known = bool(parts.scheme and parts.hostname) and parts.port != 0
    except ValueError:  # of brackets that don't match, or a port that is none
        known = False
    if not known:
        raise SourceUnusable(
            f"{quoted(url.partition('?')[0])} is no camera",
            "give an rtsp:// or http:// URL, a /dev/video file or a number; a file is a video",
        )
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    if parts.password is not None:
        raise SourceUnusable(
            f"the URL of the camera {shown} holds a password, and would be written into run records",
            "put user:password into a file, and name it as the source's login",
        )
    opened = url if login is None else urlunsplit(parts._replace(netloc=f"{_login(login)}@{parts.netloc}"))
    return CameraAddress(opened, shown, device=False, of_this_machine=parts.hostname in LOOPBACK)


def _login(path: Path) -> str:
    """user:password as a URL holds them. Raises SourceUnusable or SecretOpen."""
    check_secret("login", path)
    try:
        user, colon, password = text_of(read_bytes(path, LOGIN_BYTES)).strip().partition(":")
    except ContentWrong as error:
        raise SourceUnusable(f"the login {path} {error.what}", "it holds user:password") from error
    if not colon:
        raise SourceUnusable(f"{path} holds no login", "its one line is user:password")
    return f"{quote(user, safe='')}:{quote(password, safe='')}"
