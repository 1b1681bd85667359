from __future__ import annotations

import csv
import io
import json
import re

import pytest

from tenfold.errors import ConfigError
from tenfold.papers.leiad.page import server
from tenfold.papers.leiad.page.background import Background

LOCAL = "http://127.0.0.1:8050"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    from tests.papers.leiad.page.conftest import Desk

    desk = Desk(tmp_path_factory.mktemp("page"))
    session = desk.session()
    background = Background(lambda say: desk.labeller(session))
    background.wait(30)
    yield server.application(background, "Made-up series", "mine"), background
    background.stop()
    session.close()


@pytest.fixture
def client(page):
    return page[0].server.test_client()


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "localhost:9999", "127.0.0.1"])
def test_it_answers_to_the_names_of_this_machine(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8050", "127.0.0.1.evil.example", "localhost.evil.example:8050", "192.168.0.7"],
)
@pytest.mark.parametrize(
    "path", ["/", "/export/labels.csv", "/_dash-layout", "/assets/labelling.js", "/report/site.css"]
)
def test_another_host_name_is_refused_everywhere(client, host, path):
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert b"127.0.0.1 and localhost only" in answer.data


@pytest.mark.parametrize("origin", ["https://evil.example", "http://evil.example:8050", "null"])
def test_another_sites_page_cannot_send_anything(client, page, origin):
    _, background = page
    before = background.view
    body = {"number": 1, "marks": [], "seconds": 1}
    answer = client.post("/_dash-update-component", json=body, base_url=LOCAL, headers={"Origin": origin})
    assert answer.status_code == 403
    assert background.view is before


def test_nothing_is_loaded_from_elsewhere(client):
    front = client.get("/", base_url=LOCAL)
    html = front.get_data(as_text=True)
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
    assert "default-src 'self'" in front.headers["Content-Security-Policy"]
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', html):
        answer = client.get(path, base_url=LOCAL)
        assert answer.status_code == 200, path
        answer.close()
    for name in ("labelling.js", "labelling.css"):
        assert f"/assets/{name}" in html
        assert "http" not in client.get(f"/assets/{name}", base_url=LOCAL).get_data(as_text=True)
    assert 'lang="en"' in html


def test_every_key_on_the_page_is_in_the_script(client):
    from tenfold.papers.leiad.page.layout import KEYS

    script = client.get("/assets/labelling.js", base_url=LOCAL).get_data(as_text=True)
    for key in ("Enter", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", "Delete"):
        assert re.search(rf"\b{key}: ", script), key
    for key in "nucb":
        assert re.search(rf'\b{key}: "', script), key
    assert len(KEYS) == 9


def test_csv_files_can_be_downloaded(client, page):
    _, background = page
    view = background.view
    answer = client.get("/export/scores.csv", base_url=LOCAL)
    assert answer.mimetype == "text/csv"
    assert "mine-scores.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert len(rows) == len(view.pool)
    labels = client.get("/export/labels.csv", base_url=LOCAL).get_data(as_text=True)
    assert labels.splitlines()[0] == "series,place,timestamp,value,label,window"


def test_the_server_listens_on_the_loopback_address_only(page):
    bound = server.bind(page[0], 0)
    try:
        assert bound.server_address[0] == "127.0.0.1"
        with pytest.raises(ConfigError, match=f"port {bound.server_port} cannot be used"):
            server.bind(page[0], bound.server_port)
    finally:
        bound.server_close()


def test_the_layout_has_labels_for_everything_that_can_be_used(client):
    layout = json.loads(client.get("/_dash-layout", base_url=LOCAL).data)
    found = []

    def walk(node):
        if isinstance(node, list):
            for part in node:
                walk(part)
        elif isinstance(node, dict):
            found.append(node)
            walk(node.get("props", {}).get("children"))

    walk(layout)
    buttons = [node["props"] for node in found if node["type"] == "Button"]
    assert {button["data-action"] for button in buttons} == {"submit", "nothing", "undo", "clear", "back"}
    window = next(node["props"] for node in found if node.get("props", {}).get("id") == "window")
    assert window["aria-label"]
    assert window["aria-describedby"] == "keys"
    assert window["tabIndex"] == "0"
