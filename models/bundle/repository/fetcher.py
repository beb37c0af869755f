"""The way by which TUF's client gets its metadata: ours, with its bounds and its pace."""

from collections.abc import Generator
from contextlib import closing

from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient.fetcher import FetcherInterface

from models.bundle.repository.transport import NOT_FOUND, NotThere, Transport


class Fetcher(FetcherInterface):
    """`url`s are paths in the repository; how many bytes may come, the client says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """As the interface says; the connection is closed whatever happens."""
        content = bytearray()
        with closing(self._fetch(url)) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) > max_length:
                    raise DownloadLengthMismatchError(f"{url} has more than {max_length:,} bytes")
        return bytes(content)

    def _fetch(self, url: str) -> Generator[bytes, None, None]:
        try:
            return self._transport.open(url).chunks
        except NotThere as error:
            raise DownloadHTTPError(f"there is no {url}", NOT_FOUND) from error
