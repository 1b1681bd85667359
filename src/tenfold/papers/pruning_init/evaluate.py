"""Evaluation: errors of every cell, and how well the initial network foretold them.

A cell of the grid is a value of `split`; see `cells`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.papers.pruning_init.cells import GRID, TRUSTED_GRID, TRUSTED_STEPS, image_cell, theory_cell
from tenfold.training.finished import FinishedRun

SAFE_RATIO, LOST_RATIO = 0.7, 5.0
"""Below the first the signal should win, above the second the noise (claim C5 of the card)."""
SAFE_ERROR, LOST_ERROR = 0.2, 0.4
"""Errors that count as won and as lost, for two classes; scaled with chance, (K-1)/K, for more."""


RESULTS = ("test-nll", "train-error", "train-loss", "steps", "signal-coefficient", "noise-coefficient")
"""Arrays of the predictions that are metrics as they are; not a number where a cell diverged."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Measurements of every cell and seed; the theory's also of each seed's grid as a whole."""
    if run.settings["theory"] is not None:
        wanted = set(run.settings["theory"]["measured"])
        return [found for found in theory(run) if found.metric in wanted]
    return list(images(run))


# ------------------------------------------------------------------------------------------------- theory


def theory(run: FinishedRun) -> Iterator[Measurement]:
    """Everything that can be measured on a grid of the theory."""
    found = run.predictions
    diverged = found["diverged"]
    errors = np.where(diverged, np.nan, error_rates(found["predicted"]))  # (S, keep rates, levels)
    values = {
        "test-error": errors,
        **{name: np.where(diverged, np.nan, found[name]) for name in RESULTS},
    }
    for row, seed in enumerate(run.seeds):
        for place in np.ndindex(errors.shape[1:]):
            cell = theory_cell(float(found["noise"][place[1]]), float(found["keep"][place[0]]))
            for metric, table in values.items():
                yield Measurement(seed, metric, float(table[row][place]), cell)
        covered = (found["covered"][row] == 1) & ~diverged[row]
        for split, chosen in ((GRID, covered), (TRUSTED_GRID, covered & (found["steps"][row] > TRUSTED_STEPS))):
            yield from _predictions_kept(
                seed, split, found["ratio"][row][chosen], errors[row][chosen], found["predicted"]
            )


def error_rates(predicted: np.ndarray) -> np.ndarray:
    """Error rates (...) of predicted classes (..., T, K), whose last axis is the true class."""
    return (predicted != np.arange(predicted.shape[-1])).mean(axis=(-2, -1))


def _predictions_kept(
    seed: int, split: str, ratios: np.ndarray, errors: np.ndarray, predicted: np.ndarray
) -> Iterator[Measurement]:
    """How well ratios (cells,) known before training foretell errors (cells,): rank correlation, and kept promises."""
    chance = 1 - 1 / predicted.shape[-1]
    safe, lost = ratios < SAFE_RATIO, ratios > LOST_RATIO
    kept = np.where(safe, errors < SAFE_ERROR * 2 * chance, errors > LOST_ERROR * 2 * chance)[safe | lost]
    if kept.size:
        yield Measurement(seed, "predictor-agreement", float(kept.mean()), split, samples=kept.astype(float))
    if np.isfinite(ratios).all() and len(np.unique(ratios)) > 2 and len(np.unique(errors)) > 1:
        yield Measurement(seed, "predictor-correlation", rank_correlation(ratios, errors), split)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation; ties share their mean rank."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


# ------------------------------------------------------------------------------------------------- images


def images(run: FinishedRun) -> Iterator[Measurement]:
    """Accuracy on test images, with the outcome of every image, and on training images; the share of weights kept."""
    found, labels = run.predictions, run.data["test_labels"]
    for row, seed in enumerate(run.seeds):
        for column, keep in enumerate(found["keep"]):
            right = (found["predicted"][row, column] == labels).astype(float)
            cell = image_cell(keep)
            yield Measurement(seed, "test-accuracy", float(right.mean()), cell, samples=right)
            yield Measurement(seed, "train-accuracy", float(found["train-accuracy"][row, column]), cell)
            yield Measurement(seed, "kept-weights", float(found["kept"][row, column]), cell)
