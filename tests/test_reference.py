"""What a committed reference keeps of metrics.csv."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tenfold import paths, verify
from tenfold.claims import reference_rows
from tenfold.config import PaperConfig
from tenfold.evaluation import MetricRow, read_metrics, write_metrics
from tests.made_up_project import PAPER

COMPARISON = {"metric": "error", "method": "ours", "against": {"method": "baseline"}, "direction": "lower"}
CLAIM = {"id": "C1", "title": "t", "statement": "s", "source": "x", "comparisons": [COMPARISON]}
CLAIMED = PaperConfig.model_validate(PAPER | {"claims": [CLAIM]})


def row(method, seed, metric="error", split="test", dataset="own", value=1.0):
    return MetricRow("made-up", dataset, "paper", method, seed, split, metric, value)


def test_what_a_claim_compares_is_kept_for_every_seed_and_the_rest_for_the_first():
    rows = [row(method, seed) for method in ("ours", "baseline", "random") for seed in (3, 4, 5)]
    rows += [row("ours", seed, metric="ndcg@10") for seed in (3, 4)] + [row("ours", 4, split="validation")]
    kept = reference_rows(CLAIMED, rows)
    assert [(r.method, r.seed, r.metric) for r in kept] == [
        *(("ours", seed, "error") for seed in (3, 4, 5)), *(("baseline", seed, "error") for seed in (3, 4, 5)),
        ("random", 3, "error"), ("ours", 3, "ndcg@10"),
    ]  # fmt: skip


def test_the_first_seed_is_that_of_each_data_set_and_method():
    rows = [row("random", 7), row("random", 2, dataset="films"), row("random", 8), row("random", 9, dataset="films")]
    assert [(r.dataset, r.seed) for r in reference_rows(CLAIMED, rows)] == [("own", 7), ("films", 2)]


ROWS = st.lists(
    st.tuples(st.sampled_from(["ours", "random"]), st.integers(0, 4), st.sampled_from(["error", "ndcg@10"])),
    unique=True,
)


@given(ROWS)
def test_a_reference_keeps_every_method_and_metric_of_the_first_seed_and_needs_no_more(keys):
    rows = [row(*key) for key in keys]
    kept = reference_rows(CLAIMED, rows)
    assert reference_rows(CLAIMED, kept) == kept
    assert {r.method for r in kept} == {r.method for r in rows}
    assert [r for r in rows if r in kept] == kept


def test_a_rebuild_is_not_blamed_for_what_the_reference_leaves_out(project, monkeypatch):
    monkeypatch.setattr("tenfold.paths.REFERENCE", project.root / "reference")
    project.build_all()
    paper = project.configuration.paper("made-up")
    scale = project.configuration.suite.scale
    metrics = list(read_metrics(paths.metrics(scale, "made-up")))
    reference = reference_rows(paper, metrics)
    assert len(reference) < len(metrics)
    file = paths.reference_metrics(scale, "made-up")
    write_metrics(file, reference)
    checks = verify.verify(paper, scale)
    assert {check.status for check in checks} == {"equal"}
    assert len(checks) == len(reference)
    write_metrics(file, reference[1:])  # a value that should be there
    assert [check.status for check in verify.verify(paper, scale)].count("new") == 1
    write_metrics(file, metrics)  # a reference that holds everything
    assert len(verify.verify(paper, scale)) == len(metrics)
