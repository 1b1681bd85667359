"""The MLflow pages."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

from tenfold import paths
from tenfold.errors import ConfigError
from tenfold.tracking.server import command, serve

if TYPE_CHECKING:
    from tests.tracking.conftest import Tracked


def status(address: str, host: str | None = None) -> int:
    request = urllib.request.Request(address, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_server_answers_on_the_loopback_address_only_and_stops_when_told(tracked: Tracked) -> None:
    code = (
        "import sys; from pathlib import Path; from tenfold import paths; paths.RESULTS = Path(sys.argv[1]);"
        "from tenfold.tracking import serve; serve(0)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code, str(paths.RESULTS)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline() + server.stdout.readline()
        port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", said)[0])
        assert f"ssh -N -L {port}:127.0.0.1:{port} " in said
        address = f"http://127.0.0.1:{port}/health"
        deadline = time.monotonic() + 120
        while True:
            try:
                assert status(address) == 200
                break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.2)
        assert status(f"http://127.0.0.1:{port}/", f"localhost:{port}") == 200
        assert status(f"http://127.0.0.1:{port}/", "evil.example") == 403
        family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        listening = {
            link.laddr.ip for member in family for link in member.net_connections("inet") if link.status == "LISTEN"
        }
        assert listening == {"127.0.0.1"}
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert not any(member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family)


def test_a_port_in_use_is_refused(tracked: Tracked) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} cannot be used .*choose another with --port"):
            serve(port)


def test_a_server_elsewhere_is_opened_in_a_browser() -> None:
    with pytest.raises(ConfigError, match=r"open https://mlflow\.example in a browser"):
        serve(5000, "https://mlflow.example")


def test_the_command_never_binds_elsewhere_nor_drops_the_host_check() -> None:
    words = command(5001, "sqlite:///x.db")
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--allowed-hosts") + 1] == "localhost,127.0.0.1,localhost:5001,127.0.0.1:5001"
    assert "--disable-security-middleware" not in words
