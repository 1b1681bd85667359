"""From a job to its metrics, on problems small enough to know the answer."""

import json

import numpy as np
import pytest

from tenfold.papers.dmf_spe.evaluate import evaluate
from tenfold.papers.dmf_spe.recorded import recorded_runs
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.train import train
from tenfold.training.execute import execute
from tenfold.training.finished import FinishedRun
from tenfold.training.job import Job


@pytest.fixture
def measured(tmp_path, monkeypatch, prepared):
    """Function that runs a job in a folder of its own and gives its metrics as {(split, metric, seed): value}."""
    from tenfold import paths
    from tenfold.files import write_arrays

    monkeypatch.setattr(paths, "DATA", tmp_path / "data")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(data, seeds=(0,), method="any", **settings):
        resolved = Train(**{"init_scales": {3: [0.05]}, "recording": {"chunks": 3}, **settings}).model_dump(mode="json")
        job = Job("smoke", "dmf-spe", "any", method, seeds, resolved, "paper")
        write_arrays(job.prepared / "data.npz", data)
        (job.prepared / "manifest.json").write_text(json.dumps({"digest": "d"}))
        execute(job, train, code_digest="c", device="cpu")
        finished = FinishedRun(job.directory, job.prepared)
        found = {(m.split, m.metric, m.seed): m.value for m in evaluate(finished)}
        return found, finished

    return run


def test_an_aligned_rank_2_job_passes_all_its_own_tests(measured, prepared):
    data = prepared(size=6, targets={"21": [2.0, 1.0]}, seeds=(0, 1))
    values, _ = measured(data, (0, 1), inits=["aligned"], learning_rates=[0.01], curvature={"final": True})
    for seed in (0, 1):
        assert values["21", "escapes", seed] == values["21", "peaks", seed] == 2
        assert values["all", "escape_count_error", seed] == values["all", "peak_count_error", seed] == 0
        assert values["all", "recursion_error", seed] < 1e-12
        assert values["all", "flow_time_error", seed] < 0.01
        assert values["all", "plateau_rank_error", seed] == 0
        assert values["all", "plateau_loss_error", seed] < 0.01
        assert values["21", "final_loss", seed] < 1e-3
        assert values["21", "final_negative_curvature", seed] < 1e-2


def test_curvature_along_a_path_follows_the_saddle_index_at_depth_2(measured, prepared):
    data = prepared(size=5, targets={"421": [4.0, 2.0, 1.0]})
    settings = {"depths": [2], "init_scales": {2: [1e-5]}, "inits": ["orthogonal"], "curvature": {"plateaus": True}}
    values, finished = measured(data, **settings)
    negative = [values["421", f"negative_eigenvalues_{place}", 0] for place in range(4)]
    assert negative == [15, 8, 3, 0]
    assert [values["421", f"smallest_eigenvalue_{place}", 0] for place in range(3)] == (
        pytest.approx([-4, -2, -1], abs=0.05)
    )
    (run,) = recorded_runs(finished.predictions)
    assert run.spectra.shape == (4, 50)


def test_escape_steps_fall_like_one_over_the_learning_rate_and_diverging_runs_are_no_failure(measured, prepared):
    values, _ = measured(
        prepared(size=5, targets={"21": [2.0, 1.0]}),
        learning_rates=[0.02, 0.05, 0.1, 0.2, 9.0],
        learning_rate_unit="critical",
        split_by=["depth", "rate"],
        stopping={"may_diverge": True},
    )
    assert values["L3", "rate_slope_error", 0] < 0.05
    assert values["L3/rate-0.02", "escape_step_2", 0] == pytest.approx(
        10 * values["L3/rate-0.2", "escape_step_2", 0], rel=0.05
    )
    assert ("all", "final_loss", 0) not in values


def test_a_diverging_run_fails_with_the_stability_limit_in_its_message(measured, prepared):
    from tenfold.errors import RunFailed

    with pytest.raises(RunFailed, match=r"target a, depth 2.*learning rate 10; lower .*stable up to 0.5 here"):
        measured(prepared(size=5, targets={"a": [2.0]}), depths=[2], init_scales={2: [0.1]}, learning_rates=[20.0])


def test_critical_points_agree_with_the_theory_in_every_metric(measured, prepared):
    values, _ = measured(
        prepared(size=4, targets={"31": [3.0, 1.0]}),
        study="critical-points",
        depths=[2, 3],
        init_scales={2: [1.0], 3: [1.0]},
        critical_points={"hidden_widths": [1, 2, 3]},
    )
    for depth in ("L2", "L3"):
        assert values[depth, "index_error", 0] == 0
        assert values[depth, "eigenvalue_error", 0] < 1e-10
        assert values[depth, "near_saddle_error", 0] < 0.01
    assert values["L2", "top_saddle_index", 0] == 6
    assert values["L3", "top_saddle_index", 0] == 0


def test_descent_completes_what_zero_filling_cannot(measured, prepared):
    data = prepared(size=12, targets={"a": [5.0]}, observed=0.6)
    descent, _ = measured(data, learning_rates=[0.1], stopping={"gradient": 0, "maximum_steps": 3000})
    filled, _ = measured(data, study="baseline", method="zero-fill")
    assert descent["a", "relative_error", 0] < 0.02
    assert filled["test", "relative_error", 0] == pytest.approx(
        float(np.linalg.norm(np.where(data["mask"], 0, data["target"])) / 5), rel=1e-9
    )
