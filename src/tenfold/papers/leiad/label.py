"""`tenfold label <data set>`: a person labels, LEIAD chooses the windows and learns from the answers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tenfold.training.command import CommandTask


def label(
    task: CommandTask,
    *,
    session: Annotated[str, typer.Option(help="Name; the same one goes on where it stopped.")] = "default",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8050,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="No page: windows on standard output, answers from standard input, as JSON.")
    ] = False,
) -> None:
    """Label a data set by hand: a local page shows one window after another, and models learn from what is marked.

    Every answer is kept at once under labels/leiad/<data set>/<session>/. docs/labelling.md explains the page.
    """
    from tenfold.papers.leiad.page import opening

    if as_json:
        from tenfold.papers.leiad.page import terminal

        with opening.session_of(task, session) as (held, begin):
            terminal.converse(begin, held, sys.stdin, sys.stdout)
        return
    from tenfold.papers.leiad.page import server
    from tenfold.papers.leiad.page.background import Background
    from tenfold.papers.leiad.page.labeller import Labeller

    with opening.session_of(task, session) as (held, begin):
        background = Background(lambda say: Labeller(begin, held, say))
        bound = server.bind(server.application(background, task.title, session), port)
        address = f"http://{server.HOST}:{bound.server_port}/"
        held.is_open_at(address)
        print(f"label {task.title}: {address}  (stop with Ctrl-C; every answer is kept)")
        print(f"from another machine: ssh -N -L {bound.server_port}:{server.HOST}:{bound.server_port} <this machine>")
        sys.stdout.flush()
        try:
            server.serve(bound, address, browser=browser)
        finally:
            background.stop()
