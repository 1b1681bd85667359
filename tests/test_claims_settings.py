import pytest
from pydantic import ValidationError

from tenfold.config import BestOf, Comparison, Metric, PaperConfig, Side

BASE = {"metric": "acc", "method": "new", "against": {"method": "old"}, "direction": "higher"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "every", "unit": "sample"}, "looks at whole runs"),
        ({"share": 0.9}, "share belongs to rule 'every'"),
        ({"paired": False}, "needs unit 'sample'"),
        ({"paired": False, "unit": "sample", "against": 0.5}, "needs unit 'sample' and two sides"),
        ({"direction": "equal"}, "give a margin"),
        ({"against": {}}, "both sides are the same"),
        ({"against": {"method": "new"}}, "both sides are the same"),
        ({"against": {"split": "test"}}, "both sides are the same"),
        ({"against": {"dataset": "own"}, "datasets": ["own"]}, "both sides are the same"),
        ({"method": {"best_of": ["new"]}}, "at least 2 items"),
        ({"against": {"method": {"mean_of": ["new", "newer"]}}, "unit": "sample"}, "averages whole runs"),
        ({"direction": "better"}, "not higher"),
    ],
)
def test_a_comparison_that_cannot_be_tested_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Comparison.model_validate({**BASE, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"against": {"split": "train"}},
        {"against": {"dataset": "own"}},
        {"against": {"dataset": "own"}, "datasets": ["own", "second"]},
        {"direction": "equal", "rule": "every"},
        {"direction": "equal", "margin": 0.1},
        {"rule": "every", "share": 0.9},
        {"unit": "sample", "paired": False},
        {"method": {"best_of": ["new", "newer"]}},
        {"against": {"method": {"mean_of": ["new", "newer"], "mean": "harmonic"}}},
    ],
)
def test_a_comparison_that_can_be_tested_is_accepted(change):
    Comparison.model_validate({**BASE, **change})


def test_a_whole_number_is_a_fixed_value():
    assert Comparison.model_validate({**BASE, "against": 3}).against == 3.0


def paper(comparison=None, claims=None, **metric):
    entry = {"title": "t", "statement": "s", "source": "s", "comparisons": [{**BASE, **(comparison or {})}]}
    return PaperConfig.model_validate({
        "slug": "paper", "title": "t", "authors": ["a"], "year": 2023, "venue": "v", "bibtex": "b", "summary": "s",
        "datasets": {"own": {"title": "Own", "kind": "paper"}},
        "methods": {"new": {"title": "New"}, "old": {"title": "Old"}},
        "scales": {"quick": {"datasets": ["own"], "methods": ["new"]}},
        "metrics": {"acc": {"title": "Accuracy", **metric}},
        "claims": [{"id": name, **entry} for name in claims or ["C1"]],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("comparison", "message"),
    [
        ({"metric": "auc"}, r"claims.C1.comparisons.0.metric: unknown name 'auc'; known: acc"),
        ({"method": "newer"}, r"comparisons.0.method: unknown name 'newer'; known: new, old"),
        ({"method": {"best_of": ["new", "newer"]}}, r"comparisons.0.method: unknown name 'newer'"),
        ({"method": {"best_of": ["new", "old"], "metric": "auc"}, "against": 1}, r"method.metric: unknown name 'auc'"),
        ({"against": {"method": {"best_of": ["old", "older"]}}}, r"comparisons.0.against.method: unknown name 'older'"),
        ({"against": {"metric": "auc"}}, r"comparisons.0.against.metric: unknown name 'auc'"),
        ({"against": {"dataset": "mine"}}, r"comparisons.0.against.dataset: unknown name 'mine'"),
        ({"datasets": ["mine"]}, r"comparisons.0.datasets: unknown name 'mine'"),
        ({"method": {"best_of": ["new", "old"]}, "against": 1}, r"'acc' needs higher_is_better"),
    ],
)
def test_names_in_comparisons_exist(comparison, message):
    with pytest.raises(ValidationError, match=message):
        paper(comparison)


def test_the_best_can_be_chosen_where_the_metric_says_what_is_better():
    assert paper({"method": {"best_of": ["new", "old"]}, "against": 1}, higher_is_better=False)


def test_claim_ids_are_unique():
    with pytest.raises(ValidationError, match="given twice: C1"):
        paper(claims=["C1", "C2", "C1"])


def test_a_metrics_format_can_format_a_number():
    assert Metric(title="m", format=".1%").format == ".1%"
    with pytest.raises(ValidationError, match="cannot format a number"):
        Metric(title="m", format="d")


@pytest.mark.parametrize("model", [Comparison, Side, BestOf])
def test_every_field_is_described(model):
    assert all(field.description for field in model.model_fields.values())
