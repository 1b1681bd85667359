"""From claims.json to what the report shows."""

from __future__ import annotations

import pytest

from tenfold.claims import RunSamples, judge, write_verdicts
from tenfold.evaluation import read_metrics
from tenfold.files import read_json
from tenfold.report.site import build
from tenfold.report.verdicts import PENDING, claim_views, tally
from tests.made_up_project import PAPER, SCALE, Project


def test_the_report_understands_what_the_claims_stage_writes(finished: Project) -> None:
    paper = finished.plan().paper
    written = finished.folder() / "claims.json"
    rows, jobs = read_metrics(finished.folder() / "metrics.csv"), finished.jobs()
    write_verdicts(written, judge(paper, rows, RunSamples(jobs), jobs, {}))
    ours_better, ours_errs_less, people, chance = claim_views(paper, read_json(written))
    assert {view.verdict.name for view in (ours_better, chance)} <= {"reproduced", "consistent (stand-in)"}
    (comparison,) = ours_better.comparisons
    assert comparison.sides == ("OURS", "Baseline")
    assert comparison.effect == pytest.approx(0.1)
    assert comparison.interval is not None
    assert comparison.interval[0] <= comparison.effect <= comparison.interval[1]
    assert comparison.text
    assert {row.title for row in comparison.datasets} == {"Own data", "Films-100K", "Toy clusters"}
    assert [row.title for row in comparison.datasets if row.judged] == ["Own data"]
    assert ours_better.data_kinds == ["paper"]
    assert ours_errs_less.verdict.name == "contradicted"
    assert ours_errs_less.comparisons[0].effect == pytest.approx(-1.0)  # positive would be the claimed direction
    assert any("for the opposite" in part for part in ours_errs_less.comparisons[0].evidence)
    assert (people.verdict.name, people.reason) == ("not tested", "it needs people")
    assert chance.comparisons[0].sides == ("OURS", "fixed value")
    build(finished.configuration, SCALE)


def test_claims_without_a_record_are_not_judged_yet(project: Project) -> None:
    views = claim_views(project.plan().paper, None)
    assert [view.verdict.name for view in views] == ["not judged yet", "not judged yet", "not tested", "not judged yet"]
    assert tally(views)[-1] == (PENDING, 3)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("not tested (no data)", "not tested"),
        ("consistent (stand-in)", "consistent (stand-in)"),
        ("maybe", "not judged yet"),
    ],
)
def test_verdicts_go_by_their_names(project: Project, name: str, shown: str) -> None:
    (view, *_) = claim_views(project.plan().paper, [{"id": "C1", "verdict": name}])
    assert view.verdict.name == shown


@pytest.mark.parametrize(
    ("against", "sides"),
    [
        ({"split": "validation"}, ("OURS (test)", "OURS (validation)")),
        ({"metric": "error"}, ("NDCG@10", "Error")),
        ({"dataset": "toy"}, ("Own data", "Toy clusters")),
        ({"method": {"best_of": ["baseline", "random"]}}, ("OURS", "best of Baseline and Random")),
    ],
)
def test_sides_are_called_by_what_they_differ_in(project: Project, against: dict, sides: tuple[str, str]) -> None:
    comparison = {"metric": "ndcg@10", "method": "ours", "datasets": ["own"], "against": against, "direction": "higher"}
    project.add_paper(PAPER | {"claims": [PAPER["claims"][0] | {"comparisons": [comparison]}]})
    (view,) = claim_views(project.plan().paper, [{"id": "C1", "comparisons": [{"effect": 0.1}]}])
    assert view.comparisons[0].sides == sides
    assert view.comparisons[0].interval is None
