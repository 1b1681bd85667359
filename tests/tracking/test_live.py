"""Running jobs seen in MLflow."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tenfold.tracking import track
from tenfold.tracking.live import LiveJobs
from tenfold.tracking.load import Loader
from tenfold.training.job import Job
from tests.made_up_project import SCALE

if TYPE_CHECKING:
    from tests.tracking.conftest import Tracked

NAME = "tiny/own/ours/0"


class Following:
    """A `track --follow` that looks when it is told to, and the job that it watches."""

    def __init__(self, tracked: Tracked) -> None:
        self.tracked = tracked
        self.job: Job = tracked.project.jobs()[0]
        self.rows = tracked.project.history(self.job)
        self.live = LiveJobs(SCALE)
        self.loader = Loader(SCALE, None, "tenfold")
        self.history = self.job.directory / "unfinished" / "history.jsonl"
        self.history.parent.mkdir(parents=True)

    def log(self, rows: list[dict[str, Any]], rest: str = "") -> None:
        with self.history.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows) + rest)

    def look(self) -> dict[str, Any]:
        self.loader.load(self.live)
        return self.tracked.runs()

    def finish(self) -> None:
        self.tracked.project.finish(self.job)
        shutil.rmtree(self.history.parent)

    def expected(self, count: int) -> list[tuple[int, float]]:
        return [(row["step"], row["loss"]) for row in self.rows[:count] if row["seed"] == 0]


@pytest.fixture
def following(tracked: Tracked) -> Following:
    return Following(tracked)


def test_a_curve_grows_while_the_job_runs_and_its_run_is_closed_at_the_end(following: Following) -> None:
    following.log(following.rows[:10], '{"loop": "seed-0", "st')
    run = following.look()[NAME]
    assert (run.info.status, run.data.tags["live"]) == ("RUNNING", "true")
    assert following.tracked.curve(run, "loss") == following.expected(10)
    following.history.write_text("".join(json.dumps(row) + "\n" for row in following.rows[:20]))
    assert following.tracked.curve(following.look()[NAME], "loss") == following.expected(20)
    following.finish()
    closed = following.look()[NAME]
    assert closed.info.run_id == run.info.run_id
    assert (closed.info.status, closed.data.tags["live"]) == ("FINISHED", "false")
    assert following.tracked.curve(closed, "loss") == following.expected(30)
    assert closed.data.metrics["test/ndcg_at_10"] == 0.5
    assert closed.data.params["learning_rate"] == "0.01"


def test_a_closed_run_is_not_written_again(following: Following) -> None:
    following.log(following.rows[:10])
    following.look()
    following.finish()
    ids = {name: run.info.run_id for name, run in following.look().items()}
    track(SCALE)
    assert {name: run.info.run_id for name, run in following.tracked.runs().items()} == ids


def test_a_history_that_was_rewound_by_a_resumed_job_starts_over(following: Following) -> None:
    following.log(following.rows[:20])
    following.look()
    again = [row | {"loss": row["loss"] + 1} for row in following.rows[5:25]]
    following.history.write_text("".join(json.dumps(row) + "\n" for row in following.rows[:5] + again))
    run = following.look()[NAME]
    assert following.tracked.curve(run, "loss") == [(row["step"], row["loss"]) for row in following.rows[:5] + again]


def test_a_job_that_ends_differently_than_it_was_seen_is_written_anew(following: Following) -> None:
    following.log([row | {"loss": 99.0} for row in following.rows[:10]])
    seen = following.look()[NAME]
    following.finish()
    run = following.look()[NAME]
    assert run.info.run_id != seen.info.run_id
    assert following.tracked.curve(run, "loss") == following.expected(30)


def test_a_failed_job_is_marked_and_goes_on_when_it_is_resumed(following: Following) -> None:
    following.log(following.rows[:10])
    following.look()
    following.tracked.project.fail(following.job, "the disk is full")
    run = following.look()[NAME]
    assert (run.info.status, run.data.tags["failure"]) == ("FAILED", "the disk is full")
    (following.history.parent / "failure.json").unlink()
    following.log(following.rows[10:12])
    assert following.look()[NAME].info.status == "RUNNING"


def test_a_job_that_vanishes_is_marked_as_killed(following: Following) -> None:
    following.log(following.rows[:10])
    following.look()
    shutil.rmtree(following.history.parent)
    assert following.look()[NAME].info.status == "KILLED"


def test_what_an_earlier_follower_left_open_is_taken_over(following: Following) -> None:
    following.log(following.rows[:10])
    following.look()
    following.loader, following.live = Loader(SCALE, None, "tenfold"), LiveJobs(SCALE)
    assert following.tracked.curve(following.look()[NAME], "loss") == following.expected(10)


def test_a_plain_track_beside_a_follower_makes_no_doubles(following: Following) -> None:
    following.log(following.rows[:10])
    following.look()
    following.finish()
    track(SCALE)  # this one comes first
    ids = {name: run.info.run_id for name, run in following.tracked.runs().items()}
    assert {name: run.info.run_id for name, run in following.look().items()} == ids


def test_following_stops_when_told(following: Following, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([False, True])
    following.log(following.rows[:3])
    track(SCALE, follow=True, every_seconds=0, stop=lambda: next(answers))
    assert len(following.tracked.runs()) == 3
