"""A web server on this machine that serves files and misbehaves on demand, and small builders."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tenfold.config import RawDataset


class Web:
    """Addresses below `address`: `files` by path, and how to misbehave for some of them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.broken: dict[str, int] = {}
        """path -> how many answers break off half-way before a whole one is given"""
        self.status: dict[str, int] = {}
        self.slow: set[str] = set()
        """paths whose second half never comes"""
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.address = ""

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.lstrip("/")
            state.asked[path] += 1
            state.headers = dict(self.headers)
            if path in state.status or path not in state.files:
                self.send_error(state.status.get(path, 404))
                return
            content = state.files[path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if state.broken.get(path, 0):
                state.broken[path] -= 1
                self.wfile.write(content[: len(content) // 2])
            elif path in state.slow:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                closing.wait(30)
            else:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield state
    closing.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def nobody_listens() -> str:
    """An address of this machine where nothing answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow each other at once."""
    monkeypatch.setattr(
        "pooch.core.time", type("Clock", (), {"sleep": staticmethod(lambda _: None), "time": time.time})
    )


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def raw_dataset(*sources: dict, **fields: object) -> RawDataset:
    """A registry entry; sources get the reader `interactions.csv` where they name none."""
    entries = [{"reader": "interactions.csv", **source} for source in sources]
    return RawDataset.model_validate({"title": "T", "licence": "L", "sources": entries, **fields})


def leftovers(folder: Path) -> list[str]:
    """What lies in a folder besides data sets and locks."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".") and path.suffix != ".lock"]
