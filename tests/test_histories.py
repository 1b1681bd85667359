"""Reading histories of runs."""

import csv
import json
from pathlib import Path

import pytest

from tenfold.histories import (
    POINTS,
    history_rows,
    logged_values,
    read_series,
    shown_value,
    stage_and_seed,
    write_curves,
)


def test_a_line_that_is_cut_off_is_skipped() -> None:
    lines = [json.dumps({"loop": "seed-0", "step": 1, "loss": 0.5}), '{"loop": "seed-0", "st', "[1]", '{"loss": 1}']
    assert [row["step"] for row in history_rows(lines)] == [1]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"loop": "seed-3"}, ("", 3)),
        ({"loop": "warm-up seed-3"}, ("warm-up", 3)),
        ({"loop": "seed-12/teacher"}, ("teacher", 12)),
        ({"loop": "all"}, ("all", None)),
        ({"loop": "all", "seed": 4}, ("all", 4)),
        ({}, ("", None)),
    ],
)
def test_stage_and_seed_come_from_the_loop_or_the_row(row: dict, expected: tuple) -> None:
    assert stage_and_seed(row) == expected


def test_only_numbers_are_logged_values() -> None:
    row = {"loop": "x", "seed": 1, "step": 2, "loss": 1, "accuracy": 0.5, "stopped": True, "note": "text"}
    assert logged_values(row) == {"loss": 1.0, "accuracy": 0.5}


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


def curves(tmp_path: Path, histories: list) -> list[dict]:
    write_curves(tmp_path / "curves.csv", histories)
    with (tmp_path / "curves.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_written_curve_is_the_mean_over_the_seeds_of_all_blocks_that_reached_a_step(tmp_path: Path) -> None:
    first = [{"loop": f"seed-{seed}", "step": step, "loss": float(seed)} for seed in (0, 1) for step in (1, 2)]
    second = [{"loop": "seed-5", "step": step, "loss": 5.0} for step in (1, 2, 3)]
    blocks = [write(tmp_path / name, rows) for name, rows in (("a", first), ("b", second))]
    rows = curves(tmp_path, [("films", "ours", block) for block in blocks])
    found = [(row["dataset"], row["method"], row["quantity"], row["step"], row["value"], row["seeds"]) for row in rows]
    assert found == [
        ("films", "ours", "loss", "1", "2.0", "3"),
        ("films", "ours", "loss", "2", "2.0", "3"),
        ("films", "ours", "loss", "3", "5.0", "1"),
    ]


def test_values_that_are_not_finite_and_runs_without_a_history_have_no_curve(tmp_path: Path) -> None:
    text = '{"loop": "seed-0", "step": 1, "loss": NaN}\n{"loop": "seed-0", "step": 2, "loss": 0.5}\n'
    (tmp_path / "h").write_text(text)
    rows = curves(tmp_path, [("films", "ours", tmp_path / "h"), ("films", "baseline", tmp_path / "nothing")])
    assert [(row["method"], row["step"], row["value"]) for row in rows] == [("ours", "2", "0.5")]
