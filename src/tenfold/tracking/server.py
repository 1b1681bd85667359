"""`tenfold ui`: the MLflow pages, on the loopback address only."""

from __future__ import annotations

import os
import platform
import socket
import sys
from typing import NoReturn

from tenfold import paths
from tenfold.errors import ConfigError
from tenfold.tracking.load import Loader, default_uri

HOST = "127.0.0.1"


def serve(port: int = 5000, uri: str | None = None) -> NoReturn:
    """Become the MLflow server, on 127.0.0.1 until interrupted; `port` 0 takes a free one.

    Raises ConfigError when the port is taken, or when `uri` is a server that has pages of its own.
    """
    if uri is not None and uri.startswith(("http://", "https://")):
        raise ConfigError(f"config/suite.yaml: tracking.uri is a server: open {uri} in a browser")
    port = _free_port(port)
    arguments = command(port, uri or _prepared_database())
    print(f"MLflow: http://{HOST}:{port}  (stop with Ctrl-C)")
    print(f"from another machine: ssh -N -L {port}:{HOST}:{port} {platform.node() or 'this-machine'}", flush=True)
    os.execve(arguments[0], arguments, environment())


def command(port: int, uri: str) -> list[str]:
    """The server's command line. Since MLflow 3.5 a tunnel needs its host and port among the allowed hosts."""
    allowed = f"localhost,{HOST},localhost:{port},{HOST}:{port}"
    return [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", HOST, "--port", str(port),
        "--workers", "1", "--allowed-hosts", allowed,
        "--artifacts-destination", str(paths.tracking_database().with_name("artifacts")),
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """The server's environment: no telemetry, and none of MLflow's background job workers."""
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return {**os.environ, **quiet}


def _prepared_database() -> str:
    """Make the database if there is none: a server and a writer that start on a fresh file at once would break it."""
    if not paths.tracking_database().is_file():
        Loader("", None, "tenfold").prepare()
    return default_uri()


def _free_port(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from None
        return probe.getsockname()[1]
