"""Learning curves of the report."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tenfold.report.curves import POINTS, curve_views, read_series, shown_value
from tenfold.report.work import job_views
from tests.made_up_project import Project


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_longest_stage_is_shown(tmp_path: Path) -> None:
    rows = [{"loop": "warm-up seed-1", "step": step, "loss": 9.0} for step in range(3)]
    rows += [{"loop": "seed-1", "step": step, "loss": float(step)} for step in range(5)]
    assert read_series(write(tmp_path / "h", rows)) == {"loss": [(1, step, float(step)) for step in range(5)]}


def test_long_curves_are_thinned_at_the_same_steps_for_all_seeds(tmp_path: Path) -> None:
    rows = [{"loop": f"seed-{seed}", "step": step, "loss": 1.0} for seed in (0, 1) for step in range(1, 10_001)]
    points = read_series(write(tmp_path / "h", rows))["loss"]
    steps = {seed: [step for own, step, _ in points if own == seed] for seed in (0, 1)}
    assert steps[0] == steps[1]
    assert len(steps[0]) <= POINTS + 1
    assert (steps[0][0], steps[0][-1]) == (1, 10_000)


def test_curves_of_one_step_are_left_out(tmp_path: Path) -> None:
    assert read_series(write(tmp_path / "h", [{"loop": "seed-0", "step": 1, "loss": 1.0}])) == {}
    assert read_series(write(tmp_path / "h", [])) == {}


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["accuracy", "loss"], "loss"),
        (["accuracy", "train_loss"], "train_loss"),
        (["elbo"], "elbo"),
        (["seconds"], None),
    ],
)
def test_the_loss_is_preferred(names: list[str], shown: str | None) -> None:
    assert shown_value([{name: [(0, 1, 1.0)] for name in names}]) == shown


def test_there_is_a_panel_for_each_data_set(finished: Project) -> None:
    panels = curve_views(finished.results(), job_views(finished.plan()))
    assert [panel.label for panel in panels] == [
        "Own data", "Films-100K (real, stand-in)", "Toy clusters (synthetic, stand-in)"
    ]  # fmt: skip
    assert panels[0].methods == ["ours", "baseline", "random"]
    ElementTree.fromstring(panels[0].svg)
    assert b"<dc:date>" not in panels[0].svg
