"""The few numbers that DVC shows of a paper."""

from __future__ import annotations

import math

from tenfold.claims.headline import headline
from tenfold.claims.verdict import Verdict
from tenfold.config import PaperConfig
from tenfold.evaluation import MetricRow
from tests.made_up_project import PAPER


def paper(*comparisons) -> PaperConfig:
    claim = {"id": "C1", "title": "t", "statement": "s", "source": "x", "comparisons": list(comparisons)}
    return PaperConfig.model_validate(PAPER | {"claims": [claim]})


def row(method, value, seed=0, dataset="own", split="test", metric="error"):
    return MetricRow("made-up", dataset, "paper", method, seed, split, metric, value)


AGAINST_BASELINE = {"metric": "error", "method": "ours", "against": {"method": "baseline"}, "direction": "lower"}


def test_means_over_seeds_of_both_sides_and_of_nothing_else():
    rows = [row("ours", 1.0), row("ours", 4.0, seed=1), row("baseline", 5.0), row("random", 9.0)]
    rows += [row("ours", 7.0, metric="ndcg@10"), row("ours", 7.0, split="validation")]
    content = headline(paper(AGAINST_BASELINE), rows, [])
    assert content["means"] == {"own": {"baseline": {"error": 5.0}, "ours": {"error": 2.5}}}


def test_a_side_with_its_own_split_and_data_set_is_named_by_it():
    against = {"split": "validation", "dataset": "films"}
    comparison = AGAINST_BASELINE | {"against": against, "datasets": ["own"]}
    rows = [row("ours", 1.0), row("ours", 2.0, dataset="films", split="validation"), row("ours", 3.0, dataset="films")]
    content = headline(paper(comparison), rows, [])
    assert content["means"] == {"films": {"ours": {"validation error": 2.0}}, "own": {"ours": {"error": 1.0}}}


def test_values_that_are_not_numbers_are_left_out():
    rows = [row("ours", math.nan), row("ours", 4.0, seed=1), row("baseline", math.inf)]
    assert headline(paper(AGAINST_BASELINE), rows, [])["means"] == {"own": {"ours": {"error": 4.0}}}


def test_every_claim_has_its_verdict():
    verdict = Verdict("C1", "t", "s", "x", False, "inconclusive", "why")
    assert headline(paper(AGAINST_BASELINE), [], [verdict]) == {"verdicts": {"C1": "inconclusive"}, "means": {}}
