"""A person in a real browser: labels ten windows by mouse and keys, is killed, comes back, and takes the labels along.

The series are real ones (NAB) where the mirror has them, else generated. Without Chromium the test is skipped, unless
TENFOLD_REQUIRE_BROWSER=1.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tenfold import paths, stages
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.files import read_arrays
from tenfold.jobs import Plan
from tests.conftest import REPOSITORY, use_folders

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
REQUIRED = os.environ.get("TENFOLD_REQUIRE_BROWSER") == "1"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(not (BROWSER and DRIVER) and not REQUIRED, reason="Chromium and chromedriver are not installed"),
]
SCALE = {
    "seeds": [0],
    "methods": ["uad-ts2vec", "leiad"],
    "settings": {
        "ts2vec": {"hidden": 4, "depth": 2, "output": 8, "batch": 4, "window": 100, "steps": 5},
        "loop": {"end_model": {"leaves": 15, "rounds": 10, "bins": 63}, "generation": {"anchors": 10}},
    },
    "prepare": {
        "train_series": 6, "test_series": 2,
        "detectors": {"isolation_trees": 10, "random_cut_trees": 2, "random_cut_tree_size": 50},
    },
}  # fmt: skip
WINDOWS = 10
PATIENCE = 30


MIRRORS = [str(Path(folder).resolve()) for folder in os.environ.get("TENFOLD_MIRROR", "").split(os.pathsep) if folder]
DATASET = "nab" if any((Path(mirror) / "leiad" / "nab").is_dir() for mirror in MIRRORS) else "series-families-small"


class Label:
    """`tenfold label` in a process of its own, on a project folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "labels" / "leiad" / DATASET / "by-hand"
        self.process: subprocess.Popen[str] | None = None

    def prepare(self) -> None:
        """Data and TS2Vec, at a scale that takes seconds."""
        shutil.copytree(REPOSITORY / "config", self.root / "config")
        path = self.root / "config" / "papers" / "leiad.yaml"
        content = yaml.safe_load(path.read_text())
        content["scales"] = {"browser": SCALE | {"datasets": [DATASET]}}
        content["claims"], content["reported"] = [], []
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        configuration = Configuration(self.root / "config", scale="browser")
        plan = Plan(configuration, "leiad")
        raw = plan.paper.datasets[DATASET].raw
        fetch(raw, configuration.datasets[raw], MIRRORS, paths.raw(raw))
        stages.prepare(plan, DATASET)
        stages.train(plan, plan.job(DATASET, "uad-ts2vec", (0,)), "cpu")

    def command(self, *options: str) -> list[str]:
        command = [sys.executable, "-m", "tenfold", "label", DATASET, "--scale", "browser", "--session", "by-hand"]
        return [*command, *options]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"TENFOLD_ROOT": str(self.root), "PYTHONPATH": str(REPOSITORY / "src")}

    def start(self) -> str:
        """Start the server and return its address."""
        self.process = subprocess.Popen(
            self.command("--port", "0", "--no-browser"), cwd=self.root, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=(self.root / "stderr.txt").open("w"),
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, (self.root / "stderr.txt").read_text()
        return next(word for word in line.split() if word.startswith("http://127.0.0.1:"))

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def journal(self) -> list[dict[str, Any]]:
        lines = (self.folder / "journal.jsonl").read_text().splitlines()
        return [json.loads(line.partition(" ")[2])["answer"] for line in lines]


class Page:
    """The page in headless Chromium."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = str(BROWSER)
        for flag in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--window-size=1400,1100",
        ):  # fmt: skip
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))

    def now(self) -> dict[str, Any] | None:
        """Marks, cursor and bounds of the window, once it can be answered."""
        return self.driver.execute_script(
            "const page = window.dash_clientside && window.dash_clientside.leiad; return page && page.now && page.now()"
        )

    def window(self, number: int) -> dict[str, Any]:
        """Wait for window `number`."""
        return until(lambda: (now := self.now()) and now["number"] == number and now, self.text)

    def marked(self, places: list[int]) -> None:
        """Wait until these places are marked."""
        until(lambda: self.now()["marks"] == places, lambda: f"{self.now()} instead of {places}")

    def text(self) -> str:
        return self.driver.execute_script("return document.body.innerText")

    def keys(self, *keys: str) -> None:
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.TAG_NAME, "body").send_keys(*keys)

    def press(self, button: str) -> None:
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.ID, f"do-{button}").click()

    def at(self, place: int) -> tuple[int, int]:
        """Where in the browser's window a point of the series is drawn."""
        x, y = self.driver.execute_script(
            """const plot = document.querySelector('#graph .js-plotly-plot'), layout = plot._fullLayout;
            const corner = plot.getBoundingClientRect(), meta = plot.layout.meta;
            const value = plot.data[meta.window].y[arguments[0] - meta.first];
            return [corner.left + layout.xaxis._offset + layout.xaxis.l2p(arguments[0]),
                    corner.top + layout.yaxis._offset + layout.yaxis.l2p(value)]""",
            place,
        )
        return round(x), round(y)

    def click(self, place: int) -> None:
        self.drag([self.at(place)])

    def drag(self, path: list[tuple[int, int]]) -> None:
        """Press the button at the first point, move along the path, and let go."""
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver)
        pointer = chain.w3c_actions.pointer_action
        pointer.move_to_location(*path[0])
        pointer.pointer_down()
        for point in path[1:]:
            pointer.move_to_location(*point)
        pointer.pointer_up()
        chain.perform()

    def box(self, first: int, last: int) -> None:
        """Drag a box over the points from `first` to `last`, from above the line to below it."""
        plot = self.driver.execute_script(
            """const plot = document.querySelector('#graph .js-plotly-plot'), layout = plot._fullLayout;
            const top = plot.getBoundingClientRect().top + layout.yaxis._offset;
            return [top + 2, top + layout.yaxis._length - 2]"""
        )
        left, right = self.at(first)[0], self.at(last)[0]
        self.drag([(left, int(plot[0])), ((left + right) // 2, int(sum(plot) // 2)), (right, int(plot[1]))])


def until(condition: Callable[[], Any], told: Callable[[], str], seconds: float = PATIENCE) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(told())


@pytest.fixture(scope="module")
def label(tmp_path_factory):
    root = tmp_path_factory.mktemp("label")
    with pytest.MonkeyPatch.context() as patch:
        use_folders(root, patch)
        patch.setattr(paths, "ROOT", root)
        held = Label(root)
        held.prepare()
    yield held
    if held.process is not None and held.process.poll() is None:
        held.kill()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    assert BROWSER, "TENFOLD_REQUIRE_BROWSER=1, but there is no Chromium"
    assert DRIVER, "TENFOLD_REQUIRE_BROWSER=1, but there is no chromedriver"
    held = Page(tmp_path_factory.mktemp("profile"))
    yield held
    held.driver.quit()


def by_click(page, now):
    places = [now["first"] + 60, now["first"] + 80]
    for place in places:
        page.click(place)
    page.marked(page.now()["marks"])
    assert len(page.now()["marks"]) == 2
    page.press("submit")


def by_space(page, now):
    from selenium.webdriver.common.keys import Keys

    page.keys(Keys.ARROW_RIGHT * 3, " ", Keys.ARROW_LEFT * 5, " ")
    page.marked([now["cursor"] - 2, now["cursor"] + 3])
    page.keys(Keys.ENTER)


def by_range(page, now):
    from selenium.webdriver.common.keys import Keys

    page.keys(Keys.HOME)
    page.keys(Keys.SHIFT, Keys.ARROW_RIGHT * 6)
    page.marked(list(range(now["first"], now["first"] + 7)))
    page.keys(Keys.SHIFT, Keys.ARROW_LEFT * 2)
    page.keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    page.keys(Keys.ENTER)


def by_box(page, now):
    page.box(now["first"] + 30, now["first"] + 50)
    until(lambda: page.now()["marks"], page.text)
    assert set(range(now["first"] + 31, now["first"] + 50)) <= set(page.now()["marks"])
    page.press("submit")


def by_box_there_and_back(page, now):
    page.box(now["first"] + 30, now["first"] + 50)
    until(lambda: page.now()["marks"], page.text)
    page.box(now["first"] + 30, now["first"] + 50)
    page.marked([])
    page.press("nothing")


def after_undo(page, now):
    from selenium.webdriver.common.keys import Keys

    page.keys(" ", Keys.END, " ")
    page.marked([now["cursor"], now["last"]])
    page.keys("u")
    page.marked([now["cursor"]])
    page.keys(Keys.PAGE_UP, " ", "c")
    page.marked([])
    page.press("undo")
    page.marked(sorted([now["cursor"], now["last"] - 20]))
    page.keys(Keys.DELETE)
    page.marked([now["cursor"]])
    page.keys("n")  # refused: something is marked
    assert "1 point is marked. Press Enter to submit, or C to clear first." in page.text()
    page.keys(Keys.ENTER)


def nothing(page, now):
    page.keys("n")


HANDS = [by_click, by_space, nothing, by_range, by_box, nothing, by_box_there_and_back, after_undo, by_space, nothing]


def test_ten_windows_by_mouse_and_keys_kill_9_and_back_again(label, page):
    address = label.start()
    page.driver.get(address)
    submitted = []
    for number, hand in enumerate(HANDS, start=1):
        now = page.window(number)
        hand(page, now)
        until(lambda number=number: len(label.journal()) == number if label.folder.exists() else False, page.text)
        submitted.append(now)
    answers = label.journal()
    assert len(answers) == WINDOWS
    for now, answer in zip(submitted, answers, strict=True):
        assert (answer["start"], answer["stop"] - 1, answer["centre"]) == (now["first"], now["last"], now["cursor"])
        assert all(now["first"] <= place <= now["last"] for place in answer["anomalies"])
    marked = [len(answer["anomalies"]) for answer in answers]
    assert [count > 0 for count in marked] == [hand not in {nothing, by_box_there_and_back} for hand in HANDS]
    assert answers[1]["anomalies"] == [submitted[1]["cursor"] - 2, submitted[1]["cursor"] + 3]

    pending = page.window(WINDOWS + 1)
    page.keys(" ")
    page.marked([pending["cursor"]])
    draft = label.folder / "draft.json"
    until(lambda: json.loads(draft.read_text()) == {"window": 11, "marks": [pending["cursor"]]}, draft.read_text)
    assert f"Window 11 · {WINDOWS} shown so far · {sum(marked)} anomalies among" in page.text()
    elsewhere(page, address)
    refused = subprocess.run(
        label.command("--json"), cwd=label.root, env=label.environment, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert f"session 'by-hand' is open at {address}" in refused.stderr

    label.kill()
    address = label.start()
    page.driver.get(address)
    again = page.window(WINDOWS + 1)
    assert again == pending | {"marks": [pending["cursor"]]}  # the same window, with its mark
    assert len(label.journal()) == WINDOWS
    page.keys("b")
    taken_back = page.window(WINDOWS)
    assert (taken_back["first"], taken_back["last"]) == (submitted[-1]["first"], submitted[-1]["last"])
    page.keys("n")
    assert page.window(WINDOWS + 1)["first"] == pending["first"]
    exported(address, label, answers)


def elsewhere(page, address):
    """The page works offline: it asked nobody but its own server, and nothing went wrong in it."""
    asked = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert asked
    assert [name for name in asked if not name.startswith((address, "data:", "blob:"))] == []
    assert [entry for entry in page.driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def exported(address, label, answers):
    """The CSV files hold what was answered: a point's label is that of the first window that showed it."""
    expected: dict[tuple[str, int], str] = {}
    for answer in answers:
        for place in range(answer["start"], answer["stop"]):
            key = answer["series"], place
            expected.setdefault(key, str(int(place in answer["anomalies"])))
    rows = download(f"{address}export/labels.csv")
    assert {(row["series"], int(row["place"])): row["label"] for row in rows} == expected
    assert "1" in expected.values()
    scores = download(f"{address}export/scores.csv")
    prepared = read_arrays(label.root / "data" / "prepared" / "browser" / "leiad" / DATASET / "data.npz")
    lengths = dict(zip(prepared["names"].tolist(), np.diff(prepared["offsets"]).tolist(), strict=True))
    assert len(scores) == sum(lengths[name] for name in {row["series"] for row in scores})
    assert len({row["series"] for row in scores}) == 6
    assert all(0 <= float(row["score"]) <= 1 for row in scores)


def download(address):
    with urllib.request.urlopen(address) as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))
