"""Downloading one file over http(s) with pooch: retries, checksum, progress."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tenfold.errors import SourceUnavailable

RETRIES = 2
CONNECT_SECONDS, SILENCE_SECONDS = 10, 60
"""How long to wait for a connection, and for the next bytes of a file that is on its way."""
CHUNK = 1 << 16
WORTH_A_RETRY = {408, 425, 429}
"""Client errors that a server may take back; any other 4xx is final."""


class Cancelled(Exception):
    """The user stopped the program while a download was going on."""


def download(
    address: str,
    target: Path,
    sha256: str | None = None,
    *,
    progress: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Fetch `address` into `target`, which appears when it is whole and, where `sha256` is known, right.

    Raises SourceUnavailable when the server cannot be reached, refuses, breaks off or sends something else (after
    `RETRIES` more tries), OSError when the disk refuses, Cancelled when `stop` is set meanwhile.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    store = pooch.create(
        path=target.parent,
        base_url="",
        registry={target.name: f"sha256:{sha256}" if sha256 else None},
        urls={target.name: address},
        retry_if_failed=RETRIES,
    )
    bar = _Bar(target.name, progress, stop or threading.Event())
    try:
        store.fetch(target.name, downloader=_Downloader(bar))
    except requests.exceptions.RequestException as error:
        raise SourceUnavailable(_reason(error, address)) from error
    except ValueError as error:  # pooch's word for another checksum than the registered one
        raise SourceUnavailable("the file that arrived does not have the registered sha256") from error
    finally:
        bar.close()


def without_credentials(address: str) -> str:
    """The address without a user name and password, fit for a message or a manifest."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class _Downloader:
    """pooch's HTTP downloader, except that a final refusal is not tried again."""

    def __init__(self, bar: _Bar) -> None:
        import pooch

        # Without the header some servers unpack .gz files on the way, and the checksum no longer fits.
        self.http = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=CHUNK,
            timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
            headers={"Accept-Encoding": "identity"},
        )

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        import requests

        try:
            self.http(url, output_file, pooch)
        except requests.exceptions.HTTPError as error:
            status = error.response.status_code
            if 400 <= status < 500 and status not in WORTH_A_RETRY:
                raise SourceUnavailable(_reason(error, url)) from error
            raise


class _Bar:
    """The progress line that pooch feeds, and the place where a stopped download ends."""

    def __init__(self, title: str, shown: bool, stop: threading.Event) -> None:
        from tqdm import tqdm

        self.stop = stop
        self.line = tqdm(desc=title, unit="B", unit_scale=True, leave=False, disable=not shown)

    @property
    def total(self) -> float | None:
        return self.line.total

    @total.setter
    def total(self, size: int) -> None:
        self.line.reset(total=size or None)

    def update(self, size: int) -> None:
        if self.stop.is_set():
            raise Cancelled
        self.line.update(size)

    def reset(self) -> None:
        self.line.reset()

    def close(self) -> None:
        self.line.close()


def _reason(error: Exception, address: str) -> str:
    import requests

    host = urlsplit(address).hostname
    match error:
        case requests.exceptions.HTTPError(response=response) if response is not None:
            return f"{host} answers {response.status_code} {response.reason}".rstrip()
        case requests.exceptions.ConnectTimeout():
            return f"no connection to {host} within {CONNECT_SECONDS} s"
        case requests.exceptions.Timeout():
            return f"{host} sent nothing for {SILENCE_SECONDS} s"
        case requests.exceptions.SSLError():
            return f"no safe connection to {host} (its certificate is not accepted)"
        case requests.exceptions.ChunkedEncodingError():
            return f"{host} broke off in the middle of the file"
        case requests.exceptions.ConnectionError():
            return f"no connection to {host}"
    return f"{host}: {type(error).__name__}"
