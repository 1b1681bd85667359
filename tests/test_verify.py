import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tenfold import verify
from tenfold.config import Metric, PaperConfig
from tenfold.errors import ResultError
from tenfold.evaluation import MetricRow, write_metrics
from tests.made_up_project import PAPER

METRICS = {"acc": Metric(title="Accuracy"), "time": Metric(title="Time", tolerance=0.1)}


def row(metric="acc", value=0.5, seed=0, kind="paper"):
    return MetricRow("paper", "own", kind, "new", seed, "test", metric, value)


@pytest.mark.parametrize(
    ("metric", "rebuilt", "reference", "expected"),
    [
        ("acc", 0.5, 0.5, "equal"),
        ("acc", 0.5000001, 0.5, "different"),
        ("time", 10.9, 10.0, "within tolerance"),
        ("time", 9.0, 10.0, "within tolerance"),
        ("time", 11.1, 10.0, "different"),
        ("time", -10.5, -10.0, "within tolerance"),
        ("time", 10.0, -10.0, "different"),
        ("time", 1e-9, 0.0, "different"),
        ("time", float("nan"), float("nan"), "equal"),
        ("time", float("nan"), 1.0, "different"),
        ("time", 1.0, float("nan"), "different"),
        ("time", 1.0, float("inf"), "different"),
        ("time", float("inf"), float("inf"), "equal"),
        ("unknown", 1.01, 1.0, "different"),
    ],
)
def test_values_are_compared_by_the_metrics_relative_tolerance(metric, rebuilt, reference, expected):
    (check,) = verify.compare([row(metric, rebuilt)], [row(metric, reference)], METRICS)
    assert check.status == expected


def test_values_of_one_side_only_are_missing_or_new():
    checks = verify.compare([row(seed=1), row(seed=2)], [row(seed=0), row(seed=1)], METRICS)
    assert [(check.key[3], check.status) for check in checks] == [(0, "missing"), (1, "equal"), (2, "new")]
    assert [(check.rebuilt, check.reference) for check in checks] == [(None, 0.5), (0.5, 0.5), (0.5, None)]


def test_other_data_is_different_however_close_the_value():
    (check,) = verify.compare([row(kind="synthetic")], [row(kind="paper")], METRICS)
    assert check.status == "different"
    assert check.note == "data of kind synthetic, the reference's is paper"


@pytest.mark.parametrize(
    ("rebuilt", "passes"), [([row()], True), ([row(), row(seed=1)], True), ([], False), ([row(value=0.4)], False)]
)
def test_a_rebuild_passes_unless_something_differs_or_is_missing(rebuilt, passes):
    assert verify.passes(verify.compare(rebuilt, [row()], METRICS)) is passes


def test_a_value_given_twice_is_refused():
    with pytest.raises(ResultError, match=r"the rebuild gives paper / own / new / 0 / test / acc twice"):
        verify.compare([row(), row()], [row()], METRICS)


@given(st.lists(st.floats(), max_size=6))
def test_a_rebuild_equals_itself(values):
    rows = [row(value=value, seed=seed) for seed, value in enumerate(values)]
    assert all(check.status == "equal" for check in verify.compare(rows, reversed(rows), METRICS))


def test_the_table_shows_what_is_not_equal_and_counts_everything():
    rebuilt = [row(), row("time", 10.5), row("time", 20.0, seed=1), row(seed=3)]
    reference = [row(), row("time", 10.0), row("time", 10.0, seed=1), row(seed=2)]
    checks = verify.compare(rebuilt, reference, METRICS)
    assert verify.summary(checks) == "1 equal, 1 within tolerance, 1 different, 1 missing, 1 new"
    console = Console(file=io.StringIO(), width=140)
    console.print(verify.as_table(checks))
    lines = [line for line in console.file.getvalue().splitlines() if "own" in line]
    assert [line.strip(" │").split("│")[-1].strip() for line in lines] == [
        "different",
        "missing",
        "new",
        "within tolerance",
    ]
    assert "100 %" in lines[0]
    assert "5 %" in lines[3]


def test_the_table_names_each_value_in_80_columns_and_begins_with_the_worst():
    metrics = {"expected_calibration_error": Metric(title="ECE")}
    rebuilt = [row("expected_calibration_error", 1.0 + seed, seed) for seed in range(60)]
    reference = [row("expected_calibration_error", 1.0, seed) for seed in range(60)]
    console = Console(file=io.StringIO(), width=80)
    console.print(verify.as_table(verify.compare(rebuilt, reference, metrics)))
    text = console.file.getvalue()
    assert "…" not in text
    found = [line.split("│")[2].strip() for line in text.splitlines() if " different" in line and "│" in line]
    assert found == [str(value) for value in range(60, 20, -1)]
    assert "expected_calibrat" in text
    assert "1 equal, 59 different; the first 40 of 59 are shown" in " ".join(text.split())


def test_a_built_paper_is_compared_with_its_committed_reference(tmp_path, monkeypatch):
    monkeypatch.setattr("tenfold.paths.RESULTS", tmp_path)
    monkeypatch.setattr("tenfold.paths.REFERENCE", tmp_path / "reference")
    paper = PaperConfig.model_construct(slug="paper", metrics=METRICS, claims=[])
    write_metrics(tmp_path / "quick" / "paper" / "metrics.csv", [row(value=0.4)])
    with pytest.raises(ResultError, match="paper has no reference at scale quick"):
        verify.verify(paper, "quick")
    write_metrics(tmp_path / "reference" / "quick" / "paper" / "metrics.csv", [row()])
    assert [check.status for check in verify.verify(paper, "quick")] == ["different"]


@pytest.fixture
def verified(project, monkeypatch):
    """Verify the made-up project: exit and printed lines."""
    monkeypatch.setattr("tenfold.paths.REFERENCE", project.root / "results" / "reference")

    def run():
        console = Console(file=io.StringIO(), width=160)
        good = verify.verify_suite(project.configuration, console)
        return good, console.file.getvalue()

    return run


def test_without_any_reference_there_is_nothing_to_verify(verified):
    with pytest.raises(ResultError, match="there is no reference at scale tiny; scales with one: none"):
        verified()


def test_the_suite_passes_when_every_paper_with_a_reference_does(project, verified):
    project.build_all()
    reference = project.root / "results" / "reference" / "tiny" / "made-up" / "metrics.csv"
    reference.parent.mkdir(parents=True)
    reference.write_bytes((project.folder() / "metrics.csv").read_bytes())
    project.add_paper({**PAPER, "slug": "eleventh"})
    good, printed = verified()
    assert good
    (line,) = [line for line in printed.splitlines() if "eleventh" in line]
    assert "no reference" in line


def test_a_paper_that_was_not_built_is_missing(project, verified):
    project.build_all()
    reference = project.root / "results" / "reference" / "tiny" / "made-up" / "metrics.csv"
    reference.parent.mkdir(parents=True)
    (project.folder() / "metrics.csv").rename(reference)
    good, printed = verified()
    assert not good
    assert "not built" in printed
    assert "seed 0" not in printed


def test_missing_values_of_data_that_is_not_here_say_so(project, verified):
    project.build_all()
    reference = project.root / "results" / "reference" / "tiny" / "made-up" / "metrics.csv"
    rows = [MetricRow("made-up", "gated", "paper", "ours", 0, "test", "error", 1.0)]
    write_metrics(reference, rows)
    good, printed = verified()
    assert not good
    assert "its raw data is not here" in printed
