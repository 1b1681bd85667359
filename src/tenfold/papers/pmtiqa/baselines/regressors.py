"""Support vector regression and random forests on features."""

from __future__ import annotations

from itertools import product

import numpy as np

from tenfold.metrics.correlation import spearman
from tenfold.papers.pmtiqa.settings import Regressor


def to_unit_interval(features: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Features (N, D) scaled so that the training rows span [-1, 1], as BRISQUE has it; constant ones become -1."""
    low, high = features[training].min(0), features[training].max(0)
    return 2 * (features - low) / np.where(high > low, high - low, 1) - 1


def standardized(features: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Features (N, D) with mean 0 and deviation 1 on the training rows; constant ones become 0."""
    mean, deviation = features[training].mean(0), features[training].std(0)
    return (features - mean) / np.where(deviation > 0, deviation, 1)


def svr_predictions(
    features: np.ndarray,
    scores: np.ndarray,
    units: np.ndarray,
    training: np.ndarray,
    test: np.ndarray,
    settings: Regressor,
) -> tuple[np.ndarray, tuple[float, float]]:
    """Predictions (n,) for the test rows of an RBF epsilon-SVR, and its C and gamma.

    These are chosen by the mean SRCC on folds of the training rows that keep units together. Scores are scaled to
    [0, 1] by the training rows.
    """
    from sklearn.model_selection import GroupKFold
    from sklearn.svm import SVR

    low, high = scores[training].min(), scores[training].max()
    targets = (scores - low) / (high - low)

    def fitted(rows: np.ndarray, choice: tuple[float, float]) -> SVR:
        c, gamma = choice
        return SVR(C=c, gamma=gamma / features.shape[1], epsilon=settings.epsilon).fit(features[rows], targets[rows])

    folds = min(settings.folds, len(np.unique(units[training])))
    parts = list(GroupKFold(folds).split(training, groups=units[training]))

    def quality(choice: tuple[float, float]) -> float:
        found = []
        for fit, held_out in parts:
            predicted = fitted(training[fit], choice).predict(features[training[held_out]])
            found.append(spearman(predicted, scores[training[held_out]]))
        return float(np.nan_to_num(np.mean(found), nan=-1.0))

    choices = list(product(settings.c, settings.gamma))
    best = max(choices, key=quality) if len(choices) > 1 else choices[0]
    return low + (high - low) * fitted(training, best).predict(features[test]), best


def forest_predictions(
    features: np.ndarray, scores: np.ndarray, training: np.ndarray, test: np.ndarray, settings: Regressor, seed: int
) -> np.ndarray:
    """Predictions (n,) for the test rows of a random forest. `seed`: of its draws."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(settings.trees, max_features=settings.inputs_a_split, random_state=seed % 2**32)
    return forest.fit(features[training], scores[training]).predict(features[test])
