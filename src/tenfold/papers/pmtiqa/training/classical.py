"""Runs of the baselines without gradients."""

from __future__ import annotations

import numpy as np

from tenfold.errors import DataError
from tenfold.papers.pmtiqa.baselines import niqe, regressors
from tenfold.papers.pmtiqa.settings import Train
from tenfold.papers.pmtiqa.training.networks import split_of
from tenfold.training.run import Run
from tenfold.training.seeding import derived_seed


def train_classical(run: Run, settings: Train) -> None:
    """Predictions of each seed: `<seed>/test` (n,) and `<seed>/scores` (1, n); of an SVR `<seed>/chosen` (C, gamma)."""
    predictions: dict[str, np.ndarray] = {}
    for seed in run.seeds:
        training, test = split_of(run, seed)
        predictions[f"{seed}/test"] = test
        if settings.estimator == "niqe":
            found = _niqe(run, settings, training, test)
        elif settings.estimator == "forest":
            found = regressors.forest_predictions(
                _features(run), run.data["scores"], training, test, settings.regressor, derived_seed(seed, "forest")
            )
        else:
            scaled = (
                regressors.to_unit_interval(_required(run, "brisque"), training)
                if settings.estimator == "brisque-svr"
                else regressors.standardized(_features(run), training)
            )
            found, chosen = regressors.svr_predictions(
                scaled, run.data["scores"], run.data["units"], training, test, settings.regressor
            )
            predictions[f"{seed}/chosen"] = np.array(chosen)
        predictions[f"{seed}/scores"] = found[None]
    run.save_predictions(predictions)


def _niqe(run: Run, settings: Train, training: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Distance to the pristine photographs of the training references; those of the test references stay unseen."""
    seen = np.isin(_required(run, "pristine_units"), run.data["units"][training])
    model = niqe.pristine_model(
        run.data["pristine_patches"][seen], run.data["pristine_sharpness"][seen], settings.sharpness
    )
    return niqe.niqe_distance(run.data["scene_means"][test], run.data["scene_covariances"][test], *model)


def _features(run: Run) -> np.ndarray:
    return _required(run, "tap_1")[:, 0, :, 0, 0].astype(np.float64)


def _required(run: Run, name: str) -> np.ndarray:
    if name not in run.data:
        raise DataError(f"{run.method} needs {name}, which the data set {run.dataset} does not have")
    return run.data[name]
