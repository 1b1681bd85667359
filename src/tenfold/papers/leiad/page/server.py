"""The local server: the Dash application on 127.0.0.1, closed to other hosts and to other sites' pages."""

from __future__ import annotations

import logging
import socket
import threading
import webbrowser
from urllib.parse import urlsplit

import pandas  # noqa: F401  (Plotly uses it once any thread has begun to import it: it must be there as a whole)
from dash import Dash
from flask import Flask, Response, abort, request, send_from_directory
from werkzeug.serving import BaseWSGIServer, make_server

from tenfold import paths
from tenfold.errors import ConfigError
from tenfold.papers.leiad.page import callbacks, layout
from tenfold.papers.leiad.page.background import Background

HOST = "127.0.0.1"
NAMES = {HOST, "localhost"}
"""What a browser on this machine, or at the end of a tunnel, calls the server."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; frame-ancestors 'none'"
)
"""Content security policy: nothing is loaded from, or sent to, another server."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{%title%}</title>
<link rel="stylesheet" href="/report/site.css">
{%css%}
</head>
<body>
{%app_entry%}
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


def application(background: Background, title: str, session: str) -> Dash:
    """The page as a Dash application; `title` names the data set, `session` the session."""
    server = Flask("leiad")
    server.before_request(refuse_strangers)
    server.after_request(with_policy)
    server.add_url_rule("/report/site.css", "site_css", _site_css)
    page = Dash(
        "leiad",
        server=server,
        title=f"Label {title}",
        update_title="",
        assets_folder=str(paths.SOURCE / "papers" / "leiad" / "page" / "assets"),
        serve_locally=True,
        index_string=PAGE,
    )
    page.layout = layout.page(title, session)
    callbacks.register(page, background, session)
    return page


def refuse_strangers() -> None:
    """Answer only pages of this very server.

    A site that lets its name point to 127.0.0.1 (DNS rebinding) is told by the Host header, a site that sends its
    visitors' browsers here by the Origin header.
    """
    origin = request.headers.get("Origin")
    if urlsplit(f"//{request.host}").hostname not in NAMES:
        abort(403, "This page answers to 127.0.0.1 and localhost only.")
    if origin is not None and urlsplit(origin).hostname not in NAMES:
        abort(403, "This page takes nothing from other sites.")


def with_policy(response: Response) -> Response:
    """Forbid the browser to load anything from elsewhere, or to show the page in another site's frame."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _site_css() -> Response:
    return send_from_directory(paths.SOURCE / "report" / "static", "site.css")


def bind(page: Dash, port: int) -> BaseWSGIServer:
    """A server on the loopback address; port 0 takes a free one. Raises ConfigError when the port is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(f"port {port} cannot be used ({error.strerror}); choose another with --port") from None
        port = probe.getsockname()[1]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return make_server(HOST, port, page.server, threaded=True)


def serve(server: BaseWSGIServer, address: str, *, browser: bool) -> None:
    """Serve until interrupted."""
    if browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
