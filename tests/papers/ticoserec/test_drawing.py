import numpy as np
import pytest

from tenfold.config import Configuration
from tenfold.evaluation import MetricRow, write_metrics
from tenfold.papers.ticoserec.drawing import ablations, sequences
from tenfold.results import Results
from tests.conftest import REPOSITORY

DAY = 86_400


def results_of(folder, values):
    """Results that hold NDCG@20, HR@10 and NDCG@10 of `(method, split) -> values by seed` on one data set."""
    rows = [
        MetricRow("ticoserec", "beauty-7core", "real", method, seed, split, metric, value)
        for (method, split), seeds in values.items()
        for seed, value in enumerate(seeds)
        for metric in ("hr@10", "ndcg@10", "ndcg@20")
    ]
    write_metrics(folder / "metrics.csv", rows)
    return Results(Configuration(REPOSITORY / "config").paper("ticoserec"), "standard", folder, [])


def test_ablations_are_compared_with_ticoserec_seed_by_seed(tmp_path):
    results = results_of(
        tmp_path,
        {
            ("ticoserec", "test"): [0.10, 0.20],
            ("ticoserec-opposite", "test"): [0.07, 0.19],  # differences -0.03 and -0.01
            ("operator-sets", "without-crop"): [0.10, 0.21],
        },
    )
    table = ablations.ablation_table(results)
    label = "Amazon Beauty, 7-core (real, stand-in)"
    assert list(table.index) == [
        (label, "TiCoSeRec"),
        (label, "opposite positions"),
        (label, "without Ti-Crop"),
    ]
    assert table["difference in NDCG@20"].tolist() == ["", "-0.0200 ± 0.0141", "+0.0050 ± 0.0071"]
    assert table["NDCG@20"].tolist()[1] == "0.1300 ± 0.0849"


def test_each_choice_of_the_published_code_is_compared_with_what_differs_in_it_alone(tmp_path):
    results = results_of(
        tmp_path,
        {
            ("ticoserec", "test"): [0.10],
            ("ticoserec-published-code", "test"): [0.05],
            ("published-choices", "kept-users"): [0.09],
            ("published-choices", "hybrid-as-intended"): [0.30],
            ("published-choices", "hybrid-similarity"): [0.28],
        },
    )
    table = ablations.published_code_table(results)
    changes = dict(zip([name for _, name in table.index], table["difference in NDCG@20"], strict=True))
    assert changes == {
        "TiCoSeRec": "",
        "hybrid similarity as intended": "",
        "P1: unrelated users are left as they are": "-0.0100",
        "P3: dissimilar items in the hybrid": "-0.0200",
        "all four": "-0.0500",
    }
    figure, datasets = ablations.published_code(results)
    assert datasets == ["beauty-7core"]
    assert [bar.get_width() for bar in figure.axes[0].patches] == pytest.approx([-0.01, -0.02, -0.05])


def test_the_sweep_of_sigma_is_drawn_in_its_order(tmp_path):
    values = {("ticoserec", "test"): [0.3, 0.5], ("ticoserec-sigma-0", "test"): [0.2], ("sasrec", "test"): [0.1]}
    results = results_of(tmp_path, values | {("ticoserec-sigma-100", "test"): [0.6]})
    figure, _ = ablations.sigma_sweep(results)
    (mean,) = [line for line in figure.axes[0].lines if line.get_label() == "TiCoSeRec (mean)"]
    assert mean.get_xydata().tolist() == [[0.0, 0.2], [0.15, 0.4], [1.0, 0.6]]


def test_nothing_is_drawn_of_what_was_not_run(tmp_path):
    results = results_of(tmp_path, {("sasrec", "test"): [0.1]})
    drawn = [ablations.ablation_table, ablations.published_code_table, ablations.sigma_sweep, ablations.curves]
    assert [make(results) for make in [*drawn, ablations.published_code, sequences.examples]] == [None] * 6


def test_curves_of_the_generators_begin_where_the_warm_up_ended():
    import pandas as pd

    columns = ["data set", "method", "seed", "epoch", "value"]
    rows = [("d", "sasrec-warmup", 0, 5, 0.1), ("d", "sasrec-warmup", 0, 10, 0.2), ("d", "ticoserec", 0, 12, 0.3)]
    joined = ablations._joined_to_the_warmup(pd.DataFrame(rows, columns=columns))
    own = joined[joined["method"] == "ticoserec"]
    assert own[["epoch", "value"]].to_numpy().tolist() == [[10, 0.2], [12, 0.3]]
    assert not (joined["method"] == "ticoserec-random").any()


def test_examples_stand_at_both_ends_among_users_of_middle_length_and_a_month():
    gaps = [[4] * 9, [1] * 5 + [90] + [1] * 3, [10, 12] * 5, [1] * 9, [200] * 3]  # the last two: too short
    lengths = np.array([len(row) + 1 for row in gaps])
    times = np.concatenate([DAY * np.concatenate([[0], np.cumsum(row)]) for row in gaps])
    data = {
        "times": times,
        "offsets": np.concatenate([[0], np.cumsum(lengths)]),
        "interval_variance": np.array([np.var(row) for row in gaps]) * DAY**2,
    }
    assert sequences.example_users(data) == {"uniform": 0, "non-uniform": 1}
    assert sequences.example_users({**data, "times": times // 1000}) == {}


def test_events_of_one_moment_are_stacked():
    assert sequences.stacked(np.array([0, 0, 0, 4, 7, 7])).tolist() == [0, 1, 2, 0, 0, 1]
