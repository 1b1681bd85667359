"""Reading histories of runs."""

import json

import pytest

from tenfold.histories import history_rows, logged_values, stage_and_seed


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
